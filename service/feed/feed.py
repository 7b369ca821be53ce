"""The one reader of a worker: what has been committed is read once and told to all who listen (docs/exactness.md).

It never tells of a change before it can be read, on any worker: only up to the times that COMMITs which have returned,
or the poller, left in the shared memory. It forgets none: up to such a time no change is missing from the database.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from service.auth.sessions import Sessions
from service.db.errors import DatabaseError
from service.feed.changes import Change, Changes
from service.feed.event_texts import messages, opening, positions_of
from service.feed.listeners import Listener, Listeners
from service.feed.pulse import STEP, Positions, Pulse
from service.resources.resource import Resource

log = logging.getLogger("herdbook.feed")

PAUSE = 0.5  # seconds before the database is asked again after a failure
PATIENCE = 200  # steps that a reader who knows more than this worker waits for it


class Feed:
    """What `listeners` are told; `sessions` says whose may still be told of private resources."""

    def __init__(
        self, resources: Sequence[Resource], pulse: Pulse, changes: Changes, listeners: Listeners, sessions: Sessions
    ) -> None:
        self.routes: Mapping[str, str] = {one.table: one.route for one in resources}
        self.listeners = listeners
        self._pulse = pulse
        self._changes = changes
        self._sessions = sessions
        self._positions: Positions = {}
        self._someone = asyncio.Event()
        self._judged: bytes | None = None  # the sessions' token under which every listener was found good

    async def run(self) -> None:
        """Until cancelled, or the pulse is closed: tell of what has been committed."""
        pinging = asyncio.create_task(self.listeners.ping())
        try:
            while not self._pulse.is_closed:
                await self._someone.wait()
                await self._turn()
        finally:
            pinging.cancel()

    async def _turn(self) -> None:
        try:
            # The second bound is for sessions, whose end is no change of a resource.
            if await self._pulse.beyond(self._positions, seconds=1.0):
                await self._look()
            else:
                await self._judge()
        except Exception as error:  # whatever it is: a feed that ends would leave all without a word
            is_known = isinstance(error, DatabaseError)
            log.warning("changes cannot be read: %s", error, exc_info=None if is_known else error)
            await asyncio.sleep(PAUSE)

    async def _look(self) -> None:
        start, until = self._positions, self._pulse.known()
        changes = await self._changes.between(start, until)
        await self._judge()
        if self._positions is not start:
            return  # all had gone, and who came since begins later

        def text_for(tables: Sequence[str]) -> bytes:
            return messages(changes, {table: start[table] for table in tables}, self.routes)

        self._positions = until
        self.listeners.tell(text_for)

    async def _judge(self) -> None:
        """End every stream whose session is not good any more, as exactly as a request of it would be refused."""
        scope = self._sessions.scope
        while (token := scope.token() or await scope.settle()) is None or token != self._judged:
            signed = [(one, one.session) for one in self.listeners if one.session is not None]
            good = await self._sessions.still_good([session for _, session in signed])
            for (one, _), is_good in zip(signed, good, strict=True):
                if not is_good:
                    one.end()
            self._judged = token
            if token is None:
                return

    # For who listens.

    def join(self, listener: Listener) -> Positions:
        """Let `listener` hear everything from now on; gives how far its tables have been told of until now."""
        if len(self.listeners) == 0:
            self._positions = self._pulse.known()
        self.listeners.add(listener)
        if listener.session is not None and listener.session.token != self._judged:
            self._judged = None
        self._someone.set()
        return {table: self._positions[table] for table in listener.interest.tables}

    def leave(self, listener: Listener) -> None:
        """`listener` has ended."""
        self.listeners.remove(listener)
        if len(self.listeners) == 0:
            self._someone.clear()

    async def reach(self, event_id: str | None) -> None:
        """Wait, a little, until this worker has told of what the reader with `event_id` has heard from another.

        For a new reader: of all that had been committed when they came, so that they hear of what comes after it.
        """
        wanted = self._pulse.known() if event_id is None else positions_of(event_id) or {}
        for _ in range(PATIENCE):
            if not len(self.listeners):
                return
            known = self._pulse.known()
            if not any(self._positions.get(one, 0) < place <= known.get(one, 0) for one, place in wanted.items()):
                return
            await asyncio.sleep(STEP)

    async def missed(self, event_id: str | None, start: Positions) -> bytes:
        """What a stream begins with: for who comes back with `event_id`, all that they missed up to `start`."""
        if event_id is None:
            return opening(start)
        heard = positions_of(event_id)
        after = {table: 0 if heard is None else heard.get(table, place) for table, place in start.items()}
        # An id that is none of ours, or from a database that is no more.
        lost = {table for table, place in after.items() if heard is None or place > start[table]}
        behind = {table: place for table, place in after.items() if place < start[table] and table not in lost}
        changes = await self._changes.between(behind, start)
        if behind:  # asked after the changes were read: a purge says what it will forget before it does
            horizons = await self._changes.horizons()
            lost |= {table for table, place in behind.items() if place < horizons.get(table, 0) - 1}
        told = [Change(one, kind, None, start[one]) for one in sorted(lost) for kind in ("resync", "bulk")]
        told += [one for one in changes if one.table not in lost]
        return opening(after) + messages(told, after, self.routes)
