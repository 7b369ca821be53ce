"""GET /metrics: the figures of all workers of this host, for Prometheus or for an Administrador."""

import hmac

from aiohttp import hdrs, web

from service.http.asker import Asker, bearer_of
from service.http.routing import both
from service.ops.exposition import exposed
from service.ops.figures import Figures


class Metrics:
    """Answers who bears `token`, where there is one, and Administradores."""

    def __init__(self, figures: Figures, asker: Asker, token: str | None) -> None:
        self._figures = figures
        self._asker = asker
        self._token = token

    def routes(self) -> list[web.RouteDef]:
        """/metrics."""
        return both(hdrs.METH_GET, "/metrics", self.metrics)

    async def metrics(self, request: web.Request) -> web.Response:
        """Everything there is, as text."""
        if not self._has_token(request):
            await self._asker.admin(request)
        body, content_type = exposed(await self._figures.read(), request.headers.get(hdrs.ACCEPT, ""))
        return web.Response(
            body=body,
            headers={hdrs.CONTENT_TYPE: content_type, hdrs.CACHE_CONTROL: "no-store", hdrs.VARY: "Accept"},
        )

    def _has_token(self, request: web.Request) -> bool:
        given = bearer_of(request)
        if self._token is None or given is None:
            return False
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._token.encode())
