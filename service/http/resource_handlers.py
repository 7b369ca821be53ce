"""The handlers of one resource: parse, ask, shape, respond."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

import orjson
from aiohttp import hdrs, web

from service.cache.page import Page
from service.feed.waits import Waits
from service.http.answers import PRIVATE, PUBLIC, answer, created, prefers_minimal, validators_of, written
from service.http.asker import Asker, viewer_of
from service.http.bodies import json_array, json_object
from service.http.conditional import Conditions, Outcome
from service.http.failures import records_problem
from service.http.forms.asked import asked_form
from service.http.forms.streams import Streams
from service.http.forms.uploads import uploaded
from service.http.lanes import ROW, RowOf
from service.http.memo import GIVEN
from service.http.params import conflict_rule, parse_list, parse_row, parse_since, parse_wait
from service.http.problems import Problem, language_of
from service.http.routing import Handler, both
from service.http.values import invalid
from service.records.bulk import BulkWriter, OnConflict, Stored
from service.records.envelope import envelope
from service.records.errors import RecordsError
from service.records.idempotency import Answer, Claim, Replayed
from service.records.reader import ResourceReader
from service.records.rows import Row
from service.records.viewer import Viewer
from service.records.writer import ResourceWriter, Terms
from service.resources.fields import BIGINT

EVERYONE = Viewer()
MOST_BULK = 10_000
LONGEST_KEY = 255
MINIMAL = Answer(204, b"")


class ResourceHandlers:
    """What /api/v1/<route> answers."""

    def __init__(
        self,
        reader: ResourceReader,
        writer: ResourceWriter,
        bulk: BulkWriter,
        asker: Asker,
        streams: Streams,
        waits: Waits,
    ) -> None:
        self.resource = reader.resource
        self._reader = reader
        self._writer = writer
        self._bulk = bulk
        self._asker = asker
        self._streams = streams
        self._waits = waits
        self.policy = PRIVATE if self.resource.private else PUBLIC
        self._list_policy = self.policy.by_form()

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        path = f"{base}/{self.resource.route}"
        wanted: list[tuple[str, str, Handler]] = [
            (hdrs.METH_GET, path, self.list),
            (hdrs.METH_POST, path, self.create),
            (hdrs.METH_GET, f"{path}/metadata", self.metadata),
            (hdrs.METH_POST, f"{path}/bulk", self.bulk_create),
            (hdrs.METH_PATCH, f"{path}/bulk", self.bulk_update),
            (hdrs.METH_DELETE, f"{path}/bulk", self.bulk_delete),
            (hdrs.METH_GET, f"{path}/{{id:[0-9]+}}", self.row),
            (hdrs.METH_PUT, f"{path}/{{id:[0-9]+}}", self.update),
            (hdrs.METH_PATCH, f"{path}/{{id:[0-9]+}}", self.update),
            (hdrs.METH_DELETE, f"{path}/{{id:[0-9]+}}", self.delete),
        ]
        return [
            definition for method, where, handler in wanted for definition in both(method, where, self.guarded(handler))
        ]

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET: a page of rows, or all of them as CSV or NDJSON; with `since`, the changes after a time."""
        return await self.listed(request, request.query.items())

    async def listed(self, request: web.Request, given: Iterable[tuple[str, str]]) -> web.StreamResponse:
        """The list that `given` asks for."""
        viewer, lenient, form = await self.viewer(request), is_lenient(request), asked_form(request)
        if "since" in request.query:
            return await self._changes(request, viewer, list(given))
        whole_view = viewer.sees_all or not self.resource.by_viewer
        query = parse_list(self.resource, given, whole_view=whole_view, lenient=lenient)
        if form is not None:
            return await self._streams.give(request, form, self._reader, viewer, query, self._list_policy)
        return answer(request, await self._reader.list(viewer, query), self._list_policy)

    async def _changes(
        self, request: web.Request, viewer: Viewer, given: Sequence[tuple[str, str]]
    ) -> web.StreamResponse:
        """The changes after a time; with `wait`, as soon as there are some."""
        query, seconds = parse_since(self.resource, given, lenient=is_lenient(request)), parse_wait(given)
        if not seconds:
            return answer(request, await self._reader.since(viewer, query), self._list_policy)

        async def ask() -> Page:  # after each wait it is asked anew who asks
            return await self._reader.since(await self.viewer(request), query)

        page = await self._waits.until_new(self.resource.table, ask, seconds)
        response = answer(request, page, self._list_policy)
        del request[GIVEN]  # the memo would not wait
        return response

    async def metadata(self, request: web.Request) -> web.Response:
        """GET /metadata: how many rows, when they last changed."""
        await self.viewer(request)
        return answer(request, await self._reader.metadata(), self.policy)

    async def row(self, request: web.Request) -> web.Response:
        """GET /{id}: one row, with its relations where asked for."""
        viewer = await self.viewer(request)
        query = parse_row(self.resource, request.query.items(), lenient=is_lenient(request))
        page = await self._reader.row(viewer, row_id_of(request), query)
        if not viewer.uncached:
            request[ROW] = RowOf(partial(self._reader.row, viewer))
        return answer(request, page, self.policy)

    async def create(self, request: web.Request) -> web.Response:
        """POST: 201 with the new row and where it is."""
        viewer = await self._writer_of(request, None)
        body = await json_object(request)
        terms = await self._terms(request, viewer)
        answer_of = self._row_answer(request, 201, "created")
        return written(await self._writer.create(viewer, body, answer_of, terms))

    async def update(self, request: web.Request) -> web.Response:
        """PUT and PATCH /{id}: the fields given are set (RFC 7396); 200 with the whole row."""
        row_id = row_id_of(request)
        viewer = await self._writer_of(request, row_id)
        body = await json_object(request)
        answer_of = self._row_answer(request, 200, "updated")
        return written(await self._writer.update(viewer, row_id, body, answer_of, _conditions(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE /{id}: 200 with `deleted_id`."""
        row_id = row_id_of(request)
        viewer = viewer_of(await self._asker.admin(request))
        await self._writer.delete(viewer, row_id, _conditions(request))
        if prefers_minimal(request):
            return written(MINIMAL)
        message = self._message(request, "deleted")
        return created(200, envelope(orjson.dumps({"deleted_id": row_id}), message=message))

    async def bulk_create(self, request: web.Request) -> web.Response:
        """POST /bulk: 201 with every new row, or none is stored and every bad one is named."""
        viewer = await self._writer_of(request, None)
        on_conflict = conflict_rule(request.query)
        if on_conflict is OnConflict.UPDATE:
            await self._asker.admin(request)  # it changes rows that are there
        upload = await uploaded(request, self.resource)
        claim = (await self._terms(request, viewer)).claim
        wants_rows = not prefers_minimal(request)
        answer_of = self._bulk_answer(request, 201, "created")
        with upload.naming_lines():
            done = await self._bulk.create(viewer, upload.rows, answer_of, on_conflict, claim, wants_rows=wants_rows)
        return written(done)

    async def bulk_update(self, request: web.Request) -> web.Response:
        """PATCH /bulk: in each row, named by its id, the fields given are set; all or none."""
        viewer = viewer_of(await self._asker.admin(request))
        bodies = await json_array(request, self.resource.bulk_limit)
        stored = await self._bulk.update(viewer, bodies)
        return written(self._bulk_answer(request, 200, "updated")(stored))

    async def bulk_delete(self, request: web.Request) -> web.Response:
        """DELETE /bulk: the rows with these ids are deleted; all or none."""
        viewer = viewer_of(await self._asker.admin(request))
        ids = await self._bulk.delete(viewer, await json_array(request, MOST_BULK))
        if prefers_minimal(request):
            return written(MINIMAL)
        message = self._message(request, "deleted")
        return created(200, envelope(orjson.dumps({"deleted_ids": ids}), {"count": len(ids)}, message))

    # Who may.

    async def viewer(self, request: web.Request) -> Viewer:
        """The asker; anyone may read what is not private. An Administrador may ask past the cache: no-store."""
        if not self.resource.private and not _asks_past_cache(request):
            return EVERYONE
        viewer = viewer_of(await self._asker.identity(request))
        return replace(viewer, uncached=viewer.sees_all and _asks_past_cache(request))

    async def _writer_of(self, request: web.Request, row_id: int | None) -> Viewer:
        """The asker, if they may create (row_id None) or change that row."""
        identity = await self._asker.identity(request)
        creates = row_id is None and not self.resource.by_viewer
        owns = self.resource.by_viewer and row_id == identity.id
        if not (identity.is_admin or creates or owns):
            raise Problem("ADMIN_ROLE_REQUIRED")
        return viewer_of(identity)

    async def _terms(self, request: web.Request, viewer: Viewer) -> Terms:
        """The request's conditions, and its Idempotency-Key as this user's claim."""
        terms, key = _conditions(request), request.headers.get("Idempotency-Key")
        if key is None:
            return terms
        if not 0 < len(key) <= LONGEST_KEY:
            raise invalid("Idempotency-Key", f"máximo {LONGEST_KEY} caracteres", f"at most {LONGEST_KEY} characters")
        # The same bytes mean other rows in another form, and Prefer decides what is answered.
        named = (sorted(request.query.items()), request.headers.get("Prefer"), request.content_type)
        sent = repr(named).encode() + await request.read()
        claim = Claim.of(viewer.segment or 0, request.path.rstrip("/"), key, sent)
        return Terms(terms.precondition, claim)

    def guarded(self, handler: Handler) -> Handler:
        """`handler`, with what the records refuse told as a problem of this resource."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except Replayed as replay:
                return written(replay.answer)
            except RecordsError as error:
                language = language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
                bulk = request.path.rstrip("/").endswith("/bulk")
                raise records_problem(error, self.resource, language, bulk) from error

        return guarded

    # Words.

    def _row_answer(self, request: web.Request, status: int, done: str) -> Callable[[Row], Answer]:
        def answer_of(row: Row) -> Answer:
            location = f"/api/v1/{self.resource.route}/{row.id}" if status == 201 else None
            if prefers_minimal(request):
                return Answer(status if status == 201 else 204, b"", location)
            meta = {"ignored": list(row.ignored)} if row.ignored else None
            return Answer(status, envelope(row.data, meta, self._message(request, done)), location)

        return answer_of

    def _bulk_answer(self, request: web.Request, status: int, done: str) -> Callable[[Stored], Answer]:
        def answer_of(stored: Stored) -> Answer:
            if prefers_minimal(request):
                return Answer(status if status == 201 else 204, b"")
            meta: dict[str, object] = {
                "count": len(stored.rows),
                "inserted": stored.inserted,
                "updated": stored.updated,
                "skipped": stored.skipped,
            }
            if stored.ignored:
                meta["ignored"] = list(stored.ignored)
            data = b"[" + b",\n".join(row.data for row in stored.rows) + b"]"
            return Answer(status, envelope(data, meta, self._message(request, done)))

        return answer_of

    def _message(self, request: web.Request, done: str) -> str:
        label = self.resource.label
        if language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")) == "en":
            return f"{label.english.capitalize()} {done}."
        ending = "a" if label.feminine else "o"
        spanish = {"created": "cread", "updated": "actualizad", "deleted": "eliminad"}[done]
        return f"{label.one.capitalize()} {spanish}{ending}."


def row_id_of(request: web.Request) -> int:
    """The id in the path; 404 for one that no row can have."""
    digits = request.match_info["id"]
    row_id = int(digits) if len(digits) <= 19 else BIGINT + 1
    if row_id > BIGINT:
        raise Problem("NOT_FOUND", what=("un registro con ese id", "row with this id"))
    return row_id


def _asks_past_cache(request: web.Request) -> bool:
    """Cache-Control: no-store (RFC 9111 section 5.2.1.5) with a token; for anyone else it means nothing here."""
    no_store = "no-store" in request.headers.get(hdrs.CACHE_CONTROL, "").lower()
    return no_store and hdrs.AUTHORIZATION in request.headers


def is_lenient(request: web.Request) -> bool:
    """RFC 7240 section 4.4: Prefer: handling=lenient."""
    return "handling=lenient" in request.headers.get("Prefer", "").replace(" ", "").lower()


def _conditions(request: web.Request) -> Terms:
    """What the request's conditional headers demand of what is there."""
    conditions = Conditions.of(request.headers)
    if not conditions.guard_writes:
        return Terms()

    def holds(page: Page | None) -> bool:
        there = None if page is None else validators_of(page)
        return conditions.evaluate(there, reads=False) is Outcome.PROCEED

    return Terms(holds)
