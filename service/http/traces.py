"""The trace of a request (W3C Trace Context): taken up from `traceparent`, told in answers, problems and logs."""

import re
import secrets
from dataclasses import dataclass

from aiohttp import web

HEADER = "traceparent"
# Version ff is none; a version after 00 may have further parts (section 3.2).
_PARENT = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """`trace_id` is the caller's where there was one; `span_id` is this request's own."""

    trace_id: str
    span_id: str
    flags: str
    is_callers: bool

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


TRACE = web.RequestKey("trace", Trace)


def new_trace() -> Trace:
    """A trace that begins here."""
    return Trace(secrets.token_hex(16), secrets.token_hex(8), "00", is_callers=False)


def trace_of(request: web.Request) -> Trace:
    """The trace of `request`, the same at each call."""
    found: Trace | None = request.get(TRACE)
    if found is None:
        found = request[TRACE] = _begun(request.headers.getall(HEADER, []))
    return found


def _begun(given: list[str]) -> Trace:
    parent = _PARENT.fullmatch(given[0]) if len(given) == 1 and len(given[0]) < 256 else None
    if parent is None or (parent[1] == "00" and parent[5] is not None):
        return new_trace()
    # Of the flags only "sampled" is known (section 3.2.2.5.2).
    return Trace(parent[2], secrets.token_hex(8), f"{int(parent[4], 16) & 1:02x}", is_callers=True)
