"""Half load with a fault each ten seconds: `python tests/exactness/endurance.py --minutes 30 --seed 7`.

Every answer is held against the history, as in the soak; and one worker, which no fault kills, must not grow: after a
sixth of the time its descriptors, tasks and memory stay as they are. What the clients were told must stand in the
service's own counters. The first breach ends the run with exit code 1.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[at]) for at in (0, 1, 2)]

from faults import Fault, kill_database, kill_worker, stop_database_for_a_while, stop_worker_for_a_while, under_load
from http_client import Connection
from prometheus_client.parser import text_string_to_metric_families
from service_process import ServiceProcess

from service.db.blocking import connect
from service.db.private import PrivateMariaDB

EVERY = 10.0  # seconds between two faults
GREEDY = 100
MAY_GROW = {"descriptors": 8, "tasks": 8, "MiB": 16}
MAY_BE_LOST = 0.02  # of the counts: a killed worker takes those of its last second with it


@dataclass(frozen=True)
class Sample:
    """The spared worker at rest."""

    descriptors: int
    tasks: int
    mebibytes: int

    def __str__(self) -> str:
        return f"{self.descriptors} descriptors, {self.tasks} tasks, {self.mebibytes} MiB"


class Sparing(Random):
    """Chooses like any Random, but never `spared`, so that one worker sees it all."""

    spared = 0

    def choice(self, seq: Any) -> Any:
        """One of them."""
        return super().choice([one for one in seq if one != self.spared] or seq)


async def lock_a_table(service: ServiceProcess, _server: PrivateMariaDB, random: Random) -> None:
    """Nobody reads or writes the species for some seconds."""

    def held(seconds: float) -> None:
        with connect(service.url) as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLES species WRITE")
            time.sleep(seconds)

    await asyncio.to_thread(held, random.uniform(1, 3))


async def greedy_clients(service: ServiceProcess, _server: PrivateMariaDB, random: Random) -> None:
    """Many connections that say nothing, begin a head, or ask for much and read nothing; then they are gone."""
    sent = (b"", b"GET /api/v1/spec", b"GET /openapi.json HTTP/1.1\r\nHost: farm\r\n\r\n" * 20)
    opened = [await asyncio.open_connection(service.host, service.port) for _ in range(GREEDY)]
    for _, writer in opened:
        writer.write(random.choice(sent))
    await asyncio.sleep(3)
    for _, writer in opened:
        writer.transport.abort()


FAULTS: tuple[Fault, ...] = (
    kill_worker,
    stop_worker_for_a_while,
    stop_database_for_a_while,
    kill_database,
    lock_a_table,
    greedy_clients,
)


def sample(service: ServiceProcess, spared: int) -> Sample:
    """How large the spared worker is now."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{spared}/status").read_text().splitlines())
    descriptors = len(list(Path(f"/proc/{spared}/fd").iterdir()))
    return Sample(descriptors, service.cache_stats()[spared]["tasks"], int(status["VmRSS"].split()[0]) // 1024)


def grown(samples: Sequence[Sample]) -> list[str]:
    """What has grown from the first third of the samples to the last, by their medians."""
    third = max(1, len(samples) // 3)
    first, last = samples[:third], samples[-third:]
    found = []
    for name, key in (("descriptors", "descriptors"), ("tasks", "tasks"), ("MiB", "mebibytes")):
        before, after = (median(getattr(one, key) for one in some) for some in (first, last))
        if after > before + MAY_GROW[name]:
            found.append(f"{name} grew from {before:g} to {after:g}")
    return found


def counted(service: ServiceProcess, **labels: str) -> float:
    """Requests of the API that the service says it has answered."""
    return sum(
        one.value
        for family in text_string_to_metric_families(service.get("/metrics").decode())
        for one in family.samples
        if one.name == "herdbook_http_requests_total"
        and one.labels["route"].startswith("/api/v1/")
        and labels.items() <= one.labels.items()
    )


async def count_exactly(service: ServiceProcess) -> None:
    """At rest every answer is counted once."""
    connection = Connection(service.host, service.port, service.token)
    before = {status: counted(service, status=str(status)) for status in (200, 201, 404)}
    for number in range(50):
        assert (await connection.request("GET", "/diseases?limit=3")).status == 200
        assert (await connection.request("GET", "/diseases/987654321")).status == 404
        assert (await connection.request("POST", "/species", {"name": f"{time.time()} {number}"})).status == 201
    await connection.close()
    await asyncio.sleep(2)  # whoever is not asked keeps its counts within a second
    gone = {status: counted(service, status=str(status)) - before[status] for status in before}
    assert gone == {200: 50, 201: 50, 404: 50}, f"150 answers are counted as {gone}"


async def one_round(service: ServiceProcess, server: PrivateMariaDB, seed: int, seconds: float, spared: int) -> int:
    """Half load for so many seconds with a fault each EVERY; gives the number of answers."""
    random = Sparing(f"endurance {seed}")
    random.spared = spared
    before = counted(service)
    async with under_load(service, seed, count=16, rest=1.0) as recorder:
        deadline = time.monotonic() + seconds
        while (begun := time.monotonic()) < deadline:
            await random.choice(FAULTS)(service, server, random)
            await asyncio.sleep(max(0.0, EVERY - (time.monotonic() - begun)))
    told = sum(recorder.statuses.values())
    await asyncio.sleep(2)
    count = counted(service) - before
    assert count >= told * (1 - MAY_BE_LOST), f"{told} answers came, but {count:g} are counted"
    return told


def run(service: ServiceProcess, server: PrivateMariaDB, minutes: float, seconds: float, seed: int) -> list[str]:
    """What did not hold, of the whole run. AssertionError for what did not hold in a round."""
    spared, begun, samples, told, rounds = service.worker_pids()[0], time.monotonic(), [], 0, 0
    with asyncio.Runner() as runner:
        while time.monotonic() < begun + minutes * 60:
            service.log_in()  # a token lasts half an hour
            told += runner.run(one_round(service, server, seed + rounds, seconds, spared))
            rounds += 1
            if spared not in service.worker_pids():
                return [f"worker {spared} has ended, though nothing killed it"]
            now = sample(service, spared)
            if time.monotonic() > begun + minutes * 10:
                samples.append(now)
            print(f"round {rounds}: {told} answers in all; {now}", flush=True)
        runner.run(count_exactly(service))
    print(f"{told} answers, {rounds} rounds of {seconds:g} s, a fault each {EVERY:g} s", flush=True)
    return grown(samples)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30, help="of a round")
    wanted = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-endurance-")))
        server = stack.enter_context(PrivateMariaDB(folder / "mariadb", 200, database="herdbook_endurance"))
        service = stack.enter_context(ServiceProcess(server.start(), folder))
        try:
            found = run(service, server, wanted.minutes, wanted.seconds, wanted.seed)
        except AssertionError as breach:
            found = [str(breach)]
            print(service.log()[-4000:], file=sys.stderr)
    for one in found:
        print(f"BREACH: {one}", flush=True)
    if not found:
        print("no breach: nothing lost, nothing grown, the counters add up", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
