"""Restores a backup into an empty database, in one transaction: it is all there afterwards, or nothing is.

The file is read through and held against its checksum before anything is written.
"""

import asyncio
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.commands.archive import ArchiveReader, Contents, Piece, Table, columns_text, paths_text
from service.commands.backup import columns_of
from service.commands.failure import BAD_ARGUMENTS, DONE, INTERRUPTED, CommandError
from service.commands.records import Records, opened
from service.commands.source import STANDARD_INPUT, Source
from service.commands.telling import Telling
from service.db.database import Connection, Written
from service.db.errors import DatabaseError
from service.db.migrate import apply
from service.db.statements import Statement, Value
from service.resources import all_resources
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """What is restored. `deltas_go_on`: nobody has written since the backup, so delta clients may go on."""

    file: str
    migrations: Path
    deltas_go_on: bool = False
    as_json: bool = False


def run(settings: Settings, options: Options) -> int:
    """Restore; CommandError where it cannot be done, and then nothing was."""
    if options.file == STANDARD_INPUT:
        raise CommandError("a backup is read twice, so it must be a file", BAD_ARGUMENTS)
    with closing(Source(options.file)) as source, source.reread() as file:
        return asyncio.run(_restored(settings, options, file))


async def _restored(settings: Settings, options: Options, file: IO[bytes]) -> int:
    archive = ArchiveReader(file, options.file)
    contents = await asyncio.to_thread(archive.checked)
    _must_fit(contents, options)
    async with opened(settings) as records:
        await _must_be_empty(records)
        await asyncio.to_thread(apply, settings.database, options.migrations)
        telling = Telling("restore", contents.rows, sys.stdout, sys.stderr, as_json=options.as_json)
        restore = Restore(records, archive, contents, telling, go_on=options.deltas_go_on)
        try:
            await records.database.write(restore.work, lambda: records.generations.commit(restore.tables))
        except asyncio.CancelledError:
            restore.stopped = True
            telling.clear()
            raise CommandError("interrupted; nothing is restored", INTERRUPTED) from None
        except (DatabaseError, CommandError) as error:
            telling.clear()
            raise CommandError(f"{error}; nothing is restored") from None
    sentence = f"{contents.rows:,} rows and tombstones of {len(contents.tables)} tables in {telling.seconds:.1f} s"
    facts = {"rows": contents.rows, "tables": len(contents.tables), "seconds": round(telling.seconds, 3)}
    telling.end(f"{options.file}: {sentence}; {records.seen}", {**facts, "seen": records.seen})
    return DONE


def _must_fit(contents: Contents, options: Options) -> None:
    """CommandError unless the backup is of this schema."""
    known = {path.stem for path in options.migrations.glob("*.sql") if not path.stem.endswith(".rollback")}
    newer = [name for name in contents.schema if name not in known]
    if newer:
        raise CommandError(f"{options.file} was made by a newer Herdbook, which has the migration {newer[0]}")
    columns = {resource.table: columns_of(resource) for resource in all_resources()}
    for table in contents.tables:
        if columns.get(table.table) != table.columns:
            raise CommandError(
                f"{options.file} was made when {table.table} had other columns (migration {contents.schema[-1]}):"
                " restore it with the Herdbook that made it, which this one then upgrades"
            )


async def _must_be_empty(records: Records) -> None:
    """CommandError where a table has rows; one that is not there has none."""
    for resource in all_resources():
        try:
            result = await records.database.read(records.statements.get(f"{resource.table}/metadata"))
        except DatabaseError:
            continue
        _must_have_none(resource.table, result.rows[0][0])


def _must_have_none(table: str, count: bytes | None) -> None:
    if int(count or 0):
        raise CommandError(f"{table} has {int(count or 0):,} rows: a backup is restored into an empty database only")


class Restore:
    """The transaction of one restore; it ends early once it is `stopped`."""

    def __init__(
        self, records: Records, archive: ArchiveReader, contents: Contents, telling: Telling, *, go_on: bool
    ) -> None:
        get = records.statements.get
        self._lock = get("backup/lock")
        self._check = get("backup/check_references", {"checked"})
        self._stand_aside = get("ledger/stand_aside", {"table_name"})
        self._rows = get("backup/restore_rows", {"rows"})
        self._tombstones = get("backup/restore_tombstones", {"table_name", "rows"})
        self._ledger = get(
            "backup/restore_ledger", {"table_name", "row_count", "version", "last_modified", "deltas_from"}
        )
        self._anew = get("backup/begin_anew", {"table_name"})
        self._row = get("ledger/row", {"table_name"})
        self._metadata = {table.table: get(f"{table.table}/metadata") for table in contents.tables}
        self._archive = archive
        self._contents = contents
        self._telling = telling
        self._go_on = go_on
        self.tables = tuple(table.table for table in contents.tables)
        self.stopped = False

    async def work(self, connection: Connection) -> Written[None]:
        """Write everything; the triggers stand aside, since rows and ledger come as they were."""
        await connection.run(self._lock)
        for table, metadata in self._metadata.items():
            _must_have_none(table, (await connection.run(metadata)).rows[0][0])
            (_, _, last_deletion), *_ = (await connection.run(self._row, {"table_name": table})).rows
            if last_deletion is not None:
                raise CommandError(f"rows of {table} were deleted: a backup is restored into a new database only")
        await connection.run(self._check, {"checked": False})
        try:
            await self._fill(connection)
        finally:
            await self._step_back(connection)
        for one in self._contents.tables:
            await self._restore_ledger(connection, one)
        return Written(None, 0)

    async def _fill(self, connection: Connection) -> None:
        statements = {table.table: self._statement(table) for table in self._contents.tables}
        pieces, count = self._archive.pieces(), 0
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            if self.stopped:
                raise CommandError("interrupted", INTERRUPTED)
            await self._store(connection, piece, statements[piece.table])
            count += len(piece.lines)
            self._telling.step(count, count)

    async def _store(self, connection: Connection, piece: Piece, statement: Statement) -> None:
        table: dict[str, Value] = {"table_name": piece.table}
        if piece.kind == "tombstones":
            await connection.run(self._tombstones, {**table, "rows": piece.array})
            return
        await connection.run(self._stand_aside, table)
        await connection.run(statement, {"rows": piece.array})

    def _statement(self, table: Table) -> Statement:
        texts = {"columns": columns_text(table.columns), "paths": paths_text(table.columns)}
        return self._rows.choose(table=table.table, **texts)

    async def _restore_ledger(self, connection: Connection, table: Table) -> None:
        values: dict[str, Value] = {
            "table_name": table.table,
            "row_count": table.row_count,
            "version": table.version,
            "last_modified": table.last_modified,
            "deltas_from": table.deltas_from,
        }
        await connection.run(self._ledger, values)
        if not self._go_on:
            await connection.run(self._anew, {"table_name": table.table})

    async def _step_back(self, connection: Connection) -> None:
        """Leave the session as every other expects it, or close it."""
        try:
            await connection.run(self._stand_aside, {"table_name": None})
            await connection.run(self._check, {"checked": True})
        except DatabaseError:
            connection.close()
