"""A Herdbook as it runs in earnest: `run.py serve` with several workers, in processes that a test may stop and kill."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[1]
ADMINISTRATOR = 1000000001
PASSWORD = "the-password-of-the-tests"
SECONDS = 60.0


class ServiceProcess:
    """The service on the database at `url`; use it as a context.

    `further` are settings, `imported_first` a folder whose sitecustomize.py every process of the service imports.
    """

    def __init__(
        self, url: DatabaseURL, folder: Path, workers: int = 4, *, imported_first: Path | None = None, **further: str
    ) -> None:
        self.url = url
        self.workers = workers
        self.host = "127.0.0.1"
        self.port = free_port()
        self.token = ""
        self._output = folder / f"service-{self.port}.log"
        self.segment: Path | None = None  # where the workers keep their generations
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HERDBOOK_", "PYTHON"))}
        self._environment = {
            **inherited,
            "DATABASE_URL": url.uri(),
            "HERDBOOK_PORT": str(self.port),
            "HERDBOOK_WORKERS": str(workers),
            "HERDBOOK_DATA_DIR": str(folder / f"data-{self.port}"),
            "HERDBOOK_SECRET_KEY": "the-tests-sign-their-tokens-with-this",
            "HERDBOOK_ADMIN_PASSWORD": PASSWORD,
            "HERDBOOK_SAMPLE_ANIMALS": "40",
            "HERDBOOK_POOL_SIZE": "4",
            "HERDBOOK_POOL_OVERFLOW": "6",
            "HERDBOOK_DEBUG": "1",
            "HERDBOOK_LOG_LEVEL": "warning",
            **({"PYTHONPATH": str(imported_first)} if imported_first else {}),
            **further,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "run.py", "serve"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self.wait_until(lambda: "Log in:" in self.log())
            self.wait_for_workers()
            self.log_in()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        assert process is not None
        left = descendants(process.pid)
        for pid in left:  # what a test has stopped could not end
            send(pid, signal.SIGCONT)
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            for pid in left:
                send(pid, signal.SIGKILL)
            raise
        finally:
            if self.segment is not None:  # the last worker takes it away, unless it was killed
                for path in self.segment.parent.glob(self.segment.name + "*"):
                    path.unlink(missing_ok=True)

    # Processes.

    @property
    def supervisor(self) -> int:
        """The process of `run.py serve`."""
        assert self._process is not None
        return self._process.pid

    @property
    def master(self) -> int | None:
        """gunicorn's master, or None while there is none."""
        return next(iter(children(self.supervisor)), None)

    def worker_pids(self) -> list[int]:
        """The workers of the present master."""
        master = self.master
        return children(master) if master is not None else []

    def wait_for_workers(self, but_not: int | None = None) -> None:
        """Until all workers answer, none of them `but_not`."""
        self.wait_until(lambda: self._all_answer(but_not))
        for pid in self.worker_pids():
            self.segment = next(path for path, _ in mapped_segments(pid))

    def _all_answer(self, but_not: int | None) -> bool:
        pids = set(self.worker_pids())
        if len(pids) != self.workers or but_not in pids:
            return False
        answered = set()
        for _ in range(16 * self.workers):
            try:
                answered.add(json.loads(self.get("/health", timeout=2))["worker"])
            except (urllib.error.URLError, OSError, ValueError):
                return False
            if answered >= pids:
                return True
        return False

    def serve_one_generation(self) -> bool:
        """Whether no two living workers, old ones on their way out included, have different generations in memory."""
        master = self.master
        pids = [pid for pid in descendants(self.supervisor) if pid != master]
        mapped = {pid: found for pid in pids if (found := mapped_segments(pid))}
        together = set().union(*mapped.values())
        # One may have gone while the others were looked at.
        return len(together) < 2 or len(set().union(*map(mapped_segments, mapped))) < 2

    def wait_until(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Until `condition` holds; AssertionError, with the log, when it does not within `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._process is None or self._process.poll() is None, f"the service ended\n{self.log()}"
            assert time.monotonic() < deadline, f"it did not happen in {seconds:g} s\n{self.log()[-4000:]}"
            time.sleep(0.05)

    def log(self) -> str:
        """What the service has printed."""
        return self._output.read_text(errors="replace")

    # Simple requests, each on a connection of its own.

    def get(self, path: str, timeout: float = 15) -> bytes:
        """The body that GET `path` gives; urllib's errors otherwise."""
        request = urllib.request.Request(f"http://{self.host}:{self.port}{path}")
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            body: bytes = answer.read()
            return body

    def log_in(self) -> None:
        """Get the Administrador's token, which lasts half an hour."""
        said = json.dumps({"identification": ADMINISTRATOR, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"http://{self.host}:{self.port}/api/v1/auth/login", said)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=15) as answer:
            self.token = json.load(answer)["access_token"]

    def cache_stats(self) -> dict[int, dict[str, Any]]:
        """What /debug/cache-stats says of each worker, by pid."""
        said: dict[int, dict[str, Any]] = {}
        pids = set(self.worker_pids())

        def all_said() -> bool:
            one = json.loads(self.get("/debug/cache-stats"))
            said[one["worker"]] = one
            return said.keys() >= pids

        self.wait_until(all_said)
        return {pid: said[pid] for pid in pids}


def mapped_segments(pid: int) -> set[tuple[Path, int]]:
    """The generations that a process has in its memory now: path and inode of each."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return set()
    found = re.findall(r" (\d+) +(/\S+/herdbook-\d+-[0-9a-f]{16})(?: \(deleted\))?\n", maps)
    return {(Path(path), int(inode)) for inode, path in found}


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def parents() -> dict[int, int]:
    """The living processes, and who started each. In few system calls, since tests look again and again."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            file = os.open(f"/proc/{name}/stat", os.O_RDONLY)
            try:
                said = os.read(file, 1024)
            finally:
                os.close(file)
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = said.rpartition(b")")[2].split(None, 2)[:2]
        if state != b"Z":
            found[int(name)] = int(parent)
    return found


def children(pid: int) -> list[int]:
    """The living processes that `pid` started."""
    return sorted(child for child, parent in parents().items() if parent == pid)


def descendants(pid: int) -> list[int]:
    """The living processes below `pid`."""
    table, found = parents(), [pid]
    for one in found:  # which grows meanwhile
        found += sorted(child for child, parent in table.items() if parent == one)
    return found[1:]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
