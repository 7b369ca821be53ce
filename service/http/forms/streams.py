"""A list leaves as a stream: constant memory, one moment of the database, the client's pace, and an end that tells.

A stream has a weak tag from the ledger's time, so that who has the list already is answered 304. One that fails breaks
its connection off, without the final chunk, so that no client takes a part for the whole.
"""

import asyncio
import logging
import os
import socket
import struct
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC

from aiohttp import hdrs, web
from multidict import MultiMapping

from service.http.answers import Policy
from service.http.conditional import Conditions, Outcome, Validators, accepted_encoding
from service.http.forms.asked import Form, columns_of
from service.http.params import SPELLINGS
from service.http.problems import Problem
from service.http.values import whole
from service.records.export import Export, Exports
from service.records.queries import DEFAULT_LIMIT, ListQuery
from service.records.reader import ResourceReader
from service.records.times import today, utc_now
from service.records.viewer import Viewer

STALL_SECONDS = 30  # a client that takes nothing for so long is given up
STREAM_SECONDS = 600  # as long as a snapshot may be held in all
RESET = struct.pack("ii", 1, 0)

log = logging.getLogger("herdbook.http")


class Streams:
    """Gives lists in forms other than JSON."""

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    async def give(
        self,
        request: web.Request,
        form: Form,
        reader: ResourceReader,
        viewer: Viewer,
        query: ListQuery,
        policy: Policy,
    ) -> web.StreamResponse:
        """The whole list, or where the request names a page or a limit that part of it, of any length."""
        query, most = _part(request.query, query)
        async with self._exports.open(reader, viewer, query, most) as export:
            headers = _headers(form, export, policy)
            match _outcome(request, export, form):
                case Outcome.FAILED:
                    raise Problem("PRECONDITION_FAILED")
                case Outcome.NOT_MODIFIED:
                    return web.Response(status=304, headers=headers)
            headers[hdrs.CONTENT_TYPE] = form.names[0] + form.parameters
            name = f"{reader.resource.route}-{today()}.{form.suffix}"
            headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
            response = web.StreamResponse(headers=headers)
            if request.method == hdrs.METH_HEAD:
                return response
            columns = columns_of(reader.resource, query.fields, query.relations)
            async with aclosing(export.steps()) as steps:
                first = await anext(steps, b"")  # what fails up to here is told as a problem
                if accepted_encoding(request.headers.get(hdrs.ACCEPT_ENCODING), ("gzip", "identity")) == "gzip":
                    response.enable_compression(web.ContentCoding.gzip)
                await response.prepare(request)
                try:
                    async with asyncio.timeout(STREAM_SECONDS):
                        await _write(response, form.head(columns))
                        if first:
                            await _write(response, form.body(first, columns, query.fields))
                        async for rows in steps:
                            await _write(response, form.body(rows, columns, query.fields))
                        async with asyncio.timeout(STALL_SECONDS):
                            await response.write_eof()
                except ConnectionError:
                    pass  # the client has gone
                except Exception:
                    log.exception("%s %s: the stream broke off", request.method, request.path)
                    break_off(request.transport)
        return response


def _part(given: MultiMapping[str], query: ListQuery) -> tuple[ListQuery, int | None]:
    """The list with the limit that was asked for, however large, and how many rows of it: None for all."""
    asked = {SPELLINGS.get(name, name): value for name, value in given.items() if value}
    if not {"limit", "page"} & asked.keys():
        return query, None
    limit = whole("limit", asked.get("limit") or str(DEFAULT_LIMIT), 1, 10**9)
    return replace(query, limit=limit), limit


def _headers(form: Form, export: Export, policy: Policy) -> dict[str, str]:
    headers: dict[str, str] = {hdrs.CACHE_CONTROL: policy.cache_control, hdrs.VARY: policy.vary}
    if export.tag is not None:
        headers[hdrs.ETAG] = "W/" + _tag(form, export)
    return headers


def _tag(form: Form, export: Export) -> str:
    return f'"{form.suffix}-{export.tag}"'


def _outcome(request: web.Request, export: Export, form: Form) -> Outcome:
    # Weak tags serve If-None-Match only; second_closed=False: no date can tell that nothing has changed.
    selected = _tag(form, export) if export.tag is not None else ""
    modified = export.last_modified if export.tag is not None else utc_now()
    now = Validators(selected, (), modified.replace(tzinfo=UTC), second_closed=False)
    return Conditions.of(request.headers).evaluate(now, reads=True)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    """Send `data` at the client's pace."""
    async with asyncio.timeout(STALL_SECONDS):
        await response.write(data)


def break_off(transport: asyncio.Transport | None) -> None:
    """End the connection by a reset, which no client takes for the end of an answer, not one of HTTP/1.0 either."""
    if transport is None:
        return
    own = transport.get_extra_info("socket")
    if own is not None and own.fileno() >= 0:
        with socket.socket(fileno=os.dup(own.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
