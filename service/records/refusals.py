"""Why a constraint refused rows: every field that stands in the way, and how."""

from collections.abc import Sequence

import orjson

from service.db.database import Connection, Database
from service.db.errors import CheckFailed, Duplicate, Refused
from service.records.errors import Fault, InvalidRows, RecordsError, Referred, Taken
from service.records.reader import ResourceReader
from service.records.validation import Values
from service.records.viewer import Viewer

WHOLE_VIEW = Viewer(None, sees_all=True)


class Refusals:
    """Explains the refusals of one resource."""

    def __init__(self, reader: ResourceReader, database: Database) -> None:
        self.resource = reader.resource
        self._reader = reader
        self._statements = reader.statements
        self._database = database

    async def explained(self, refusal: Refused, rows: Sequence[Values]) -> RecordsError | None:
        """What stands in the way of `rows`; None when nothing does any more."""
        given = [await self._completed(row) for row in rows]
        faults = await self.faults_of(given)
        if isinstance(refusal, CheckFailed):
            faults.append(Fault(0, self._field(refusal), "check", {}))
        if not faults:
            return None
        if all(fault.reason in ("taken", "repeated") for fault in faults):
            first = faults[0]
            return Taken(first.field, given[first.row].get(first.field), faults)
        return InvalidRows(faults)

    async def faults_of(self, rows: Sequence[Values]) -> list[Fault]:
        """Every conflict of `rows` with what is stored and with each other; an empty row has none."""
        found = await self._database.read(self._statements.conflicts, {"rows": orjson.dumps(rows).decode()})
        return [_fault(row)[0] for row in found.rows]

    def by_name(self, refusal: Refused, rows: Sequence[Values]) -> RecordsError:
        """What the constraint's name alone says."""
        field = self._field(refusal)
        if isinstance(refusal, Duplicate):
            return Taken(field, rows[0].get(field), [Fault(0, field, "taken", {})])
        return InvalidRows([Fault(0, field, "missing", {})])

    async def conflicts(self, connection: Connection, rows: str) -> list[tuple[Fault, int | None]]:
        """Every conflict of the rows (a JSON array) as this transaction sees it, and the row that has the value."""
        result = await connection.run(self._statements.conflicts, {"rows": rows})
        return [_fault(row) for row in result.rows]

    async def referred(self, ids: Sequence[int]) -> Referred:
        """Which rows refer to those with `ids`, and how many."""
        found = await self.dependents(ids)
        counts: dict[tuple[str, str], int] = {}
        for table, field, count in (one for counted in found.values() for one in counted):
            counts[table, field] = counts.get((table, field), 0) + count
        return Referred(
            [
                (reference, counts[reference.table, reference.field])
                for reference in self.resource.referrers
                if (reference.table, reference.field) in counts
            ]
        )

    async def dependents(self, ids: Sequence[int]) -> dict[int, list[tuple[str, str, int]]]:
        """For each id the tables and fields that refer to it, and in how many rows."""
        found: dict[int, list[tuple[str, str, int]]] = {}
        if self._statements.dependents is not None and ids:
            result = await self._database.read(self._statements.dependents, {"ids": tuple(ids)})
            for row_id, table, field, count in result.rows:
                entry = ((table or b"").decode(), (field or b"").decode(), int(count or 0))
                found.setdefault(int(row_id or 0), []).append(entry)
        return found

    async def _completed(self, row: Values) -> Values:
        """An update gives some fields; what a key of several fields says depends on the others too."""
        if "id" not in row:
            return row
        values = {**self._reader.shaping(WHOLE_VIEW), "ids": (row["id"],)}
        result = await self._database.read(self._statements.get, values)
        return {**orjson.loads(result.rows[0][3] or b"{}"), **row} if result.rows else row

    def _field(self, refusal: Refused) -> str:
        """The field that a constraint is about: fk_{table}_{field}, uq_{table}_{field}, ck_{table}_{field}."""
        return refusal.constraint.partition(f"_{self.resource.table}_")[2] or refusal.constraint


def _fault(row: tuple[bytes | None, ...]) -> tuple[Fault, int | None]:
    place, field, reason, row_id = row
    fault = Fault(int(place or 1) - 1, (field or b"").decode(), (reason or b"").decode(), {})
    return fault, None if row_id is None else int(row_id)
