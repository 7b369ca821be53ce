"""Where the memory that workers share has no room, a start is refused and says so."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mounts import OWN_MOUNTS
from service_process import ROOT, free_port

from service.settings import DatabaseURL


def test_without_room_the_start_is_refused(make_empty_database: Callable[[], DatabaseURL], tmp_path: Path) -> None:
    done = serve_with("size=64k", make_empty_database(), tmp_path)
    assert done.returncode == 1, done.stderr
    assert "no room for" in done.stderr
    assert "/dev/shm/herdbook-" in done.stderr


def serve_with(memory: str, url: DatabaseURL, folder: Path) -> "subprocess.CompletedProcess[str]":
    """`run.py serve` where /dev/shm is mounted with these options, in a mount namespace of its own, to its end."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HERDBOOK_")},
        "DATABASE_URL": url.uri(),
        "HERDBOOK_DATA_DIR": str(folder),
        "HERDBOOK_PORT": str(free_port()),
        "HERDBOOK_SAMPLE_ANIMALS": "0",
        "HERDBOOK_WORKERS": "2",
    }
    inside = f'mount -t tmpfs -o {memory} tmpfs /dev/shm && exec "{sys.executable}" run.py serve'
    command = [*OWN_MOUNTS, "sh", "-c", inside]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)
