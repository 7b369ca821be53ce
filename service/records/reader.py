"""Reading: each answer comes from the cache while its token is the current one, else from one statement."""

import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from service.cache.generations import Scope
from service.cache.key import Ground, Key
from service.cache.lru import Fill, PageCache
from service.cache.page import Page
from service.cache.rows import RowStore
from service.db.database import Database, Result
from service.db.statements import Statement, Statements, Value
from service.records.cursor import Cursor, sort_key
from service.records.envelope import envelope
from service.records.errors import DeltasGone, RowMissing
from service.records.kept_rows import Changed, KeptRows, Listed, last_of
from service.records.queries import ListQuery, RowQuery, SinceQuery, search_values
from service.records.shapes import ROW_END, list_headers, list_meta, note, project, whole_text
from service.records.statements import ResourceStatements
from service.records.times import microseconds, moment_of, rfc3339, today
from service.records.together import Together
from service.records.viewer import EVERYONE, Viewer
from service.resources.resource import Resource

Scopes = Callable[[Sequence[str]], Scope]

WHOLE_ROW = RowQuery()


RowRead = tuple[bytes, datetime, bytes | None]  # its JSON, when it changed, the server's time
MOST_ROWS_TOGETHER = 64
LANES = 4
ROWS_SHARE = 16  # of the cache's bytes one part is for the rows of a table, beside its pages


@dataclass(frozen=True, slots=True)
class RowWanted:
    """One row as somebody may see it."""

    viewer: Viewer
    relations: bool
    row_id: int


class ResourceReader:
    """The reads of one resource."""

    def __init__(
        self,
        resource: Resource,
        statements: Statements,
        database: Database,
        scopes: Scopes,
        cache: PageCache,
    ) -> None:
        self.resource = resource
        self.statements = ResourceStatements.load(statements, resource)
        self._ledger = statements.get("ledger/get", {"table_name"})
        self._database = database
        self._cache = cache.table(resource.table)
        self._own = scopes((resource.table,))
        self._related = scopes(resource.relation_tables)
        self._rows: Together[RowWanted, RowRead] = Together(self._read_rows, MOST_ROWS_TOGETHER, LANES)
        store = RowStore(cache.charge, cache.limit // ROWS_SHARE)
        self.kept = KeptRows(resource, self.statements, statements, store, self._seen, self._row_now, self.day)

    # What may be asked. Each gives a Page, from the cache or filled.

    async def list(self, viewer: Viewer, query: ListQuery) -> Page:
        """One list page."""
        scope = self._related if query.relations else self._own
        return await self.ask(scope, viewer, query, lambda: self._fill_list(viewer, query))

    async def since(self, viewer: Viewer, query: SinceQuery) -> Page:
        """The changes after a time; DeltasGone when deletions from then on are not known any more."""
        return await self.ask(self._own, viewer, query, lambda: self._fill_since(viewer, query))

    async def metadata(self) -> Page:
        """How many rows there are and when they last changed."""
        return await self.ask(self._own, Viewer(), "metadata", self._fill_metadata)

    async def row(self, viewer: Viewer, row_id: int, query: RowQuery = WHOLE_ROW) -> Page:
        """One row; RowMissing when there is none."""
        scope = self._related if query.relations else self._own
        return await self.ask(scope, viewer, (row_id, query), lambda: self._fill_row(viewer, row_id, query))

    async def own_row(self, viewer: Viewer) -> Page:
        """The viewer's own row, as `{"user": …}`; RowMissing when it is gone."""
        row_id = viewer.segment or 0

        async def fill() -> Page:
            row, changed, answered_at = await self._read_row(viewer, row_id, relations=False)
            return self.page(envelope(b'{"user":' + row + b"}"), changed, answered_at)

        return await self.ask(self._own, viewer, ("me", row_id), fill)

    async def ask(self, scope: Scope, viewer: Viewer, request: Hashable, fill: Fill, *, by_day: bool = False) -> Page:
        """The page of `fill`, or the one kept under `request`; `by_day`: it is another one after midnight UTC."""
        if viewer.uncached:
            return await fill()
        token = scope.token() or await scope.settle()
        if token is None:
            return await fill()  # a COMMIT is in flight: neither from the cache nor into it
        ground = Ground(scope, token, today().toordinal() if by_day or self.resource.by_day else None)
        key = Key(viewer.segment, self._view(viewer), request)
        page = self._cache.get(key, ground.token)
        if page is None:
            page = await self._cache.fill(key, ground, fill)
        return page

    def _view(self, viewer: Viewer) -> Hashable:
        """What is seen alike by all who see it: only where answers depend on the viewer, the viewer counts."""
        return viewer.segment if self.resource.by_viewer and not viewer.sees_all else None

    # Filling: one statement each.

    async def _fill_list(self, viewer: Viewer, query: ListQuery) -> Page:
        kept = None if viewer.uncached else await self.kept.list(query, self.day())
        seen = kept or await self._list_asked(viewer, query)
        last = last_of(seen.rows) if seen.more else None
        keys = () if last is None else tuple(sort_key(column, last[column]) for column, _ in query.order)
        next_cursor = Cursor(keys).encode(query.order, query.filters, query.search) if keys else None
        if keys and seen.modified == seen.as_of and not query.relations:
            self.kept.learn(query, seen.modified, keys)
        meta = list_meta(query, seen.total, seen.more, next_cursor)
        meta["as_of"] = rfc3339(seen.as_of)
        body = envelope(b"[" + project(seen.rows, query.fields) + b"]", meta)
        headers = list_headers(self.resource, query, meta["pagination"])
        return self.page(body, seen.modified, seen.answered_at, headers, closes=not query.relations)

    async def _list_asked(self, viewer: Viewer, query: ListQuery) -> Listed:
        day = self.day()
        values: dict[str, Value] = {
            **self.shaping(viewer),
            **dict(query.filters),
            **(search_values(query.search) if query.search is not None else {}),
            "total_from": "ledger" if not query.narrows else "none" if query.cursor else "count",
            "limit": query.limit + 1,  # one row more than asked tells whether there is a next page
            "offset": query.offset,
        }
        if query.cursor is not None:
            values |= {f"after_{at}": key for at, key in enumerate(query.cursor.keys)}
        result, as_of = await self._seen(self.statements.list_for(query), values, _first_moment)
        changed, answered_at, total, data = result.rows[0]
        rows = whole_text(data, result.warnings)
        more = rows.count(b"\n") + 1 > query.limit if rows else False
        if more:
            rows = rows[: rows.rindex(ROW_END)]
        if not query.relations:
            self.kept.keep(rows.split(ROW_END), day)
        return Listed(rows, more, None if total is None else int(total), moment_of(changed), answered_at, as_of)

    async def _fill_since(self, viewer: Viewer, query: SinceQuery) -> Page:
        kept = None if viewer.uncached else await self.kept.since(query, self.day())
        seen = kept or await self._since_asked(viewer, query)
        # A deletion at `deltas_from` itself is still known.
        if seen.deltas_from is not None and query.since < seen.deltas_from - timedelta(microseconds=1):
            raise DeltasGone(seen.deltas_from)
        more = seen.size == query.limit and seen.last_change < seen.modified
        meta: dict[str, Any] = {
            "deleted": seen.gone,
            "next_since": rfc3339(min(seen.last_change, seen.as_of) if more else seen.as_of),
            "has_more": more,
            "as_of": rfc3339(seen.as_of),
            "limit": query.limit,
        }
        note(meta, query.ignored, query.capped)
        headers = (("X-Has-More", "true" if more else "false"),)
        return self.page(envelope(b"[" + seen.rows + b"]", meta), seen.modified, seen.answered_at, headers)

    async def _since_asked(self, viewer: Viewer, query: SinceQuery) -> Changed:
        day = self.day()
        values: dict[str, Value] = {
            **self.shaping(viewer),
            "since": query.since.isoformat(" ", "microseconds"),
            "limit": query.limit,
        }
        result, as_of = await self._seen(self.statements.since, values, _first_moment)
        changed, answered_at, deltas_from, size, last_change, data, deleted = result.rows[0]
        rows, gone = whole_text(data, result.warnings), whole_text(deleted, result.warnings)
        self.kept.keep(rows.split(ROW_END), day)
        return Changed(
            rows,
            [int(one) for one in gone.split(b",") if one],
            int(size or 0),
            moment_of(last_change),
            moment_of(changed),
            answered_at,
            None if deltas_from is None else moment_of(deltas_from),
            as_of,
        )

    async def _seen(
        self, statement: Statement, values: Mapping[str, Value], time_of: Callable[[Result], datetime]
    ) -> tuple[Result, datetime]:
        """What `statement` gives, and the ledger's time up to which no change is missing from it.

        InnoDB makes a snapshot piece by piece: one made while two writes commit may hold the second and lack the first
        (docs/exactness.md). None is missing up to a time that was known before the snapshot was begun.
        """
        known = self._own.known()
        result = await self._database.read(statement, values)
        as_of = time_of(result)
        if microseconds(as_of) > known:
            result = await self._database.read(statement, values)
        return result, as_of

    async def _fill_metadata(self) -> Page:
        result = await self._database.read(self._ledger, {"table_name": self.resource.table})
        if result.rows:
            count, changed, answered_at = result.rows[0]
        else:  # no ledger row: ask the table itself
            counted = await self._database.read(self.statements.metadata)
            (count, changed), answered_at = counted.rows[0], None
        modified = moment_of(changed)
        data = {
            "total_count": int(count or 0),
            "last_modified": rfc3339(modified),
            "etag": f'"{self.resource.table}-{int(count or 0)}-{microseconds(modified)}"',
        }
        return self.page(envelope(orjson.dumps(data)), modified, answered_at)

    async def _fill_row(self, viewer: Viewer, row_id: int, query: RowQuery) -> Page:
        row, changed, answered_at = await self._read_row(viewer, row_id, query.relations)
        return self.row_page(project(row, query.fields), changed, answered_at)

    async def _read_row(self, viewer: Viewer, row_id: int, relations: bool) -> RowRead:
        """The row as it is; rows that are missed together are asked for in one statement."""
        return await self._rows.do(RowWanted(viewer if self.resource.by_viewer else EVERYONE, relations, row_id))

    async def _row_now(self, row_id: int) -> RowRead:
        return await self._read_row(EVERYONE, row_id, relations=False)

    async def _read_rows(self, wanted: Sequence[RowWanted]) -> Sequence[RowRead | Exception]:
        kinds: dict[tuple[Viewer, bool], list[int]] = {}
        for one in wanted:
            kinds.setdefault((one.viewer, one.relations), []).append(one.row_id)
        found = {
            RowWanted(viewer, relations, row_id): row
            for (viewer, relations), ids in kinds.items()
            for row_id, row in (await self._read_kind(viewer, relations, ids)).items()
        }
        return [found.get(one) or RowMissing(one.row_id) for one in wanted]

    async def _read_kind(self, viewer: Viewer, relations: bool, ids: Sequence[int]) -> Mapping[int, RowRead]:
        statement = self.statements.get_with_relations if relations else self.statements.get
        result = await self._database.read(statement, {**self.shaping(viewer), "ids": tuple(ids)})
        return {
            int(row_id or 0): (whole_text(data, result.warnings), moment_of(changed), answered_at)
            for row_id, changed, answered_at, data in result.rows
        }

    # Shaping.

    def row_page(self, row: bytes, changed: datetime, answered_at: bytes | None) -> Page:
        """The page of one row."""
        return self.page(envelope(row), changed, answered_at)

    def shaping(self, viewer: Viewer) -> dict[str, Value]:
        """The values that every statement which gives rows takes beside its own."""
        values: dict[str, Value] = {}
        if self.resource.by_viewer:
            values["viewer"] = None if viewer.sees_all else viewer.segment
        if self.resource.by_day:
            values["today"] = today()
        return values

    def page(
        self,
        body: bytes,
        modified: datetime,
        answered_at: bytes | None,
        headers: tuple[tuple[str, str], ...] = (),
        closes: bool = True,
        by_day: bool = False,
    ) -> Page:
        """The page of `body`; `closes`: no later change can have the time `modified`."""
        if by_day or self.resource.by_day:
            midnight = datetime.combine(today(), datetime.min.time())
            modified = max(modified, midnight)
        closes_at = math.inf
        if closes and answered_at is not None:
            second_over = modified.replace(microsecond=0) + timedelta(seconds=1)
            closes_at = time.monotonic() + (second_over - moment_of(answered_at)).total_seconds()
        return Page(body, modified.replace(tzinfo=UTC), closes_at, headers)

    def day(self) -> int | None:
        """The day that rows depend on, if they do."""
        return today().toordinal() if self.resource.by_day else None


def _first_moment(result: Result) -> datetime:
    return moment_of(result.rows[0][0])
