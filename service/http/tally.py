"""Counts a worker's requests by method, route and status, and how long those took that reached the application.

A route is the template it was declared with, so the number of series has a bound that no client can move.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import hdrs, web
from aiohttp.web_urldispatcher import AbstractRoute, ResourceRoute

from service.http.durations import BOUNDS

UNKNOWN_ROUTE = "none"
UNKNOWN_METHOD = "other"


@dataclass(slots=True, eq=False)
class Cell:
    """One count."""

    count: int = 0


@dataclass(slots=True, eq=False)
class Series:
    """The requests of one method and route: answered by the application and by the memo, by status."""

    method: str
    route: str
    answered: dict[int, Cell] = field(default_factory=dict)
    remembered: dict[int, Cell] = field(default_factory=dict)
    classes: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class Tally:
    """The series of one worker."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], Series] = {}
        self._by_route: dict[tuple[AbstractRoute, str], Series] = {}

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series.values())

    def observe(self, request: web.Request, status: int, seconds: float | None) -> None:
        """Count a request that the application answered; None: how long it took says nothing."""
        series = self._of(request)
        cell = series.answered.get(status)
        if cell is None:
            cell = series.answered[status] = Cell()
        cell.count += 1
        if seconds is not None:
            series.classes[bisect_left(BOUNDS, seconds)] += 1
            series.seconds += seconds

    def remembered(self, request: web.Request, status: int) -> Cell:
        """Where the memo counts the requests that it answers as `request` was answered."""
        return self._of(request).remembered.setdefault(status, Cell())

    def _of(self, request: web.Request) -> Series:
        route = request.match_info.route
        found = self._by_route.get((route, request.method))
        return found if found is not None else self._first_of(route, request.method)

    def _first_of(self, route: AbstractRoute, method: str) -> Series:
        # A path that is not routed has a new route object each time, which must not be kept.
        is_known = isinstance(route, ResourceRoute) and route.resource is not None
        resource = route.resource if is_known else None
        path = UNKNOWN_ROUTE if resource is None else resource.canonical.rstrip("/") or "/"
        named = method if method in hdrs.METH_ALL else UNKNOWN_METHOD
        series = self._series.setdefault((named, path), Series(named, path))
        if is_known and named == method:
            self._by_route[route, method] = series
        return series
