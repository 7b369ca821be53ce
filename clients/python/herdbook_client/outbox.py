"""Writes made without the service: kept in the copy's file, in order, until they are done."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

from herdbook_client.answers import Row
from herdbook_client.copy import Copy, lasting


class State(StrEnum):
    """What stands in the way of a write: nothing, another's change, or the service's no."""

    WAITING = "waiting"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One write. `row_id` is negative for a row made here; `base`: the fields as they were when it was made."""

    number: int
    method: str
    resource: str
    row_id: int
    body: Row
    base: Row
    key: str
    state: State
    reason: str | None


class Outbox:
    """The writes that wait in the file of `copy`."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._connection = copy.connection

    def create(self, resource: str, body: Row) -> int:
        """A new row; its id here, a negative number, good in later writes until it has one of the service's."""
        with self._copy.transaction():
            statement = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'herdbook_outbox'"
            (last,) = self._connection.execute(statement).fetchone()
            row_id = -1 - int(last)
            self._add("POST", resource, row_id, body, {})
        return row_id

    def update(self, resource: str, row_id: int, fields: Row) -> None:
        """Set fields of a row. KeyError where neither the copy nor the outbox has it."""
        with self._copy.transaction():
            row = self._present(resource, row_id)
            self._add("PATCH", resource, row_id, fields, {name: row.get(name) for name in fields})

    def delete(self, resource: str, row_id: int) -> None:
        """Delete a row. KeyError where neither the copy nor the outbox has it."""
        with self._copy.transaction():
            self._add("DELETE", resource, row_id, {}, self._present(resource, row_id))

    def entries(self, state: State | None = None) -> list[Entry]:
        """The writes in their order, all or those in one state."""
        found = self._connection.execute(
            "SELECT number, method, resource, row_id, body, base, key, state, reason"
            " FROM herdbook_outbox ORDER BY number"
        ).fetchall()
        entries = [
            Entry(number, method, resource, row_id, json.loads(body), json.loads(base), key, State(kept), reason)
            for number, method, resource, row_id, body, base, key, kept, reason in found
        ]
        return [one for one in entries if state in (None, one.state)]

    def rows(self, resource: str) -> list[Row]:
        """The rows of the copy as they will be once the writes that wait are done."""
        rows = {row["id"]: row for row in self._copy.rows(resource)}
        return list(_after(rows, [one for one in self.entries() if one.resource == resource]).values())

    # What becomes of them.

    def hold(self, entry: Entry, state: State, reason: str) -> None:
        """Keep a write that cannot be done as it is, and say why."""
        statement = "UPDATE herdbook_outbox SET state = ?, reason = ? WHERE number = ?"
        self._connection.execute(statement, (state, reason, entry.number))

    def insist(self, number: int, theirs: Row) -> None:
        """Do a held write all the same: over `theirs`, the row as it is in the service."""
        entry = next(one for one in self.entries() if one.number == number)
        base = lasting(theirs) if entry.method == "DELETE" else {name: theirs.get(name) for name in entry.body}
        statement = "UPDATE herdbook_outbox SET state = ?, reason = NULL, base = ?, key = ? WHERE number = ?"
        self._connection.execute(statement, (State.WAITING, json.dumps(base), str(uuid4()), number))

    def drop(self, number: int) -> None:
        """Forget a write, which is done or given up."""
        self._connection.execute("DELETE FROM herdbook_outbox WHERE number = ?", (number,))

    def done(self, entry: Entry, row: Row | None) -> None:
        """A write is done and made `row` of its row; later ones to the same row begin from there."""
        with self._copy.transaction():
            self.drop(entry.number)
            if row is None:
                return
            if entry.method == "POST":
                statement = "INSERT OR REPLACE INTO herdbook_new_ids VALUES (?, ?)"
                self._connection.execute(statement, (entry.row_id, row["id"]))
            known = row if entry.method == "POST" else {name: row.get(name) for name in entry.body}
            for later in self.entries():
                if (later.resource, later.row_id) == (entry.resource, entry.row_id):
                    base = {name: known.get(name, value) for name, value in later.base.items()}
                    statement = "UPDATE herdbook_outbox SET base = ? WHERE number = ?"
                    self._connection.execute(statement, (json.dumps(base), later.number))

    def new_ids(self) -> dict[int, int]:
        """The service's ids of rows made here, by their ids here."""
        return dict(self._connection.execute("SELECT local, row_id FROM herdbook_new_ids"))

    def _present(self, resource: str, row_id: int) -> Row:
        row = self._copy.row(resource, row_id)
        rows = {} if row is None else {row_id: row}
        return _after(rows, [one for one in self.entries() if (one.resource, one.row_id) == (resource, row_id)])[row_id]

    def _add(self, method: str, resource: str, row_id: int, body: Row, base: Row) -> None:
        self._connection.execute(
            "INSERT INTO herdbook_outbox (method, resource, row_id, body, base, key, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (method, resource, row_id, json.dumps(body), json.dumps(base), str(uuid4()), State.WAITING),
        )


def _after(rows: dict[int, Row], entries: Sequence[Entry]) -> dict[int, Row]:
    for entry in entries:
        if entry.method == "DELETE":
            rows.pop(entry.row_id, None)
        else:
            rows[entry.row_id] = {"id": entry.row_id} | rows.get(entry.row_id, {}) | entry.body
    return rows
