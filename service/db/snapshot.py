"""Several statements that see the database as it was at one moment: a read-only transaction on a snapshot."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from service.db.connection import Connection
from service.db.database import Database
from service.db.errors import ConnectionLost, DatabaseError
from service.db.statements import Statements


class Snapshots:
    """Opens snapshots of one database."""

    def __init__(self, statements: Statements, database: Database) -> None:
        # The sessions are READ COMMITTED, in which WITH CONSISTENT SNAPSHOT would be ignored.
        self._keep = statements.get("server/repeatable_read")
        self._start = statements.get("ledger/snapshot")
        self._database = database

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Connection]:
        """A connection whose statements all see what was committed before now; it is given back at the end.

        A connection found dead is replaced once. A block that ends early leaves nothing open.
        """
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self._database.pool.lend())
                await self._begin(connection)
            except ConnectionLost:
                await stack.aclose()
                connection = await stack.enter_async_context(self._database.pool.lend(fresh=True))
                await self._begin(connection)
            try:
                yield connection
            finally:
                with suppress(DatabaseError):  # one that is lost by now is not kept by the pool
                    await connection.send("ROLLBACK")

    async def _begin(self, connection: Connection) -> None:
        await connection.run(self._keep)
        await connection.run(self._start)
