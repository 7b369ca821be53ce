"""The audit: whether ledger, triggers and indexes are as they must be; every difference is named."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

from service.db.connection import Connection
from service.db.database import Database, open_database
from service.db.errors import DatabaseError
from service.db.pool import PoolLimits
from service.db.statements import Statements
from service.resources import all_resources
from service.settings import Settings

SQL = Path(__file__).resolve().parents[2] / "sql"
TRIGGERS = ("before_insert", "after_insert", "before_update", "after_delete")


def run(settings: Settings) -> int:
    """Print every difference found; 0 when there is none, 1 when there are some, 2 when the database cannot be asked."""
    tables = [resource.table for resource in all_resources()]
    try:
        differences = asyncio.run(_audited(settings, tables))
    except DatabaseError as error:
        print(f"the database cannot be audited: {error}")
        return 2
    for difference in differences:
        print(difference)
    print(f"{len(tables)} tables audited, {len(differences)} differences")
    return 1 if differences else 0


async def _audited(settings: Settings, tables: Iterable[str]) -> list[str]:
    statements = Statements(SQL)
    database = open_database(settings.database, PoolLimits(size=1, overflow=1), statements)
    try:
        return await audit(database, statements, tables)
    finally:
        await database.close()


async def audit(database: Database, statements: Statements, tables: Iterable[str]) -> list[str]:
    """One sentence for each thing that is not as it must be."""
    tables = list(tables)
    schema = list(await _schema_differences(database, statements, tables))
    return schema + [
        difference for table in tables for difference in await ledger_differences(database, statements, table)
    ]


async def ledger_differences(database: Database, statements: Statements, table: str) -> list[str]:
    """Where the ledger row of `table` says other than its metadata.sql, both read from one snapshot."""
    async with database.pool.lend() as connection:
        await connection.send("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await connection.run(statements.get("ledger/snapshot"))
        try:
            return list(await _compared(connection, statements, table))
        finally:
            await connection.send("COMMIT")
            await connection.send("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")


async def _compared(connection: Connection, statements: Statements, table: str) -> Iterator[str]:
    metadata = await connection.run(statements.get(f"{table}/metadata"))
    ledger = await connection.run(statements.get("ledger/row", {"table_name"}), {"table_name": table})
    total, changed = metadata.rows[0]
    if not ledger.rows:
        return iter([f"{table}: no ledger row"])
    count, last_modified, last_deletion = ledger.rows[0]
    found = []
    if count != total:
        found.append(f"{table}: the ledger counts {_text(count)} rows, the table has {_text(total)}")
    latest = max(filter(None, (changed, last_deletion)), default=None)
    if latest is not None and (last_modified or b"") < latest:
        found.append(f"{table}: the ledger says last modified {_text(last_modified)}, the table says {_text(latest)}")
    return iter(found)


async def _schema_differences(database: Database, statements: Statements, tables: list[str]) -> Iterator[str]:
    triggers = {_text(row[0]) for row in (await database.read(statements.get("server/triggers"))).rows}
    indexes = {(_text(row[0]), _text(row[1])) for row in (await database.read(statements.get("server/indexes"))).rows}
    found = [
        f"{table}: trigger {table}_{kind} is missing"
        for table in tables
        for kind in TRIGGERS
        if f"{table}_{kind}" not in triggers
    ]
    found += [
        f"{table}: index ix_{table}_{column} is missing"
        for table in tables
        for column in ("updated_at", "created_at")
        if (table, f"ix_{table}_{column}") not in indexes
    ]
    return iter(found)


def _text(value: bytes | None) -> str:
    return "nothing" if value is None else value.decode()
