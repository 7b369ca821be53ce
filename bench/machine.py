"""Keeps what is measured and what loads it on cores of their own, and ends each process that it started, by its id."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

STOP_SECONDS = 20.0
KIB = 1024


class BenchError(Exception):
    """The measurement cannot be made, or would say something untrue; the message says why."""


@dataclass(frozen=True)
class Cores:
    """`service`: where one worker of what is measured runs; `load`: where the load and the database do."""

    service: int
    load: int

    def of(self, workers: int) -> frozenset[int]:
        """Where what is measured may run: one worker has the first core, more of them have both."""
        return frozenset({self.service} if workers == 1 else {self.service, self.load})

    @classmethod
    def choose(cls) -> Self:
        """The first and the last core that this process may use; BenchError when there is one only."""
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            raise BenchError("two cores are needed: one for the service, one for the load")
        return cls(usable[0], usable[-1])


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A process bound to one core or to some, for the time of a with block; what it says goes to a file."""

    def __init__(
        self, command: Sequence[str], core: int | frozenset[int], log: Path, environment: Mapping[str, str]
    ) -> None:
        self._command = list(command)
        self._cores = core if isinstance(core, frozenset) else frozenset({core})
        self._log = log
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                preexec_fn=lambda: os.sched_setaffinity(0, self._cores),
            )
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def wait_for(self, port: int, seconds: float) -> None:
        """Return once it listens on `port`; BenchError with the end of what it said when it ends or takes longer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        said = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        raise BenchError(f"{' '.join(self._command[:6])} … does not listen; it said:\n{said}")

    def memory(self) -> int:
        """Resident bytes of the largest process of its tree: the worker, without those that only look after it."""
        return max(map(_resident, [self.pid, *_descendants(self.pid)]))

    def processor_time(self) -> float:
        """Seconds of processor time that its tree has used until now: what others on the machine do is not in it."""
        return sum(map(_processor_time, [self.pid, *_descendants(self.pid)]))


def _descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *_descendants(child)]
    return found


def _processor_time(pid: int) -> float:
    """User and system time (proc_pid_stat(5), fields 14 and 15)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("VmRSS")), 0)
