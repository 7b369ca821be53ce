"""How soon it answers, and what a worker holds: `python -m bench.start_up`, `make start-up`.

The sample farm is there already. Measured are the time from starting the process to its first 200, the first list
against those after it, the memory of a worker that nobody has asked, and of one whose cache is full; it fails where a
worker at rest holds more than IDLE_MOST or the cache counts more than its limit.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from bench import farm as farms
from bench.answers import log_in
from bench.client import Client
from bench.export_memory import worker_of
from bench.machine import BenchError, Child, Cores, free_port
from bench.report import machine_line
from bench.served import COMMAND, served, settings_of
from service.settings import DatabaseURL

MIB = 1024 * 1024
IDLE_MOST = 90 * MIB
ROWS = 200  # of the pages that fill the cache, as the front end asks for
MOST_PAGES = 20_000
BEYOND = 300  # pages asked for after the cache is full
START_SECONDS = 60.0
FULL = {"HERDBOOK_CACHE_ENTRIES": "1000000", "HERDBOOK_DEBUG": "1"}


@dataclass(frozen=True)
class Held:
    """Memory of a process in bytes: resident, its share of it, and what is its alone (proc_pid_smaps(5))."""

    rss: int
    pss: int
    uss: int

    @classmethod
    def by(cls, pid: int) -> "Held":
        """What process `pid` holds now."""
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        said = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
        return cls(said["Rss"], said["Pss"], said["Private_Clean"] + said["Private_Dirty"])


@dataclass(frozen=True)
class Start:
    """Seconds from the start to the first 200, and of processor time in all processes until then.

    Then those of the first list, of two others, of the last one again; `held`: before any of them.
    """

    ready: float
    busy: float
    first: float
    others: float
    again: float
    held: Held


def start(url: DatabaseURL, folder: Path, core: int, token: Mapping[str, str]) -> Start:
    """One cold start, ended afterwards."""
    port = free_port()
    started = time.perf_counter()
    with Child(COMMAND, core, folder / "start.log", settings_of(url, port, folder)) as child:
        while not _is_well(port):
            if time.perf_counter() - started > START_SECONDS:
                raise BenchError(f"no answer {START_SECONDS:.0f} s after the start")
            time.sleep(0.005)
        ready = time.perf_counter() - started
        busy, held = child.processor_time(), Held.by(worker_of(child.pid))
        client = Client(port, token)
        lists = [client.good("GET", f"/animals?page={page}&limit=50").seconds for page in (1, 2, 3, 3)]
        client.close()
        return Start(ready, busy, lists[0], statistics.mean(lists[1:3]), lists[3], held)


def _is_well(port: int) -> bool:
    client = Client(port, {})
    try:
        return client.ask("GET", "/health").status == 200
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def full_cache(url: DatabaseURL, folder: Path, core: int) -> tuple[Held, Held, int, int, int]:
    """Memory before and after, the most that the cache counted, its limit, and the pages that were asked for."""
    with served(url, folder, core, **FULL) as target:
        token = log_in(target.port)
        plain, packed = Client(target.port, token), Client(target.port, {**token, "Accept-Encoding": "gzip"})
        stats, worker = Client(target.port, token, base=""), worker_of(target.child.pid)
        before = Held.by(worker)
        most, left = 0, BEYOND
        for number in range(1, MOST_PAGES):
            path = f"/animals?limit={ROWS}&created_at__gte=2001-01-01T00:00:00.{number:06}Z"
            (packed if number % 2 else plain).good("GET", path)
            if number % 10 == 0 or left < BEYOND:
                cache = stats.good("GET", "/debug/cache-stats").json["cache"]["total"]
                most = max(most, cache["bytes"])
                left -= most > 0.99 * cache["limit_bytes"]
            if not left:
                return before, Held.by(worker), most, cache["limit_bytes"], number
    raise BenchError(f"the cache was not full after {MOST_PAGES} pages")


def _mib(count: int) -> str:
    return f"{count / MIB:.1f}"


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 where a limit was passed."""
    parser = argparse.ArgumentParser(prog="python -m bench.start_up", description=__doc__)
    parser.add_argument("--starts", type=int, default=7)
    parser.add_argument("--animals", type=int, default=2000)
    chosen = parser.parse_args(arguments)
    try:
        cores = Cores.choose()
        os.sched_setaffinity(0, {cores.load})
        with (
            tempfile.TemporaryDirectory(prefix="herdbook-start-") as name,
            farms.running(Path(name) / "mariadb") as farm,
        ):
            folder = Path(name) / "service"
            with served(farm.own, folder, cores.service, HERDBOOK_SAMPLE_ANIMALS=str(chosen.animals)) as target:
                token = log_in(target.port)
            starts = [start(farm.own, folder, cores.service, token) for _ in range(chosen.starts)]
            before, after, most, limit, pages = full_cache(farm.own, folder, cores.service)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"{machine_line()}; one worker, {chosen.animals:,} animals, {chosen.starts} starts\n")
    print("| | median | least | most |\n|---|--:|--:|--:|")
    for what, seconds in (
        ("start to the first 200, ms", [one.ready for one in starts]),
        ("processor time until then, ms", [one.busy for one in starts]),
        ("first list of 50, ms", [one.first for one in starts]),
        ("lists after it, ms", [one.others for one in starts]),
        ("the same again (cached), ms", [one.again for one in starts]),
    ):
        told = (statistics.median(seconds), min(seconds), max(seconds))
        print(f"| {what} | {' | '.join(f'{one * 1e3:.1f}' for one in told)} |")
    rest = sorted((one.held for one in starts), key=lambda one: one.rss)[len(starts) // 2]
    print("\n| worker | RSS, MiB | PSS | USS |\n|---|--:|--:|--:|")
    for what, held in (
        ("that nobody asked", rest),
        ("logged in, nothing cached", before),
        ("with a full cache", after),
    ):
        print(f"| {what} | {_mib(held.rss)} | {_mib(held.pss)} | {_mib(held.uss)} |")
    print(
        f"\nThe cache counted at most {_mib(most)} MiB of {_mib(limit)}, over {pages:,} pages; "
        f"the worker's RSS grew by {_mib(after.rss - before.rss)} MiB."
    )
    return 0 if rest.rss < IDLE_MOST and most <= limit else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
