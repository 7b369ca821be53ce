"""Inserts rows that are stamped by the statement itself, the triggers standing aside: nearly at the cost of none.

Under the lock of the ledger row the stamps are one microsecond apart from the time that it gives, and the ledger is
moved once; what comes of it is what the triggers would have made.
"""

from collections.abc import Mapping, Sequence

import orjson

from service.db.database import Connection, Result
from service.db.errors import DatabaseError, all_done
from service.db.statements import Statement, Statements, Value
from service.records.times import utc_now
from service.records.validation import Values

INSERTED, STEP_BACK = 1, 2  # places in what is sent at once


class StampedInsert:
    """The bulk insert of one table."""

    def __init__(self, statements: Statements, table: str) -> None:
        self._table: dict[str, Value] = {"table_name": table}
        self._advance = statements.get("ledger/advance", {"table_name", "stamp", "added"})
        self._stand_aside = statements.get("ledger/stand_aside", {"table_name"})

    async def insert(
        self,
        connection: Connection,
        statement: Statement,
        rows: Sequence[Values],
        stamp: str | None,
        shaping: Mapping[str, Value],
    ) -> Result:
        """Insert `rows` by `statement`, and give what it gives of them, in their order.

        `stamp`: the time of the first change, given with the lock of the ledger row; None where the table has none, and
        then there is nothing to stand aside for.
        """
        first = stamp or utc_now().isoformat(" ", "microseconds")
        values: dict[str, Value] = {**shaping, "rows": orjson.dumps(rows).decode(), "stamp": first}
        if stamp is None:
            return await connection.run(statement, values)
        # Sent at once. The ledger moves in a transaction only: an insert that lost a deadlock has ended ours.
        outcomes = await connection.run_all(
            (self._stand_aside, self._table),
            (statement, values),
            (self._stand_aside, {"table_name": None}),
            (self._advance, {**self._table, "stamp": first, "added": len(rows)}),
        )
        if isinstance(outcomes[STEP_BACK], DatabaseError):
            connection.close()
        return all_done(outcomes)[INSERTED]
