"""What depends on a row, or on many: GET /R/{id}/dependencies and POST /R/batch-dependencies."""

from typing import Any

from aiohttp import hdrs, web

from service.http.answers import answer, created
from service.http.bodies import json_object
from service.http.problems import Problem
from service.http.resource_handlers import ResourceHandlers, row_id_of
from service.http.routing import both
from service.records.dependencies import Dependencies
from service.resources.fields import BIGINT

MOST_IDS = 100


class DependencyHandlers:
    """The two paths of one resource; `handlers` says who may read it."""

    def __init__(self, handlers: ResourceHandlers, dependencies: Dependencies) -> None:
        self._handlers = handlers
        self._dependencies = dependencies

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        path, guarded = f"{base}/{self._handlers.resource.route}", self._handlers.guarded
        return [
            *both(hdrs.METH_GET, f"{path}/{{id:[0-9]+}}/dependencies", guarded(self.one)),
            *both(hdrs.METH_POST, f"{path}/batch-dependencies", guarded(self.many)),
        ]

    async def one(self, request: web.Request) -> web.Response:
        """GET: who refers to the row, and whether it can be deleted."""
        await self._handlers.viewer(request)
        page = await self._dependencies.of(row_id_of(request))
        return answer(request, page, self._handlers.policy)

    async def many(self, request: web.Request) -> web.Response:
        """POST {"ids": [...]}: the same for at most MOST_IDS rows, by id."""
        await self._handlers.viewer(request)
        page = await self._dependencies.of_many(_ids((await json_object(request)).get("ids")))
        return created(200, page.body)


def _ids(given: Any) -> list[int]:
    """The ids in a body, as numbers or digits."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST_IDS or not all(map(_is_id, given)):
        said = f"debe ser un arreglo de 1 a {MOST_IDS} ids"
        raise Problem("VALIDATION_ERROR", details={"validation_errors": {"ids": said}}, fields="ids")
    return [int(one) for one in given]


def _is_id(one: Any) -> bool:
    if isinstance(one, str):
        return one.isascii() and one.isdigit() and len(one) <= 18
    return type(one) is int and 0 < one <= BIGINT
