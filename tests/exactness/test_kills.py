"""Workers, masters and the database are killed, stopped and continued under load: every answer stays exact."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from random import Random

import pytest
from checker import check
from http_client import Connection
from load import Recorder, lost_writes, make_clients
from service_process import ServiceProcess

from service.cache.segment import Segment
from service.db import audit
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.settings import Settings

WORKERS = 4
ANSWERED = {200, 201, 304, 404, 409}


@pytest.fixture(scope="module")
def own_mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateMariaDB]:
    """A server that may be killed: it waits for the disk at each COMMIT."""
    with PrivateMariaDB(tmp_path_factory.mktemp("mariadb"), 200, database="herdbook_kills") as server:
        yield server


@pytest.fixture(scope="module")
def service(own_mariadb: PrivateMariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on that server."""
    with ServiceProcess(own_mariadb.start(), tmp_path_factory.mktemp("service"), WORKERS) as running:
        yield running


@asynccontextmanager
async def under_load(service: ServiceProcess, write_share: float = 0.3) -> AsyncIterator[Recorder]:
    """Twelve clients ask until the block has ended; then what they were told must hold, and all must be well."""
    recorder, over = Recorder(), asyncio.Event()
    recorder.begin(service.url)
    where = (service.host, service.port, service.token)
    clients = make_clients(where, recorder, count=12, seed=recorder.told[0][-1], write_share=write_share)  # type: ignore[arg-type]
    asking = asyncio.gather(*(client.run_until(over) for client in clients))
    try:
        await asyncio.sleep(1)
        yield recorder
        await asyncio.sleep(1)
    finally:
        over.set()
        await asyncio.wait_for(asking, 60)
        for client in clients:
            await client.close()
    history = recorder.history(service.url)
    breaches = check(history)
    assert not breaches, "\n".join(map(str, breaches[:10]))
    assert not lost_writes(history, service.url)
    assert sum(recorder.statuses[status] for status in ANSWERED) > 500
    for answer in recorder.refused:
        assert answer.status == 503, answer
        assert answer.headers["content-type"].startswith("application/problem+json")
    await asyncio.to_thread(all_is_well, service)


def all_is_well(service: ServiceProcess) -> None:
    """Every worker answers from its cache, nothing is in flight or lent, and the ledger is right."""
    service.wait_for_workers()

    def at_rest() -> bool:
        said = service.cache_stats().values()
        return not any(
            one["pool"]["lent"] or one["pool"]["waiting"] or one["generations"]["commits_of_unknown_outcome"]
            for one in said
        )

    service.wait_until(at_rest, 15)
    service.wait_until(lambda: caches_work(service), 15)
    with connect(service.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'herdbook'")
        (held,) = cursor.fetchone()
    assert held <= WORKERS * (10 + 1) + 1
    assert not audit.audited(Settings.from_environment({"DATABASE_URL": service.url.uri()}))


def caches_work(service: ServiceProcess) -> bool:
    """Whether every worker answers the same question from its cache."""
    before = service.cache_stats()
    for _ in range(12 * WORKERS):
        service.get("/api/v1/species?limit=3")
    after = service.cache_stats()
    return before.keys() == after.keys() and all(
        after[pid]["cache"]["tables"]["species"]["hits"]
        > before[pid]["cache"]["tables"].get("species", {"hits": 0})["hits"]
        for pid in after
    )


async def test_a_killed_worker_leaves_the_others_exact_and_is_replaced(service: ServiceProcess) -> None:
    random = Random(1)
    async with under_load(service):
        for _ in range(3):
            victim = random.choice(service.worker_pids())
            os.kill(victim, signal.SIGKILL)
            await asyncio.to_thread(service.wait_for_workers, victim)
            await asyncio.sleep(0.5)


async def test_a_worker_killed_in_its_commit_is_cleared_up(
    service: ServiceProcess, own_mariadb: PrivateMariaDB
) -> None:
    (path,) = service._segments
    server = own_mariadb.pid
    assert server is not None
    with closing(Segment(path, 1)) as segment:
        async with under_load(service, write_share=0.9):
            killed = 0
            for _ in range(40):
                os.kill(server, signal.SIGSTOP)  # whoever has sent COMMIT waits for the answer now
                await asyncio.sleep(0.1)
                pids = set(service.worker_pids())
                caught = [
                    (slot, segment.words[segment.slot_at(slot)])
                    for slot in range(segment.slots)
                    if segment.in_flight(slot) and segment.words[segment.slot_at(slot)] in pids
                ]
                if caught:
                    os.kill(caught[0][1], signal.SIGKILL)
                    killed += 1
                os.kill(server, signal.SIGCONT)
                if caught:
                    slot, victim = caught[0]
                    await asyncio.to_thread(service.wait_for_workers, victim)
                    await asyncio.to_thread(
                        service.wait_until, lambda: segment.words[segment.slot_at(slot)] != victim, 10
                    )
                if killed == 2:
                    break
                await asyncio.sleep(0.05)
            assert killed == 2
        assert not [slot for slot in range(segment.slots) if segment.in_flight(slot)]


async def test_a_stopped_worker_goes_on_exactly_where_it_stood(service: ServiceProcess) -> None:
    random = Random(2)
    async with under_load(service):
        for _ in range(4):
            victim = random.choice(service.worker_pids())
            os.kill(victim, signal.SIGSTOP)
            await asyncio.sleep(0.7)
            os.kill(victim, signal.SIGCONT)
            await asyncio.sleep(0.3)


async def test_a_killed_master_is_replaced_and_never_two_generations_serve(service: ServiceProcess) -> None:
    epochs = {said["generations"]["epoch"] for said in service.cache_stats().values()}
    assert len(epochs) == 1
    async with under_load(service):
        master = service.master
        assert master is not None
        os.kill(master, signal.SIGKILL)
        await asyncio.to_thread(service.wait_until, lambda: service.master not in (None, master))
        await asyncio.to_thread(service.wait_for_workers)
    assert len({said["generations"]["epoch"] for said in service.cache_stats().values()}) == 1


async def test_a_killed_database_loses_no_answered_write(service: ServiceProcess, own_mariadb: PrivateMariaDB) -> None:
    async with under_load(service) as recorder:
        own_mariadb.kill()
        await asyncio.sleep(2)
        assert recorder.statuses[503] > 0
        own_mariadb.start()
        connection = Connection(service.host, service.port, service.token)
        async with asyncio.timeout(20):
            while (await connection.request("POST", "/species", {"name": "after the crash"})).status not in (201, 409):
                await asyncio.sleep(0.1)
        await connection.close()
        await asyncio.sleep(1)
