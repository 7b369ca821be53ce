"""The breeds of a species: GET /breeds/by-species/{id}, the list of breeds with that filter."""

from aiohttp import hdrs, web

from service.http.resource_handlers import ResourceHandlers
from service.http.routing import both


class BreedPaths:
    """A path of the breeds that other resources have not."""

    def __init__(self, handlers: ResourceHandlers) -> None:
        self._handlers = handlers

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, with and without a trailing slash."""
        path = f"{base}/{self._handlers.resource.route}/by-species/{{species_id:[0-9]{{1,19}}}}"
        return both(hdrs.METH_GET, path, self._handlers.guarded(self.by_species))

    async def by_species(self, request: web.Request) -> web.StreamResponse:
        """GET: a list page, in any form, with all parameters of the list."""
        given = [*request.query.items(), ("species_id", request.match_info["species_id"])]
        return await self._handlers.listed(request, given)
