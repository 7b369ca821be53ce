"""One run of wrk against one port of this machine: how many answers, how fast, and whether all of them were good."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import BenchError

SCRIPTS = Path(__file__).resolve().parent / "lua"
MOST_SECONDS = 60
MARK = "FIGURES "


@dataclass(frozen=True)
class Figures:
    """What a run gave: answers a second, latencies in milliseconds, bytes of an answer on average, answers in all.

    No answer at all within the run is a rate of 0.
    """

    rate: float
    p50: float
    p99: float
    bytes_each: float
    requests: int


def find_wrk() -> str:
    """The path of wrk; BenchError that says how to get it."""
    path = shutil.which("wrk")
    if path is None:
        raise BenchError("the load comes from wrk, which is not installed; as root: apt-get install --yes wrk")
    return path


def run(
    port: int,
    path: str,
    script: str,
    arguments: Sequence[str],
    headers: Mapping[str, str],
    *,
    core: int,
    connections: int,
    seconds: int,
) -> Figures:
    """Load http://127.0.0.1:`port` for `seconds` from one thread, with connections that are kept open.

    BenchError when a connection broke, an answer was late or its status 400 or more.
    """
    if not 0 < seconds <= MOST_SECONDS:
        raise BenchError(f"a run takes 1 to {MOST_SECONDS} seconds")
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(SCRIPTS / f"{script}.lua")]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command += [f"http://127.0.0.1:{port}{path}", "--", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        env={**os.environ, "BENCH_LUA": str(SCRIPTS)},
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if line is None:
        raise BenchError(f"wrk gave no figures for {path}:\n{done.stdout}{done.stderr}")
    return _figures(json.loads(line.removeprefix(MARK)))


def _figures(said: Mapping[str, int]) -> Figures:
    if said["refused"] or said["broken"]:
        raise BenchError(
            f"of {said['requests']} answers {said['refused']} had status 400 or more; "
            f"{said['broken']} connections broke or were late"
        )
    return Figures(
        rate=said["requests"] / said["microseconds"] * 1e6,
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
        bytes_each=said["bytes"] / max(1, said["requests"]),
        requests=said["requests"],
    )
