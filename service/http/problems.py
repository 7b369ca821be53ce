"""Every failure has one shape: problem+json (RFC 9457) that also carries the front end's error body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from service.http.hardening import NOSNIFF
from service.http.messages import CATALOGUE, say

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that cannot be answered as asked.

    `code` is one of service.http.messages.CATALOGUE and gives the status; `values` fill its sentence; `details` go into
    the body as they are; `headers` onto the answer; the cookies named in `forgets` are deleted.
    """

    def __init__(
        self,
        code: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        forgets: Iterable[str] = (),
        **values: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
        self.details = dict(details or {})
        self.headers = dict(headers or {})
        self.forgets = tuple(forgets)

    @property
    def status(self) -> int:
        """The HTTP status of its code."""
        return CATALOGUE[self.code].status


@dataclass(frozen=True, slots=True)
class Asked:
    """What a problem's body says of the request: its path, its language ("es" or "en") and its trace id."""

    path: str
    language: str
    trace_id: str


def language_of(accept: str) -> str:
    """ "en" where Accept-Language prefers English to Spanish, else "es" (RFC 9110 section 12.5.4)."""
    best, chosen = 0.0, "es"
    for part in accept.split(","):
        name, _, weight = part.partition(";")
        language = name.strip().lower()[:2]
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if language in ("es", "en") and quality > best:
            best, chosen = quality, language
    return chosen


def body_of(problem: Problem, asked: Asked) -> bytes:
    """The body that tells of `problem`."""
    message = say(problem.code, asked.language, problem.values)
    return orjson.dumps(
        {
            "type": f"/docs/problems#{problem.code.lower()}",
            "title": say(problem.code, asked.language, {}, title=True),
            "status": problem.status,
            "detail": message,
            "instance": asked.path,
            "success": False,
            "message": message,
            "error": {
                "code": problem.code,
                "message": message,
                "details": problem.details,
                "trace_id": asked.trace_id,
            },
        }
    )


def respond(problem: Problem, asked: Asked) -> web.Response:
    """The answer that tells of `problem`; 401 says how to prove who asks (RFC 9110 section 15.5.2)."""
    challenge = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    return web.Response(
        status=problem.status,
        body=body_of(problem, asked),
        # What is refused before it is a request of the application gets no header from there.
        headers={
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "no-store",
            **dict([NOSNIFF]),
            **challenge,
            **problem.headers,
        },
    )
