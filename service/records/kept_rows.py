"""Pages made from rows in memory: the database is asked which versions of rows stand on a page, not what they say.

Only what every viewer sees alike, and only where all is certain: what names the rows is one statement, hence one
snapshot, and the bytes of a version never change. Where it is not, None: the page is then asked for whole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

import orjson

from service.cache.rows import RowStore
from service.db.database import Result
from service.db.statements import Statement, Statements, Value
from service.records.errors import RowMissing
from service.records.positions import Keys, Positions
from service.records.queries import ListQuery, SinceQuery
from service.records.shapes import ROW_END
from service.records.statements import ResourceStatements, after_text, decisive, order_text
from service.records.times import moment_of
from service.resources.resource import Resource

MOST_FETCHED = 32  # rows of a page that are not in memory; with more the page is asked for whole
SELDOM = 8  # pages asked for whole before it is tried again whether their rows are in memory
BY_CHANGE = (("updated_at", False), ("id", False))
BY_CHANGE_DOWN = (("updated_at", True), ("id", True))
STAMP = b'"updated_at":"'
STAMP_SIZE = len("2024-01-01T00:00:00.000000Z")
_when = itemgetter(slice(1 - STAMP_SIZE, None))  # of a version

Read = Callable[[Statement, Mapping[str, Value], Callable[[Result], datetime]], Awaitable[tuple[Result, datetime]]]
Fetch = Callable[[int], Awaitable[tuple[bytes, datetime, bytes | None]]]


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list page, and what the same snapshot says of their table."""

    rows: bytes
    more: bool
    total: int | None
    modified: datetime
    answered_at: bytes | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed after a time: rows and ids that are gone, up to `last_change`, and what the snapshot says beside."""

    rows: bytes
    gone: list[int]
    size: int
    last_change: datetime
    modified: datetime
    answered_at: bytes | None
    deltas_from: datetime | None
    as_of: datetime


class KeptRows:
    """The rows of one resource in memory. `read` runs a statement, `fetch` gives one row as it is now, `day` today."""

    def __init__(
        self,
        resource: Resource,
        own: ResourceStatements,
        statements: Statements,
        store: RowStore,
        read: Read,
        fetch: Fetch,
        day: Callable[[], int | None],
    ) -> None:
        table = resource.table
        self._table: dict[str, Value] = {"table_name": table}
        self._own = own
        self._store = store
        self._read = read
        self._fetch = fetch
        self._day = day
        self._is_for_all = not resource.by_viewer
        versions = statements.get("page/versions", {"table_name", "limit", "offset"})
        self._versions = versions.choose(table=table)
        self._changes = statements.get("page/changes", {"table_name", "since", "limit"}).choose(table=table)
        self._sorted: dict[object, Statement] = {}
        self._positions = Positions()
        self._skips = 0

    async def list(self, query: ListQuery, day: int | None) -> Listed | None:
        """The page as it is now, from rows in memory and at most MOST_FETCHED others."""
        if query.narrows or query.relations or not self._may_try():
            return None
        place = self._place(query)
        if place is None:
            return None
        after, offset, state = place
        values = {**self._table, "limit": query.limit + 1, "offset": offset}
        values |= {f"after_{at}": key for at, key in enumerate(after)}
        result, as_of = await self._read(self._sorted_by(query, bool(after)), values, _known_time)
        if not result.rows or result.rows[0][1] is None:
            return None
        modified, answered_at, total = result.rows[0][1].split(b"|")
        if state is not None and moment_of(modified) != state:
            return None  # the table has changed: where its rows stand is not known any more
        named = [version or b"" for version, _ in result.rows]
        rows = await self._rows(named[: query.limit], day)
        if rows is None:
            return None
        more = len(named) > query.limit
        return Listed(ROW_END.join(rows), more, int(total), moment_of(modified), answered_at, as_of)

    async def since(self, query: SinceQuery, day: int | None) -> Changed | None:
        """The changes as they are now, in the same way."""
        if not self._may_try():
            return None
        since = query.since.isoformat(" ", "microseconds")
        values: dict[str, Value] = {**self._table, "since": since, "limit": query.limit}
        result, as_of = await self._read(self._changes, values, _first_time)
        kind, said = result.rows[0] if result.rows else (None, None)
        if kind != b"l" or said is None:
            return None
        modified, answered_at, deltas_from = said.split(b"|")
        changes, gone = _changes(result, query.limit)
        rows = await self._rows([change for change in changes if change not in gone] if gone else changes, day)
        if rows is None:
            return None
        return Changed(
            ROW_END.join(rows),
            [row_id for change in changes if (row_id := gone.get(change))],
            len(changes),
            moment_of(_when(changes[-1])) if changes else moment_of(None),
            moment_of(modified),
            answered_at,
            moment_of(deltas_from),
            as_of,
        )

    def keep(self, rows: Iterable[bytes], day: int | None) -> None:
        """Keep rows that were asked for or written on `day`, and are committed."""
        if self._is_for_all and day == self._day():
            self._store.keep(day, _versioned(rows))

    def learn(self, query: ListQuery, state: datetime, keys: Keys) -> None:
        """The last row of this page has these sort keys, in the state of the table that the ledger's time names."""
        if query.cursor is None and not query.narrows:
            self._positions.learn(state, query.order, query.offset + query.limit, keys)

    def _may_try(self) -> bool:
        """Whether rows are likely to be in memory: while they are not, only now and then."""
        if not self._is_for_all or not len(self._store):
            return False
        self._skips -= 1
        return self._skips < 0

    def _place(self, query: ListQuery) -> tuple[Keys, int, datetime | None] | None:
        """After which row the page is to be read, how many are skipped then, and in which state that holds."""
        if query.cursor is not None:
            return query.cursor.keys, 0, None
        known = self._positions.nearest(query.order, query.offset)
        if known is not None:
            stands, keys, state = known
            return keys, query.offset - stands, state
        # Skipped in an index that holds all that is asked of it, rows cost next to nothing.
        is_indexed = query.order in (BY_CHANGE, BY_CHANGE_DOWN)
        return ((), query.offset, None) if query.offset == 0 or is_indexed else None

    def _sorted_by(self, query: ListQuery, is_after: bool) -> Statement:
        wanted = (query.order, is_after)
        if wanted not in self._sorted:
            order = decisive(query.order, self._own.unique)
            texts = {"order": order_text(order), **({"after": after_text(order)} if is_after else {})}
            self._sorted[wanted] = self._versions.choose(**texts)
        return self._sorted[wanted]

    async def _rows(self, versions: Sequence[bytes], day: int | None) -> Sequence[bytes] | None:
        """The rows of these versions; None where too many are not in memory, or one has another version by now."""
        known = self._store.of(day)
        try:
            return [known[version] for version in versions]
        except KeyError:
            rows = [known.get(version) for version in versions]  # now: while others are fetched, these may be dropped
        missing = [version for version, row in zip(versions, rows, strict=True) if row is None]
        if len(missing) > MOST_FETCHED:
            self._skips = SELDOM
            return None
        try:
            found = await asyncio.gather(*(self._fetch(int(version.partition(b"|")[0])) for version in missing))
        except RowMissing:
            return None
        fetched = dict(_versioned(row for row, _, _ in found))
        if day != self._day() or any(version not in fetched for version in missing):
            return None
        self._store.keep(day, fetched.items())
        return [fetched[version] if row is None else row for version, row in zip(versions, rows, strict=True)]


def _known_time(result: Result) -> datetime:
    return moment_of((result.rows[0][1] or b"").partition(b"|")[0]) if result.rows else moment_of(None)


def _first_time(result: Result) -> datetime:
    return _known_time(result) if result.rows and result.rows[0][0] == b"l" else moment_of(None)


def _changes(result: Result, limit: int) -> tuple[list[bytes], Mapping[bytes, int]]:
    """The versions that rows and deleted ids have got, in the order of time; and of deleted ones, their ids.

    The id is 0 where there is a row with it again.
    """
    changes = [said for kind, said in result.rows if kind == b"r" and said is not None]
    gone: dict[bytes, int] = {}
    for kind, said in result.rows:
        if kind == b"d" and said is not None:
            deletion, _, is_there = said.rpartition(b"|")
            gone[deletion] = 0 if is_there == b"1" else int(deletion.partition(b"|")[0])
    return sorted([*changes, *gone], key=_when)[:limit], gone


def _versioned(rows: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each row with its version, as its own text tells them: its id comes first, and the time of its change last."""
    for row in rows:
        stamp = row[-STAMP_SIZE - 2 : -2]
        if row.startswith(b'{"id":') and row.endswith(b'"}') and row[: -STAMP_SIZE - 2].endswith(STAMP):
            yield row[6 : row.index(b",")] + b"|" + stamp.replace(b"T", b" ")[:-1], row


def last_of(rows: bytes) -> dict[str, object]:
    """The last of some rows."""
    last: dict[str, object] = orjson.loads(rows[rows.rindex(ROW_END) + len(ROW_END) :] if ROW_END in rows else rows)
    return last
