"""The handlers of one resource: parse, ask, shape, respond."""

import orjson
from aiohttp import hdrs, web

from service.cache.page import Page
from service.http.answers import PRIVATE, PUBLIC, answer, created
from service.http.asker import Asker, viewer_of
from service.http.bodies import json_array, json_object
from service.http.conditional import matches_strongly
from service.http.failures import records_problem
from service.http.params import parse_list, parse_since, wants_relations
from service.http.problems import Problem, language_of
from service.http.routing import Handler, both
from service.records.envelope import envelope
from service.records.errors import RecordsError
from service.records.reader import ResourceReader, Viewer
from service.records.writer import Precondition, ResourceWriter, Row
from service.resources.fields import BIGINT

EVERYONE = Viewer()


class ResourceHandlers:
    """What /api/v1/<route> answers."""

    def __init__(self, reader: ResourceReader, writer: ResourceWriter, asker: Asker) -> None:
        self.resource = reader.resource
        self._reader = reader
        self._writer = writer
        self._asker = asker
        self._policy = PRIVATE if self.resource.private else PUBLIC

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        path = f"{base}/{self.resource.route}"
        wanted: list[tuple[str, str, Handler]] = [
            (hdrs.METH_GET, path, self.list),
            (hdrs.METH_POST, path, self.create),
            (hdrs.METH_GET, f"{path}/metadata", self.metadata),
            (hdrs.METH_POST, f"{path}/bulk", self.bulk_create),
            (hdrs.METH_GET, f"{path}/{{id:[0-9]+}}", self.row),
            (hdrs.METH_PUT, f"{path}/{{id:[0-9]+}}", self.update),
            (hdrs.METH_PATCH, f"{path}/{{id:[0-9]+}}", self.update),
            (hdrs.METH_DELETE, f"{path}/{{id:[0-9]+}}", self.delete),
        ]
        return [
            definition
            for method, where, handler in wanted
            for definition in both(method, where, self._guarded(handler))
        ]

    async def list(self, request: web.Request) -> web.Response:
        """GET: a page of rows; with `since`, the changes after a time."""
        viewer = await self._viewer(request)
        given, lenient = request.query.items(), _is_lenient(request)
        page: Page
        if "since" in request.query:
            page = await self._reader.since(viewer, parse_since(self.resource, given, lenient=lenient))
        else:
            whole_view = viewer.sees_all or not self.resource.by_viewer
            query = parse_list(self.resource, given, whole_view=whole_view, lenient=lenient)
            page = await self._reader.list(viewer, query)
        return answer(request, page, self._policy)

    async def metadata(self, request: web.Request) -> web.Response:
        """GET /metadata: how many rows, when they last changed."""
        await self._viewer(request)
        return answer(request, await self._reader.metadata(), self._policy)

    async def row(self, request: web.Request) -> web.Response:
        """GET /{id}: one row, with its relations where asked for."""
        viewer = await self._viewer(request)
        relations = _wants_relations(request)
        page = await self._reader.row(viewer, _id(request), relations)
        return answer(request, page, self._policy)

    async def create(self, request: web.Request) -> web.Response:
        """POST: 201 with the new row and where it is."""
        viewer = await self._writer_of(request, None)
        row = await self._writer.create(viewer, await json_object(request))
        location = f"/api/v1/{self.resource.route}/{row.id}"
        return created(201, self._written(request, row, "created"), {hdrs.LOCATION: location})

    async def update(self, request: web.Request) -> web.Response:
        """PUT and PATCH /{id}: the fields given are set; 200 with the whole row."""
        row_id = _id(request)
        viewer = await self._writer_of(request, row_id)
        row = await self._writer.update(viewer, row_id, await json_object(request), _precondition(request))
        return created(200, self._written(request, row, "updated"))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE /{id}: 200 with `deleted_id`."""
        row_id = _id(request)
        await self._asker.admin(request)
        await self._writer.delete(EVERYONE, row_id, _precondition(request))
        message = self._message(request, "deleted")
        return created(200, envelope(orjson.dumps({"deleted_id": row_id}), message=message))

    async def bulk_create(self, request: web.Request) -> web.Response:
        """POST /bulk: 201 with every new row, or none is stored and every bad one is named."""
        viewer = await self._writer_of(request, None)
        bodies = await json_array(request, self.resource.bulk_limit)
        rows, ignored = await self._writer.bulk_create(viewer, bodies)
        meta = {"count": len(rows), **({"ignored": ignored} if ignored else {})}
        data = b"[" + b",\n".join(row.data for row in rows) + b"]"
        return created(201, envelope(data, meta, self._message(request, "created")))

    # Who may.

    async def _viewer(self, request: web.Request) -> Viewer:
        if not self.resource.private:
            return EVERYONE
        return viewer_of(await self._asker.identity(request))

    async def _writer_of(self, request: web.Request, row_id: int | None) -> Viewer:
        """The asker, if they may create (row_id None) or change that row."""
        identity = await self._asker.identity(request)
        creates = row_id is None and not self.resource.by_viewer
        owns = self.resource.by_viewer and row_id == identity.id
        if not (identity.is_admin or creates or owns):
            raise Problem("ADMIN_ROLE_REQUIRED")
        return viewer_of(identity)

    def _guarded(self, handler: Handler) -> Handler:
        """`handler`, with what the records refuse told as a problem of this resource."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except RecordsError as error:
                language = language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
                bulk = request.path.rstrip("/").endswith("/bulk")
                raise records_problem(error, self.resource, language, bulk) from error

        return guarded

    # Words.

    def _written(self, request: web.Request, row: Row, done: str) -> bytes:
        meta = {"ignored": list(row.ignored)} if row.ignored else None
        return envelope(row.data, meta, self._message(request, done))

    def _message(self, request: web.Request, done: str) -> str:
        label = self.resource.label
        if language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")) == "en":
            return f"{label.english.capitalize()} {done}."
        ending = "a" if label.feminine else "o"
        spanish = {"created": "cread", "updated": "actualizad", "deleted": "eliminad"}[done]
        return f"{label.one.capitalize()} {spanish}{ending}."


def _id(request: web.Request) -> int:
    digits = request.match_info["id"]
    row_id = int(digits) if len(digits) <= 19 else BIGINT + 1
    if row_id > BIGINT:
        raise Problem("NOT_FOUND", what=("un registro con ese id", "row with this id"))
    return row_id


def _is_lenient(request: web.Request) -> bool:
    """RFC 7240 section 4.4: Prefer: handling=lenient."""
    return "handling=lenient" in request.headers.get("Prefer", "").replace(" ", "").lower()


def _wants_relations(request: web.Request) -> bool:
    return wants_relations(request.query.get("include_relations", ""))


def _precondition(request: web.Request) -> Precondition | None:
    """If-Match (RFC 9110 section 13.1.1) against every encoding's tag of the row as it is."""
    wanted = request.headers.get(hdrs.IF_MATCH)
    if wanted is None:
        return None
    return lambda page: matches_strongly(wanted, tuple(page.tag(one) for one in ("identity", "gzip")))
