"""gunicorn's master as a child process: started, watched, and ended with all its workers."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from service.host.processes import die_with_parent
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
# How long workers may take to end their requests.
GRACEFUL_SECONDS = 10


class WorkerProcesses:
    """gunicorn's master as a child, in a process group of its own with its workers."""

    def __init__(self, settings: Settings, sockets: list[socket.socket]) -> None:
        self._settings = settings
        self._sockets = sockets
        self._master: subprocess.Popen[bytes] | None = None
        self._groups: list[int] = []

    @property
    def running(self) -> bool:
        """Whether the master is there."""
        return self._master is not None and self._master.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the master ended with, or None while it runs."""
        return self._master.poll() if self._master else None

    def start(self) -> None:
        """Start a master; the settings and their secrets go through its environment, which other
        users cannot read, and not through its arguments, which they can."""
        sockets = [each.fileno() for each in self._sockets]
        self._master = subprocess.Popen(
            [sys.executable, "-m", "service.serving.workers", *map(str, sockets)],
            pass_fds=sockets,
            cwd=ROOT,
            env={**os.environ, **self._settings.to_environment()},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        self._groups.append(self._master.pid)

    def stop(self) -> None:
        """Let the workers end their requests, for a bounded time, and leave no process behind.
        From its beginning on new connections are refused."""
        for each in self._sockets:
            each.close()
        if self._master is not None:
            self._master.terminate()
            try:
                self._master.wait(GRACEFUL_SECONDS + 5)
            except subprocess.TimeoutExpired:
                self._master.kill()
                self._master.wait()
        # Workers of a master that was killed end by themselves, but not before they are idle.
        for group in self._groups:
            _end_group(group)
        self._groups.clear()
        self._master = None


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
