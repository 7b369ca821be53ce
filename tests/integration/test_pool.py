"""The pool against a real server: who waits is served in turn or told so, and nothing is ever lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from service.db.blocking import connect
from service.db.connection import Connection
from service.db.database import Database, open_database
from service.db.errors import ConnectionLost, DatabaseError, PoolExhausted
from service.db.pool import Pool, PoolLimits
from service.db.statements import SQL, Statement, Statements
from service.settings import DatabaseURL

Opener = Callable[..., Database]
ONE = Statement.parse("one", "SELECT 1 AS one;")
SLEEP = Statement.parse("sleep", "SELECT SLEEP(20) AS slept;")
SESSION = Statement.parse("session", "SELECT CONNECTION_ID() AS id;")


@pytest.fixture
async def opened(database_url: DatabaseURL) -> AsyncIterator[Opener]:
    """Opens databases with pools of given limits, and closes them."""
    made: list[Database] = []

    def make(**limits: float) -> Database:
        database = open_database(database_url, PoolLimits(**{"timeout": 5, **limits}), Statements(SQL))  # type: ignore[arg-type]
        made.append(database)
        return database

    yield make
    for database in made:
        await database.close()


class Borrower:
    """Holds a connection until told to give it back."""

    def __init__(self, pool: Pool) -> None:
        self.has, self.give_back = asyncio.Event(), asyncio.Event()
        self.connection: Connection | None = None
        self.task = asyncio.create_task(self._hold(pool))

    async def _hold(self, pool: Pool) -> None:
        async with pool.lend() as connection:
            self.connection = connection
            self.has.set()
            await self.give_back.wait()


async def borrow(pool: Pool, count: int) -> list[Borrower]:
    borrowers = [Borrower(pool) for _ in range(count)]
    await asyncio.gather(*(one.has.wait() for one in borrowers))
    return borrowers


async def end(borrowers: list[Borrower]) -> None:
    for one in borrowers:
        one.give_back.set()
    await asyncio.gather(*(one.task for one in borrowers), return_exceptions=True)


async def assert_whole(pool: Pool, most: int) -> None:
    """All permits are there: so many can be lent at once, and not one more."""
    borrowers = await asyncio.wait_for(borrow(pool, most), 10)
    assert pool.stats()["lent"] == most
    one_more = Borrower(pool)
    await asyncio.sleep(0.02)
    assert not one_more.has.is_set()
    await end([*borrowers, one_more])
    assert (pool.stats()["lent"], pool.stats()["waiting"]) == (0, 0)


async def test_fifty_are_lent_and_a_hundred_who_wait_are_all_served_in_turn(opened: Opener) -> None:
    pool = opened(size=20, overflow=30).pool
    held = await borrow(pool, 50)
    served: list[int] = []

    async def wait(number: int) -> None:
        async with pool.lend() as connection:
            served.append(number)
            await connection.run(ONE)

    waiting = [asyncio.create_task(wait(number)) for number in range(100)]
    await asyncio.sleep(0.05)
    assert pool.stats() == {"idle": 0, "lent": 50, "waiting": 100}
    await end(held)
    await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert served == list(range(100))
    assert pool.stats() == {"idle": 20, "lent": 0, "waiting": 0}


async def test_first_come_first_served_also_when_one_comes_back_meanwhile(opened: Opener) -> None:
    pool = opened(size=1, overflow=0).pool
    (held,) = await borrow(pool, 1)
    served: list[str] = []

    async def take(name: str) -> None:
        async with pool.lend():
            served.append(name)

    first = asyncio.create_task(take("first"))
    await asyncio.sleep(0.01)
    held.give_back.set()
    late = asyncio.create_task(take("late"))
    await asyncio.gather(first, late, held.task)
    assert served == ["first", "late"]


async def test_who_waits_too_long_is_told_so(opened: Opener) -> None:
    pool = opened(size=1, overflow=1, timeout=0.15).pool
    held = await borrow(pool, 2)
    start = time.monotonic()
    outcomes = await asyncio.gather(*(Borrower(pool).task for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [PoolExhausted] * 5
    assert time.monotonic() - start >= 0.14
    assert pool.stats()["waiting"] == 0
    await end(held)
    await assert_whole(pool, 2)


async def test_past_the_cap_one_is_told_at_once(opened: Opener) -> None:
    pool = opened(size=1, overflow=0, timeout=60, waiters=3).pool
    held = await borrow(pool, 1)
    waiting = [Borrower(pool) for _ in range(3)]
    await asyncio.sleep(0.01)
    with pytest.raises(PoolExhausted):
        await asyncio.wait_for(Borrower(pool).task, 1)
    await end([*held, *waiting])
    await assert_whole(pool, 1)


async def test_what_is_over_the_size_is_closed_when_it_comes_back(opened: Opener, database_url: DatabaseURL) -> None:
    database = opened(size=3, overflow=7)
    held = await borrow(database.pool, 10)
    connections = [one.connection for one in held]
    await end(held)
    assert database.pool.stats() == {"idle": 3, "lent": 0, "waiting": 0}
    assert sum(one.clean for one in connections if one is not None) == 3


async def test_an_idle_connection_is_used_again(opened: Opener) -> None:
    database = opened(size=2, overflow=0)
    assert len({(await database.read(SESSION)).rows for _ in range(5)}) == 1


async def test_the_pool_is_warm_before_the_first_request(opened: Opener) -> None:
    database = opened(size=4, overflow=0)
    await database.pool.warm()
    assert database.pool.stats() == {"idle": 4, "lent": 0, "waiting": 0}


async def test_a_connection_is_replaced_when_it_is_old_however_busy(opened: Opener) -> None:
    database = opened(size=1, overflow=0, recycle=0.2)
    seen = set()
    start = time.monotonic()
    while time.monotonic() - start < 0.5:
        seen.add((await database.read(SESSION)).rows)
        await asyncio.sleep(0.02)
    assert 2 <= len(seen) <= 4


@pytest.fixture
def kill(database_url: DatabaseURL) -> Callable[[Connection], None]:
    """Ends a session on the server, as a restart or an administrator does."""

    def end_session(connection: Connection) -> None:
        with connect(database_url) as other, other.cursor() as cursor:
            cursor.execute("KILL CONNECTION %s", [connection.number])

    return end_session


async def test_a_read_on_a_dead_connection_is_asked_once_more(
    opened: Opener, kill: Callable[[Connection], None]
) -> None:
    database = opened(size=2, overflow=0)
    held = await borrow(database.pool, 2)
    for one in held:
        assert one.connection is not None
        kill(one.connection)
    await end(held)
    assert (await database.read(ONE)).rows == ((b"1",),)
    await assert_whole(database.pool, 2)


async def test_a_read_that_is_cut_off_under_way_is_asked_once_more_and_no_further(
    opened: Opener, kill: Callable[[Connection], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = opened(size=2, overflow=0)
    asked = 0
    run = Connection.run

    async def cut(self: Connection, statement: Statement, values: object = None) -> object:
        nonlocal asked
        if statement is SLEEP:
            asked += 1
            asyncio.get_running_loop().call_later(0.05, kill, self)
        return await run(self, statement)

    monkeypatch.setattr(Connection, "run", cut)
    with pytest.raises(ConnectionLost):
        await database.read(SLEEP)
    assert asked == 2
    monkeypatch.undo()
    await assert_whole(database.pool, 2)


async def test_the_connection_of_a_cancelled_borrower_is_closed(opened: Opener) -> None:
    database = opened(size=1, overflow=0)
    first = (await database.read(SESSION)).rows
    reading = asyncio.create_task(database.read(SLEEP))
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert database.pool.stats() == {"idle": 0, "lent": 0, "waiting": 0}
    assert (await asyncio.wait_for(database.read(SESSION), 5)).rows != first
    await assert_whole(database.pool, 1)


async def test_a_connection_left_in_a_transaction_is_not_lent_again(opened: Opener) -> None:
    database = opened(size=1, overflow=0)
    async with database.pool.lend() as connection:
        await connection.send("START TRANSACTION")
    assert database.pool.stats()["idle"] == 0
    await assert_whole(database.pool, 1)


async def test_a_borrower_that_fails_gives_its_connection_back(opened: Opener) -> None:
    pool = opened(size=1, overflow=0).pool
    with pytest.raises(RuntimeError):
        async with pool.lend():
            raise RuntimeError
    assert pool.stats() == {"idle": 1, "lent": 0, "waiting": 0}
    await assert_whole(pool, 1)


async def test_permits_survive_a_server_that_cannot_be_reached() -> None:
    async def refuse() -> Connection:
        raise ConnectionLost("no")

    pool = Pool(refuse, PoolLimits(size=2, overflow=1, timeout=1))
    for _ in range(10):
        with pytest.raises(DatabaseError):  # after two failures the door stays shut for a moment: Unreachable
            async with pool.lend():
                pass
    assert pool.stats() == {"idle": 0, "lent": 0, "waiting": 0}


async def test_a_handshake_that_hangs_stops_nobody_who_can_be_served(database_url: DatabaseURL, opened: Opener) -> None:
    good = opened(size=1, overflow=0).pool
    hang = asyncio.Event()
    calls = 0

    async def connect() -> Connection:
        nonlocal calls
        calls += 1
        if calls > 1:
            await hang.wait()
        return await good.open_one()

    pool = Pool(connect, PoolLimits(size=2, overflow=0, timeout=5))
    async with pool.lend():
        stuck = Borrower(pool)
        await asyncio.sleep(0.01)
    for _ in range(3):
        async with pool.lend() as connection:
            await asyncio.wait_for(connection.run(ONE), 2)
    stuck.task.cancel()
    await asyncio.gather(stuck.task, return_exceptions=True)
    assert pool.stats()["lent"] == 0
    await pool.close()


async def test_permits_never_leak_whenever_borrowers_are_cancelled(opened: Opener) -> None:
    database = opened(size=2, overflow=2, timeout=0.05)

    async def ask(number: int) -> None:
        await database.read(ONE if number % 3 else SLEEP)

    for turn in range(12):
        tasks = [asyncio.create_task(ask(number)) for number in range(12)]
        await asyncio.sleep(0.003 * turn)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await assert_whole(database.pool, 4)


async def test_a_closed_pool_keeps_nothing_that_comes_back(opened: Opener) -> None:
    pool = opened(size=2, overflow=0).pool
    (held,) = await borrow(pool, 1)
    await pool.close()
    await end([held])
    assert held.connection is not None
    assert not held.connection.clean
    assert pool.stats()["idle"] == 0
