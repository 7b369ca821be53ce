"""The client for browsers, as files below /clients/: the same names as in the project."""

from pathlib import Path

from aiohttp import web

from service.http.files import File, file_routes

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
FOLDERS = ("js",)


def herd_page_routes() -> list[web.RouteDef]:
    """A route for each file that a page may load."""
    return file_routes(
        {
            f"/clients/{folder}/{path.name}": File.read(path)
            for folder in FOLDERS
            for path in sorted((CLIENTS / folder).iterdir())
        }
    )
