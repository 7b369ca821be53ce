"""Writing many rows at once: all of them or none, and every bad one named."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import orjson

from service.db.database import Connection, Work, Written
from service.records.errors import Fault, InvalidRows, Taken
from service.records.idempotency import Answer, Claim
from service.records.refusals import WHOLE_VIEW
from service.records.rows import Row, rows_of
from service.records.times import microseconds
from service.records.validation import Values
from service.records.viewer import Viewer
from service.records.writer import ResourceWriter

T = TypeVar("T")


class OnConflict(StrEnum):
    """What becomes of a row whose unique value another row has already."""

    ERROR = "error"
    IGNORE = "ignore"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Stored:
    """What a bulk write did: the rows it stored, as they are now (none where they were not asked for), and counts."""

    rows: tuple[Row, ...]
    inserted: int = 0
    updated: int = 0
    skipped: int = 0
    ignored: tuple[str, ...] = ()


Shape = Callable[[Stored], Answer]
# What else belongs into the transaction of the rows.
Beside = Callable[[Connection, Stored], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Rows of a bulk insert, by what becomes of them: JSON values, in their order."""

    new: list[Values]
    changed: list[Values]
    skipped: int


class BulkWriter:
    """The bulk writes of one resource."""

    def __init__(self, writer: ResourceWriter) -> None:
        self._writer = writer
        self._statements = writer.statements

    async def create(
        self,
        viewer: Viewer,
        bodies: Sequence[object],
        shape: Shape,
        on_conflict: OnConflict = OnConflict.ERROR,
        claim: Claim | None = None,
        wants_rows: bool = True,
        beside: Beside | None = None,
        keep_ids: bool = False,
    ) -> Answer:
        """Store all rows or none, with what `beside` does. InvalidRows names every bad row and field.

        `keep_ids`: each row has the id that it brings, not one of the database's choice.
        """
        rows, ignored = await self._sound(bodies)
        sealed = [await self._writer.sealed(row) for row in rows]
        if keep_ids:
            ids = _ids([_number(body.get("id")) if isinstance(body, dict) else None for body in bodies])
            sealed = [{**row, "id": row_id} for row, row_id in zip(sealed, ids, strict=True)]
            ignored = [name for name in ignored if name != "id"]

        async def work(connection: Connection) -> Written[Stored]:
            stamp = await self._writer.take_turn(connection)
            sorted_rows = await self._sorted(connection, sealed, on_conflict)
            fresh = await self._insert(connection, viewer, sorted_rows.new, stamp, wants_rows=wants_rows)
            ids = await self._change(connection, sorted_rows.changed)
            if wants_rows and ids:
                fresh += await self._in_order(connection, viewer, ids)
            stored = Stored(
                tuple(fresh),
                len(sorted_rows.new),
                len(sorted_rows.changed),
                sorted_rows.skipped,
                tuple(ignored),
            )
            if beside is not None:
                await beside(connection, stored)
            if fresh and not ids:  # the last of them is the last change, which the ledger need not be asked for
                return Written(stored, microseconds(fresh[-1].changed))
            return Written(stored, await self._writer.last_stamp(connection))

        return await self._write(self._writer.idempotency.once(work, claim, shape), rows)

    async def update(self, viewer: Viewer, bodies: Sequence[object]) -> Stored:
        """Set in each row, named by its `id`, the fields given; InvalidRows names every bad row and field."""
        ids = _ids([body.get("id") if isinstance(body, dict) else None for body in bodies])
        without_ids = [
            {key: value for key, value in body.items() if key != "id"} if isinstance(body, dict) else body
            for body in bodies
        ]
        rows, ignored = (await self._writer.validator.check_many(without_ids, partial=True)).sound()
        changes = [{**await self._writer.sealed(row), "id": row_id} for row, row_id in zip(rows, ids, strict=True)]

        async def work(connection: Connection) -> Written[Stored]:
            await self._writer.take_turn(connection)
            await self._must_exist(connection, viewer, ids)
            await self._change(connection, changes)
            fresh = await self._in_order(connection, viewer, ids)
            stored = Stored(tuple(fresh), updated=len(fresh), ignored=tuple(ignored))
            return Written(stored, await self._writer.last_stamp(connection))

        return await self._write(work, changes)

    async def delete(self, viewer: Viewer, ids: Sequence[object]) -> list[int]:
        """Delete the rows with `ids`, all or none; gives the ids. InvalidRows or Referred say why not."""
        wanted = _ids(ids)

        async def work(connection: Connection) -> Written[list[int]]:
            await self._writer.take_turn(connection)
            await self._must_exist(connection, viewer, wanted)
            if wanted:
                await connection.run(self._statements.bulk_delete, {"ids": tuple(wanted)})
            return Written(wanted, await self._writer.last_stamp(connection))

        return await self._write(work, [{"id": row_id} for row_id in wanted])

    async def _sound(self, bodies: Sequence[object]) -> tuple[list[Values], list[str]]:
        """The rows; where some break a rule, what the database would refuse of the others is named with it."""
        checked = await self._writer.validator.check_many(bodies)
        if checked.faults:
            stored = await self._writer.refusals.faults_of([row or {} for row in checked.rows])
            raise InvalidRows(sorted([*checked.faults, *stored], key=lambda fault: fault.row))
        return checked.sound()

    async def _write(self, work: Work[T], rows: Sequence[Values]) -> T:
        try:
            return await self._writer.write(work, rows)
        except Taken as error:
            raise InvalidRows(error.faults) from error

    async def _sorted(self, connection: Connection, rows: list[Values], on_conflict: OnConflict) -> Sorted:
        """Which rows are new, which change another, which are left out."""
        holders = await self._holders(connection, rows)
        if on_conflict is OnConflict.ERROR or not rows:
            if holders:
                raise InvalidRows([Fault(index, "id", "taken", {}) for index in holders])
            return Sorted(rows, [], 0)
        conflicts = await self._writer.refusals.conflicts(connection, orjson.dumps(rows).decode())
        missing = [fault for fault, _ in conflicts if fault.reason == "missing"]
        if missing:
            raise InvalidRows(missing)
        for fault, row_id in conflicts:
            holders.setdefault(fault.row, set()).add(row_id)
        new = [row for index, row in enumerate(rows) if index not in holders]
        if on_conflict is OnConflict.IGNORE:
            return Sorted(new, [], len(holders))
        # A row repeated in the upload, or one whose values two others have, changes no single row.
        unclear = [fault for fault, _ in conflicts if len(holders[fault.row]) > 1 or None in holders[fault.row]]
        if unclear:
            raise InvalidRows(unclear)
        changed = [{**rows[index], "id": holder} for index, (holder,) in holders.items()]
        return Sorted(new, changed, 0)

    async def _insert(
        self, connection: Connection, viewer: Viewer, new: list[Values], stamp: str | None, *, wants_rows: bool
    ) -> list[Row]:
        if not new:
            return []
        statement = self._statements.bulk_insert if wants_rows else self._statements.bulk_insert_ids
        shaping = self._writer.reader.shaping(viewer) if wants_rows else {}
        result = await self._writer.stamped.insert(connection, statement, new, stamp, shaping)
        return rows_of(result) if wants_rows else []

    async def _holders(self, connection: Connection, rows: list[Values]) -> dict[int, set[int | None]]:
        """Of rows that bring ids, the places of those whose id a row has already, and that id."""
        ids = [int(row["id"]) for row in rows if "id" in row]
        there = {row.id for row in await self._writer.rows(connection, WHOLE_VIEW, ids)}
        return {index: {row_id} for index, row_id in enumerate(ids) if row_id in there}

    async def _change(self, connection: Connection, rows: list[Values]) -> list[int]:
        if rows:
            await connection.run(self._statements.bulk_update, {"rows": orjson.dumps(rows).decode()})
        return [int(row["id"]) for row in rows]

    async def _in_order(self, connection: Connection, viewer: Viewer, ids: Sequence[int]) -> list[Row]:
        rows = {row.id: row for row in await self._writer.rows(connection, viewer, ids)}
        return [rows[row_id] for row_id in ids]

    async def _must_exist(self, connection: Connection, viewer: Viewer, ids: Sequence[int]) -> None:
        there = {row.id for row in await self._writer.rows(connection, viewer, ids)}
        missing = [Fault(index, "id", "missing", {}) for index, one in enumerate(ids) if one not in there]
        if missing:
            raise InvalidRows(missing)


def _number(given: object) -> object:
    """An id as CSV writes it is a number too."""
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given


def _ids(given: Sequence[object]) -> list[int]:
    """The ids, each a number given once; InvalidRows names every other."""
    faults = []
    ids: dict[int, None] = {}
    for index, one in enumerate(given):
        if type(one) is not int or not 0 < one < 2**63:
            faults.append(Fault(index, "id", "int_type", {}))
        elif one in ids:
            faults.append(Fault(index, "id", "repeated", {}))
        else:
            ids[one] = None
    if faults:
        raise InvalidRows(faults)
    return list(ids)
