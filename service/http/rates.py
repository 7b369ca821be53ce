"""Requests are counted by address and by user where all workers see it, and refused past a limit. Off by default."""

import time
from dataclasses import dataclass

from aiohttp import web

from service.auth.attempts import Limit, TooManyAttempts
from service.host.counts import SharedCounts
from service.http.addresses import address_of

WINDOW = 60  # seconds
LIMITED = "/api/"
POLICY, LEFT = "RateLimit-Policy", "RateLimit"


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a request stands with one limit: how many more there may be, and for how many seconds."""

    limit: Limit
    left: int
    seconds: int


_STANDINGS = web.RequestKey("standings", list[_Standing])


class Rates:
    """At most `by_user` requests of a user and `by_address` from an address in WINDOW seconds; 0: any number.

    `column` is this process's in `counts`. What the service says of itself, outside of /api/, is not counted.
    """

    def __init__(self, counts: SharedCounts, column: int, by_user: int, by_address: int, proxies: int) -> None:
        self._counts = counts
        self._column = column
        self._by_user = Limit("user", by_user, WINDOW)
        self._by_address = Limit("address", by_address, WINDOW)
        self._proxies = proxies

    def of_address(self, request: web.Request) -> None:
        """Count a request that has come; TooManyAttempts past the limit of its address."""
        if self._by_address.attempts and request.path.startswith(LIMITED):
            self._count(request, self._by_address, address_of(request, self._proxies))

    def of_user(self, request: web.Request, user_id: int) -> None:
        """Count one whose user is known; TooManyAttempts past the user's limit."""
        if self._by_user.attempts and request.path.startswith(LIMITED):
            self._count(request, self._by_user, str(user_id))

    async def announce(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say on each answer that was counted what is left (a signal of aiohttp: on_response_prepare).

        The fields are those of draft-ietf-httpapi-ratelimit-headers; a refusal brings its own.
        """
        standings = request.get(_STANDINGS, ())
        if standings and LEFT not in response.headers:
            response.headers[POLICY] = ", ".join(policy_of(one.limit) for one in standings)
            response.headers[LEFT] = ", ".join(left_of(one.limit, one.left, one.seconds) for one in standings)

    def _count(self, request: web.Request, limit: Limit, subject: str) -> None:
        now = time.time()
        window, seconds = int(now // WINDOW), WINDOW - int(now % WINDOW)
        counted = self._counts.add(f"{limit.name} {subject}", window, self._column)
        if counted > limit.attempts:
            raise TooManyAttempts(seconds, limit)
        request.setdefault(_STANDINGS, []).append(_Standing(limit, limit.attempts - counted, seconds))


def policy_of(limit: Limit) -> str:
    """A limit as RateLimit-Policy tells of it."""
    return f'"{limit.name}";q={limit.attempts};w={limit.seconds}'


def left_of(limit: Limit, left: int, seconds: int) -> str:
    """How many more there may be of a limit and for how many seconds, as RateLimit tells of it."""
    return f'"{limit.name}";r={left};t={seconds}'
