"""What listening costs: `python -m bench.feed`.

One worker holds so many idle streams of /events: its memory for each, and what of a core they take while nothing
changes. Then species are written one after the other, and each listener notes when its event came: the delay from
before the write was sent until then. The listeners and the database share the other core, so with many of them the
delay is theirs, too.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import farm as farms
from bench.answers import log_in
from bench.machine import KIB, BenchError, Child, Cores
from bench.targets import herdbook

REQUEST = b"GET /events?endpoint=species HTTP/1.1\r\nHost: farm\r\n\r\n"
OPEN_SECONDS = 120.0
AT_ONCE = 100  # connections that are being made
SPARE_FILES = 100


class Listener(asyncio.Protocol):
    """One stream; `came` holds when the last bytes came, and how many events they have been."""

    __slots__ = ("opened", "events", "came")

    def __init__(self) -> None:
        self.opened = False
        self.events = 0
        self.came = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self.came = time.perf_counter()
        self.opened = self.opened or b"retry: " in data
        self.events += data.count(b"\ndata: ")


@dataclass(frozen=True)
class Figures:
    """Of so many listeners: bytes of the worker's memory for each, share of a core while idle, delays in seconds."""

    listeners: int
    memory: float
    idle: float
    delays: list[float]

    def line(self) -> str:
        """A row of the table in docs/performance.md."""
        places = statistics.quantiles(self.delays, n=100)
        return (
            f"| {self.listeners:,} | {self.memory / KIB:.1f} | {100 * self.idle:.1f} % "
            f"| {1000 * places[49]:.1f} | {1000 * places[98]:.1f} |"
        )


async def listen(port: int, count: int) -> list[Listener]:
    """So many open streams."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)

    async def one() -> Listener:
        async with gate:
            _, listener = await loop.create_connection(Listener, "127.0.0.1", port)
            return listener

    listeners = await asyncio.gather(*(one() for _ in range(count)))
    await until(lambda: all(one.opened for one in listeners), "the streams did not all open")
    return list(listeners)


async def until(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until `condition()`; BenchError when that takes too long."""
    ends = time.monotonic() + OPEN_SECONDS
    while not condition():
        if time.monotonic() > ends:
            raise BenchError(otherwise)
        await asyncio.sleep(0.01)


def have_heard(listeners: Sequence[Listener], told: int) -> bool:
    """Whether every one heard of all that was told."""
    return all(one.events == told for one in listeners)


async def measure(
    port: int, child: Child, login: Mapping[str, str], count: int, seconds: float, writes: int
) -> Figures:
    """The figures of `count` listeners."""
    before = child.memory()
    listeners = await listen(port, count)
    await asyncio.sleep(1)
    memory = (child.memory() - before) / count
    used, begun = child.processor_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    idle = (child.processor_time() - used) / (time.perf_counter() - begun)
    delays: list[float] = []
    for number in range(writes):
        name = f"species {count} {number}"
        begun = time.perf_counter()
        await asyncio.to_thread(write, port, login, name)
        await until(partial(have_heard, listeners, number + 1), "an event was lost")
        delays += [one.came - begun for one in listeners]
    return Figures(count, memory, idle, delays)


def in_the_end_logged_in(port: int) -> dict[str, str]:
    """The Administrador's headers, once the worker answers: before that, what looks whether the port is free may."""
    ends = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            return log_in(port)
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)


def write(port: int, login: Mapping[str, str], name: str) -> None:
    """A new species."""
    body = json.dumps({"name": name}).encode()
    headers = {**login, "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/species", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 when a figure could not be had."""
    parser = argparse.ArgumentParser(prog="python -m bench.feed", description=__doc__)
    parser.add_argument("--listeners", type=int, nargs="+", default=[200, 1000, 5000])
    parser.add_argument("--seconds", type=float, default=30, help="of idleness")
    parser.add_argument("--writes", type=int, default=50)
    chosen = parser.parse_args(arguments)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    try:
        if most < max(chosen.listeners) + SPARE_FILES:
            raise BenchError(f"a process may open {most} files here: too few for {max(chosen.listeners)} listeners")
        cores = Cores.choose()
        os.sched_setaffinity(0, {cores.load})
        print("| listeners | KiB each | idle, of a core | delay p50 ms | p99 ms |\n|--:|--:|--:|--:|--:|")
        for count in chosen.listeners:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-feed-")))
                farm = stack.enter_context(farms.running(folder / "mariadb"))
                target = stack.enter_context(herdbook(farm, 40, folder, cores))
                login = in_the_end_logged_in(target.port)
                work = measure(target.port, target.child, login, count, chosen.seconds, chosen.writes)
                print(asyncio.run(work).line(), flush=True)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
