"""The pool's gate and shelf, with connections that are none: who gets one, waits, is turned away; what is kept."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from service.db.connection import Connection
from service.db.errors import PoolExhausted, Unreachable
from service.db.pool import LONGEST_PAUSE, Pool, PoolLimits


class Fake(Connection):
    """A connection that is as clean as it is told to be."""

    def __init__(self) -> None:
        self.opened = time.monotonic()
        self.is_clean = True
        self.is_closed = False

    @property
    def clean(self) -> bool:
        return self.is_clean and not self.is_closed

    def close(self) -> None:
        self.is_closed = True


class Server:
    """Opens connections, `refuses` the first so many, and knows how many were being opened at once."""

    def __init__(self) -> None:
        self.made: list[Fake] = []
        self.refuses = 0
        self.opening = 0
        self.most = 0

    async def connect(self) -> Connection:
        self.opening += 1
        self.most = max(self.most, self.opening)
        await asyncio.sleep(0)
        self.opening -= 1
        if self.refuses:
            self.refuses -= 1
            raise Unreachable("no")
        self.made.append(Fake())
        return self.made[-1]

    def pool(
        self, size: int = 1, overflow: int = 1, recycle: float = 60, timeout: float = 0.05, waiters: int = 2
    ) -> Pool:
        return Pool(self.connect, PoolLimits(size, overflow, recycle, timeout, waiters))


@pytest.fixture
def server() -> Server:
    """A server without a connection."""
    return Server()


@asynccontextmanager
async def borrowed(pool: Pool, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections at once."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(pool.lend()) for _ in range(count)]


def test_the_limits_are_those_of_the_design() -> None:
    assert PoolLimits() == PoolLimits(size=20, overflow=30, recycle=1800.0, timeout=30.0, waiters=1000)


async def test_size_and_overflow_are_lent_and_size_is_kept(server: Server) -> None:
    pool = server.pool(size=2, overflow=3)
    async with borrowed(pool, 5):
        assert pool.stats() == {"idle": 0, "lent": 5, "waiting": 0}
    assert pool.stats() == {"idle": 2, "lent": 0, "waiting": 0}
    assert [one.is_closed for one in server.made].count(False) == 2
    async with borrowed(pool, 2):
        assert len(server.made) == 5


async def test_who_comes_too_many_is_told_after_the_wait(server: Server) -> None:
    pool = server.pool()
    async with borrowed(pool, 2):
        begun = time.monotonic()
        with pytest.raises(PoolExhausted, match="no connection within"):
            async with pool.lend():
                pass
        assert time.monotonic() - begun >= 0.045
        assert pool.stats() == {"idle": 0, "lent": 2, "waiting": 0}
    async with borrowed(pool, 2):
        pass


async def test_past_the_cap_of_waiters_it_is_told_at_once(server: Server) -> None:
    pool = server.pool(timeout=5)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(pool.lend())
        waiting = [asyncio.create_task(_use(pool)) for _ in range(2)]
        await asyncio.sleep(0)
        assert pool.stats()["waiting"] == 2
        with pytest.raises(PoolExhausted, match="2 requests are waiting"):
            await asyncio.wait_for(_use(pool), 1)
    await asyncio.gather(*waiting)
    assert pool.stats() == {"idle": 1, "lent": 0, "waiting": 0}


async def _use(pool: Pool) -> Connection:
    async with pool.lend() as connection:
        await asyncio.sleep(0)
        return connection


async def test_who_waits_is_served_in_turn_and_without_a_new_connection(server: Server) -> None:
    pool, served = server.pool(size=1, overflow=2, timeout=5), []
    async with borrowed(pool, 3):

        async def wait(number: int) -> None:
            async with pool.lend():
                served.append(number)

        waiting = [asyncio.create_task(wait(number)) for number in range(2)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert served == [0, 1]
    assert len(server.made) == 3


async def test_what_comes_back_unclean_is_closed(server: Server) -> None:
    pool = server.pool()
    async with pool.lend():
        server.made[0].is_clean = False
    assert server.made[0].is_closed
    assert pool.stats()["idle"] == 0


async def test_what_is_unclean_or_old_on_the_shelf_is_replaced(server: Server) -> None:
    pool = server.pool(size=3, recycle=10)
    async with borrowed(pool, 3):
        pass
    server.made[0].is_clean = False
    server.made[1].opened -= 10
    server.made[2].opened -= 9
    async with borrowed(pool, 1) as (kept,):
        assert kept in server.made[:3]
        assert not server.made[2].is_closed
    async with borrowed(pool, 2):
        assert len(server.made) == 4
    assert server.made[0].is_closed
    assert server.made[1].is_closed


async def test_a_fresh_one_is_new_and_the_shelf_is_cleared(server: Server) -> None:
    pool = server.pool(size=2)
    async with borrowed(pool, 2):
        pass
    async with pool.lend(fresh=True) as connection:
        assert connection is server.made[2]
        assert all(one.is_closed for one in server.made[:2])


async def test_who_is_cancelled_leaves_no_connection_and_no_place(server: Server) -> None:
    pool = server.pool()

    async def hold() -> None:
        async with pool.lend():
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await asyncio.sleep(0.01)
    assert pool.stats()["lent"] == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.made[0].is_closed
    assert pool.stats() == {"idle": 0, "lent": 0, "waiting": 0}
    async with borrowed(pool, 2):
        pass


async def test_a_connection_that_cannot_be_had_takes_no_place(server: Server) -> None:
    pool = server.pool()
    server.refuses = 5
    for _ in range(5):
        with pytest.raises(Unreachable):
            await _use(pool)
    server.refuses, pool._door._shut_until = 0, 0.0
    async with borrowed(pool, 2):
        assert pool.stats()["lent"] == 2


async def test_a_door_that_stays_shut_is_not_stormed_and_opens_again(server: Server) -> None:
    pool, tries = server.pool(size=3, overflow=3), 500
    server.refuses = tries
    begun = time.monotonic()
    for _ in range(tries):
        with pytest.raises(Unreachable, match="no"):
            await _use(pool)
    # Two at once, then one after each pause of 0.08, 0.16, 0.32 … seconds.
    assert tries - server.refuses <= 2 + 4 + (time.monotonic() - begun) / LONGEST_PAUSE + 1
    server.refuses = 0
    async with asyncio.timeout(10):
        while True:
            try:
                await _use(pool)
                break
            except Unreachable:
                await asyncio.sleep(0.01)
    async with borrowed(pool, 3):
        assert pool.stats()["lent"] == 3


async def test_at_start_the_shelf_is_filled_eight_at_a_time(server: Server) -> None:
    pool = server.pool(size=20)
    await pool.warm()
    assert pool.stats() == {"idle": 20, "lent": 0, "waiting": 0}
    assert server.most == 8
    async with borrowed(pool, 20):
        assert len(server.made) == 20


async def test_at_start_the_first_must_be_had_and_the_others_may_fail(server: Server) -> None:
    server.refuses = 1
    with pytest.raises(Unreachable):
        await server.pool(size=3).warm()
    pool, calls = server.pool(size=3), iter((server.connect, server.connect, refuse))
    pool._door._connect = lambda: next(calls)()
    await pool.warm()
    assert pool.stats()["idle"] == 2


async def refuse() -> Connection:
    raise Unreachable("no")


async def test_closed_it_keeps_nothing(server: Server) -> None:
    pool = server.pool(size=2)
    await pool.warm()
    async with pool.lend() as connection:
        await pool.close()
        assert [one.is_closed for one in server.made].count(True) == 1
        assert not connection.is_closed  # type: ignore[attr-defined]
    assert all(one.is_closed for one in server.made)
    assert pool.stats()["idle"] == 0


async def test_one_outside_is_not_counted(server: Server) -> None:
    pool = server.pool()
    assert await pool.open_one() is server.made[0]
    assert pool.stats() == {"idle": 0, "lent": 0, "waiting": 0}
