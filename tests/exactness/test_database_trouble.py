"""The database is slow, full, read-only, crowded or behind a closed door: each is told by its name, bounded in time,
and over as soon as it is over."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from http_client import Answer, Connection
from in_process import Served, enrol_administrator, served, settings_for
from mysql_proxy import Fault, Proxy

from service.db import connection
from service.db.blocking import connect
from service.settings import DatabaseURL

SOON = 20.0  # seconds in which what can be known must be known
TRY_AGAIN = (1213, 1205, 1020)
FULL = (1114, 1021, 1041)
READ_ONLY = (1290, 1792, 1836)
DENIED = (1142, 1143, 1370)


@pytest.fixture(scope="module")
def url(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    """A database for the tests of this module."""
    return make_database()


@pytest.fixture(scope="module")
def token(url: DatabaseURL) -> str:
    """An Administrador's."""
    token = enrol_administrator(url)
    run_sql(url, "INSERT INTO species (id, name) VALUES (1, 'the first')")
    return token


def run_sql(url: DatabaseURL, text: str) -> list[tuple[Any, ...]]:
    """What a statement by hand gives."""
    with connect(url) as direct, direct.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


class Behind:
    """An application behind the proxy."""

    def __init__(self, url: DatabaseURL, proxy: Proxy, one: Served) -> None:
        self.url, self.proxy, self.one = url, proxy, one

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        return await self.one.connection.request(method, path, body, headers)

    def another(self) -> Connection:
        """A connection of its own."""
        known = self.one.connection
        return Connection(known.host, known.port, known.token)

    def names(self) -> list[str]:
        """The species that there are."""
        return sorted(name for (name,) in run_sql(self.url, "SELECT name FROM species"))

    @property
    def pool(self) -> dict[str, int]:
        return self.one.parts.database.pool.stats()


@asynccontextmanager
async def behind_proxy(url: DatabaseURL, token: str, folder: Path, **further: str) -> AsyncIterator[Behind]:
    """It, and its poller asleep: its statements are not to be counted."""
    assert url.unix_socket is not None
    path = Path(f"/tmp/{folder.name}-{id(folder)}")  # a socket's path has 107 bytes at the most
    settings = settings_for(replace(url, unix_socket=str(path)), **further)
    async with Proxy(Path(url.unix_socket), path).listening() as proxy, served(settings, token) as one:
        one.parts.watch._interval = 3600
        await asyncio.sleep(0.3)
        yield Behind(url, proxy, one)
    path.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs any more


@pytest.fixture
async def behind(url: DatabaseURL, token: str, tmp_path: Path) -> AsyncIterator[Behind]:
    """One of the usual kind."""
    async with behind_proxy(url, token, tmp_path) as behind:
        yield behind


def code_of(answer: Answer) -> tuple[int, str]:
    """Status and code of a problem."""
    return answer.status, answer.json["error"]["code"]


# Slow statements (F7).


async def test_a_slow_statement_ends_in_time_and_other_tables_do_not_notice(
    url: DatabaseURL, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STATEMENT_SECONDS", 1)
    monkeypatch.setattr(connection, "LOCK_SECONDS", 1)
    async with behind_proxy(url, token, tmp_path) as behind:
        with locked(url, "species"):
            begun = time.monotonic()
            slow = [behind.another() for _ in range(4)]
            asking = [asyncio.ensure_future(slow[0].request("GET", "/species?search=slow"))]
            asking += [asyncio.ensure_future(one.request("PUT", "/species/1", {"name": "slow"})) for one in slow[1:]]
            while not all(task.done() for task in asking):
                assert (await behind("GET", f"/breeds?search=x{time.monotonic()}")).status == 200
                await asyncio.sleep(0.05)
            for answer in [task.result() for task in asking]:
                assert code_of(answer) in ((503, "TIMEOUT"), (503, "SERVICE_BUSY"))
                assert int(answer.headers["retry-after"]) > 0
            assert time.monotonic() - begun < SOON
        assert (await behind("GET", "/species?search=slow")).status == 200
        assert (await behind("PUT", "/species/1", {"name": "the first"})).status == 200
        assert behind.pool["lent"] == 0
        for one in slow:
            await one.close()


@contextmanager
def locked(url: DatabaseURL, table: str) -> Any:
    """Nobody else reads or writes the table meanwhile."""
    with connect(url) as other, other.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {table} WRITE")
        yield


# Many who wait (F8).


@pytest.mark.parametrize("how", ["well", "closed", "in a transaction"])
async def test_a_thousand_who_wait_are_all_answered_however_connections_come_back(behind: Behind, how: str) -> None:
    pool = behind.one.parts.database.pool
    async with AsyncExitStack() as stack, AsyncExitStack() as connections:
        held = [await stack.enter_async_context(pool.lend()) for _ in range(8)]
        many = [behind.another() for _ in range(500)]
        for one in many:
            connections.push_async_callback(one.close)
        asking = [
            asyncio.ensure_future(one.request("GET", f"/species?search={how[:2]}{number}"))
            for number, one in enumerate(many)
        ]
        async with asyncio.timeout(SOON):
            while behind.pool["waiting"] < 500:  # noqa: ASYNC110 - the pool's doing
                await asyncio.sleep(0.02)
        for lent in held:
            if how == "closed":
                lent.close()
            elif how == "in a transaction":
                await lent.send("START TRANSACTION")
        await stack.aclose()
        answers = await asyncio.wait_for(asyncio.gather(*asking), SOON)
    assert {answer.status for answer in answers} == {200}
    assert (behind.pool["lent"], behind.pool["waiting"]) == (0, 0)
    assert behind.pool["idle"] <= 3


async def test_who_waits_too_long_is_told_to_come_back(url: DatabaseURL, token: str, tmp_path: Path) -> None:
    async with behind_proxy(url, token, tmp_path, HERDBOOK_POOL_TIMEOUT="1") as behind, AsyncExitStack() as stack:
        pool = behind.one.parts.database.pool
        for _ in range(8):
            await stack.enter_async_context(pool.lend())
        answer = await behind("GET", "/species?search=patience")
        assert code_of(answer) == (503, "SERVICE_BUSY")
        assert int(answer.headers["retry-after"]) > 0
        assert behind.pool["waiting"] == 0


# Doors that do not open (F9).

TOO_MANY = b"\xff" + (1040).to_bytes(2, "little") + b"#08004Too many connections"
WRONG_PASSWORD = b"\xff" + (1045).to_bytes(2, "little") + b"#28000Access denied for user"


@pytest.mark.parametrize("greeting", [b"", TOO_MANY, WRONG_PASSWORD], ids=["a black hole", "1040", "1045"])
async def test_open_connections_go_on_and_new_ones_are_not_tried_in_a_storm(
    behind: Behind, greeting: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    pool = behind.one.parts.database.pool
    behind.proxy.greeting = greeting
    assert (await behind("GET", "/species?search=open")).status == 200  # over one that is open
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(pool.lend()) for _ in range(behind.pool["idle"])]
        before, begun, asked = behind.proxy.accepted, time.monotonic(), 0
        while time.monotonic() - begun < 3:
            answer = await behind("GET", f"/species?search=closed{asked}")
            assert answer.status == 503, answer
            assert answer.json["error"]["code"] in ("DATABASE_UNAVAILABLE", "DATABASE_DENIED")
            assert int(answer.headers["retry-after"]) > 0
            asked += 1
        tried = behind.proxy.accepted - before
        # Twice at once, then after pauses that grow to a second.
        assert tried < 16, (tried, asked)
        assert held
    behind.proxy.greeting = None
    assert (await behind("GET", "/species?search=again")).status == 200  # those that were lent are back
    async with asyncio.timeout(SOON), AsyncExitStack() as stack:
        for _ in range(8):  # and new ones can be had
            while True:
                try:
                    await stack.enter_async_context(pool.lend())
                    break
                except Exception:
                    await asyncio.sleep(0.1)


# Races that are lost (F10).

Write = Callable[[Behind, str], Awaitable[Answer]]


async def create(behind: Behind, name: str) -> Answer:
    return await behind("POST", "/species", {"name": name})


async def create_many(behind: Behind, name: str) -> Answer:
    return await behind("POST", "/species/bulk", [{"name": f"{name} {number}"} for number in range(3)])


async def rename(behind: Behind, name: str) -> Answer:
    return await behind("PUT", "/species/1", {"name": name})


async def remove(behind: Behind, name: str) -> Answer:
    ((row_id,),) = run_sql(behind.url, f"INSERT INTO species (name) VALUES ('{name}') RETURNING id")
    return await behind("DELETE", f"/species/{row_id}")


ROWS: dict[Write, int] = {create: 1, create_many: 3, rename: 1, remove: 0}


@pytest.mark.parametrize("write", ROWS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("error", TRY_AGAIN)
async def test_a_write_that_loses_a_race_begins_again_as_a_whole(behind: Behind, write: Write, error: int) -> None:
    for number in range(1, 20):
        name = f"race {error} {write.__name__} {number}"
        if write is remove:
            await asyncio.sleep(0)
        plan = behind.proxy.break_nth(number, Fault.ERROR, error=error)
        answer = await write(behind, name)
        behind.proxy.let_go()
        if not plan.fired:
            break
        broken = plan.broken[0]
        # What is asked before the transaction, as by whom, is no race: it is told.
        if answer.status >= 300:
            assert code_of(answer) == (503, "SERVICE_BUSY"), (broken, answer)
        written = [one for one in behind.names() if one.startswith(name)]
        assert len(written) == (ROWS[write] if answer.status < 300 else write is remove), broken
    else:
        pytest.fail("it has no end")
    assert number > 3
    assert behind.pool["lent"] == 0


@pytest.mark.parametrize("write", ROWS, ids=lambda write: write.__name__)
@pytest.mark.parametrize("error", TRY_AGAIN)
async def test_a_race_that_is_always_lost_ends(behind: Behind, write: Write, error: int) -> None:
    before, name = behind.names(), f"lost {error} {write.__name__}"
    plan = behind.proxy.break_next("COMMIT", Fault.ERROR, times=1000, error=error)
    answer = await write(behind, name)
    behind.proxy.let_go()
    assert code_of(answer) == (503, "SERVICE_BUSY")
    assert int(answer.headers["retry-after"]) > 0
    assert 2 <= plan.fired <= 4
    assert [one for one in behind.names() if one != name] == before
    assert (await write(behind, f"{name} after all")).status < 300


# No room, no right (F13, F14).


@pytest.mark.parametrize("at", ["INSERT", "COMMIT"])
@pytest.mark.parametrize(
    ("errors", "told"),
    [(FULL, (507, "STORAGE_FULL")), (READ_ONLY, (503, "DATABASE_READ_ONLY")), (DENIED, (503, "DATABASE_DENIED"))],
    ids=["full", "read-only", "denied"],
)
async def test_what_the_database_refuses_is_named_and_reads_go_on(
    behind: Behind, errors: tuple[int, ...], told: tuple[int, str], at: str
) -> None:
    before = behind.names()
    for error in errors:
        plan = behind.proxy.break_next(at, Fault.ERROR, times=1000, error=error)
        answer = await create(behind, f"refused {error} {at}")
        assert plan.fired
        # At COMMIT only a word that certainly means "nothing was done" is believed.
        assert code_of(answer) in (told, (503, "OUTCOME_UNKNOWN")) if at == "COMMIT" else code_of(answer) == told
        if at == "COMMIT":
            behind.proxy.let_go()  # the driver sends one with each connection that it opens
        assert behind.names() == before
        assert (await behind("GET", f"/species?search={error}{at}")).status == 200
        assert (await behind("GET", "/species")).status == 200
        behind.proxy.let_go()
    await behind.one.parts.watch._look()
    assert (await create(behind, f"after {errors[0]} {at}")).status == 201
