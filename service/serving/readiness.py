"""Waits until the workers answer."""

import http.client
import time
from collections.abc import Callable

from service.serving.announcements import reachable_host
from service.serving.errors import ServeError
from service.serving.master import WorkerProcesses
from service.settings import Settings

READY_SECONDS = 60.0


def wait_until_healthy(settings: Settings, workers: WorkerProcesses, pause: Callable[[float], None]) -> None:
    """Return once /health is 200. ServeError: the workers ended, or took longer than READY_SECONDS."""
    deadline = time.monotonic() + READY_SECONDS
    while not _is_healthy(settings):
        if not workers.running:
            raise ServeError("the workers did not start; the lines above say why")
        if time.monotonic() > deadline:
            raise ServeError(f"the workers did not answer /health in {READY_SECONDS:.0f} seconds")
        pause(0.1)


def _is_healthy(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(reachable_host(settings), settings.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
