"""A limit of requests is one for all workers together, also while one of them is killed."""

import os
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from service_process import ServiceProcess

from service.http.rates import WINDOW

LIMIT = 40


def test_four_workers_count_together(make_database: Any, tmp_path: Path) -> None:
    with ServiceProcess(make_database(), tmp_path, workers=4, HERDBOOK_USER_RATE=str(LIMIT)) as service:
        time.sleep(max(0, time.time() % WINDOW - (WINDOW - 30)) and WINDOW - time.time() % WINDOW)
        window = time.time() // WINDOW
        outcomes, workers = Counter[int](), set[str]()
        for number in range(2 * LIMIT):
            if number == LIMIT // 2:
                os.kill(service.worker_pids()[0], signal.SIGKILL)
                service.wait_for_workers()
            status, worker = ask(service)
            outcomes[status] += 1
            workers.add(worker)
        assert time.time() // WINDOW == window
        assert outcomes == {200: LIMIT, 429: LIMIT}
        assert len(workers) >= 4


def ask(service: ServiceProcess) -> tuple[int, str]:
    """The status of a list, asked over a connection of its own, and the worker that answered."""
    request = urllib.request.Request(
        f"http://{service.host}:{service.port}/api/v1/animals", headers={"Authorization": f"Bearer {service.token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.headers["X-Herdbook-Worker"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["X-Herdbook-Worker"]
