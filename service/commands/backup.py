"""Writes a backup: every table as it is at one moment, in constant memory, with stamps, tombstones and ledger.

The moment is chosen while all writers wait, for a few milliseconds: a snapshot made beside a COMMIT could hold a later
write and lack an earlier one (docs/exactness.md). Sessions, login attempts and idempotency keys are left out.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from service.commands.archive import ArchiveWriter, Contents, Table, columns_text
from service.commands.failure import DONE, CommandError
from service.commands.records import Records, opened
from service.commands.telling import Telling
from service.commands.written import written
from service.db.connection import Connection
from service.db.snapshot import Snapshots
from service.db.statements import Statement, Value
from service.records.errors import PageTooLarge
from service.records.shapes import whole_text
from service.resources import all_resources
from service.resources.resource import Resource
from service.settings import Settings

ROWS = 2000
FIRST_TIME = "1000-01-01"


@dataclass(frozen=True, slots=True)
class Options:
    """Where the backup goes."""

    to: str
    as_json: bool = False


def run(settings: Settings, options: Options) -> int:
    """Back up; CommandError where it cannot be done."""
    return asyncio.run(_backed_up(settings, options))


async def _backed_up(settings: Settings, options: Options) -> int:
    async with opened(settings) as records, moment(records) as connection:
        contents = await _contents(records, connection)
        total = sum(table.row_count for table in contents.tables)
        telling = Telling("backup", total, sys.stdout, sys.stderr, as_json=options.as_json)
        with written(options.to) as file:
            rows = await Backup(records, connection, telling).write(ArchiveWriter(file, contents), contents)
    facts = {"rows": rows, "tables": len(contents.tables), "seconds": round(telling.seconds, 3)}
    telling.end(f"{options.to}: {rows:,} rows of {len(contents.tables)} tables in {telling.seconds:.1f} s", facts)
    return DONE


def columns_of(resource: Resource) -> tuple[str, ...]:
    """Every column of its table."""
    return ("id", *resource.record.model_fields, "created_at", "updated_at")


@asynccontextmanager
async def moment(records: Records) -> AsyncIterator[Connection]:
    """A snapshot of the database, begun while no writer was under way."""
    snapshots = Snapshots(records.statements, records.database)
    async with records.database.pool.lend() as holder:
        await holder.send("START TRANSACTION")
        await holder.run(records.statements.get("backup/lock"))
        async with snapshots.open() as connection:
            await holder.send("COMMIT")
            yield connection


async def _contents(records: Records, connection: Connection) -> Contents:
    migrations = (await connection.run(records.statements.get("backup/migrations"))).rows
    ledger = records.statements.get("backup/ledger", {"table_name"})
    tables = []
    for resource in all_resources():
        rows = (await connection.run(ledger, {"table_name": resource.table})).rows
        if not rows:
            raise CommandError(f"{resource.table} has no ledger row: start the service once, or see `run.py audit`")
        count, version, last_modified, deltas_from = ((one or b"").decode() for one in rows[0])
        columns = columns_of(resource)
        tables.append(Table(resource.table, columns, int(count), int(version), last_modified, deltas_from))
    return Contents(tuple((row[0] or b"").decode() for row in migrations), tuple(tables))


class Backup:
    """Writes what one snapshot holds."""

    def __init__(self, records: Records, connection: Connection, telling: Telling) -> None:
        self._rows = records.statements.get("backup/rows", {"after", "limit"})
        self._tombstones = records.statements.get("backup/tombstones", {"table_name", "after", "after_id", "limit"})
        self._connection = connection
        self._telling = telling

    async def write(self, archive: ArchiveWriter, contents: Contents) -> int:
        """Write all tables; gives how many rows there are."""
        count = 0
        for table in contents.tables:
            archive.section("rows", table.table)
            statement = self._rows.choose(table=table.table, columns=columns_text(table.columns))
            after: dict[str, Value] = {"after": 0}
            while found := await self._some(statement, after):
                archive.lines(*found)
                after = {"after": orjson.loads(_last(found[0]))[0]}
                count += found[1]
                self._telling.step(count, count)
            archive.section("tombstones", table.table)
            name: dict[str, Value] = {"table_name": table.table}
            after = {"after": FIRST_TIME, "after_id": 0}
            while found := await self._some(self._tombstones, {**name, **after}):
                archive.lines(*found)
                deleted_at, row_id = orjson.loads(_last(found[0]))
                after = {"after": deleted_at, "after_id": row_id}
        archive.end()
        return count

    async def _some(self, statement: Statement, values: dict[str, Value]) -> tuple[bytes, int] | None:
        """The next lines and how many they are, as many as fit into one answer; None at the end."""
        limit = ROWS
        while True:
            result = await self._connection.run(statement, {**values, "limit": limit})
            size, data = result.rows[0]
            try:
                text = whole_text(data, result.warnings)
            except PageTooLarge:
                if limit == 1:
                    raise CommandError("a row is too large for one answer of the database") from None
                limit //= 2
                continue
            return (text, int(size or 0)) if text else None


def _last(lines: bytes) -> bytes:
    return lines[lines.rfind(b"\n") + 1 :]
