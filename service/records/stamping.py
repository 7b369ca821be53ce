"""Inserts rows that are stamped by the statement itself, the triggers standing aside: nearly at the cost of none.

Under the lock of the ledger row the stamps are one microsecond apart from the time that it gives, and the ledger is
moved once; what comes of it is what the triggers would have made.
"""

from collections.abc import Sequence

import orjson

from service.db.database import Connection, Result
from service.db.errors import DatabaseError
from service.db.statements import Statement, Statements, Value
from service.records.reader import utc_now
from service.records.validation import Values


class StampedInsert:
    """The bulk insert of one table."""

    def __init__(self, insert: Statement, statements: Statements, table: str) -> None:
        self._insert = insert
        self._table: dict[str, Value] = {"table_name": table}
        self._advance = statements.get("ledger/advance", {"table_name", "stamp", "added"})
        self._stand_aside = statements.get("ledger/stand_aside", {"table_name"})

    async def insert(self, connection: Connection, rows: Sequence[Values], stamp: str | None) -> list[int]:
        """Insert `rows` and give their ids, in their order.

        `stamp`: the time of the first change, given with the lock of the ledger row; None where the table has none, and
        then there is nothing to stand aside for.
        """
        if not rows:
            return []
        first = stamp or utc_now().isoformat(" ", "microseconds")
        values: dict[str, Value] = {"rows": orjson.dumps(rows).decode(), "stamp": first}
        if stamp is None:
            return _ids(await connection.run(self._insert, values))
        await connection.run(self._stand_aside, self._table)
        try:
            result = await connection.run(self._insert, values)
        finally:
            await self._step_back(connection)
        await connection.run(self._advance, {**self._table, "stamp": stamp, "added": len(rows)})
        return _ids(result)

    async def _step_back(self, connection: Connection) -> None:
        try:
            await connection.run(self._stand_aside, {"table_name": None})
        except DatabaseError:
            connection.close()


def _ids(result: Result) -> list[int]:
    return [int(row[0] or 0) for row in result.rows]
