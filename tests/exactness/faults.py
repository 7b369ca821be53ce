"""Faults under load, and what must hold after each: every answer was exact, nothing answered is lost, all is well."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from random import Random

from checker import check
from http_client import Connection
from load import Recorder, lost_writes, make_clients
from service_process import ServiceProcess
from waiting import until

from service.cache.segment import Segment
from service.db import audit
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.settings import Settings

ANSWERED = {200, 201, 304, 404, 409}
ENOUGH = 500


@asynccontextmanager
async def under_load(
    service: ServiceProcess, seed: int, write_share: float = 0.3, count: int = 12, rest: float = 0.0
) -> AsyncIterator[Recorder]:
    """So many clients ask until the block has ended, and ENOUGH was answered; then all of it must hold and be well."""
    recorder, over = Recorder(), asyncio.Event()
    recorder.begin(service.url)
    where = (service.host, service.port, service.token)
    clients = make_clients(where, recorder, count=count, seed=seed, write_share=write_share)
    for client in clients:
        client.rest = rest
    asking = asyncio.gather(*(client.run_until(over) for client in clients))
    try:
        await asyncio.sleep(1)
        yield recorder
        await asyncio.sleep(1)
        await until(lambda: answered(recorder) >= ENOUGH)
    finally:
        over.set()
        await asyncio.wait_for(asking, 60)
        for client in clients:
            await client.close()
    history = recorder.history(service.url)
    breaches = check(history)
    assert not breaches, "\n".join(map(str, breaches[:10]))
    assert not lost_writes(history, service.url)
    assert answered(recorder) >= ENOUGH
    for answer in recorder.refused:
        assert answer.status == 503, answer
        assert answer.headers["content-type"].startswith("application/problem+json")
    await asyncio.to_thread(all_is_well, service)


def answered(recorder: Recorder) -> int:
    """How many requests were answered, and not refused because of a fault."""
    return sum(recorder.statuses[status] for status in ANSWERED)


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
    assert held <= service.workers * (10 + 1) + 1
    assert not audit.audited(Settings.from_environment({"DATABASE_URL": service.url.uri()}))


def caches_work(service: ServiceProcess) -> bool:
    """Whether every worker answers the same question from its cache."""
    before = service.cache_stats()
    for _ in range(12 * service.workers):
        service.get("/api/v1/species?limit=3")
    after = service.cache_stats()
    return before.keys() == after.keys() and all(
        after[pid]["cache"]["tables"]["species"]["hits"]
        > before[pid]["cache"]["tables"].get("species", {"hits": 0})["hits"]
        for pid in after
    )


# The faults. Each ends when the service is whole again.


async def kill_worker(service: ServiceProcess, _server: PrivateMariaDB, random: Random) -> None:
    """kill -9 of a worker."""
    victim = random.choice(service.worker_pids())
    os.kill(victim, signal.SIGKILL)
    await asyncio.to_thread(service.wait_for_workers, victim)


async def kill_worker_in_commit(service: ServiceProcess, server: PrivateMariaDB, _random: Random) -> None:
    """kill -9 of a worker that waits for the answer to a COMMIT; its slot must be cleared up."""
    assert service.segment is not None
    with closing(Segment(service.segment, 1)) as segment:
        for _ in range(100):
            if (victim := await _stop_in_commit(segment, service, server)) is not None:
                break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("no worker was ever within a COMMIT")
        await asyncio.to_thread(service.wait_for_workers, victim)
        await asyncio.to_thread(service.wait_until, lambda: victim not in segment.owners(), 20)


async def _stop_in_commit(segment: Segment, service: ServiceProcess, server: PrivateMariaDB) -> int | None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)  # whoever has sent COMMIT waits for the answer now
    try:
        await asyncio.sleep(0.1)
        owners = {segment.words[segment.slot_at(slot)] for slot in range(segment.slots) if segment.in_flight(slot)}
        caught = sorted(owners & set(service.worker_pids()))
        if not caught:
            return None
        os.kill(caught[0], signal.SIGKILL)
        return caught[0]
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def stop_worker_for_a_while(service: ServiceProcess, _server: PrivateMariaDB, random: Random) -> None:
    """SIGSTOP, and SIGCONT later."""
    victim = random.choice(service.worker_pids())
    os.kill(victim, signal.SIGSTOP)
    await asyncio.sleep(random.uniform(0.1, 1.5))
    os.kill(victim, signal.SIGCONT)


async def kill_master(service: ServiceProcess, _server: PrivateMariaDB, _random: Random) -> None:
    """kill -9 of gunicorn's master, which the supervisor starts again."""
    master = service.master
    assert master is not None
    os.kill(master, signal.SIGKILL)
    await asyncio.to_thread(_wait_for_one_generation, service, lambda: service.master not in (None, master))


def _wait_for_one_generation(service: ServiceProcess, condition: Callable[[], bool]) -> None:
    """Until `condition` holds and all workers answer; never do two generations serve side by side meanwhile."""

    def holds() -> bool:
        assert service.serve_one_generation()
        return condition()

    service.wait_until(holds)
    service.wait_for_workers()
    assert service.serve_one_generation()


async def reload_workers(service: ServiceProcess, _server: PrivateMariaDB, _random: Random) -> None:
    """SIGHUP: new workers take over from the old ones."""
    before = set(service.worker_pids())
    assert service.master is not None
    os.kill(service.master, signal.SIGHUP)
    await asyncio.to_thread(_wait_for_one_generation, service, lambda: not before & set(service.worker_pids()))


async def stop_database_for_a_while(_service: ServiceProcess, server: PrivateMariaDB, random: Random) -> None:
    """SIGSTOP of mariadbd, and SIGCONT later."""
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.sleep(random.uniform(0.1, 2))
    os.kill(server.pid, signal.SIGCONT)


async def kill_database(service: ServiceProcess, server: PrivateMariaDB, random: Random) -> None:
    """kill -9 of mariadbd, and a start later."""
    server.kill()
    await asyncio.sleep(random.uniform(1, 2))
    server.start()  # in this thread, since the server ends with the thread that started it
    connection = Connection(service.host, service.port, service.token)
    for _ in range(200):
        if (await connection.request("POST", "/species", {"name": f"after {random.random()}"})).status == 201:
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError("no write after the database had come back")
    await connection.close()


Fault = Callable[[ServiceProcess, PrivateMariaDB, Random], Awaitable[None]]
FAULTS = (
    kill_worker,
    kill_worker_in_commit,
    stop_worker_for_a_while,
    kill_master,
    reload_workers,
    stop_database_for_a_while,
    kill_database,
)
