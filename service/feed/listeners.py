"""Who listens: each a connection that is written the bytes it shares with all who listen to the same tables.

A reader who does not keep up has a bounded buffer; past it the connection is broken off, and the reader comes back with
the id of the last message that it got.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.auth.sessions import Session
from service.feed.event_texts import PING, framed

MOST_BUFFERED = 256 * 1024  # bytes that wait for one reader
SPREAD = 1.0  # seconds between two rounds of pings


class TooManyListeners(Exception):
    """This worker holds as many streams, or waiting requests, as it may."""


@dataclass(frozen=True, slots=True)
class Interest:
    """What is written alike to all who share it: the tables, and whether the body is chunked."""

    tables: tuple[str, ...]
    chunked: bool


class Listener:
    """One stream. `over` is done when it has ended; until `begin` what it is told waits in `_held`."""

    __slots__ = ("interest", "session", "over", "_transport", "_held")

    def __init__(self, interest: Interest, session: Session | None, transport: asyncio.WriteTransport) -> None:
        self.interest = interest
        self.session = session
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport = transport
        self._held: list[bytes] | None = []

    def begin(self, text: bytes) -> None:
        """Write `text` first, then what has come meanwhile."""
        held, self._held = self._held or [], None
        self.tell(framed(text) if self.interest.chunked else text)
        for one in held:
            self.tell(one)

    def tell(self, data: bytes) -> None:
        """Write `data`, or end with a reader who has gone or does not keep up."""
        if self.over.done():
            return
        if self._held is not None:
            self._held.append(data)
            if sum(map(len, self._held)) > MOST_BUFFERED:
                self.abort()
        elif self._transport.is_closing():
            self.end()
        elif self._transport.get_write_buffer_size() > MOST_BUFFERED:
            self.abort()
        else:
            self._transport.write(data)

    def end(self) -> None:
        """End in order: what was written is still sent."""
        if not self.over.done():
            self.over.set_result(None)

    def abort(self) -> None:
        """Break off: what waits for the reader is dropped."""
        self._transport.abort()
        self.end()

    def close(self) -> None:
        """End at once: in order where the reader has kept up."""
        if self._transport.get_write_buffer_size() > 0:
            self.abort()
        self.end()


class Listeners:
    """All listeners of a worker, at most `most`; of one session at most `most_of_session`, the newest."""

    def __init__(self, most: int, most_of_session: int, ping: float) -> None:
        self._most = most
        self._most_of_session = most_of_session
        self._ping = ping
        self._groups: dict[Interest, set[Listener]] = {}
        self._due: OrderedDict[Listener, float] = OrderedDict()  # when each is to be pinged, the soonest first
        self._of_session: dict[str, list[Listener]] = {}
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[Listener]:
        return iter(list(self._due))

    def add(self, listener: Listener) -> None:
        """Let `listener` listen; the oldest of its session ends where there are too many. Or TooManyListeners."""
        if self._is_closed or len(self._due) >= self._most:
            raise TooManyListeners
        self._groups.setdefault(listener.interest, set()).add(listener)
        self._due[listener] = asyncio.get_running_loop().time() + self._ping
        if listener.session is not None:
            same = self._of_session.setdefault(listener.session.claims.session_id, [])
            same.append(listener)
            for one in same[: -self._most_of_session]:
                one.close()

    def remove(self, listener: Listener) -> None:
        """`listener` has ended."""
        group = self._groups[listener.interest]
        group.discard(listener)
        if not group:
            del self._groups[listener.interest]
        del self._due[listener]
        if listener.session is not None:
            same = self._of_session[listener.session.claims.session_id]
            same.remove(listener)
            if not same:
                del self._of_session[listener.session.claims.session_id]

    def tell(self, text_for: Callable[[Sequence[str]], bytes]) -> None:
        """Write to each what `text_for` gives for its tables, made once for all who share them."""
        for interest, group in list(self._groups.items()):
            text = text_for(interest.tables)
            if text:
                data = framed(text) if interest.chunked else text
                for listener in list(group):
                    listener.tell(data)

    def close(self) -> None:
        """End all at once, and let nobody in again."""
        self._is_closed = True
        for listener in self:
            listener.close()

    async def ping(self) -> None:
        """Until cancelled: write to each now and then, so that it and what is between know that the stream lives."""
        chunk, loop = framed(PING), asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(SPREAD, self._ping))
            now = loop.time()
            while self._due and (soonest := next(iter(self._due.items())))[1] <= now:
                listener = soonest[0]
                listener.tell(chunk if listener.interest.chunked else PING)
                self._due[listener] = now + self._ping
                self._due.move_to_end(listener)
