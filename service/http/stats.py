"""A resource in numbers: GET /R/stats."""

from aiohttp import hdrs, web

from service.http.answers import answer
from service.http.resource_handlers import ResourceHandlers
from service.http.routing import both
from service.records.stats import Stats


class StatsHandlers:
    """The path of one resource; `handlers` says who may read it."""

    def __init__(self, handlers: ResourceHandlers, stats: Stats) -> None:
        self._handlers = handlers
        self._stats = stats

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, with and without a trailing slash."""
        path = f"{base}/{self._handlers.resource.route}/stats"
        return both(hdrs.METH_GET, path, self._handlers.guarded(self.stats))

    async def stats(self, request: web.Request) -> web.Response:
        """GET: total, recent_today, model_name."""
        await self._handlers.viewer(request)
        return answer(request, await self._stats.page(), self._handlers.policy)
