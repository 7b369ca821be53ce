"""A pool of aiomysql connections: `size` stay open, `overflow` more under load, first come first served.

aiomysql's own pool has no time-out, no overflow and no limit on waiters, connects under its lock, and can leave
a waiter asleep for ever when a connection comes back closed (docs/architecture.md): the gate and the shelf are ours.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from service.db.connection import Connection
from service.db.errors import DatabaseError, PoolExhausted, Unreachable
from service.db.spent import SPENT


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`size` and `overflow` in connections, `recycle` and `timeout` in seconds, `waiters` in requests."""

    size: int = 20
    overflow: int = 30
    recycle: float = 1800.0
    timeout: float = 30.0
    waiters: int = 1000


MOST_HANDSHAKES = 8  # at once: a server that just came back is not met by fifty
FIRST_PAUSE = 0.02  # seconds without a try after the second failure in a row to connect; each further one doubles it
LONGEST_PAUSE = 1.0


class Door:
    """Opens connections with `connect`, and does not storm a server that lets nobody in.

    While it does not, one try is made after each pause; who asks meanwhile is told at once what became of the last.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._handshakes = asyncio.Semaphore(MOST_HANDSHAKES)
        self._failures = 0
        self._shut_until = 0.0
        self._reason = ""

    async def open(self) -> Connection:
        """A new connection; DatabaseError where there is none."""
        async with self._handshakes:
            now = time.monotonic()
            if now < self._shut_until:
                raise Unreachable(self._reason)
            if self._failures > 1:
                self._shut_until = now + LONGEST_PAUSE  # for the others, while this one tries
            try:
                connection = await self._connect()
            except DatabaseError as error:
                self._failures += 1
                pause = min(FIRST_PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE) if self._failures > 1 else 0.0
                self._shut_until, self._reason = time.monotonic() + pause, str(error)
                raise
            except BaseException:
                self._shut_until = 0.0
                raise
            self._failures, self._shut_until = 0, 0.0
            return connection


class Pool:
    """Lends connections; `connect` opens one."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], limits: PoolLimits) -> None:
        self._door = Door(connect)
        self._limits = limits
        self._gate = asyncio.Semaphore(limits.size + limits.overflow)
        self._idle: deque[Connection] = deque()
        self._lent = 0
        self._waiting = 0
        self._closed = False
        self.refusals = 0  # requests that got no connection: too many waited, or too long
        self.errors: Counter[str] = Counter()  # what uses of a connection ended in, by the exception's name
        self.failed_at: dict[type[DatabaseError], float] = {}  # when each of them was last seen, by time.monotonic

    @property
    def limit(self) -> int:
        """How many connections may be open."""
        return self._limits.size + self._limits.overflow

    def stats(self) -> dict[str, int]:
        """Connections idle and lent, and requests waiting, now."""
        return {"idle": len(self._idle), "lent": self._lent, "waiting": self._waiting}

    async def warm(self) -> None:
        """Open the `size` connections that stay; DatabaseError when the first cannot be had."""
        fresh = [await self._open()]
        others = (self._open() for _ in range(self._limits.size - 1))
        opened = await asyncio.gather(*others, return_exceptions=True)
        fresh += [one for one in opened if isinstance(one, Connection)]
        self._idle.extend(fresh)

    @asynccontextmanager
    async def lend(self, *, fresh: bool = False) -> AsyncIterator[Connection]:
        """A connection for the block; `fresh`: a newly opened one. PoolExhausted past the wait or the cap."""
        spent, asked_at = SPENT.get(), time.monotonic()
        await self._enter()
        entered_at = time.monotonic()
        try:
            connection = await (self._afresh() if fresh else self._take())
            self._lent += 1
            try:
                yield connection
            except asyncio.CancelledError:
                connection.close()
                raise
            finally:
                self._lent -= 1
                self._give_back(connection)
        except DatabaseError as error:
            self.errors[type(error).__name__] += 1
            self.failed_at[type(error)] = time.monotonic()
            raise
        finally:
            self._gate.release()
            if spent is not None:
                spent.waited += entered_at - asked_at
                spent.used += time.monotonic() - entered_at

    async def open_one(self) -> Connection:
        """A connection outside the pool; the caller closes it."""
        return await self._open()

    async def close(self) -> None:
        """Close what is idle now, and the rest as it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    async def _enter(self) -> None:
        if not self._gate.locked():
            await self._gate.acquire()
            return
        if self._waiting >= self._limits.waiters:
            self.refusals += 1
            raise PoolExhausted(f"{self._waiting} requests are waiting for a connection already")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.timeout):
                await self._gate.acquire()
        except TimeoutError as error:
            self.refusals += 1
            raise PoolExhausted(f"no connection within {self._limits.timeout:g} s") from error
        finally:
            self._waiting -= 1

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.clean and time.monotonic() - connection.opened < self._limits.recycle:
                return connection
            connection.close()
        return await self._open()

    async def _afresh(self) -> Connection:
        # One connection was found dead: the others on the shelf are as old.
        while self._idle:
            self._idle.pop().close()
        return await self._open()

    async def _open(self) -> Connection:
        return await self._door.open()

    def _give_back(self, connection: Connection) -> None:
        # Who waits takes it up at once: with a burst of returns none is closed only to be opened again.
        enough = len(self._idle) >= self._limits.size + self._waiting
        if self._closed or not connection.clean or enough:
            connection.close()
        else:
            self._idle.append(connection)
