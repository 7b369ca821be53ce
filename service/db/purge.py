"""Forgets old tombstones in small steps; nothing else is touched, and the ledger says from when on deltas are whole."""

import asyncio

from service.db.connection import Connection
from service.db.database import open_database
from service.db.errors import DatabaseError
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements, Value
from service.resources import all_resources
from service.settings import Settings

STEP = 1000
PAUSE = 0.02


def run(settings: Settings) -> int:
    """Purge what is older than HERDBOOK_TOMBSTONE_DAYS, and say how much that was; 2 when the database fails."""
    try:
        purged = asyncio.run(_purged(settings))
    except DatabaseError as error:
        print(f"the tombstones cannot be purged: {error}")
        return 2
    for table, count in purged.items():
        print(f"{table}: {count} tombstones purged")
    return 0


async def _purged(settings: Settings) -> dict[str, int]:
    statements = Statements(SQL)
    database = open_database(settings.database, PoolLimits(size=1, overflow=1), statements)
    purge = Purge(statements, settings.tombstone_days)
    try:
        async with database.pool.lend() as connection:
            return {one.table: await purge.table(connection, one.table) for one in all_resources()}
    finally:
        await database.close()


class Purge:
    """Forgets tombstones older than `days`."""

    def __init__(self, statements: Statements, days: int) -> None:
        self._lock = statements.get("ledger/lock", {"table_name"})
        self._horizon = statements.get("tombstone/horizon", {"table_name", "days", "step"})
        self._raise = statements.get("ledger/raise_deltas_from", {"table_name", "deltas_from"})
        self._delete = statements.get("tombstone/purge", {"table_name", "deltas_from"})
        self._days = days

    async def table(self, connection: Connection, table: str) -> int:
        """Purge `table` step by step, each in a transaction of its own; gives how many tombstones went."""
        purged = 0
        while count := await self._step(connection, table):
            purged += count
            await asyncio.sleep(PAUSE)
        return purged

    async def _step(self, connection: Connection, table: str) -> int:
        name: dict[str, Value] = {"table_name": table}
        await connection.send("START TRANSACTION")
        await connection.run(self._lock, name)
        asked = {**name, "days": self._days, "step": STEP}
        horizon = (await connection.run(self._horizon, asked)).rows[0][0]
        count = 0
        if horizon is not None:
            until = {**name, "deltas_from": horizon.decode()}
            await connection.run(self._raise, until)
            count = (await connection.run(self._delete, until)).affected
        await connection.send("COMMIT")
        return count
