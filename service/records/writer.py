"""Writing, always in this order: validate, BEGIN, write, COMMIT, invalidate, give back the fresh row.

A write that fails invalidates nothing; one that a constraint refused is explained field by field.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from service.cache.generations import Commit, Generations
from service.cache.lru import PageCache
from service.db.database import Connection, Database, Result, Work, Written
from service.db.errors import (
    CheckFailed,
    DatabaseError,
    Duplicate,
    ReferenceMissing,
    Refused,
    StillReferenced,
    all_done,
)
from service.db.statements import Statements, Value
from service.records.changes import MOST_TOGETHER, Change, Changes, Precondition, Steps
from service.records.errors import Forbidden, RecordsError, RowMissing, Stale
from service.records.idempotency import Answer, Claim, Idempotency
from service.records.queries import ListQuery
from service.records.reader import ResourceReader
from service.records.refusals import WHOLE_VIEW, Refusals
from service.records.rows import Row, rows_of
from service.records.stamping import StampedInsert
from service.records.times import microseconds, moment_of
from service.records.together import Together
from service.records.validation import Validator, Values
from service.records.viewer import Viewer

T = TypeVar("T")
Seal = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request demands of a write beside its rows: a condition on what is there, and to happen once."""

    precondition: Precondition | None = None
    claim: Claim | None = None


FREELY = Terms()
Shape = Callable[[Row], Answer]


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
        self.reader = reader
        self.statements = reader.statements
        self.validator = Validator(self.resource)
        self.refusals = Refusals(reader, database)
        self.idempotency = Idempotency(statements)
        self._lock = statements.get("ledger/lock", {"table_name"})
        self._ledger = statements.get("ledger/get", {"table_name"})
        self._database = database
        self._generations = generations
        self._cache = cache.table(self.resource.table)
        self._seal = seal
        self.stamped = StampedInsert(statements, self.resource.table)
        steps = Steps(self.take_turn, self._change, self._commit, self._change_alone)
        self._changes = Changes(steps)
        self._new: Together[tuple[Values, Values], Row] = Together(self._create_all, MOST_TOGETHER, lanes=1)

    async def create(self, viewer: Viewer, body: object, shape: Shape, terms: Terms = FREELY) -> Answer:
        """Store a new row. InvalidRows, Taken or Stale say why not."""
        values, ignored = self.validator.whole(body)
        stored = await self.sealed(values)
        if terms == FREELY and not self.resource.by_viewer:
            row = await self._new.do((values, stored))
            return shape(replace(row, ignored=tuple(ignored)))
        believed = await self._believed(viewer, terms.precondition)

        async def work(connection: Connection) -> Written[Row]:
            if believed is not None:
                await self.take_turn(connection)
                if await self.last_stamp(connection) != believed:
                    raise Stale
            return await self._inserted(connection, viewer, stored, ignored)

        return await self.write(self.idempotency.once(work, terms.claim, shape), [values])

    async def _create_all(self, new: Sequence[tuple[Values, Values]]) -> Sequence[Row | Exception]:
        """Store rows that wait together in one transaction; where one of them is refused, each in its own."""
        day = self.reader.day()
        if len(new) > 1:
            with suppress(Refused):
                rows = await self._commit(lambda connection: self._inserted_together(connection, new))
                self.reader.kept.keep([row.data for row in rows], day)
                return rows
        outcomes: list[Row | Exception] = []
        for values, stored in new:
            try:
                outcomes.append(await self._create_alone(values, stored))
            except (RecordsError, DatabaseError) as error:
                outcomes.append(error)
        return outcomes

    async def _create_alone(self, values: Values, stored: Values) -> Row:
        async def work(connection: Connection) -> Written[Row]:
            return await self._inserted(connection, WHOLE_VIEW, stored, ())

        day = self.reader.day()
        row = await self.write(work, [values])
        self.reader.kept.keep([row.data], day)
        return row

    async def _inserted(
        self, connection: Connection, viewer: Viewer, stored: Values, ignored: Sequence[str]
    ) -> Written[Row]:
        result = await connection.run(self.statements.insert, {**self.reader.shaping(viewer), **stored})
        return _written(rows_of(result), ignored)

    async def _inserted_together(
        self, connection: Connection, new: Sequence[tuple[Values, Values]]
    ) -> Written[list[Row]]:
        stamp = await self.take_turn(connection)
        stored, shaping = [stored for _, stored in new], self.reader.shaping(WHOLE_VIEW)
        rows = rows_of(
            await self.stamped.insert(connection, self.statements.bulk_insert, stored, stamp, shaping),
        )
        return Written(rows, microseconds(rows[-1].changed))

    async def update(self, viewer: Viewer, row_id: int, body: object, shape: Shape, terms: Terms = FREELY) -> Answer:
        """Set the fields that `body` gives. RowMissing, Stale, Forbidden, InvalidRows or Taken say why not."""
        values, ignored = self.validator.partial(body)
        self.may_set(viewer, values)
        stored: dict[str, Value] = {**await self.sealed(values), "id": row_id}
        change = Change(viewer, row_id, {**values, "id": row_id}, stored, terms.precondition)
        day = self.reader.day()
        row = await self._changes.do(change)
        if row is None:
            raise RowMissing(row_id)
        if viewer.sees_all or not self.resource.by_viewer:
            self.reader.kept.keep([row.data], day)
        return shape(replace(row, ignored=tuple(ignored)))

    async def delete(self, viewer: Viewer, row_id: int, terms: Terms = FREELY) -> None:
        """Delete a row. RowMissing, Stale or Referred say why not."""
        await self._changes.do(Change(viewer, row_id, {"id": row_id}, None, terms.precondition))

    async def _change(self, connection: Connection, change: Change) -> Written[Row | None]:
        await self._look(connection, change.viewer, change.row_id, change.precondition)
        if change.stored is None:
            return await self._deleted(connection, change.row_id)
        return await self._updated(connection, change.viewer, change.stored)

    async def _change_alone(self, change: Change) -> Row | None:
        async def work(connection: Connection) -> Written[Row | None]:
            await self.take_turn(connection)
            return await self._change(connection, change)

        return await self.write(work, [change.values])

    # What the writes of many rows (service.records.bulk) share with these.

    async def write(self, work: Work[T], rows: Sequence[Values]) -> T:
        """Commit `work`; what a constraint refused is explained by `rows`."""
        try:
            return await self._commit(work)
        except (Duplicate, ReferenceMissing, CheckFailed) as refusal:
            explained = await self.refusals.explained(refusal, rows)
            if explained is not None:
                raise explained from refusal
        except StillReferenced as refusal:
            raise await self.refusals.referred([int(row["id"]) for row in rows]) from refusal
        try:  # what stood in the way has gone meanwhile
            return await self._commit(work)
        except Refused as again:
            raise self.refusals.by_name(again, rows) from again

    async def _commit(self, work: Work[T]) -> T:
        outcome = await self._database.write(work, self._marks)
        self._cache.clear()
        return outcome

    def _marks(self) -> Commit:
        return self._generations.commit((self.resource.table,))

    async def take_turn(self, connection: Connection) -> str | None:
        """Lock the ledger row before any row, so that writers queue in one order.

        Gives the time that the next change may have; None where the table has no ledger row.
        """
        result = await connection.run(self._lock, {"table_name": self.resource.table})
        return (result.rows[0][0] or b"").decode() if result.rows else None

    async def last_stamp(self, connection: Connection) -> int:
        """The ledger's time of the last change, in microseconds, as this transaction sees it."""
        return _stamp_of(await connection.run(self._ledger, {"table_name": self.resource.table}))

    async def rows(self, connection: Connection, viewer: Viewer, ids: Sequence[int]) -> list[Row]:
        """The rows with `ids` as this transaction sees them, by id."""
        if not ids:
            return []
        return rows_of(await connection.run(self.statements.get, self._of_ids(viewer, ids)))

    async def sealed(self, values: Values) -> Values:
        """`values` with the password in them, if any, made into what is stored."""
        secret = values.get("password")
        return values if secret is None else {**values, "password": await self._seal(secret)}

    def may_set(self, viewer: Viewer, values: Values) -> None:
        """Raise Forbidden for fields that only an Administrador may set."""
        forbidden = sorted(values.keys() - self.resource.personal)
        if self.resource.by_viewer and not viewer.sees_all and forbidden:
            raise Forbidden(forbidden)

    async def _believed(self, viewer: Viewer, precondition: Precondition | None) -> int | None:
        """The time of the list that the condition of a POST holds for; Stale where it does not hold now."""
        if precondition is None:
            return None
        page = await self.reader.list(viewer, ListQuery())
        if not precondition(page):
            raise Stale
        return microseconds(page.last_modified.replace(tzinfo=None))

    async def _look(
        self, connection: Connection, viewer: Viewer, row_id: int, precondition: Precondition | None
    ) -> None:
        """Whether the row, which no other writer can change now, is as the client believes it to be."""
        if precondition is None:
            return
        rows = await self.rows(connection, viewer, [row_id])
        page = self.reader.row_page(rows[0].data, rows[0].changed, None) if rows else None
        if not precondition(page):
            raise Stale(row_id)

    async def _updated(self, connection: Connection, viewer: Viewer, stored: Values) -> Written[Row | None]:
        row_id = int(stored["id"])
        updated, fresh = all_done(
            await connection.run_all(
                (self.statements.update, stored), (self.statements.get, self._of_ids(viewer, [row_id]))
            )
        )
        if not updated.affected:
            raise RowMissing(row_id)
        (row,) = rows_of(fresh)
        return Written(row, microseconds(row.changed))

    async def _deleted(self, connection: Connection, row_id: int) -> Written[Row | None]:
        deleted, ledger = all_done(
            await connection.run_all(
                (self.statements.delete, {"id": row_id}), (self._ledger, {"table_name": self.resource.table})
            )
        )
        if not deleted.affected:
            raise RowMissing(row_id)
        return Written(None, _stamp_of(ledger))

    def _of_ids(self, viewer: Viewer, ids: Sequence[int]) -> dict[str, Value]:
        return {**self.reader.shaping(viewer), "ids": tuple(ids)}


def _written(rows: list[Row], ignored: Sequence[str]) -> Written[Row]:
    (row,) = rows
    return Written(replace(row, ignored=tuple(ignored)), microseconds(row.changed))


def _stamp_of(ledger: Result) -> int:
    """The ledger's time of the last change, in microseconds."""
    return microseconds(moment_of(ledger.rows[0][1])) if ledger.rows else 0
