"""Whoever is given up at any of its awaits takes nothing with it: no connection, permit, lock, or answer of another."""

import asyncio
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import pytest
from in_process import Served, enrol_administrator, served, settings_for

from service.db.blocking import connect
from service.db.database import Connection, Written
from service.db.errors import DatabaseError
from service.db.transaction import transact
from service.records.idempotency import Answer, Claim
from service.records.queries import ListQuery
from service.records.viewer import Viewer
from service.records.writer import Terms
from service.settings import DatabaseURL

SOON = 20.0
WHOLE = Viewer(segment=1, sees_all=True, uncached=True)
MOST = 60


@types.coroutine
def given_up(work: Coroutine[Any, Any, Any], number: int) -> Generator[Any, Any, int]:
    """Run `work` and cancel it at the `number`-th place where it waits, from 1; gives how many there were."""
    waits = 0
    awaited = None
    step: Callable[[], Any] = partial(work.send, None)
    while True:
        try:
            awaited = step()
        except StopIteration:
            return waits
        waits += 1
        if waits == number:
            # As Task.cancel does it: what is waited for is cancelled, and then the one who waits.
            if awaited is not None:
                awaited._asyncio_future_blocking = False
                awaited.cancel()
            step = partial(work.throw, asyncio.CancelledError())
            continue
        try:
            value = yield awaited
        except BaseException as error:
            step = partial(work.throw, error)
        else:
            step = partial(work.send, value)


@pytest.fixture(scope="module")
def url(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    return make_database()


@pytest.fixture(scope="module")
async def one(url: DatabaseURL) -> AsyncIterator[Served]:
    """An application whose poller and others are left as they are."""
    async with served(settings_for(url), enrol_administrator(url)) as one:
        yield one


def told(row: Any) -> Answer:
    return Answer(201, b"{}")


async def read(one: Served, name: str) -> Any:
    return await one.parts.readers["species"].list(WHOLE, ListQuery(search=name))


async def read_row(one: Served, name: str) -> Any:
    return await one.parts.readers["species"].metadata()


async def create(one: Served, name: str) -> Any:
    return await one.parts.writers["species"].create(WHOLE, {"name": name}, told)


async def create_once(one: Served, name: str) -> Any:
    terms = Terms(claim=Claim.of(1, "/species", name, b"x"))
    return await one.parts.writers["species"].create(WHOLE, {"name": name}, told, terms)


async def rename(one: Served, name: str) -> Any:
    return await one.parts.writers["species"].update(WHOLE, 1, {"name": name}, told)


async def transaction(one: Served, name: str) -> Any:
    """A write without the shield around it, as where the loop itself ends."""
    writer = one.parts.writers["species"]
    values, _ = writer.validator.whole({"name": name})

    async def work(connection: Connection) -> Written[Any]:
        return await writer._inserted(connection, WHOLE, values, ())

    return await transact(one.parts.database.pool, work, writer._marks)


Operation = Callable[[Served, str], Coroutine[Any, Any, Any]]


@pytest.mark.parametrize(
    "operation", [read, read_row, create, create_once, rename, transaction], ids=lambda one: one.__name__
)
async def test_it_may_be_given_up_wherever_it_waits(one: Served, url: DatabaseURL, operation: Operation) -> None:
    run_sql(url, "INSERT IGNORE INTO species (id, name) VALUES (1, 'the first')")
    for number in range(1, MOST):
        name = f"{operation.__name__} {number}"
        asked = asyncio.create_task(ended(given_up(operation(one, name), number)))
        waits = await asyncio.wait_for(asked, SOON)
        await at_rest(one)
        answer = await one.connection.request("GET", f"/species?search={name.replace(' ', '%20')}")
        assert answer.status == 200
        told_of = sorted(row["name"] for row in answer.json["data"])
        there = sorted(found for (found,) in run_sql(url, f"SELECT name FROM species WHERE name LIKE '{name}%'"))
        assert told_of == there  # what was given up is done or not, and nobody is told wrongly
        if waits is not None and waits < number:
            break
    else:
        pytest.fail("it has no end")
    assert number > 1
    answer = await one.connection.request("POST", "/species", {"name": f"after {operation.__name__}"})
    assert answer.status == 201


async def ended(work: Any) -> int | None:
    """How often it waited; None where it was given up."""
    try:
        waits: int = await work
    except (asyncio.CancelledError, DatabaseError):
        return None
    return waits


async def at_rest(one: Served) -> None:
    """Nothing is lent, waits, or is in flight any more; the cache may be used."""
    parts = one.parts
    async with asyncio.timeout(SOON):
        while True:
            pool = parts.database.pool.stats()
            done = not (pool["lent"] or pool["waiting"] or parts.generations.orphans or parts.database._writes)
            if done and parts.generations.scope(["species"]).token() is not None:
                return
            await asyncio.sleep(0.01)


def run_sql(url: DatabaseURL, text: str) -> list[tuple[Any, ...]]:
    """What a statement by hand gives."""
    with connect(url) as direct, direct.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())
