"""Looks after the connections of a worker: counts them at the door, and ends those that take too long or too much."""

import asyncio
import contextlib
import ipaddress
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from aiohttp import web

from service.http.limits import Limits
from service.http.problems import Problem

log = logging.getLogger("herdbook.http")

CROWDED = 0.75  # of all places
MOST_FAREWELLS = 100  # refused connections that are told why at the same time
LONGEST_SWEEP = 1.5  # times what it should be: past that it is we who are late
RETRY = {"Retry-After": "2"}


class Watched(Protocol):
    """A connection, as the guard sees it."""

    address: str

    def look(self, crowded: bool) -> int:
        """End it where it is past a limit; gives the bytes that its client has not taken yet."""

    def abort(self, reason: str) -> None:
        """End it at once."""


class Guard:
    """The connections of one worker. `proxies`: how many of our own stand before it (see addresses.py).

    `clock`: seconds, as far as clients can be blamed for them: it moves with each sweep, and stands still while the
    worker itself is too busy to read what they have sent.
    """

    def __init__(self, limits: Limits, proxies: int) -> None:
        self.limits = limits
        self.proxies = proxies
        self.clock = 1.0
        self.cuts: Counter[str] = Counter()
        self._inside: set[Watched] = set()
        self._leaving: set[Watched] = set()
        self._by_address: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Connections open now."""
        return len(self._inside)

    def stats(self) -> dict[str, object]:
        """Connections open now, and how many were refused or ended, by reason, since the start."""
        return {"open": self.open, "cut": dict(self.cuts)}

    def admit(self, one: Watched) -> Problem | None:
        """Count a new connection; where it may not stay, why."""
        if len(self._inside) >= self.limits.connections:
            return self._turned_away(one, "full")
        if self._is_stranger(one.address) and not self._enter(one.address):
            return self._turned_away(one, "address")
        self._inside.add(one)
        return None

    def forget(self, one: Watched) -> None:
        """It has ended."""
        self._leaving.discard(one)
        if one in self._inside:
            self._inside.discard(one)
            if self._is_stranger(one.address):
                self._leave(one.address)

    @contextlib.contextmanager
    def asking(self, address: str) -> Iterator[None]:
        """Behind proxies, whose connections carry everybody's requests, it is these that are counted."""
        if not self._enter(address):
            self.cuts["address"] += 1
            raise Problem("TOO_MANY_CONNECTIONS", headers=RETRY, most=self.limits.per_address)
        try:
            yield
        finally:
            self._leave(address)

    async def watching(self, _app: web.Application) -> AsyncIterator[None]:
        """Look at all connections every now and then, for as long as the application runs."""
        looking = asyncio.create_task(self._run())
        yield
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking

    async def _run(self) -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(self.limits.sweep)
            try:
                self.sweep(time.monotonic() - begun)
            except Exception:
                log.exception("connections could not be looked at")

    def sweep(self, seconds: float) -> None:
        """One look at every connection, so many seconds after the last."""
        self.clock += min(seconds, LONGEST_SWEEP * self.limits.sweep)
        crowded = len(self._inside) > CROWDED * self.limits.connections
        unread = []
        for one in [*self._inside, *self._leaving]:
            if size := one.look(crowded):
                unread.append((size, one))
        held = sum(size for size, _ in unread)
        for size, one in sorted(unread, key=lambda each: each[0], reverse=True):
            if held <= self.limits.unread_bytes:
                break
            one.abort("unread together")
            held -= size

    def _turned_away(self, one: Watched, reason: str) -> Problem:
        self.cuts[reason] += 1
        if len(self._leaving) < MOST_FAREWELLS:
            self._leaving.add(one)
        if reason == "full":
            return Problem("SERVICE_BUSY", headers=RETRY)
        return Problem("TOO_MANY_CONNECTIONS", headers=RETRY, most=self.limits.per_address)

    def is_leaving(self, one: Watched) -> bool:
        """Whether there is time to tell it why it must go."""
        return one in self._leaving

    def _is_stranger(self, address: str) -> bool:
        return not (self.proxies or address == "" or (self.limits.trusts_loopback and _is_loopback(address)))

    def _enter(self, address: str) -> bool:
        if self.limits.per_address and self._by_address[address] >= self.limits.per_address:
            return False
        self._by_address[address] += 1
        return True

    def _leave(self, address: str) -> None:
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
