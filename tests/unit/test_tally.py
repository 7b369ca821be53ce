"""The tally of requests: every answer counted under a bounded number of names."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from service.http.durations import BOUNDS
from service.http.tally import Tally


@pytest.fixture
def app() -> web.Application:
    """An application with two routes."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/cows/{id:[0-9]+}", handler)
    app.router.add_get("/cows/{id:[0-9]+}/", handler)
    app.router.add_get("/", handler)
    return app


async def asked(app: web.Application, method: str, path: str) -> Any:
    """A request as a middleware sees it."""
    request = make_mocked_request(method, path, app=app)
    request._match_info = await app.router.resolve(request)
    return request


async def test_a_route_is_counted_by_its_template_however_it_was_spelt(app: web.Application) -> None:
    tally = Tally()
    for path in ("/cows/1", "/cows/2/", "/cows/33"):
        tally.observe(await asked(app, "GET", path), 200, 0.01)
    (series,) = tally
    assert (series.method, series.route) == ("GET", "/cows/{id}")
    assert {status: cell.count for status, cell in series.answered.items()} == {200: 3}


async def test_paths_and_methods_that_nobody_declared_make_no_series_of_their_own(app: web.Application) -> None:
    tally = Tally()
    for number in range(50):
        tally.observe(await asked(app, "GET", f"/wells/{number}"), 404, 0.01)
        tally.observe(await asked(app, f"BREW{number}", "/cows/1"), 405, 0.01)
    assert {(series.method, series.route) for series in tally} == {("GET", "none"), ("other", "none")}
    assert sum(cell.count for series in tally for cell in series.answered.values()) == 100
    assert tally._by_route == {}


@pytest.mark.parametrize(
    ("seconds", "at"),
    [(0.0, 0), (BOUNDS[0], 0), (BOUNDS[0] * 1.01, 1), (BOUNDS[-1], len(BOUNDS) - 1), (99.0, len(BOUNDS))],
)
async def test_a_duration_is_in_the_class_whose_bound_it_does_not_pass(
    app: web.Application, seconds: float, at: int
) -> None:
    tally = Tally()
    tally.observe(await asked(app, "GET", "/"), 200, seconds)
    (series,) = tally
    assert [number for number, count in enumerate(series.classes) if count] == [at]
    assert series.seconds == seconds


async def test_what_the_memo_answers_is_counted_by_itself(app: web.Application) -> None:
    tally = Tally()
    request = await asked(app, "GET", "/cows/1")
    tally.observe(request, 200, 0.01)
    cell = tally.remembered(request, 200)
    cell.count += 5
    (series,) = tally
    assert (series.answered[200].count, series.remembered[200].count, sum(series.classes)) == (1, 5, 1)
    assert tally.remembered(request, 200) is cell
