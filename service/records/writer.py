"""Writing, always in this order: validate, BEGIN, write, COMMIT, invalidate, give back the fresh row.

A write that fails invalidates nothing; one that a constraint refused is explained field by field.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import orjson

from service.cache.generations import Commit, Generations
from service.cache.lru import PageCache
from service.cache.page import Page
from service.db.database import Connection, Database, Work, Written
from service.db.errors import (
    CheckFailed,
    DatabaseError,
    Duplicate,
    ReferenceMissing,
    Refused,
    StillReferenced,
)
from service.db.statements import Statements, Value
from service.records.errors import Fault, Forbidden, InvalidRows, Referred, RowMissing, Stale, Taken
from service.records.reader import EPOCH, ResourceReader, Viewer, moment_of, whole_text
from service.records.validation import Validator, Values

T = TypeVar("T")
Precondition = Callable[[Page], bool]
Seal = Callable[[str], Awaitable[str]]
WHOLE_VIEW = Viewer(None, sees_all=True)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is after the write: its id, its JSON, when it changed (naive UTC), and the keys that were dropped."""

    id: int
    data: bytes
    changed: datetime
    ignored: tuple[str, ...] = ()


class ResourceWriter:
    """The writes of one resource. `seal` makes a password into what is stored."""

    def __init__(
        self,
        reader: ResourceReader,
        statements: Statements,
        database: Database,
        generations: Generations,
        cache: PageCache,
        seal: Seal,
    ) -> None:
        self.resource = reader.resource
        self.statements = reader.statements
        self.validator = Validator(self.resource)
        self._reader = reader
        self._lock = statements.get("ledger/lock", {"table_name"})
        self._advance = statements.get("ledger/advance", {"table_name", "stamp", "added"})
        self._stand_aside = statements.get("ledger/stand_aside", {"table_name"})
        self._ledger = statements.get("ledger/get", {"table_name"})
        self._database = database
        self._generations = generations
        self._cache = cache.table(self.resource.table)
        self._seal = seal

    async def create(self, viewer: Viewer, body: object) -> Row:
        """Store a new row. InvalidRows or Taken say why not."""
        (values,), ignored = self.validator.whole([body])
        stored = await self._sealed(values)

        async def work(connection: Connection) -> Written[Row]:
            result = await connection.run(self.statements.insert, stored)
            row_id = int(result.rows[0][0] or 0)
            return await self._fresh(connection, viewer, row_id, ignored)

        return await self._write(work, [values])

    async def update(self, viewer: Viewer, row_id: int, body: object, precondition: Precondition | None = None) -> Row:
        """Set the fields that `body` gives. RowMissing, Stale, Forbidden, InvalidRows or Taken say why not."""
        values, ignored = self.validator.partial(body)
        self._may_set(viewer, values)
        stored: dict[str, Value] = {**await self._sealed(values), "id": row_id}

        async def work(connection: Connection) -> Written[Row]:
            await self._take_turn(connection, viewer, row_id, precondition)
            if not (await connection.run(self.statements.update, stored)).affected:
                raise RowMissing(row_id)
            return await self._fresh(connection, viewer, row_id, ignored)

        return await self._write(work, [{**values, "id": row_id}])

    async def delete(self, viewer: Viewer, row_id: int, precondition: Precondition | None = None) -> int:
        """Delete a row. RowMissing, Stale or Referred say why not."""

        async def work(connection: Connection) -> Written[int]:
            await self._take_turn(connection, viewer, row_id, precondition)
            if not (await connection.run(self.statements.delete, {"id": row_id})).affected:
                raise RowMissing(row_id)
            ledger = await connection.run(self._ledger, {"table_name": self.resource.table})
            return Written(row_id, _stamp(ledger.rows[0][1] if ledger.rows else None))

        return await self._write(work, [{"id": row_id}])

    async def bulk_create(self, viewer: Viewer, bodies: Sequence[object]) -> tuple[list[Row], list[str]]:
        """Store all rows or none. InvalidRows says why not, for every bad row and field."""
        rows, ignored = self.validator.whole(bodies)
        if not rows:
            return [], ignored
        sealed = [await self._sealed(row) for row in rows]
        text = orjson.dumps(sealed).decode()

        async def work(connection: Connection) -> Written[list[Row]]:
            ids = await self._insert_stamped(connection, text, len(rows))
            fresh = await self._rows(connection, viewer, ids)
            return Written(fresh, max(_microseconds(row.changed) for row in fresh))

        try:
            return await self._write(work, rows), ignored
        except Taken as error:
            raise InvalidRows(error.faults) from error

    async def dependents(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str, int]]]:
        """For each id the tables and fields that refer to it, and in how many rows."""
        found: dict[int, list[tuple[str, str, int]]] = {}
        if self.statements.dependents is not None and ids:
            result = await self._database.read(self.statements.dependents, {"ids": tuple(ids)})
            for row_id, table, field, count in result.rows:
                entry = ((table or b"").decode(), (field or b"").decode(), int(count or 0))
                found.setdefault(int(row_id or 0), []).append(entry)
        return found

    async def _write(self, work: Work[T], rows: Sequence[Values]) -> T:
        try:
            return await self._commit(work)
        except (Duplicate, ReferenceMissing, CheckFailed) as refusal:
            await self._explain(refusal, rows)
            # What stood in the way has gone meanwhile.
            try:
                return await self._commit(work)
            except Refused as again:
                raise self._by_name(again, rows) from again
        except StillReferenced as refusal:
            raise await self._referred(refusal, int(rows[0]["id"])) from refusal

    async def _commit(self, work: Work[T]) -> T:
        outcome = await self._database.write(work, self._marks)
        self._cache.clear()
        return outcome

    def _marks(self) -> Commit:
        return self._generations.commit((self.resource.table,))

    async def _take_turn(
        self, connection: Connection, viewer: Viewer, row_id: int, precondition: Precondition | None
    ) -> None:
        """Lock the ledger row first, so that writers queue in one order; then look whether the row is as believed."""
        await connection.run(self._lock, {"table_name": self.resource.table})
        if precondition is None:
            return
        rows = await self._rows(connection, viewer, [row_id])
        page = self._reader.row_page(rows[0].data, rows[0].changed, None) if rows else None
        if page is None:
            raise RowMissing(row_id)
        if not precondition(page):
            raise Stale(row_id)

    async def _insert_stamped(self, connection: Connection, rows: str, count: int) -> list[int]:
        """Insert with stamps of our own under the lock of the ledger row, the triggers standing aside."""
        table: dict[str, Value] = {"table_name": self.resource.table}
        ledger = await connection.run(self._lock, table)
        if not ledger.rows:  # no ledger row: nothing to stand aside for
            stamp = "1970-01-01"
        else:
            stamp = (ledger.rows[0][0] or b"").decode()
            await connection.run(self._stand_aside, table)
        try:
            result = await connection.run(self.statements.bulk_insert, {"rows": rows, "stamp": stamp})
        finally:
            await self._step_back(connection)
        await connection.run(self._advance, {**table, "stamp": stamp, "added": count})
        return [int(row[0] or 0) for row in result.rows]

    async def _step_back(self, connection: Connection) -> None:
        try:
            await connection.run(self._stand_aside, {"table_name": None})
        except DatabaseError:
            connection.close()

    async def _fresh(self, connection: Connection, viewer: Viewer, row_id: int, ignored: Sequence[str]) -> Written[Row]:
        (row,) = await self._rows(connection, viewer, [row_id])
        return Written(Row(row.id, row.data, row.changed, tuple(ignored)), _microseconds(row.changed))

    async def _rows(self, connection: Connection, viewer: Viewer, ids: Sequence[int]) -> list[Row]:
        values = {**self._reader.shaping(viewer), "ids": tuple(ids)}
        result = await connection.run(self.statements.get, values)
        return [
            Row(int(row_id or 0), whole_text(data, result.warnings), moment_of(changed))
            for row_id, changed, _, data in result.rows
        ]

    async def _sealed(self, values: Values) -> Values:
        secret = values.get("password")
        return values if secret is None else {**values, "password": await self._seal(secret)}

    def _may_set(self, viewer: Viewer, values: Values) -> None:
        forbidden = sorted(values.keys() - self.resource.personal)
        if self.resource.by_viewer and not viewer.sees_all and forbidden:
            raise Forbidden(forbidden)

    # Why a constraint refused.

    async def _explain(self, refusal: Refused, rows: Sequence[Values]) -> None:
        """Raise what the rows' conflicts say; return when there is none any more."""
        given = [await self._completed(row) for row in rows]
        text = orjson.dumps(given).decode()
        result = await self._database.read(self.statements.conflicts, {"rows": text})
        faults = [
            Fault(int(place or 1) - 1, (field or b"").decode(), (reason or b"").decode(), {})
            for place, field, reason in result.rows
        ]
        if isinstance(refusal, CheckFailed):
            faults.append(Fault(0, _field_of(refusal.constraint, self.resource.table), "check", {}))
        if not faults:
            return
        taken = [fault for fault in faults if fault.reason in ("taken", "repeated")]
        if taken and len(taken) == len(faults):
            first = taken[0]
            raise Taken(first.field, given[first.row].get(first.field), faults) from refusal
        raise InvalidRows(faults) from refusal

    async def _completed(self, row: Values) -> Values:
        """An update gives some fields; what a key of several fields says depends on the others too."""
        if "id" not in row:
            return row
        values = {**self._reader.shaping(WHOLE_VIEW), "ids": (row["id"],)}
        result = await self._database.read(self.statements.get, values)
        return {**orjson.loads(result.rows[0][3] or b"{}"), **row} if result.rows else row

    def _by_name(self, refusal: Refused, rows: Sequence[Values]) -> Exception:
        field = _field_of(refusal.constraint, self.resource.table)
        if isinstance(refusal, Duplicate):
            return Taken(field, rows[0].get(field), [Fault(0, field, "taken", {})])
        return InvalidRows([Fault(0, field, "missing", {})])

    async def _referred(self, refusal: Refused, row_id: int) -> Referred:
        counted = (await self.dependents([row_id])).get(row_id, [])
        counts = {(table, field): count for table, field, count in counted}
        return Referred(
            [
                (reference, counts.get((reference.table, reference.field), 0))
                for reference in self.resource.referrers
                if counts.get((reference.table, reference.field))
            ]
        )


def _field_of(constraint: str, table: str) -> str:
    """The field that a constraint is about: fk_{table}_{field}, uq_{table}_{field}, ck_{table}_{field}."""
    return constraint.partition(f"_{table}_")[2] or constraint


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _stamp(text: bytes | None) -> int:
    return _microseconds(moment_of(text))
