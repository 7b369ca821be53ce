"""Every answer tells browsers to take it for what it says it is, and for nothing else."""

from aiohttp import web

# What a body is guessed to be may be a script (Fetch, section 3.6).
NOSNIFF = ("X-Content-Type-Options", "nosniff")


async def harden(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the header to an answer that goes out (a signal of aiohttp: on_response_prepare)."""
    response.headers.setdefault(*NOSNIFF)
