"""GET /events: every committed change as server-sent events (HTML, section 9.2), to who may read what was changed."""

import asyncio
import time
from collections.abc import Sequence

from aiohttp import HttpVersion11, hdrs, web

from service.auth.sessions import Session
from service.feed.feed import Feed
from service.feed.listeners import Interest, Listener
from service.http.asker import Asker, bearer_of
from service.http.cookies import ACCESS, REFRESH
from service.http.params import UNSEEN
from service.http.resource_handlers import is_lenient
from service.http.routing import both
from service.http.runner import ProblemHandler
from service.http.values import invalid, unknown
from service.resources.resource import Resource

ENDPOINT, LAST_EVENT_ID = "endpoint", "last_event_id"
HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
    hdrs.CACHE_CONTROL: "no-store",
    hdrs.VARY: "Authorization, Cookie",
    "X-Accel-Buffering": "no",  # a proxy that collects answers must not collect this one
}


class EventHandlers:
    """The streams of one worker."""

    def __init__(self, feed: Feed, resources: Sequence[Resource], asker: Asker) -> None:
        self._feed = feed
        self._resources = {one.route: one for one in resources}
        self._asker = asker

    def routes(self, base: str) -> list[web.RouteDef]:
        """/events, at the root and below `base`."""
        return [*both(hdrs.METH_GET, "/events", self.events), *both(hdrs.METH_GET, f"{base}/events", self.events)]

    async def events(self, request: web.Request) -> web.StreamResponse:
        """GET: a stream that goes on until the client, its session or this worker ends."""
        wanted = self._wanted(request)
        session = await self._session(request, wanted)
        response = web.StreamResponse(headers=HEADERS)
        if request.method == hdrs.METH_GET and request.transport is not None:
            tables = tuple(one.table for one in wanted if session is not None or not one.private)
            interest = Interest(tables, chunked=request.version >= HttpVersion11)
            await self._stream(request, response, Listener(interest, session, request.transport))
        else:
            await response.prepare(request)
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, listener: Listener) -> None:
        event_id = request.headers.get("Last-Event-ID") or request.query.get(LAST_EVENT_ID)
        await self._feed.reach(event_id)
        start = self._feed.join(listener)
        expiry = _end_at_expiry(listener)
        _watch(request, listener)
        try:
            missed = await self._feed.missed(event_id, start)
            await response.prepare(request)
            listener.begin(missed)
            await listener.over
        finally:
            self._feed.leave(listener)
            _watch(request, None)
            if expiry is not None:
                expiry.cancel()

    def _wanted(self, request: web.Request) -> list[Resource]:
        """The resources that the stream is about; none named: all that the asker may read."""
        for name in request.query:
            if name not in (ENDPOINT, LAST_EVENT_ID, *UNSEEN) and not is_lenient(request):
                raise unknown(name, [ENDPOINT, LAST_EVENT_ID])
        named = [name for text in request.query.getall(ENDPOINT, []) for name in text.split(",") if name]
        strange = [name for name in named if name not in self._resources]
        if strange:
            known = ", ".join(self._resources)
            raise invalid(ENDPOINT, f"debe ser uno o varios de {known}", f"it must be some of {known}")
        return [one for route, one in self._resources.items() if route in named or not named]

    async def _session(self, request: web.Request, wanted: Sequence[Resource]) -> Session | None:
        """The asker's session. A token that is given must be good; without one there are public resources only."""
        names_private = ENDPOINT in request.query and any(one.private for one in wanted)
        bears = bearer_of(request) is not None or ACCESS in request.cookies or REFRESH in request.cookies
        return await self._asker.session(request) if bears or names_private else None


def _end_at_expiry(listener: Listener) -> asyncio.TimerHandle | None:
    """Whoever stays longer than their token is good comes back with another."""
    if listener.session is None:
        return None
    left = listener.session.claims.expires - time.time()
    return asyncio.get_running_loop().call_later(left, listener.end)


def _watch(request: web.Request, listener: Listener | None) -> None:
    """Have `listener` end as soon as its client has gone."""
    if isinstance(request.protocol, ProblemHandler):
        request.protocol.when_lost = None if listener is None else listener.end
