"""The memo of heads: a GET whose head comes again byte for byte is answered from one look-up, before it is parsed.

An entry is used while its page's token is the current one and the asker's token and user are as they were; it goes with
its page, of which the cache tells it.
"""

import math
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from email.utils import formatdate
from functools import partial

from aiohttp import hdrs, web

from service.cache.page import Basis, Page
from service.http.credit import CREDIT, Credit
from service.http.lanes import CACHE_STATUS, MOST_LANES, SERVER_TIMING, Lane, Lanes
from service.http.tally import Cell, Tally
from service.http.traces import HEADER

MOST_HEADS = 4096
MOST_BYTES = 4 * 1024 * 1024
ENTRY_OVERHEAD = 300  # the entry itself, its credit and its slot in the dictionary
END = b"\r\n\r\n"
FROM_MEMO = "herdbook; hit; detail=memo"
OF_ONE_ANSWER = (hdrs.DATE, SERVER_TIMING)
EPOCH_DAY = date(1970, 1, 1).toordinal()
DAY_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Given:
    """What a request was answered with: the page, and its body in the encoding sent (empty for 304)."""

    page: Page
    body: bytes


GIVEN = web.RequestKey("given", Given)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """An answer that is true from `since` until `until` (epoch seconds), while the tokens are what they were."""

    basis: Basis
    credit: Credit | None
    head: bytes
    body: bytes
    since: float
    until: float
    uses: Cell

    @classmethod
    def of(cls, basis: Basis, credit: Credit | None, head: bytes, body: bytes, uses: Cell) -> "_Entry":
        """The answer of a page to who was let in by `credit`: on the page's day, until the credit ends."""
        since, until = (0.0, math.inf) if basis.day is None else _day(basis.day)
        return cls(basis, credit, head, body, since, until if credit is None else min(until, credit.expires), uses)


class Memo:
    """Heads that were answered, with their answers: at most MOST_HEADS in MOST_BYTES.

    Bodies are the cache's own bytes; what the heads cost beside them is told to `charge`, in bytes. Each answer is
    counted in `tally`, in the cell that was found when its head was learnt.
    """

    def __init__(self, charge: Callable[[int], None], tally: Tally, lanes: int = MOST_LANES) -> None:
        self._charge = charge
        self._tally = tally
        self.lanes = Lanes(charge, lanes)
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
        now, basis, credit = time.time(), entry.basis, entry.credit
        if not (
            entry.since <= now < entry.until
            and basis.scope.token() == basis.token
            and (credit is None or credit.scope.token() == credit.token)
        ):
            self._forget(head)
            return None
        basis.hit()
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
        self._keep(head, _Entry.of(given.page.basis, credit if private else None, text, given.body, uses))
        self.lanes.learn(head, request, response, credit if private else None, uses)

    def answer(self, head: bytes, lane: Lane, page: Page) -> bytes | None:
        """The whole answer with the page that a lane gave, remembered for the next time; None: it has none ready."""
        text = lane.head_of(page)
        if text is None:
            return None
        if page.basis is not None:
            self._keep(head, _Entry.of(page.basis, lane.credit, text, page.body, lane.uses))
        lane.uses.count += 1
        return b"".join((text, self._date_line(time.time()), page.body))

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


def _day(ordinal: int) -> tuple[float, float]:
    """When a day of UTC begins and ends, in epoch seconds."""
    begins = (ordinal - EPOCH_DAY) * DAY_SECONDS
    return begins, begins + DAY_SECONDS


def _weight(head: bytes, entry: _Entry) -> int:
    return sys.getsizeof(head) + sys.getsizeof(entry.head) + ENTRY_OVERHEAD
