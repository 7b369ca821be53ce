"""Cross-origin requests: pages of the origins in a list may ask, with credentials, and read the answer (Fetch)."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

METHODS = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
EXPOSED = (
    "ETag, Last-Modified, Cache-Control, Retry-After, RateLimit, RateLimit-Policy, Link, Location, X-Total-Count,"
    " X-Has-More, Vary"
)
PREFLIGHT_SECONDS = "86400"


@dataclass(frozen=True, slots=True)
class Cors:
    """What answers say to pages of other origins; `origins` as browsers write them."""

    origins: frozenset[str]

    def attach(self, app: web.Application) -> None:
        """Have every answer of `app` say it, errors and streams too, and answer preflight requests for any path."""
        app.on_response_prepare.append(self._prepare)
        app.middlewares.append(self._preflights())

    def headers(self, origin: str | None) -> Mapping[str, str]:
        """What an answer to a page of `origin` says beside Vary: nothing where it is not in the list."""
        if origin is None or origin not in self.origins:
            return {}
        return {
            hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
            hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS: "true",
            hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: EXPOSED,
        }

    async def _prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        # The answer is another one for another origin: also where this one gets no header.
        varies = response.headers.get(hdrs.VARY)
        response.headers[hdrs.VARY] = f"{varies}, Origin" if varies else "Origin"
        response.headers.update(self.headers(request.headers.get(hdrs.ORIGIN)))

    def _preflights(self) -> Middleware:
        @web.middleware
        async def preflights(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
                return self._preflight(request)
            return await handler(request)

        return preflights

    def _preflight(self, request: web.Request) -> web.Response:
        response = web.Response(status=204, headers={hdrs.VARY: hdrs.ACCESS_CONTROL_REQUEST_HEADERS})
        if request.headers.get(hdrs.ORIGIN) in self.origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = METHODS
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = PREFLIGHT_SECONDS
            wanted = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS)
            if wanted:
                response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = wanted
        return response
