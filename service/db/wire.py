"""How a session's answers are read: by a protocol of our own where it knows aiomysql's version, else by aiomysql.

aiomysql opens the connection and logs in. After that its stream of single packets costs more than all else in a
statement, so its transport is given a protocol that takes an answer whole.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import aiomysql

from service.db.packets import IN_TRANSACTION, NO_BACKSLASH_ESCAPES, Answer, AnswerReader, Disorder, Result, command

log = logging.getLogger("herdbook.db")

SUPPORTED = re.compile(r"0\.3\.\d+")


class Wire(Protocol):
    """A session as what is asked and answered."""

    @property
    def is_clean(self) -> bool:
        """Open, nothing unread, no transaction."""

    @property
    def in_transaction(self) -> bool:
        """What the server said of that last."""

    @property
    def takes_backslashes(self) -> bool:
        """Whether the server reads a backslash in a text as the mark of an escape."""

    async def ask(self, *texts: str) -> Sequence[Result | Exception]:
        """What each gave, or the server's error in its place; all are sent, whatever becomes of those before.

        Raises what broke the connection, TimeoutError where an answer did not come in time. Who stops waiting must
        close the connection.
        """


def is_supported() -> bool:
    """Whether the installed aiomysql is one whose private parts are known."""
    return bool(SUPPORTED.fullmatch(aiomysql.__version__))


def warn_if_slow() -> None:
    """Say so where answers are read by aiomysql."""
    if not is_supported():
        log.warning("aiomysql %s is not known: its own reading is used, which is slower", aiomysql.__version__)


def wire_of(raw: aiomysql.Connection, seconds: float) -> Wire:
    """The wire of a connection that has just been opened, on which an answer may take `seconds`."""
    if not is_supported() or raw._reader is None or raw._reader._buffer or raw._reader.at_eof():
        return DriverWire(raw, seconds)
    wire = OwnWire(raw, seconds)
    raw._writer.transport.set_protocol(wire)
    return wire


class OwnWire(asyncio.Protocol):
    """Reads answers itself, from the transport that aiomysql opened."""

    def __init__(self, raw: aiomysql.Connection, seconds: float) -> None:
        self._raw = raw
        self._transport: asyncio.Transport = raw._writer.transport
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._reader = AnswerReader()
        self._due: deque[tuple[asyncio.Future[Answer], int]] = deque()
        self._broken: Exception | None = None
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._status = int(raw.server_status)

    @property
    def is_clean(self) -> bool:
        open_ = self._broken is None and not self._raw.closed and not self._transport.is_closing()
        return open_ and not self._due and self._reader.is_empty and not self.in_transaction

    @property
    def in_transaction(self) -> bool:
        return bool(self._status & IN_TRANSACTION)

    @property
    def takes_backslashes(self) -> bool:
        return not self._status & NO_BACKSLASH_ESCAPES

    async def ask(self, *texts: str) -> Sequence[Result | Exception]:
        if self._broken is not None or self._raw.closed:
            raise self._broken or ConnectionResetError("the connection is closed")
        asked = [self._send(text) for text in texts]
        self._watch_over()
        return [(await one).outcome for one in asked]

    def _send(self, text: str) -> asyncio.Future[Answer]:
        packets, number = command(text.encode("utf-8", "surrogateescape"))
        future: asyncio.Future[Answer] = self._loop.create_future()
        if not self._due:
            self._reader.begin(number)
        self._due.append((future, number))
        self._transport.write(packets)
        return future

    # One timer a connection, which is set anew only when it goes off: nearly every answer comes long before.

    def _watch_over(self) -> None:
        self._deadline = self._loop.time() + self._seconds
        if self._watch is None:
            self._watch = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        self._watch = None
        if not self._due:
            return
        if self._loop.time() < self._deadline:
            self._watch = self._loop.call_at(self._deadline, self._look)
        else:
            self._break(TimeoutError("no answer in time"))

    # What the transport says.

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._broken is not None:
            return
        try:
            while self._due:
                answer = self._reader.feed(data)
                if answer is None:
                    return
                data = b""
                if answer.status is not None:
                    self._status = self._raw.server_status = answer.status
                future, _ = self._due.popleft()
                if self._due:
                    self._reader.begin(self._due[0][1])
                if not future.done():
                    future.set_result(answer)
            if data or not self._reader.is_empty:
                raise Disorder("something came that nobody had asked for")
        except Disorder as error:
            self._break(error)

    def eof_received(self) -> None:
        """The server says nothing more."""
        self._break(ConnectionResetError("the server closed the connection"))

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is over, whoever ended it."""
        self._break(error or ConnectionResetError("the connection was closed"))

    def _break(self, error: Exception) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._broken is None:
            self._broken = error
        due, self._due = self._due, deque()
        for future, _ in due:
            if not future.done():
                future.set_exception(error)
                future.exception()  # who asked for several hears of the first
        self._raw.close()


class DriverWire:
    """aiomysql's own reading."""

    def __init__(self, raw: aiomysql.Connection, seconds: float) -> None:
        self._raw = raw
        self._seconds = seconds

    @property
    def is_clean(self) -> bool:
        reader = self._raw._reader
        is_open = not self._raw.closed and reader is not None and not reader.at_eof() and reader.exception() is None
        return is_open and not self.in_transaction

    @property
    def in_transaction(self) -> bool:
        return bool(self._raw.get_transaction_status())

    @property
    def takes_backslashes(self) -> bool:
        return not self._raw.server_status & NO_BACKSLASH_ESCAPES

    async def ask(self, *texts: str) -> Sequence[Result | Exception]:
        outcomes: list[Result | Exception] = []
        for text in texts:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._raw.query(text)
                found = self._raw._result
                outcomes.append(Result(found.rows or (), found.affected_rows, found.warning_count))
            except aiomysql.MySQLError as error:
                if self._raw.closed:
                    raise
                outcomes.append(error)
        return outcomes
