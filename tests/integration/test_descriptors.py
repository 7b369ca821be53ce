"""Files that are too few are told of at the start; where they run out later, the service goes on with those it has."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from service_process import ROOT, ServiceProcess

from service.settings import DatabaseURL


def test_a_start_with_too_few_files_is_refused(make_empty_database: Callable[[], DatabaseURL], tmp_path: Path) -> None:
    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HERDBOOK_")},
        "DATABASE_URL": make_empty_database().uri(),
        "HERDBOOK_DATA_DIR": str(tmp_path),
        "HERDBOOK_PORT": "18081",
        "HERDBOOK_SAMPLE_ANIMALS": "0",
    }
    command = [sys.executable, "run.py", "serve"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False, preexec_fn=few
    )
    assert done.returncode == 1
    assert "open files" in done.stderr
    assert "HERDBOOK_CONNECTIONS" in done.stderr


def test_a_worker_whose_files_run_out_goes_on(make_empty_database: Callable[[], DatabaseURL], tmp_path: Path) -> None:
    with ServiceProcess(make_empty_database(), tmp_path, workers=1) as service:
        (pid,) = service.worker_pids()
        open_now = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        before = resource.prlimit(
            pid, resource.RLIMIT_NOFILE, (open_now + 8, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        )
        clients = []
        try:
            for _ in range(40):
                clients.append(socket.create_connection((service.host, service.port), timeout=5))
            time.sleep(1)
        finally:
            for client in clients:
                client.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        service.wait_until(lambda: answers(service), 30)
        assert service.worker_pids() == [pid]


def answers(service: ServiceProcess) -> bool:
    """Whether it answers a question that needs the database."""
    try:
        return b"data" in service.get("/api/v1/species?limit=1", timeout=2)
    except OSError:
        return False
