"""What is told of each request: it is counted and timed, its trace goes on, and a line of the log may say it.

What the memo of heads answers never comes here: that is counted by the memo.
"""

import logging
import time
from dataclasses import dataclass

from aiohttp import web

from service.db.spent import SPENT, Spent
from service.http.addresses import address_of
from service.http.lanes import CACHE_STATUS, SERVER_TIMING
from service.http.memo import GIVEN
from service.http.tally import Tally
from service.http.traces import HEADER, trace_of

log = logging.getLogger("herdbook.access")

BEGUN = web.RequestKey("begun", float)
LOGGED = web.RequestKey("logged", bool)
HIT, MISS, BYPASS = "hit", "fwd=miss; stored", "fwd=bypass"


@dataclass(frozen=True, slots=True)
class Observer:
    """`access`: which requests get a line, as in HERDBOOK_ACCESS_LOG; `timings`: whether answers say what they took."""

    tally: Tally
    access: str = "off"
    timings: bool = False
    proxies: int = 0

    def begin(self, request: web.Request) -> None:
        """A request has come."""
        request[BEGUN] = time.monotonic()
        if self.timings:
            SPENT.set(Spent())

    def end(self, request: web.Request, response: web.StreamResponse) -> None:
        """Its answer stands."""
        seconds = time.monotonic() - request[BEGUN]
        self.tally.observe(request, response.status, seconds if _is_timed(request, response) else None)
        if self.access != "off" and self._wants(request, response) and LOGGED not in request:
            self._log(request, response, seconds)

    async def announce(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say in the headers what is to be said there (a signal of aiohttp: on_response_prepare)."""
        if HEADER in request.headers and (trace := trace_of(request)).is_callers:
            response.headers[HEADER] = str(trace)
        if self.timings and BEGUN in request:
            response.headers[SERVER_TIMING] = _timing(time.monotonic() - request[BEGUN])
            if (status := cache_status(request)) is not None:
                response.headers[CACHE_STATUS] = f"herdbook; {status}"

    def _wants(self, request: web.Request, response: web.StreamResponse) -> bool:
        if self.access == "errors":
            return response.status >= 400
        return self.access == "all" or response.status >= 400 or cache_status(request) != HIT

    def _log(self, request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        # Without the query: what is searched for is the farm's business.
        fields = {
            "method": request.method,
            "path": request.path,
            "status": response.status,
            "ms": round(seconds * 1000, 3),
            "bytes": response.body_length,
            "cache": cache_status(request) or "none",
            "client": address_of(request, self.proxies),
            "trace_id": trace_of(request).trace_id,
        }
        log.info("%s", " ".join(map(str, fields.values())), extra={"fields": fields})


def cache_status(request: web.Request) -> str | None:
    """How the cache served `request`, in the words of RFC 9211; None for what is not cached at all."""
    given = request.get(GIVEN)
    if given is None:
        return None
    was_there = given.page.made < request[BEGUN]
    if given.page.basis is None:
        return None if was_there else BYPASS
    return HIT if was_there else MISS


def _is_timed(request: web.Request, response: web.StreamResponse) -> bool:
    """Not what lasts as long as its reader wants: streams, and deltas that wait."""
    return isinstance(response, web.Response) and "wait=" not in request.raw_path


def _timing(seconds: float) -> str:
    spent = SPENT.get() or Spent()
    parts = {"total": seconds, "pool": spent.waited, "db": spent.used}
    return ", ".join(f"{name};dur={value * 1000:.3f}" for name, value in parts.items())
