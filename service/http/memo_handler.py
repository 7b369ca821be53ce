"""What a connection says is looked up in the memo of heads, and goes on to aiohttp where that does not know it.

It is a protocol class under an ordinary aiohttp application and touches aiohttp's private parts, so it is used with the
versions it was written for only (see `is_supported`).
"""

import asyncio
import re
import time
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from service.cache.page import Page
from service.http.guarded import PRIVATE_PARTS as PARTS_GUARDED
from service.http.guarded import GuardedHandler
from service.http.lanes import Lane
from service.http.memo import END, Memo

SUPPORTED = re.compile(r"3\.14\.\d+")
PRIVATE_PARTS = (*PARTS_GUARDED, "_upgraded", "_payload_parser")
LONGEST_HEAD = 4096
# A head with one of these is for aiohttp alone: a body, another protocol, or a connection that ends.
_SPECIAL = re.compile(rb"\r\n(?:content-length|transfer-encoding|upgrade|expect|connection)[ \t]*:", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]{1,9})\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\n(?:transfer-encoding|upgrade|expect)[ \t]*:", re.IGNORECASE)
LOST = -1


def is_supported() -> bool:
    """Whether the installed aiohttp is one whose private parts are known."""
    parts = [name for kind in RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())]
    return bool(SUPPORTED.fullmatch(aiohttp.__version__)) and all(name in parts for name in PRIVATE_PARTS)


class MemoHandler(GuardedHandler):
    """aiohttp's protocol, which looks a head up in the memo first.

    `head`: the head being answered, where it may be remembered. `_owed`: bytes of a body still to come; LOST once the
    messages' boundaries are not known for sure any more, and then the memo is not asked again on this connection.
    `_answered`: of the requests that aiohttp has read, how many it has answered; `_ends`: the last answer was the last.
    `_row`: a row that a lane asks for; what comes meanwhile waits in `_held`, unread.
    """

    __slots__ = ("head", "_answered", "_ends", "_held", "_memo", "_owed", "_row")

    def __init__(self, memo: Memo, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._memo = memo
        self._owed = 0
        self._answered = 0
        self._ends = False
        self._row: asyncio.Task[Page] | None = None
        self._held = b""
        self.head: bytes | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes have come; none when aiohttp itself asks for what it has kept back to be parsed."""
        if not data:
            super().data_received(data)
            return
        if self._row is not None:
            self._hold(data)
            return
        self.head = None
        if self._owed == 0 and self._is_idle():
            answer = self._memo.find(data)
            if answer is not None and self.transport is not None:
                self.transport.write(answer)
                self._stay_open()
                return
            found = self._memo.lanes.find(data, time.time())
            if found is not None:
                self._enter(data, *found)
                return
            if _is_plain(data):
                self.head = bytes(data)
        self._pass_on(data)

    def _pass_on(self, data: bytes) -> None:
        self._account(data)
        super().data_received(data)

    def _stay_open(self) -> None:
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    async def finish_response(
        self, request: BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """aiohttp has an answer: once it is sent, the next request may be answered in its place."""
        sent = await super().finish_response(request, resp, start_time)
        self._answered += 1
        self._ends = not sent[0].keep_alive
        return sent

    # A lane: the row is asked for, and nothing else of this connection is looked at until it is answered.

    def _enter(self, data: bytes, lane: Lane, row_id: int) -> None:
        self._stay_open()
        self._row = asyncio.create_task(lane.row_of.page(row_id))
        self._row.add_done_callback(partial(self._leave, bytes(data), lane))

    def _leave(self, data: bytes, lane: Lane, row: asyncio.Task[Page]) -> None:
        self._row, held, self._held = None, self._held, b""
        failed = row.cancelled() or row.exception() is not None
        if self.transport is None or self._force_close:
            return
        answer = None if failed else self._memo.answer(data, lane, row.result())
        if answer is not None:
            self.transport.write(answer)
            self._stay_open()
        else:  # whatever it is, it is told in the ordinary way
            self._pass_on(data)
        if held:
            self.transport.resume_reading()
            self.data_received(held)

    def _hold(self, data: bytes) -> None:
        if not self._held and self.transport is not None:
            self.transport.pause_reading()
        self._held += data

    def _is_idle_between(self) -> bool:
        return self._row is None and super()._is_idle_between()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109
        """End the connection, and answer what it has asked for before."""
        if self._row is not None:
            await asyncio.wait([self._row], timeout=timeout)
        await super().shutdown(timeout)

    def _is_idle(self) -> bool:
        """Nothing is queued, being handled or waiting to be sent."""
        return (
            self._answered == self._request_count
            and not self._ends
            and not self._messages
            and not self._paused
            and not self._force_close
            and not self._close
            and not self._upgraded
            and self._payload_parser is None
        )

    def _account(self, data: bytes) -> None:
        """Keep track of where the next message begins."""
        if self._owed > 0:
            self._owed = self._owed - len(data) if len(data) <= self._owed else LOST
        elif self._owed == 0:
            self._owed = _owed_after(data)


def _is_plain(data: bytes) -> bool:
    """Whether `data` is one whole head of a GET over HTTP/1.1 and nothing else, that asks for nothing special."""
    return (
        len(data) <= LONGEST_HEAD
        and data.startswith(b"GET /")
        and data.find(END) == len(data) - 4
        and b" HTTP/1.1\r\n" in data
        and not _SPECIAL.search(data)
    )


def _owed_after(data: bytes) -> int:
    """Bytes of its body still to come after a chunk that begins with a head; LOST where that cannot be told."""
    end = data.find(END)
    if end < 0 or _CHUNKED.search(data, 0, end + 2):
        return LOST
    lengths = _LENGTH.findall(data[: end + 2])
    if len(lengths) > 1:
        return LOST
    owed = end + 4 + (int(lengths[0]) if lengths else 0) - len(data)
    return owed if owed >= 0 else LOST
