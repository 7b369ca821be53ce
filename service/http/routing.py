"""A path answers alike with and without its trailing slash, and HEAD wherever GET does."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def both(method: str, path: str, handler: Handler) -> list[web.RouteDef]:
    """The two routes of `path`, the root's one; aiohttp adds HEAD to a GET by itself."""
    return [web.RouteDef(method, where, handler, {}) for where in dict.fromkeys((path, f"{path.rstrip('/')}/"))]
