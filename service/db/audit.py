"""The audit: whether ledger, triggers and indexes are as they must be; every difference is named."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from service.db.connection import Connection
from service.db.database import Database, open_database
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements, Value
from service.resources import all_resources
from service.settings import Settings

TRIGGERS = ("before_insert", "after_insert", "before_update", "after_delete")


# COUNT reads an index whole: of ten million rows on a cold disk that takes longer than a request may.
AUDIT_SECONDS = 3600


def audited(settings: Settings, *, mend: bool = False) -> list["Difference"]:
    """Every difference; with `mend`, ledger rows that are wrong are made anew from what their tables say."""
    return asyncio.run(_audited(settings, mend))


async def _audited(settings: Settings, mend: bool) -> list["Difference"]:
    statements = Statements(SQL)
    database = open_database(settings.database, PoolLimits(size=1, overflow=1), statements, AUDIT_SECONDS)
    try:
        differences = await audit(database, statements, [one.table for one in all_resources()])
        for table in {one.table for one in differences if mend and one.mendable}:
            await rebuild(database, statements, table)
        return differences
    finally:
        await database.close()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it must be; `mendable`: the table itself says how it must be."""

    table: str
    sentence: str
    mendable: bool = False

    def __str__(self) -> str:
        return f"{self.table}: {self.sentence}"


async def audit(database: Database, statements: Statements, tables: Iterable[str]) -> list[Difference]:
    """Everything that is not as it must be."""
    tables = list(tables)
    schema = await _schema_differences(database, statements, tables)
    return schema + [
        difference for table in tables for difference in await ledger_differences(database, statements, table)
    ]


async def ledger_differences(database: Database, statements: Statements, table: str) -> list[Difference]:
    """Where the ledger row of `table` says other than its metadata.sql, both read from one snapshot.

    A snapshot made while writes commit may lack one of them (docs/exactness.md), so what differs is looked at again.
    """
    return await _differences_now(database, statements, table) and await _differences_now(database, statements, table)


async def _differences_now(database: Database, statements: Statements, table: str) -> list[Difference]:
    async with database.pool.lend() as connection:
        await connection.send("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await connection.run(statements.get("ledger/snapshot"))
        try:
            return await _compared(connection, statements, table)
        finally:
            await connection.send("COMMIT")
            await connection.send("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")


async def _compared(connection: Connection, statements: Statements, table: str) -> list[Difference]:
    metadata = await connection.run(statements.get(f"{table}/metadata"))
    ledger = await connection.run(statements.get("ledger/row", {"table_name"}), {"table_name": table})
    total, changed = metadata.rows[0]
    if not ledger.rows:
        return [Difference(table, "no ledger row", mendable=True)]
    count, last_modified, last_deletion = ledger.rows[0]
    found = []
    if count != total:
        found.append(f"the ledger counts {_text(count)} rows, the table has {_text(total)}")
    latest = max(filter(None, (changed, last_deletion)), default=None)
    if latest is not None and (last_modified or b"") < latest:
        found.append(f"the ledger says last modified {_text(last_modified)}, the table {_text(latest)}")
    return [Difference(table, sentence, mendable=True) for sentence in found]


async def rebuild(database: Database, statements: Statements, table: str) -> None:
    """Make the ledger row of `table` from its metadata.sql, while its writers wait."""
    name: dict[str, Value] = {"table_name": table}
    async with database.pool.lend() as connection:
        await connection.send("START TRANSACTION")
        await connection.run(statements.get("ledger/open", {"table_name"}), name)
        await connection.run(statements.get("ledger/lock", {"table_name"}), name)
        total, changed = (await connection.run(statements.get(f"{table}/metadata"))).rows[0]
        said: dict[str, Value] = {
            "total_count": int(total or 0),
            "last_modified": None if changed is None else changed.decode(),
        }
        values = {**name, **said}
        await connection.run(statements.get("ledger/rebuild", values), values)
        await connection.send("COMMIT")


async def _schema_differences(database: Database, statements: Statements, tables: list[str]) -> list[Difference]:
    triggers = {_text(row[0]) for row in (await database.read(statements.get("server/triggers"))).rows}
    indexes = {(_text(row[0]), _text(row[1])) for row in (await database.read(statements.get("server/indexes"))).rows}
    found = [
        Difference(table, f"trigger {table}_{kind} is missing")
        for table in tables
        for kind in TRIGGERS
        if f"{table}_{kind}" not in triggers
    ]
    found += [
        Difference(table, f"index ix_{table}_{column} is missing")
        for table in tables
        for column in ("updated_at", "created_at")
        if (table, f"ix_{table}_{column}") not in indexes
    ]
    return found


def _text(value: bytes | None) -> str:
    return "nothing" if value is None else value.decode()
