"""Long polling: a delta in which nothing is new is answered when something is, or after the time that was given."""

import asyncio
from collections.abc import Awaitable, Callable

from service.cache.page import Page
from service.feed.listeners import TooManyListeners
from service.feed.pulse import Pulse
from service.records.envelope import envelope

# How the body of a delta begins in which nothing is new.
NOTHING = envelope(b"[]", {"deleted": []})[:-2]


class Waits:
    """Requests that wait, at most `most` of them at once."""

    def __init__(self, pulse: Pulse, most: int) -> None:
        self._pulse = pulse
        self._most = most
        self.waiting = 0

    async def until_new(self, table: str, ask: Callable[[], Awaitable[Page]], seconds: float) -> Page:
        """What `ask` gives once there is something new in it, or what it gives after `seconds`.

        TooManyListeners where it would have to wait and may not.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while True:
            # Known before the question: a change that it misses is later, and ends the wait at once.
            known = {table: self._pulse.known()[table]}
            page = await ask()
            left = ends - loop.time()
            if not page.body.startswith(NOTHING) or left <= 0 or self._pulse.is_closed:
                return page
            await self._wait(known, left)

    async def _wait(self, known: dict[str, int], seconds: float) -> None:
        if self.waiting >= self._most:
            raise TooManyListeners
        self.waiting += 1
        try:
            await self._pulse.beyond(known, seconds)
        finally:
            self.waiting -= 1
