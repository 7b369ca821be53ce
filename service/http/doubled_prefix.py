"""A path whose prefix stands twice, as the front end writes some, leads to the one with a single prefix."""

import re

from aiohttp import hdrs, web


def doubled_prefix_routes(base: str) -> list[web.RouteDef]:
    """Routes for `base` twice and whatever follows: 308, so that method and body are kept (RFC 9110 section 15.4.9)."""
    doubled = re.compile(f"(?:{re.escape(base)})+(?={re.escape(base)}(?:/|$))")

    async def redirect(request: web.Request) -> web.Response:
        path = doubled.sub("", request.rel_url.raw_path, count=1)
        query = request.rel_url.raw_query_string
        location = f"{path}?{query}" if query else path
        return web.Response(status=308, headers={hdrs.LOCATION: location, hdrs.CACHE_CONTROL: "no-store"})

    return [
        web.RouteDef(hdrs.METH_ANY, base + base, redirect, {}),
        web.RouteDef(hdrs.METH_ANY, f"{base}{base}/{{rest:(?s:.*)}}", redirect, {}),
    ]
