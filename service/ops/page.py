"""The operator's page: /ops, its files, and /ops/data, what it shows, for an Administrador only."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import orjson
from aiohttp import hdrs, web

from service.http.asker import Asker
from service.http.files import FOREVER, TYPES, File, file_routes
from service.http.routing import both
from service.ops.figures import Figures
from service.ops.summary import summary

STATIC = Path(__file__).resolve().parents[2] / "static" / "ops"
FILES = "/ops/files"
PLOTTER = "uplot-python"  # uPlot's files; its Python is never imported
PLOTTER_FILES = ("uPlot.iife.js", "uPlot.min.css")
PLACE = "<!-- plots -->"


class OpsPage:
    """Answers everything below /ops. Without the plotter's files there are the numbers, and no plots."""

    def __init__(self, figures: Figures, asker: Asker) -> None:
        self._figures = figures
        self._asker = asker

    def routes(self) -> list[web.RouteDef]:
        """One for the page, one for each of its files, one for the data."""
        plotter = _plotter()
        shell = (STATIC / "index.html").read_text("utf-8").replace(PLACE, _tags(plotter))
        files = {f"{FILES}/{path.name}": File.read(path) for path in sorted(STATIC.glob("*.*s"))}
        files |= {address: File.read(path, FOREVER) for address, path in plotter.items()}
        files["/ops"] = File(shell.encode(), TYPES[".html"])
        return [*file_routes(files), *both(hdrs.METH_GET, "/ops/data", self.data)]

    async def data(self, request: web.Request) -> web.Response:
        """The figures of this moment."""
        await self._asker.admin(request)
        return web.Response(
            body=orjson.dumps(summary(await self._figures.read())),
            headers={hdrs.CONTENT_TYPE: "application/json", hdrs.CACHE_CONTROL: "no-store"},
        )


def _plotter() -> Mapping[str, Path]:
    """Address and file of each of the plotter's files; none where the package is not there."""
    try:
        package = distribution(PLOTTER)
    except PackageNotFoundError:
        return {}
    folder = Path(str(package.locate_file("uplot/static")))
    return {f"{FILES}/plotter-{package.version}/{name}": folder / name for name in PLOTTER_FILES}


def _tags(plotter: Mapping[str, Path]) -> str:
    return "\n".join(
        f'<script src="{address}"></script>' if path.suffix == ".js" else f'<link rel="stylesheet" href="{address}">'
        for address, path in plotter.items()
    )
