"""The users in numbers: GET /users/roles, /users/status and /users/statistics."""

from aiohttp import hdrs, web

from service.http.answers import answer
from service.http.resource_handlers import ResourceHandlers
from service.http.routing import Handler, both
from service.records.people import People

PATHS = {
    "roles": ("total", "roles"),
    "status": ("total", "activos", "inactivos"),
    "statistics": ("total", "activos", "inactivos", "recent_today", "roles"),
}


class UserPaths:
    """Paths of the users that other resources have not; `handlers` says who may read them."""

    def __init__(self, handlers: ResourceHandlers, people: People) -> None:
        self._handlers = handlers
        self._people = people

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        path = f"{base}/{self._handlers.resource.route}"
        return [
            definition
            for name, told in PATHS.items()
            for definition in both(hdrs.METH_GET, f"{path}/{name}", self._handlers.guarded(self._giving(told)))
        ]

    def _giving(self, told: tuple[str, ...]) -> Handler:
        async def given(request: web.Request) -> web.StreamResponse:
            await self._handlers.viewer(request)
            return answer(request, await self._people.page(*told), self._handlers.policy)

        return given
