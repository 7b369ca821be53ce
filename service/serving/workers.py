"""Runs the workers: gunicorn's master, each of its workers an event loop with one application.

Started by the supervisor as `python -m service.serving.workers FD...`, with every setting in its
environment and one bound socket for each worker. The sockets stay open in the supervisor, so no
connection is refused or lost while a worker or the master is started again or reloaded: it waits
in its socket's queue. Each worker has its own, so that the system spreads the connections evenly;
of one that all share, whoever wakes first would take them all.
"""

import gc
import importlib
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp.web
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from service.host.counts import SharedCounts
from service.host.logs import formatter, log_to_stderr
from service.serving.master import GRACEFUL_SECONDS
from service.settings import Settings

# Less than gunicorn's patience, so that a worker ends its requests before it is killed.
SHUTDOWN_SECONDS = 8.0
KEEPALIVE_SECONDS = 75.0

# What every worker needs of others' code. A new version of it comes with a restart, not with SIGHUP.
LIBRARIES = ("aiohttp.web", "argon2", "jwt", "orjson", "prometheus_client", "pydantic.main", "pydantic.types", "uvloop")

Factory = Callable[[], Awaitable[aiohttp.web.AppRunner]]


class MasterLog(Logger):  # type: ignore[misc]
    """gunicorn's words, written as every other record is."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn when it starts, and again at SIGHUP."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Workers(BaseApplication):  # type: ignore[misc]
    """A gunicorn whose configuration comes from the settings alone, on sockets already bound."""

    def __init__(self, settings: Settings, sockets: list[int]) -> None:
        self.settings = settings
        self.sockets = sockets
        self.counts = SharedCounts(settings.processes)  # before the fork, so that all workers have the same
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn at start, and again at SIGHUP."""
        for name, value in gunicorn_configuration(self.settings, self.sockets).items():
            self.cfg.set(name, value)

    def load(self) -> Factory:
        """Called by gunicorn in each worker; aiohttp's worker awaits the result."""
        return runner_factory(self.settings, self.counts)


def gunicorn_configuration(settings: Settings, sockets: list[int]) -> dict[str, Any]:
    """What differs from gunicorn's defaults."""
    return {
        "bind": [f"fd://{number}" for number in sockets],
        "pre_fork": choose_socket,
        "post_fork": keep_own_socket,
        "when_ready": keep_number_of_workers,
        "workers": settings.workers,
        "worker_class": "aiohttp.GunicornUVLoopWebWorker",
        "keepalive": int(KEEPALIVE_SECONDS),
        "graceful_timeout": GRACEFUL_SECONDS,
        "timeout": 30,
        "control_socket_disable": True,
        "accesslog": None,
        "logger_class": MasterLog,
        # At info gunicorn tells of each worker it starts; the supervisor says what matters.
        "loglevel": "debug" if settings.log_level == "debug" else "warning",
        # A worker shows that it lives by touching a file: never on a disk that may be slow.
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,
    }


def choose_socket(master: Any, worker: Any) -> None:
    """In the master: give the new worker the socket that the fewest workers have. At a reload
    that makes one old and one new worker for each; after a death it is the socket left over."""
    taken = [each.socket_index for each in master.WORKERS.values()]
    worker.socket_index = min(range(len(master.LISTENERS)), key=taken.count)


def keep_own_socket(master: Any, worker: Any) -> None:
    """In the worker: listen on its own socket, and do not hold the others open."""
    worker.sockets = [master.LISTENERS[worker.socket_index]]
    for index, listener in enumerate(master.LISTENERS):
        if index != worker.socket_index:
            listener.close()


def keep_number_of_workers(_master: Any) -> None:
    """In the master: with one worker fewer, the connections of its socket would wait for ever."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)


def allow_files() -> None:
    """Let this process and its workers open as many files as the system lets them: each listener takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def import_libraries() -> None:
    """In the master, once: no worker spends its start on them, and all share the memory that they take."""
    for name in LIBRARIES:
        importlib.import_module(name)


def runner_factory(settings: Settings, counts: SharedCounts) -> Factory:
    """What makes one worker's application and the runner that serves it."""

    async def make_runner() -> aiohttp.web.AppRunner:
        # Imported in the worker and not in the master, so that SIGHUP brings new code.
        from service.app import create_app, create_runner

        runner = create_runner(
            await create_app(settings, counts),
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        # What is there from the start stays: no later collection looks through it again.
        gc.collect()
        gc.freeze()
        return runner

    return make_runner


if __name__ == "__main__":
    allow_files()
    given = Settings.from_environment(os.environ)
    log_to_stderr(formatter(given.log_format, given.secrets()))
    import_libraries()
    Workers(given, [int(each) for each in sys.argv[1:]]).run()
