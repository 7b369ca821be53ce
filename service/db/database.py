"""The database as the rest of the service sees it: read a statement, write a transaction."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from service.db.connection import Connection, Result, connect
from service.db.errors import ConnectionLost
from service.db.pool import Pool, PoolLimits
from service.db.statements import Statement, Statements, Value
from service.db.transaction import Marks, T, Work, Written, transact
from service.db.wire import warn_if_slow
from service.settings import DatabaseURL

__all__ = ["Connection", "Database", "Marks", "Result", "Work", "Written", "open_database"]


class Database:
    """Reads and writes through one pool; a write once begun ends, also when its client has gone."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._writes: set[asyncio.Task[object]] = set()

    async def read(self, statement: Statement, values: Mapping[str, Value] | None = None) -> Result:
        """Run a reading statement; a connection found dead is replaced and the statement asked once more."""
        try:
            async with self.pool.lend() as connection:
                return await connection.run(statement, values)
        except ConnectionLost:
            async with self.pool.lend(fresh=True) as connection:
                return await connection.run(statement, values)

    async def write(self, work: Work[T], marks: Callable[[], Marks]) -> T:
        """Run `work` in a transaction of its own task, which no cancellation of the caller ends (see `transact`)."""
        task = asyncio.create_task(transact(self.pool, work, marks))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def open_one(self) -> Connection:
        """A connection outside the pool, for who must never wait behind requests; the caller closes it."""
        return await self.pool.open_one()

    async def close(self, seconds: float = 8.0) -> None:
        """Let the writes under way end, at most `seconds`, then close the pool."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=seconds)
        await self.pool.close()


def open_database(
    url: DatabaseURL, limits: PoolLimits, statements: Statements, statement_seconds: int | None = None
) -> Database:
    """A Database on `url`; nothing is connected until it is asked, or `pool.warm()`."""
    identify = statements.get("server/start")
    warn_if_slow()

    def opener() -> Awaitable[Connection]:
        return connect(url, identify, time.monotonic(), statement_seconds)

    return Database(Pool(opener, limits))
