"""A copy that follows while workers and the database are killed under writers: after each it is the table again."""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import pytest
from herdbook_client import Client, Copy, Mirror, Patience, Refused, Unreachable
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess
from tables import table
from waiting import until

from service.db.private import PrivateMariaDB

WORKER_KILLS = int(os.environ.get("HERDBOOK_MIRROR_WORKER_KILLS", "2"))
DATABASE_KILLS = int(os.environ.get("HERDBOOK_MIRROR_DATABASE_KILLS", "1"))
RESOURCES = ("animals", "species")
WRITERS = 4
SEED = 1


@pytest.fixture(scope="module")
def own_mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateMariaDB]:
    """A server that may be killed: it waits for the disk at each COMMIT."""
    with PrivateMariaDB(tmp_path_factory.mktemp("mariadb"), 200, database="herdbook_mirror") as server:
        yield server


@pytest.fixture(scope="module")
def service(own_mariadb: PrivateMariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on that server."""
    folder = tmp_path_factory.mktemp("service")
    with ServiceProcess(own_mariadb.start(), folder, workers=3, HERDBOOK_SAMPLE_ANIMALS="300") as running:
        yield running


@dataclass
class Writers:
    """They write while they may; `counts` says what they did."""

    service: ServiceProcess
    may_write: asyncio.Event = field(default_factory=asyncio.Event)
    counts: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    ready: int = 0

    async def write(self, number: int) -> None:
        """Create, change and delete, for ever."""
        random = Random(SEED + number)
        async with Client(f"http://{self.service.host}:{self.service.port}", patience=Patience(seconds=0)) as client:
            await client.log_in(ADMINISTRATOR, PASSWORD)
            self.ready += 1
            own: list[int] = []
            while True:
                await self.may_write.wait()
                self.busy += 1
                try:
                    await self._one(client, random, own, f"writer {number}")
                    self.counts["writes"] += 1
                except (Unreachable, Refused) as error:
                    if isinstance(error, Refused) and not (error.may_pass or error.status == 404):
                        raise
                    self.counts["writes that failed"] += 1
                    await asyncio.sleep(0.05)
                finally:
                    self.busy -= 1

    async def _one(self, client: Client, random: Random, own: list[int], name: str) -> None:
        chance = random.random()
        if chance < 0.3 or not own:
            row = await client.create("species", {"name": f"{name}: {random.getrandbits(60)}"})
            own.append(row["id"])
        elif chance < 0.5:
            await client.delete("species", own.pop(random.randrange(len(own))))
        elif chance < 0.6:
            await client.update("species", random.choice(own), {"name": f"{name}: {random.getrandbits(60)}"})
        else:
            await client.update("animals", random.randrange(1, 250), {"weight": random.randrange(1, 900)})

    async def rest(self) -> None:
        """Nobody writes any more."""
        self.may_write.clear()
        await until(lambda: self.busy == 0)


@asynccontextmanager
async def following(service: ServiceProcess, copy: Copy) -> AsyncIterator[Counter[str]]:
    """A mirror follows; how often something stopped it, and what it took."""
    counts: Counter[str] = Counter()

    class Count(logging.Handler):
        def emit(self, _record: logging.LogRecord) -> None:
            counts["failures seen"] += 1

    async def follow(resource: str) -> None:
        async for change in mirror.follow(resource):
            counts["steps"] += 1
            counts["rows"] += len(change.rows) + len(change.deleted)
            counts["whole readings"] += change.whole

    handler = Count()
    logging.getLogger("herdbook_client").addHandler(handler)
    async with Client(f"http://{service.host}:{service.port}", patience=Patience(seconds=0)) as client:
        await client.log_in(ADMINISTRATOR, PASSWORD)
        mirror = Mirror(client, copy)
        tasks = asyncio.gather(*(follow(resource) for resource in RESOURCES))
        try:
            yield counts
            assert not tasks.done(), tasks.exception()
        finally:
            tasks.cancel()
            await asyncio.gather(tasks, return_exceptions=True)
            logging.getLogger("herdbook_client").removeHandler(handler)


def has_moved(counts: Counter[str], before: int) -> bool:
    return counts["steps"] > before


def is_equal(copy: Copy, service: ServiceProcess, resource: str) -> bool:
    return copy.rows(resource) == table(service.url, resource)


async def test_a_copy_is_the_table_after_each_kill(
    service: ServiceProcess, own_mariadb: PrivateMariaDB, tmp_path: Path
) -> None:
    random = Random(SEED)
    kills = ["worker"] * WORKER_KILLS + ["database"] * DATABASE_KILLS
    random.shuffle(kills)
    writers = Writers(service)
    writing = [asyncio.create_task(writers.write(number)) for number in range(WRITERS)]
    await until(lambda: writers.ready == WRITERS)
    with Copy(tmp_path / "farm.sqlite") as copy:
        async with following(service, copy) as counts:
            for kill in kills:
                writers.may_write.set()
                await asyncio.sleep(random.uniform(0.2, 1.0))
                before = counts["steps"]
                await (
                    kill_worker(service, random) if kill == "worker" else kill_database(service, own_mariadb, random)
                )
                await until(partial(has_moved, counts, before))
                await writers.rest()
                await asyncio.to_thread(service.wait_for_workers)
                for resource in RESOURCES:
                    await until(partial(is_equal, copy, service, resource))
                counts[f"kills of a {kill}"] += 1
    for task in writing:
        task.cancel()
    ended = await asyncio.gather(*writing, return_exceptions=True)
    assert not [error for error in ended if not isinstance(error, asyncio.CancelledError)]
    print(f"\n{dict(counts)}\n{dict(writers.counts)}")
    assert counts["kills of a worker"] == WORKER_KILLS
    assert counts["kills of a database"] == DATABASE_KILLS
    assert counts["whole readings"] == len(RESOURCES)
    assert writers.counts["writes"] > 0


async def kill_worker(service: ServiceProcess, random: Random) -> None:
    """kill -9 of a worker; until another has its place."""
    victim = random.choice(service.worker_pids())
    os.kill(victim, signal.SIGKILL)
    await asyncio.to_thread(service.wait_for_workers, victim)


async def kill_database(service: ServiceProcess, server: PrivateMariaDB, random: Random) -> None:
    """kill -9 of mariadbd, and a start later, in this thread: the server ends with the thread that started it."""
    server.kill()
    await asyncio.sleep(random.uniform(0.5, 1.5))
    server.start()
    await asyncio.to_thread(service.wait_for_workers)
