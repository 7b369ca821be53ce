"""Reading: each answer comes from the cache while its token is the current one, else from one statement."""

import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from service.cache.generations import Scope
from service.cache.lru import Fill, Ground, Key, PageCache
from service.cache.page import Page
from service.db.database import Database, Result
from service.db.statements import Statement, Statements, Value
from service.records.cursor import Cursor
from service.records.envelope import envelope
from service.records.errors import DeltasGone, PageTooLarge, RowMissing
from service.records.queries import ListQuery, RowQuery, SinceQuery, search_values
from service.records.statements import ResourceStatements
from service.records.together import Together
from service.resources.resource import Resource

Scopes = Callable[[Sequence[str]], Scope]
EPOCH = datetime(1970, 1, 1)
ROW_END = b",\n"


WHOLE_ROW = RowQuery()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: `segment`, the user's id (None: anyone), and whether the whole of every row may be seen.

    `uncached`: the answer must come from the database, and does not go into the cache.
    """

    segment: int | None = None
    sees_all: bool = False
    uncached: bool = False


def moment_of(text: bytes | None) -> datetime:
    """A DATETIME(6) as the server wrote it, naive UTC; the epoch for NULL."""
    return datetime.fromisoformat(text.decode()) if text else EPOCH


def rfc3339(moment: datetime) -> str:
    """Naive UTC `moment` with microseconds and Z."""
    return moment.isoformat(timespec="microseconds") + "Z"


def utc_now() -> datetime:
    """Now, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


EVERYONE = Viewer()
RowRead = tuple[bytes, datetime, bytes | None]  # its JSON, when it changed, the server's time
MOST_ROWS_TOGETHER = 64
LANES = 4


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
        result, as_of = await self._seen(self.statements.list_for(query), values)
        changed, answered_at, total, data = result.rows[0]
        rows = whole_text(data, result.warnings)
        more = rows.count(b"\n") + 1 > query.limit if rows else False
        if more:
            rows = rows[: rows.rindex(ROW_END)]
        modified = moment_of(changed)
        next_cursor = self._next_cursor(query, rows) if more else None
        meta = _list_meta(query, None if total is None else int(total), more, next_cursor)
        meta["as_of"] = rfc3339(as_of)
        body = envelope(b"[" + _project(rows, query.fields) + b"]", meta)
        headers = _list_headers(self.resource, query, meta["pagination"])
        return self.page(body, modified, answered_at, headers, closes=not query.relations)

    async def _fill_since(self, viewer: Viewer, query: SinceQuery) -> Page:
        values: dict[str, Value] = {
            **self.shaping(viewer),
            "since": query.since.isoformat(" ", "microseconds"),
            "limit": query.limit,
        }
        result, as_of = await self._seen(self.statements.since, values)
        changed, answered_at, deltas_from, size, last_change, data, deleted = result.rows[0]
        # A deletion at `deltas_from` itself is still known.
        if deltas_from is not None and query.since < moment_of(deltas_from) - timedelta(microseconds=1):
            raise DeltasGone(moment_of(deltas_from))
        rows, gone = whole_text(data, result.warnings), whole_text(deleted, result.warnings)
        modified = moment_of(changed)
        more = int(size or 0) == query.limit and moment_of(last_change) < modified
        meta: dict[str, Any] = {
            "deleted": [int(one) for one in gone.split(b",") if one],
            "next_since": rfc3339(min(moment_of(last_change), as_of) if more else as_of),
            "has_more": more,
            "as_of": rfc3339(as_of),
            "limit": query.limit,
        }
        _note(meta, query.ignored, query.capped)
        headers = (("X-Has-More", "true" if more else "false"),)
        return self.page(envelope(b"[" + rows + b"]", meta), modified, answered_at, headers)

    async def _seen(self, statement: Statement, values: Mapping[str, Value]) -> tuple[Result, datetime]:
        """What `statement` gives, and the ledger's time up to which no change is missing from it.

        InnoDB makes a snapshot piece by piece: one made while two writes commit may hold the second and lack the first
        (docs/exactness.md). None is missing up to a time that was known before the snapshot was begun.
        """
        known = self._own.known()
        result = await self._database.read(statement, values)
        as_of = moment_of(result.rows[0][0])
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
        return self.row_page(_project(row, query.fields), changed, answered_at)

    async def _read_row(self, viewer: Viewer, row_id: int, relations: bool) -> RowRead:
        """The row as it is; rows that are missed together are asked for in one statement."""
        return await self._rows.do(RowWanted(viewer if self.resource.by_viewer else EVERYONE, relations, row_id))

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

    def _next_cursor(self, query: ListQuery, rows: bytes) -> str:
        last = orjson.loads(rows[rows.rindex(ROW_END) + 2 :] if ROW_END in rows else rows)
        keys = tuple(sort_key(column, last[column]) for column, _ in query.order)
        return Cursor(keys).encode(query.order, query.filters, query.search)


def whole_text(text: bytes | None, warnings: int) -> bytes:
    """What an aggregate gave; PageTooLarge when the server had to cut it, which it says in a warning only."""
    if warnings:
        raise PageTooLarge
    return text or b""


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch of a naive UTC `moment`."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def sort_key(column: str, value: Any) -> int | str:
    """A sort key as SQL writes it: `value` is what the row's JSON says of `column`."""
    if column in ("created_at", "updated_at"):
        return str(value).replace("T", " ").removesuffix("Z")
    return int(value) if isinstance(value, bool | int) else str(value)


def _project(rows: bytes, fields: tuple[str, ...]) -> bytes:
    """Only `fields` of each row; unknown names give nothing."""
    if not fields or not rows:
        return rows
    kept = [{name: row[name] for name in row if name in fields} for row in orjson.loads(b"[" + rows + b"]")]
    return orjson.dumps(kept)[1:-1]


def _list_meta(query: ListQuery, total: int | None, more: bool, next_cursor: str | None) -> dict[str, Any]:
    by_page = query.cursor is None
    pagination = {
        "page": query.page if by_page else None,
        "limit": query.limit,
        "total_items": total,
        "total_pages": None if total is None else -(-total // query.limit),
        "has_next_page": more,
        "has_previous_page": query.page > 1 or not by_page,
        "next_cursor": next_cursor,
    }
    meta: dict[str, Any] = {"pagination": pagination}
    _note(meta, query.ignored, query.capped)
    return meta


def _note(meta: dict[str, Any], ignored: tuple[str, ...], capped: bool) -> None:
    if ignored:
        meta["ignored"] = list(ignored)
    if capped:
        meta["limit_capped"] = True


def _list_headers(resource: Resource, query: ListQuery, pagination: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Link (RFC 8288) and the total."""
    path = f"/api/v1/{resource.route}"
    links = [("first", query.text(page=1))]
    if query.cursor is None and query.page > 1:
        links.append(("prev", query.text(page=query.page - 1)))
    if pagination["has_next_page"]:
        by_page = query.text(page=query.page + 1)
        by_cursor = query.text(cursor=pagination["next_cursor"])
        links.append(("next", by_page if query.cursor is None else by_cursor))
    if query.cursor is None and pagination["total_pages"]:
        links.append(("last", query.text(page=pagination["total_pages"])))
    link = ", ".join(f'<{path}?{text}>; rel="{rel}"' for rel, text in links)
    total = pagination["total_items"]
    return (("Link", link), *((("X-Total-Count", str(total)),) if total is not None else ()))
