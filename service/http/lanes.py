"""A GET of one row whose head differs from an answered one in the id only is answered without being parsed.

Rows are asked for one by one and seldom twice, so the memo of heads does not know most of them; what it does know is
all of the head but the id. A lane holds what such a request was answered with and why its asker was let in.
"""

import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from service.cache.page import COMPRESS_FROM, Page
from service.http.conditional import http_date, stated
from service.http.credit import Credit
from service.http.tally import Cell

MOST_LANES = 256
LANE_OVERHEAD = 300  # the lane itself, its credit and its slot in the dictionary
LONGEST_ID = 18  # digits; a longer one may be more than an id can be
CONDITIONAL = b"\r\nif-"
# What is written for each page anew.
CACHE_STATUS, SERVER_TIMING = "Cache-Status", "Server-Timing"
OWN = (hdrs.ETAG, hdrs.LAST_MODIFIED, hdrs.CONTENT_LENGTH, hdrs.DATE)

# With one of these an answer is more than its page, or less.
OF_ONE = (hdrs.CONTENT_ENCODING, CACHE_STATUS, SERVER_TIMING)


@dataclass(frozen=True, slots=True)
class RowOf:
    """How the page of a row is had for somebody, by its id."""

    page: Callable[[int], Coroutine[Any, Any, Page]]


ROW = web.RequestKey("row", RowOf)


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """How the page of a row is had for the asker of these heads, and the lines that all its answers have."""

    row_of: RowOf
    credit: Credit | None
    lines: bytes
    encodes: bool  # the client takes other encodings
    uses: Cell

    def head_of(self, page: Page) -> bytes | None:
        """The head of the answer, without its date and its end; None where it must be thought about."""
        if page.headers or (self.encodes and len(page.body) >= COMPRESS_FROM):
            return None
        changed = http_date(stated(page.last_modified, page.second_closed))
        own = f"ETag: {page.tag('identity')}\r\nLast-Modified: {changed}\r\nContent-Length: {len(page.body)}\r\n"
        return self.lines + own.encode()


class Lanes:
    """The lanes of a worker: at most `most`, the oldest goes first. What they weigh is told to `charge`."""

    def __init__(self, charge: Callable[[int], None], most: int) -> None:
        self._charge = charge
        self._most = most
        self._lanes: dict[bytes, Lane] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def find(self, head: bytes, now: float) -> tuple[Lane, int] | None:
        """The lane of this head, and the id in it."""
        place = _place_of(head)
        if place is None:
            return None
        start, end = place
        lane = self._lanes.get(head[:start] + head[end:])
        if lane is None:
            return None
        credit = lane.credit
        if credit is not None and (now >= credit.expires or credit.scope.token() != credit.token):
            self._drop(head[:start] + head[end:])
            return None
        return lane, int(head[start:end])

    def learn(
        self, head: bytes, request: web.Request, response: web.StreamResponse, credit: Credit | None, uses: Cell
    ) -> None:
        """Remember how a row was answered, where nothing but the id made it what it is."""
        place, row_of = _place_of(head), request.get(ROW)
        is_whole = response.status == 200 and not any(name in response.headers for name in OF_ONE)
        if place is None or row_of is None or not is_whole or CONDITIONAL in head.lower():
            return
        start, end = place
        key = head[:start] + head[end:]
        lines = [f"HTTP/1.1 200 {response.reason}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items() if name not in OWN]
        text = ("\r\n".join(lines) + "\r\n").encode()
        self._drop(key)
        self._lanes[key] = Lane(row_of, credit, text, hdrs.ACCEPT_ENCODING in request.headers, uses)
        self._charge(_weight(key, text))
        if len(self._lanes) > self._most:
            self._drop(next(iter(self._lanes)))

    def _drop(self, key: bytes) -> None:
        lane = self._lanes.pop(key, None)
        if lane is not None:
            self._charge(-_weight(key, lane.lines))


def _place_of(head: bytes) -> tuple[int, int] | None:
    """Where the id stands in the head of a GET whose path ends in one; it must be all of its last part."""
    end = head.find(b" ", 4)
    start = head.rfind(b"/", 4, end) + 1
    digits = head[start:end]
    return (start, end) if digits.isdigit() and len(digits) <= LONGEST_ID else None


def _weight(key: bytes, lines: bytes) -> int:
    return sys.getsizeof(key) + sys.getsizeof(lines) + LANE_OVERHEAD
