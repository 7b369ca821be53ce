"""The herd as a whole and the family of an animal: GET /animals/status, /animals/tree/ancestors and /descendants."""

from difflib import get_close_matches
from typing import Literal

from aiohttp import hdrs, web

from service.http.answers import answer
from service.http.params import UNSEEN
from service.http.problems import Problem
from service.http.resource_handlers import ResourceHandlers, is_lenient
from service.http.routing import both
from service.http.values import invalid, whole
from service.records.herd import MOST_GENERATIONS, Herd, TreeQuery
from service.resources.fields import BIGINT

DEFAULT_GENERATIONS = 5
KNOWN = ("animal_id", "max_depth", "fields")


class AnimalPaths:
    """Paths of the animals that other resources have not; `handlers` says who may read them."""

    def __init__(self, handlers: ResourceHandlers, herd: Herd) -> None:
        self._handlers = handlers
        self._herd = herd

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        path, guarded = f"{base}/{self._handlers.resource.route}", self._handlers.guarded
        return [
            *both(hdrs.METH_GET, f"{path}/status", guarded(self.status)),
            *both(hdrs.METH_GET, f"{path}/tree/ancestors", guarded(self.ancestors)),
            *both(hdrs.METH_GET, f"{path}/tree/descendants", guarded(self.descendants)),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """GET /animals/status: total, activos, inactivos."""
        await self._handlers.viewer(request)
        return answer(request, await self._herd.status(), self._handlers.policy)

    async def ancestors(self, request: web.Request) -> web.Response:
        """GET /animals/tree/ancestors: from whom the animal descends."""
        return await self._tree(request, "ancestors")

    async def descendants(self, request: web.Request) -> web.Response:
        """GET /animals/tree/descendants: who descends from the animal."""
        return await self._tree(request, "descendants")

    async def _tree(self, request: web.Request, direction: Literal["ancestors", "descendants"]) -> web.Response:
        viewer = await self._handlers.viewer(request)
        page = await self._herd.tree(viewer, _tree_query(request, direction))
        return answer(request, page, self._handlers.policy)


def _tree_query(request: web.Request, direction: Literal["ancestors", "descendants"]) -> TreeQuery:
    """What the parameters ask for; more than MOST_GENERATIONS are cut to those."""
    given = request.query
    for name in given:
        if name not in (*KNOWN, *UNSEEN) and not is_lenient(request):
            nearest = get_close_matches(name, KNOWN, n=1, cutoff=0.0)[0]
            raise Problem(
                "UNKNOWN_PARAMETER",
                details={"parameter": name, "nearest": nearest},
                parameter=name,
                nearest=(f"; ¿quiso decir «{nearest}»?", f"; did you mean '{nearest}'?"),
            )
    if not given.get("animal_id"):
        raise invalid("animal_id", "es obligatorio", "it is required")
    depth = whole("max_depth", given.get("max_depth") or str(DEFAULT_GENERATIONS), 0, 10**9)
    fields = tuple(sorted({*filter(None, given["fields"].split(",")), "id"})) if given.get("fields") else ()
    animal_id = whole("animal_id", given["animal_id"], 1, BIGINT)
    return TreeQuery(animal_id, direction, min(depth, MOST_GENERATIONS), fields)
