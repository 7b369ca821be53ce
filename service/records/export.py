"""A whole list, step by step in constant memory, every row as it was at one moment: exactly the rows of the JSON list.

The steps are pages of the list statement by key, in one snapshot of the database.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

import orjson

from service.db.connection import Connection, Result
from service.db.database import Database
from service.db.errors import PoolExhausted
from service.db.snapshot import Snapshots
from service.db.statements import Statements, Value
from service.records.cursor import Cursor, sort_key
from service.records.errors import PageTooLarge
from service.records.queries import ListQuery, search_values
from service.records.reader import ResourceReader
from service.records.shapes import ROW_END, whole_text
from service.records.times import EPOCH, microseconds, moment_of, today
from service.records.viewer import Viewer

MOST_AT_ONCE = 4  # each holds a connection of the pool while it lasts
MOST_ROWS = 1000  # in a step
STEP_BYTES = 512 * 1024  # what a step is meant to give; it bounds the memory together with MOST_ROWS


class Export:
    """One list at one moment. `query` says where it begins and how it is sorted; `most`: rows, None for all."""

    def __init__(
        self, connection: Connection, reader: ResourceReader, viewer: Viewer, query: ListQuery, most: int | None
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._query = query
        self._most = most
        self._day = today().toordinal() if reader.resource.by_day else None
        self._view = viewer.segment if reader.resource.by_viewer and not viewer.sees_all else None
        self._values: dict[str, Value] = {
            **reader.shaping(viewer),
            **dict(query.filters),
            **(search_values(query.search) if query.search is not None else {}),
            "total_from": "none",
        }
        self.last_modified: datetime = EPOCH
        self.tag: str | None = None

    def know(self, before: Result, within: Result) -> None:
        """Take from the ledger when the table last changed, and with it the tag: equal tags, equal rows.

        No tag for rows with relations, which depend on other tables too, nor where the table changed just as the
        snapshot was made (`before` is the ledger's row from before): such a snapshot may lack a change older than its
        last one (docs/exactness.md).
        """
        if not within.rows:
            return
        row_count, last_modified, _ = within.rows[0]
        self.last_modified = moment_of(last_modified)
        if not self._query.relations and before.rows and before.rows[0][:2] == within.rows[0][:2]:
            parts = [int(row_count or 0), microseconds(self.last_modified), self._day, self._view]
            self.tag = "-".join(str(part) for part in parts if part is not None)

    async def steps(self) -> AsyncGenerator[bytes, None]:
        """The rows as the list statement gives them, some at a time: JSON objects with ROW_END between them."""
        query, left, offset, size = self._query, self._most, self._query.offset, MOST_ROWS
        while left is None or left > 0:
            limit = size if left is None else min(size, left)
            try:
                rows = await self._step(query, limit, offset)
            except PageTooLarge:
                if limit == 1:
                    raise
                size = limit // 2
                continue
            count = rows.count(b"\n") + 1 if rows else 0
            if rows:
                yield rows
            if count < limit:
                return
            left, offset = None if left is None else left - count, 0
            query = replace(query, page=1, cursor=_after(query, rows))
            size = max(1, min(MOST_ROWS, STEP_BYTES * count // len(rows)))

    async def _step(self, query: ListQuery, limit: int, offset: int) -> bytes:
        values = {**self._values, "limit": limit, "offset": offset}
        if query.cursor is not None:
            values |= {f"after_{at}": key for at, key in enumerate(query.cursor.keys)}
        result = await self._connection.run(self._reader.statements.list_for(query), values)
        return whole_text(result.rows[0][3], result.warnings)


def _after(query: ListQuery, rows: bytes) -> Cursor:
    last = orjson.loads(rows[rows.rindex(ROW_END) + len(ROW_END) :] if ROW_END in rows else rows)
    return Cursor(tuple(sort_key(column, last[column]) for column, _ in query.order))


class Exports:
    """Opens exports, at most MOST_AT_ONCE at a time."""

    def __init__(self, statements: Statements, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._ledger = statements.get("ledger/get", {"table_name"})
        self._snapshots = snapshots
        self._open = 0

    @asynccontextmanager
    async def open(
        self, reader: ResourceReader, viewer: Viewer, query: ListQuery, most: int | None
    ) -> AsyncIterator[Export]:
        """The list `query` as it is now, whose `limit` counts for its `page` only. PoolExhausted past MOST_AT_ONCE."""
        if self._open >= MOST_AT_ONCE:
            raise PoolExhausted(f"{self._open} exports are under way already")
        self._open += 1
        table: dict[str, Value] = {"table_name": reader.resource.table}
        try:
            before = await self._database.read(self._ledger, table)
            async with self._snapshots.open() as connection:
                export = Export(connection, reader, viewer, query, most)
                export.know(before, await connection.run(self._ledger, table))
                yield export
        finally:
            self._open -= 1
