"""Promises to find, in a recorded history, every read that an exact service could not have given.

The versions of a table (its ledger's) put its writes into one order, so checking is sorting:

    (a) stale      a read is not older than any write that ended before the read started
    (b) invented   a read holds no write that started after the read ended, and nothing newer than
                   all writes that had started: unless a write of unknown outcome had, for such a
                   write may take effect at any time after its start, or never
    (c) backwards  of two reads, one after the other, the second is not older

A history states what it begins with: one write for each table, of the version found there, that
ended before all else started. A 304 is a read of the version that its tag names. A write that was
refused for certain and a read that failed are not part of a history.
"""

import json
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Literal, NamedTuple

Kind = Literal["read", "write"]


class Operation(NamedTuple):
    """What one client did; times are `time.monotonic_ns()` of one machine."""

    client: str
    start: int  # before the request was sent
    end: int  # after its answer was read, or given up
    kind: Kind
    table: str
    version: int | None  # None: a write whose outcome nobody knows

    @property
    def known(self) -> int:
        """The version of an operation that has one."""
        assert self.version is not None
        return self.version

    def __str__(self) -> str:
        what = f"{self.kind} of {self.table} version {self.version}"
        return f"{self.client}'s {what} ({self.start} to {self.end})"


class Breach(NamedTuple):
    """A read that cannot be, and the operation that says so."""

    rule: Literal["stale", "invented", "backwards"]
    read: Operation
    other: Operation | None  # None: no write that had started explains the read
    explanation: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.explanation}"


def check(history: Iterable[Operation]) -> list[Breach]:
    """Every breach in the history, table by table, in the order in which the reads started.

    Takes O(n log n) for n operations in any order. Raises ValueError for an operation that ends
    before it starts and for a read without a version.
    """
    tables: dict[str, list[Operation]] = defaultdict(list)
    for operation in history:
        if operation.start > operation.end:
            raise ValueError(f"{operation} ends before it starts")
        if operation.kind == "read" and operation.version is None:
            raise ValueError(f"{operation} has no version")
        tables[operation.table].append(operation)
    return [breach for table in sorted(tables) for breach in _check_table(tables[table])]


def _check_table(operations: list[Operation]) -> Iterator[Breach]:
    reads = [o for o in operations if o.kind == "read"]
    writes = [o for o in operations if o.kind == "write" and o.version is not None]
    unknown = [o.start for o in operations if o.kind == "write" and o.version is None]

    first_unknown = min(unknown, default=math.inf)
    ended_writes = _Leaders(writes, lambda o: o.end, max)
    started_writes = _Leaders(writes, lambda o: o.start, max)
    later_writes = _Leaders(writes, lambda o: -o.start, min)  # time runs backwards here
    ended_reads = _Leaders(reads, lambda o: o.end, max)

    for read in sorted(reads, key=lambda o: o.start):
        written = ended_writes.before(read.start)
        if written and written.known > read.known:
            yield Breach("stale", read, written, f"{read} started after {written} had ended")

        later = later_writes.before(-read.end)
        newest = started_writes.before(read.end, inclusive=True)
        is_explained = newest and newest.known >= read.known or first_unknown <= read.end
        if later and later.known <= read.known:
            yield Breach("invented", read, later, f"{read} ended before {later} started")
        elif not is_explained:
            what = f"the newest was {newest}" if newest else "none had started"
            why = f"{read} is newer than all writes that had started: {what}"
            yield Breach("invented", read, newest, why)

        told = ended_reads.before(read.start)
        if told and told.known > read.known:
            yield Breach("backwards", read, told, f"{read} started after {told} had ended")


class _Leaders:
    """Of the operations that a moment leaves behind it, the one with the leading version."""

    def __init__(
        self,
        operations: list[Operation],
        moment: Callable[[Operation], int],
        leading: Callable[..., Operation],
    ) -> None:
        ordered = sorted(operations, key=moment)
        self._moments = [moment(o) for o in ordered]
        self._leaders = list(accumulate(ordered, lambda a, b: leading(a, b, key=lambda o: o.version)))

    def before(self, moment: int, *, inclusive: bool = False) -> Operation | None:
        bisect = bisect_right if inclusive else bisect_left
        count = bisect(self._moments, moment)
        return self._leaders[count - 1] if count else None


def dumps(operation: Operation) -> str:
    """One line of JSON, with its line end: what a client process appends to its own file."""
    return json.dumps(operation._asdict()) + "\n"


def loads(lines: Iterable[str]) -> Iterator[Operation]:
    """The operations of such lines; raises ValueError, with the line's number, for a broken one."""
    for number, line in enumerate(lines, 1):
        try:
            yield Operation(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise ValueError(f"line {number} is no operation: {line!r}") from error
