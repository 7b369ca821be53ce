"""Which rows keep a row from being deleted: asked before, so that people need not try."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson

from service.cache.page import Page
from service.db.snapshot import Snapshots
from service.db.statements import Statements
from service.records.envelope import envelope
from service.records.errors import RowMissing
from service.records.reader import ResourceReader, Scopes
from service.records.times import moment_of
from service.records.viewer import Viewer
from service.resources.resource import Reference

Counts = dict[tuple[str, str], int]


class Dependencies:
    """The dependencies of one resource's rows, cached under the generations of all tables they are read from."""

    def __init__(self, reader: ResourceReader, statements: Statements, snapshots: Snapshots, scopes: Scopes) -> None:
        self._reader = reader
        self._referrers = reader.resource.referrers
        tables = (reader.resource.table, *(one.table for one in self._referrers))
        self._tables = tuple(dict.fromkeys(tables))
        self._latest = statements.get("ledger/latest", {"tables"})
        self._snapshots = snapshots
        self._scope = scopes(self._tables)

    async def of(self, row_id: int) -> Page:
        """The dependencies of one row; RowMissing when there is none."""

        async def fill() -> Page:
            found, modified, answered_at = await self._read([row_id])
            if row_id not in found:
                raise RowMissing(row_id)
            return self._page(orjson.dumps(self._told(row_id, found[row_id])), modified, answered_at)

        return await self._reader.ask(self._scope, Viewer(), ("dependencies", row_id), fill)

    async def of_many(self, ids: Iterable[int]) -> Page:
        """The dependencies of the rows with `ids`, by id; ids of no row are left out."""
        wanted = tuple(sorted(set(ids)))

        async def fill() -> Page:
            found, modified, answered_at = await self._read(wanted)
            results = {str(one): self._told(one, counts) for one, counts in found.items()}
            told = {"results": results, "processed": len(wanted), "found": len(found)}
            return self._page(orjson.dumps(told), modified, answered_at)

        return await self._reader.ask(self._scope, Viewer(), ("dependencies", wanted), fill)

    async def _read(self, ids: Sequence[int]) -> tuple[dict[int, Counts], datetime, bytes | None]:
        """For each row that exists who refers to it, when any of the tables last changed, and the server's time."""
        statements = self._reader.statements
        async with self._snapshots.open() as connection:
            latest = await connection.run(self._latest, {"tables": self._tables})
            values = {**self._reader.shaping(Viewer()), "ids": tuple(ids)}
            there = await connection.run(statements.get, values)
            found: dict[int, Counts] = {int(row[0] or 0): {} for row in there.rows}
            if statements.dependents is not None and found:
                referring = await connection.run(statements.dependents, {"ids": tuple(found)})
                for row_id, table, field, count in referring.rows:
                    found[int(row_id or 0)][(table or b"").decode(), (field or b"").decode()] = int(count or 0)
        modified, answered_at = latest.rows[0]
        return found, moment_of(modified), answered_at

    def _page(self, data: bytes, modified: datetime, answered_at: bytes | None) -> Page:
        # The tables have clocks of their own: a change of another one may still get the time of this one.
        return self._reader.page(envelope(data), modified, answered_at, closes=False)

    def _told(self, row_id: int, counts: Counts) -> dict[str, Any]:
        present = [(one, counts[one.table, one.field]) for one in self._referrers if (one.table, one.field) in counts]
        total = sum(count for _, count in present)
        said = ", ".join(f"{count} {one.label}" for one, count in present)
        return {
            "id": row_id,
            "hasDependencies": total > 0,
            "canDelete": total == 0,
            "totalDependencies": total,
            "message": f"No se puede eliminar: tiene {said}." if total else "No tiene dependencias: se puede eliminar.",
            "dependencies": [_one(reference, count) for reference, count in present],
        }


def _one(reference: Reference, count: int) -> dict[str, Any]:
    return {
        "table": reference.table,
        "count": count,
        "field": reference.field,
        "cascade_delete": False,
        "message": f"{count} {reference.label}",
    }
