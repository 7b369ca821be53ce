"""Tells within milliseconds that a table has changed, whichever worker wrote it, without asking the database.

A COMMIT that has returned leaves its time in the shared memory, and so does the poller for a change made by hand. One
timer looks there for all who wait, and only while somebody does.
"""

import asyncio
from collections.abc import Mapping

from service.cache.generations import Scope

STEP = 0.005  # seconds

Positions = Mapping[str, int]  # table → microseconds since the epoch


class Pulse:
    """The times of the latest known changes; `scopes` by table."""

    def __init__(self, scopes: Mapping[str, Scope]) -> None:
        self._scopes = dict(scopes)
        self._waiting: dict[asyncio.Future[bool], Positions] = {}
        self._last: Positions = {}
        self._ticking = False
        self.is_closed = False

    def known(self) -> Positions:
        """For each table the time up to which every change is committed and can be read."""
        return {table: scope.known() for table, scope in self._scopes.items()}

    async def beyond(self, positions: Positions, seconds: float) -> bool:
        """Wait until a table has changed after its place in `positions`; False when none did within `seconds`."""
        if self.is_closed or _is_beyond(self.known(), positions):
            return not self.is_closed
        moved: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[moved] = positions
        self._tick_soon()
        try:
            async with asyncio.timeout(seconds):
                return await moved
        except TimeoutError:
            return False
        finally:
            del self._waiting[moved]

    def close(self) -> None:
        """Nobody waits any more."""
        self.is_closed = True
        for future in self._waiting:
            if not future.done():
                future.set_result(False)

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(STEP, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        if self.is_closed:  # and so, soon, is the shared memory
            return
        known = self.known()
        if known != self._last:
            self._last = known
            for future, positions in self._waiting.items():
                if not future.done() and _is_beyond(known, positions):
                    future.set_result(True)
        if self._waiting:
            self._tick_soon()


def _is_beyond(known: Positions, positions: Positions) -> bool:
    return any(known[table] > place for table, place in positions.items())
