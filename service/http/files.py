"""Files of ours for browsers: read once at the start, answered with validators, and a page may load no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import hdrs, web

from service.cache.page import Page
from service.http.answers import Policy, answer
from service.http.routing import Handler, both

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
PAGES = Policy("public, no-cache", "Accept-Encoding")
# For an address that names a version of what it leads to.
FOREVER = Policy("public, max-age=31536000, immutable", "Accept-Encoding")
# Pages show small pictures from data: addresses.
SECURITY = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
)


@dataclass(frozen=True, slots=True)
class File:
    """What one address answers: its content, what it is, and how long it may be kept."""

    content: bytes
    content_type: str
    policy: Policy = PAGES

    @classmethod
    def read(cls, path: Path, policy: Policy = PAGES) -> "File":
        """The file at `path`; what it is, is told by its name."""
        return cls(path.read_bytes(), TYPES[path.suffix], policy)


def file_routes(files: Mapping[str, File]) -> list[web.RouteDef]:
    """A route for each address and its file."""
    made = datetime.now(UTC)
    return [
        one
        for address, file in files.items()
        for one in both(hdrs.METH_GET, address, _handler(Page(file.content, made, 0.0, SECURITY), file))
    ]


def _handler(page: Page, file: File) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return answer(request, page, file.policy, file.content_type)

    return handler
