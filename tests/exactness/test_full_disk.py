"""A disk that is really full, mounted where only the test sees it."""

import subprocess
import sys
from pathlib import Path

from mounts import OWN_MOUNTS

HERE = Path(__file__).parent
SECONDS = 300


def test_writes_are_refused_reads_go_on_and_room_is_found_again(tmp_path: Path) -> None:
    pytest_of_ours = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inside'}"]
    own_memory = [
        "sh",
        "-c",
        'mount -t tmpfs tmpfs /dev/shm && exec "$@"',
        "sh",
    ]  # files there are named after the user
    command = [*OWN_MOUNTS, *own_memory, *pytest_of_ours, str(HERE / "full_disk.py")]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
