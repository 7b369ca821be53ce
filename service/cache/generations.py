"""Whether a cached page is still true: counts, for each table and worker, of writes started and finished.

The argument is in docs/exactness.md.

The token of a table is the vector of all its *finished* counters while it equals the vector of its *started* counters;
while a COMMIT is in flight there is none. A page is stored under the token taken before its query began and is a hit
only while that is the current one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from service.cache.segment import COMMIT, COMMITS, TABLES, WORD, Segment, SegmentError

SETTLE_STEP = 0.001  # seconds
SETTLE_STEPS = 20


class Scope(Protocol):
    """The tables that one kind of page is made from, and whether they stand as they did."""

    @property
    def width(self) -> int:
        """How many bytes of a token are the first table's."""

    def token(self) -> bytes | None:
        """The current token, where it can be told at once."""

    async def settle(self) -> bytes | None:
        """The current token, where it can be told after a short wait; None: the page is to be had uncached only."""

    def known(self) -> int:
        """The time in microseconds of the latest change of the first table that is known to be committed."""


class HostScope:
    """Tables of this host's generations, and the bytes of their counters."""

    def __init__(self, segment: Segment, tables: Sequence[int]) -> None:
        half = segment.slots * WORD
        self.width = half  # bytes of the first table's part of a token
        self._memory = segment.memory
        self._words = segment.words
        self._half = half
        stamps = segment.table_at(tables[0]) + 2 * segment.slots
        self._stamps = slice(stamps, stamps + segment.slots)
        starts = [segment.table_at(table) * WORD for table in tables]
        # Bytes for one table, a tuple of them for more.
        self._counters_in = itemgetter(*[slice(at, at + 2 * half) for at in starts])
        self._last: tuple[bytes | tuple[bytes, ...], bytes] = b"", b""  # counters, and the token that they make

    def token(self) -> bytes | None:
        """The current token of the tables, or None while a COMMIT to one of them is in flight.

        It is made anew only where a counter has moved since the last time: nearly every request asks for it.
        """
        counters = self._counters_in(self._memory)
        seen, token = self._last
        if counters == seen:
            return token
        made = self._made_of((counters,) if isinstance(counters, bytes) else counters)
        if made is not None:
            self._last = counters, made
        return made

    def _made_of(self, counters: tuple[bytes, ...]) -> bytes | None:
        half = self._half
        if any(one[:half] != one[half:] for one in counters):
            return None
        return b"".join([one[half:] for one in counters])

    async def settle(self) -> bytes | None:
        """The token once a COMMIT in flight has ended, waiting SETTLE_STEPS for it at the most."""
        for _ in range(SETTLE_STEPS):
            if (token := self.token()) is not None:
                return token
            await asyncio.sleep(SETTLE_STEP)
        return self.token()

    def known(self) -> int:
        """The latest of the stamps that COMMITs which have returned, or the poller, left in the segment."""
        return max(self._words[self._stamps].tolist())


@dataclass(frozen=True, slots=True)
class InFlight:
    """A COMMIT whose outcome is unknown: the connection it was sent on, and the tables it may have changed."""

    slot: int
    record: int
    connection: int
    server_start: int
    tables: int


class Commit:
    """The marks around one COMMIT (service.db.transaction.Marks)."""

    def __init__(self, generations: "Generations", tables: Sequence[int]) -> None:
        self._generations = generations
        self._tables = tables
        self._record = -1

    def sending(self, connection: int, server_start: int) -> None:
        self._record = self._generations.begin(self._tables, connection, server_start)

    def refused(self) -> None:
        self._generations.take_back(self._tables, self._record)

    def unknown(self) -> None:
        self._generations.orphans.add(self._record)

    def committed(self, stamp: int) -> None:
        self._generations.finish(self._tables, self._record, stamp)


class Generations:
    """This process's slot in the segment, and the tokens of everybody's writes."""

    def __init__(self, segment: Segment) -> None:
        slot = segment.claim()
        if slot is None:
            raise SegmentError(f"all {segment.slots} slots of {segment.path} are taken: too many workers")
        self.segment = segment
        self.slot = slot
        self.orphans: set[int] = set()  # records of our own whose outcome is unknown

    def scope(self, tables: Sequence[str]) -> Scope:
        """The tables that a page depends on, for its tokens."""
        return HostScope(self.segment, [self.segment.table(name) for name in tables])

    def commit(self, tables: Sequence[str]) -> Commit:
        """Marks for one transaction that changes `tables`."""
        return Commit(self, [self.segment.table(name) for name in tables])

    def ended(self, table: str) -> int:
        """How many writes of `table` have ended, of all workers there were and by hand."""
        at = self.segment.table_at(self.segment.table(table)) + self.segment.slots
        return sum(self.segment.words[at : at + self.segment.slots])

    # The three counters of a table in our slot: only this process writes them.

    def begin(self, tables: Sequence[int], connection: int, server_start: int) -> int:
        """Count *started* and note the COMMIT; gives its record. SegmentError when none is free."""
        words, at = self.segment.words, self.segment.slot_at(self.slot) + 2
        for record in range(COMMITS):
            here = at + record * COMMIT
            if words[here] == 0:
                words[here + 2] = sum(1 << table for table in tables)
                words[here + 1] = server_start
                words[here] = connection
                for table in tables:
                    words[self.segment.table_at(table) + self.slot] += 1
                return record
        raise SegmentError(f"{COMMITS} commits in flight at once")

    def take_back(self, tables: Sequence[int], record: int) -> None:
        """The COMMIT was refused: nothing changed, so the token of before is true again."""
        for table in tables:
            self.segment.words[self.segment.table_at(table) + self.slot] -= 1
        self._clear(self.slot, record)

    def finish(self, tables: Sequence[int], record: int, stamp: int) -> None:
        """Count *finished*; `stamp` tells the poller that this change was ours."""
        words, slots = self.segment.words, self.segment.slots
        for table in tables:
            at = self.segment.table_at(table) + self.slot
            words[at + 2 * slots] = max(stamp, words[at + 2 * slots])
            words[at + slots] += 1
        self._clear(self.slot, record)

    # What others left behind.

    def in_flight(self) -> list[InFlight]:
        """Our own COMMITs of unknown outcome."""
        return [one for one in self._records(self.slot) if one.record in self.orphans]

    def resolve(self, one: InFlight) -> None:
        """The server no longer knows the connection: whatever `one` did is visible now."""
        self.orphans.discard(one.record)
        tables = [table for table in range(TABLES) if one.tables >> table & 1]
        self.finish(tables, one.record, 0)

    def adopt_dead(self) -> tuple[int, list[InFlight]] | None:
        """Take the slot of a dead worker to clear it up: the slot and its COMMITs in flight."""
        slot = self.segment.claim_dead()
        return None if slot is None else (slot, self._records(slot))

    def bury(self, slot: int) -> None:
        """Nothing of the dead worker is under way any more: its writes all count as finished."""
        # In this order: who dies on the way leaves a slot that the next can bury again.
        self._settle(slot)
        for record in range(COMMITS):
            self._clear(slot, record)
        self.segment.release(slot)

    def observe(self, table: str, stamp: int) -> bool:
        """The ledger says that `table` last changed at `stamp`; True when no worker knows of that: a change by hand.

        Such a change is counted as a write of ours, so that every page from before it is void. What a new segment is
        told first is counted so, too, but is news of nobody's.
        """
        words, slots = self.segment.words, self.segment.slots
        at = self.segment.table_at(self.segment.table(table))
        started = words[at : at + slots].tolist()
        finished = words[at + slots : at + 2 * slots].tolist()
        known = max(words[at + 2 * slots : at + 3 * slots].tolist())
        if stamp <= known or started != finished:
            return False
        words[at + self.slot] += 1
        words[at + 2 * slots + self.slot] = stamp
        words[at + slots + self.slot] += 1
        return known > 0

    def _records(self, slot: int) -> list[InFlight]:
        words, at = self.segment.words, self.segment.slot_at(slot) + 2
        places = ((record, at + record * COMMIT) for record in self.segment.in_flight(slot))
        return [InFlight(slot, record, *words[here : here + COMMIT].tolist()) for record, here in places]

    def _clear(self, slot: int, record: int) -> None:
        self.segment.words[self.segment.slot_at(slot) + 2 + record * COMMIT] = 0

    def _settle(self, slot: int) -> None:
        words, slots = self.segment.words, self.segment.slots
        for table in range(TABLES):
            at = self.segment.table_at(table) + slot
            if words[at] != words[at + slots]:
                words[at + slots] = words[at]

    def close(self) -> None:
        """Give the slot back, unless a COMMIT of ours is still under way or of unknown outcome, and let go."""
        if not self.segment.in_flight(self.slot):
            self.segment.release(self.slot)
        self.segment.close()
