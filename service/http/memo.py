"""The memo of heads: a GET whose head comes again byte for byte is answered from one look-up, before it is parsed.

It is a protocol class under an ordinary aiohttp application and touches aiohttp's private parts, so it is used with the
versions it was written for only (see `is_supported`); everything it does not know goes on to aiohttp. An entry is used
while its page's token is the current one, the cache keeps the page, and the asker's token and user are as they were.
"""

import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from functools import partial
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from service.cache.generations import Scope
from service.cache.page import Basis, Page
from service.http.guarded import PRIVATE_PARTS as PARTS_GUARDED
from service.http.guarded import GuardedHandler
from service.http.tally import Cell, Tally
from service.http.traces import HEADER

SUPPORTED = re.compile(r"3\.14\.\d+")
PRIVATE_PARTS = (*PARTS_GUARDED, "_upgraded", "_payload_parser")
MOST_HEADS = 4096
MOST_BYTES = 4 * 1024 * 1024
LONGEST_HEAD = 4096
ENTRY_OVERHEAD = 300  # the entry itself, its credit and its slot in the dictionary
END = b"\r\n\r\n"
# A head with one of these is for aiohttp alone: a body, another protocol, or a connection that ends.
_SPECIAL = re.compile(rb"\r\n(?:content-length|transfer-encoding|upgrade|expect|connection)[ \t]*:", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: ?([0-9]{1,9})\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\n(?:transfer-encoding|upgrade|expect)[ \t]*:", re.IGNORECASE)
LOST = -1
CACHE_STATUS, SERVER_TIMING = "Cache-Status", "Server-Timing"
FROM_MEMO = "herdbook; hit; detail=memo"
OF_ONE_ANSWER = (hdrs.DATE, SERVER_TIMING)


def is_supported() -> bool:
    """Whether the installed aiohttp is one whose private parts are known."""
    parts = [name for kind in RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())]
    return bool(SUPPORTED.fullmatch(aiohttp.__version__)) and all(name in parts for name in PRIVATE_PARTS)


@dataclass(frozen=True, slots=True)
class Credit:
    """Why the asker was let in: true until `expires` (epoch seconds) while `scope` gives `token`."""

    expires: float
    scope: Scope
    token: bytes


@dataclass(frozen=True, slots=True)
class Given:
    """What a request was answered with: the page, and its body in the encoding sent (empty for 304)."""

    page: Page
    body: bytes


GIVEN = web.RequestKey("given", Given)
CREDIT = web.RequestKey("credit", Credit)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    basis: Basis
    credit: Credit | None
    head: bytes
    body: bytes
    uses: Cell = field(default_factory=Cell)

    def is_true(self, now: float) -> bool:
        basis, credit = self.basis, self.credit
        return (
            basis.scope.token() == basis.token
            and basis.kept()
            and (basis.day is None or basis.day == datetime.fromtimestamp(now, UTC).toordinal())
            and (credit is None or (now < credit.expires and credit.scope.token() == credit.token))
        )


class Memo:
    """Heads that were answered, with their answers: at most MOST_HEADS in MOST_BYTES.

    Bodies are the cache's own bytes; what the heads cost beside them is told to `charge`, in bytes. Each answer is
    counted in `tally`, in the cell that was found when its head was learnt.
    """

    def __init__(self, charge: Callable[[int], None], tally: Tally) -> None:
        self._charge = charge
        self._tally = tally
        self.weight = 0
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._date = b""
        self._date_at = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def hits(self) -> int:
        """How many answers it gave."""
        return sum(cell.count for series in self._tally for cell in series.remembered.values())

    def find(self, head: bytes) -> bytes | None:
        """The whole answer to `head`, if it is still true."""
        entry = self._entries.get(head)
        if entry is None:
            return None
        now = time.time()
        if not entry.is_true(now):
            self._forget(head)
            return None
        entry.basis.hit()
        entry.uses.count += 1
        return b"".join((entry.head, self._date_line(now), entry.body))

    def _date_line(self, now: float) -> bytes:
        if int(now) != self._date_at:
            self._date_at = int(now)
            self._date = b"Date: " + formatdate(self._date_at, usegmt=True).encode() + END
        return self._date

    async def learn(self, request: web.Request, response: web.StreamResponse) -> None:
        """Remember the answer to a request as it goes out (a signal of aiohttp: on_response_prepare)."""
        head = getattr(request.protocol, "head", None)
        given: Given | None = request.get(GIVEN)
        if head is None or given is None or given.page.basis is None or HEADER in response.headers:
            return  # an answer that names a trace is that request's alone
        private = "private" in response.headers.get(hdrs.CACHE_CONTROL, "")
        credit: Credit | None = request.get(CREDIT)
        if response.status not in (200, 304) or (private and credit is None):
            return
        lines = [f"HTTP/1.1 {response.status} {response.reason}"]
        kept = {**response.headers, **({CACHE_STATUS: FROM_MEMO} if CACHE_STATUS in response.headers else {})}
        lines += [f"{name}: {value}" for name, value in kept.items() if name not in OF_ONE_ANSWER]
        text = ("\r\n".join(lines) + "\r\n").encode()
        uses = self._tally.remembered(request, response.status)
        self._keep(head, _Entry(given.page.basis, credit if private else None, text, given.body, uses))

    def _keep(self, head: bytes, entry: _Entry) -> None:
        if head in self._entries:
            self._forget(head)
        self._entries[head] = entry
        # Else the bytes of a page that the cache has dropped would live on here, counted by nobody.
        entry.basis.dependants[head] = partial(self._forget, head)
        self._add(_weight(head, entry))
        while len(self._entries) > MOST_HEADS or self.weight > MOST_BYTES:
            self._forget(next(iter(self._entries)))

    def _forget(self, head: bytes) -> None:
        entry = self._entries.pop(head)
        entry.basis.dependants.pop(head, None)
        self._add(-_weight(head, entry))

    def _add(self, weight: int) -> None:
        self.weight += weight
        self._charge(weight)


def _weight(head: bytes, entry: _Entry) -> int:
    return sys.getsizeof(head) + sys.getsizeof(entry.head) + ENTRY_OVERHEAD


class MemoHandler(GuardedHandler):
    """aiohttp's protocol, which looks a head up in the memo first.

    `head`: the head being answered, where it may be remembered. `_owed`: bytes of a body still to come; LOST once the
    messages' boundaries are not known for sure any more, and then the memo is not asked again on this connection.
    """

    __slots__ = ("head", "_memo", "_owed")

    def __init__(self, memo: Memo, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._memo = memo
        self._owed = 0
        self.head: bytes | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes have come; none when aiohttp itself asks for what it has kept back to be parsed."""
        if not data:
            super().data_received(data)
            return
        self.head = None
        if self._owed == 0 and self._is_idle():
            answer = self._memo.find(data)
            if answer is not None and self.transport is not None:
                self.transport.write(answer)
                self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
                return
            if _is_plain(data):
                self.head = bytes(data)
        self._account(data)
        super().data_received(data)

    def _is_idle(self) -> bool:
        """Nothing is queued, being handled or waiting to be sent."""
        waiter = self._waiter
        return (
            waiter is not None
            and not waiter.done()
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
