"""What changed in the tables between two times: one statement a table, read once for all who ask for the same."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from service.db.database import Database
from service.db.statements import Statements
from service.feed.pulse import Positions
from service.records.times import EPOCH, rfc3339
from service.resources.resource import Resource

MOST_EVENTS = 100  # more changes than that, seen at once, are told of as one
KEPT = 256  # answers that a storm of reconnections shares

Span = tuple[str, int, int]  # table, after, up to


@dataclass(frozen=True, slots=True)
class Change:
    """One change of `table`: `action` is create, update, delete, bulk (many rows) or resync (nobody knows which).

    `at`: its time in microseconds since the epoch. `after`, with bulk: the time before the first of its changes.
    """

    table: str
    action: str
    row_id: int | None
    at: int
    after: int | None = None


class Changes:
    """Reads the changes of `resources`."""

    def __init__(self, resources: Sequence[Resource], statements: Statements, database: Database) -> None:
        changes = statements.get("feed/changes", {"table_name", "since", "limit"})
        self._statements = {one.table: changes.choose(table=one.table) for one in resources}
        self._horizons = statements.get("feed/horizons")
        self._database = database
        self._reads: OrderedDict[Span, asyncio.Task[Sequence[Change]]] = OrderedDict()

    async def between(self, after: Positions, until: Positions) -> list[Change]:
        """The changes of each table after one time and up to another that is known to be committed, in their order."""
        spans = [(table, place, until[table]) for table, place in after.items() if place < until[table]]
        found = await asyncio.gather(*(self._shared(span) for span in spans))
        return sorted((one for changes in found for one in changes), key=lambda one: one.at)

    async def horizons(self) -> Mapping[str, int]:
        """From when on deletions are known, by table; one at that time itself still is."""
        result = await self._database.read(self._horizons)
        return {(table or b"").decode(): int(place or 0) for table, place in result.rows}

    async def _shared(self, span: Span) -> Sequence[Change]:
        read = self._reads.get(span)
        if read is None or (read.done() and (read.cancelled() or read.exception() is not None)):
            read = self._reads[span] = asyncio.create_task(self._read(*span))
            while len(self._reads) > KEPT:
                self._reads.popitem(last=False)
        return await asyncio.shield(read)

    async def _read(self, table: str, after: int, until: int) -> Sequence[Change]:
        result = await self._database.read(
            self._statements[table], {"table_name": table, "since": sql_time(after), "limit": MOST_EVENTS + 1}
        )
        found = [
            Change(table, (action or b"").decode(), int(row_id or 0), int(at or 0))
            for at, row_id, action in result.rows
        ]
        # What is later may be there and yet not be all: not known to be committed.
        known = [one for one in found if one.at <= until]
        return [Change(table, "bulk", None, until, after)] if len(known) > MOST_EVENTS else known


def sql_time(place: int) -> str:
    """A place as the server reads it."""
    return (EPOCH + timedelta(microseconds=place)).isoformat(" ", "microseconds")


def api_time(place: int) -> str:
    """A place as rows and `?since=` write it."""
    return rfc3339(EPOCH + timedelta(microseconds=place))
