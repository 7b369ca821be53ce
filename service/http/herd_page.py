"""The herd page at /, and the client that it is built on: files of clients/, below the same names as in the project."""

from pathlib import Path

from aiohttp import web

from service.http.files import File, file_routes

CLIENTS = Path(__file__).resolve().parents[2] / "clients"
FOLDERS = ("js", "page")
INDEX = CLIENTS / "page" / "index.html"
# A worker may serve the addresses below its own only.
WORKER = CLIENTS / "page" / "worker.js"


def herd_page_routes() -> list[web.RouteDef]:
    """Routes of the page and of each file that it may load."""
    files = {
        f"/clients/{folder}/{path.name}": File.read(path)
        for folder in FOLDERS
        for path in sorted((CLIENTS / folder).iterdir())
        if path not in (INDEX, WORKER)
    }
    return file_routes({"/": File.read(INDEX), "/worker.js": File.read(WORKER), **files})
