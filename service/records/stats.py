"""A resource in two numbers: how many rows it has, and how many were created today (UTC)."""

from datetime import datetime

import orjson

from service.cache.page import Page
from service.db.snapshot import Snapshots
from service.db.statements import Statements, Value
from service.records.envelope import envelope
from service.records.queries import ListQuery
from service.records.reader import ResourceReader, Scopes
from service.records.times import moment_of, today
from service.records.viewer import Viewer


class Stats:
    """The numbers of one resource; they change with its table and with the day."""

    def __init__(self, reader: ResourceReader, statements: Statements, snapshots: Snapshots, scopes: Scopes) -> None:
        self._reader = reader
        self._ledger = statements.get("ledger/get", {"table_name"})
        self._snapshots = snapshots
        self._scope = scopes((reader.resource.table,))

    async def page(self) -> Page:
        """`total`, `recent_today` and `model_name`."""
        return await self._reader.ask(self._scope, Viewer(), "stats", self._fill, by_day=True)

    async def _fill(self) -> Page:
        resource, statements = self._reader.resource, self._reader.statements
        midnight = datetime.combine(today(), datetime.min.time()).isoformat(" ", "microseconds")
        recent: dict[str, Value] = {"created_at__gte": midnight, "total_from": "count", "limit": 0, "offset": 0}
        async with self._snapshots.open() as connection:
            ledger = await connection.run(self._ledger, {"table_name": resource.table})
            values = {**self._reader.shaping(Viewer()), **recent}
            counted = await connection.run(statements.list_for(ListQuery()), values)
            whole = ledger if ledger.rows else await connection.run(statements.metadata)
        as_of, answered_at, recent_today = counted.rows[0][:3]
        told = {
            "total": int(whole.rows[0][0] or 0),
            "recent_today": int(recent_today or 0),
            "model_name": resource.record.__name__,
        }
        closes = bool(ledger.rows)
        return self._reader.page(
            envelope(orjson.dumps(told)), moment_of(as_of), answered_at, closes=closes, by_day=True
        )
