"""The lock-guarded async LRU of pages: bounded in entries for each table and in counted bytes for all, exact by tokens.

An entry belongs to a user segment and a request; the page itself is kept once for all segments that may see the same
bytes (`view`). A lookup costs one dictionary access and never waits; only filling does.
"""

import asyncio
import logging
import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial

from service.cache.key import Ground, Key
from service.cache.page import Basis, Page
from service.cache.shares import Shares

log = logging.getLogger("herdbook.cache")

Fill = Callable[[], Awaitable[Page]]
PLAIN = frozenset({bool, int, str, type(None)})


@dataclass(slots=True, eq=False)
class _Shared:
    page: Page
    token: bytes
    weight: int
    holders: dict[Key, int] = field(default_factory=dict)  # and what each entry weighs beside the page

    def let_go(self) -> None:
        """The cache keeps it no longer. The page must not lead back here: a circle outlives its last user."""
        self.holders.clear()
        basis = self.page.basis
        self.page.on_growth = self.page.basis = None
        if basis is not None:
            for tell in tuple(basis.dependants.values()):
                tell()


@dataclass(slots=True)
class Stats:
    """Counts since start; `hits + misses` is the number of lookups."""

    hits: int = 0
    misses: int = 0
    evictions: int = 0
    invalidations: int = 0
    shared: int = 0  # misses of one segment answered by a page that another one had filled


def _take_notice(flight: asyncio.Future[Page]) -> None:
    """A failed flight that nobody waits for any more is no unhandled error."""
    if not flight.cancelled():
        flight.exception()


def held_by(request: Hashable) -> int:
    """Bytes of memory that what is asked holds, with all that is in it."""
    kind, size = type(request), sys.getsizeof(request)
    if kind in PLAIN:
        return size
    inner: Iterable[Hashable] = request if kind is tuple else ()  # type: ignore[assignment]
    names = getattr(kind, "__dataclass_fields__", None)  # fields() would make a list of them each time
    if names is not None:
        inner = [getattr(request, name) for name in names]
    for one in inner:
        size += held_by(one)
    return size


# What an entry costs beside its page: its key, the slots in two dictionaries, its place among the holders.
ENTRY_OVERHEAD = 350


@dataclass(slots=True, eq=False)
class TableCache:
    """The pages of one table."""

    name: str
    cache: "PageCache"
    entries: OrderedDict[Key, _Shared] = field(default_factory=OrderedDict)
    pages: dict[Hashable, _Shared] = field(default_factory=dict)
    flights: dict[Hashable, asyncio.Future[Page]] = field(default_factory=dict)
    shares: Shares[Key] = field(default_factory=Shares)
    stats: Stats = field(default_factory=Stats)
    generation: bytes = b""
    weight: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def get(self, key: Key, token: bytes) -> Page | None:
        """The page under `key` if it is still true under `token`, else None; counted."""
        held = self.entries.get(key)
        if held is not None and held.token == token:
            self.entries.move_to_end(key)
            self.stats.hits += 1
            return held.page
        self.stats.misses += 1
        return None

    async def fill(self, key: Key, ground: Ground, fill: Fill) -> Page:
        """The page of `fill`, stored under its token; who asks the same under the same token meanwhile waits for it.

        Only the same token: a query that began before a write ended may not serve who came after it. With a new
        generation of the table, everything from before it is forgotten.
        """
        if ground.generation != self.generation:
            self.clear()
            self.generation = ground.generation
        token = ground.token
        shared = self.pages.get(key.shared)
        if shared is None or shared.token != token:
            flight = self.flights.get((key.shared, token))
            if flight is None:
                flight = asyncio.ensure_future(self._fly(key, ground, fill))
                self.flights[key.shared, token] = flight
                flight.add_done_callback(_take_notice)
            else:
                self.stats.shared += 1
            # The query goes on when the first to ask goes away: others may wait for it.
            page = await asyncio.shield(flight)
            shared = self.pages.get(key.shared)
            if shared is None or shared.page is not page:
                return page
        else:
            self.stats.shared += 1
        if key not in shared.holders:
            await self._keep(key, shared)
        return shared.page

    async def _fly(self, key: Key, ground: Ground, fill: Fill) -> Page:
        try:
            page = await fill()
        finally:
            del self.flights[key.shared, ground.token]
        async with self.lock:
            self._forget_page(key.shared)
            shared = self.pages[key.shared] = _Shared(page, ground.token, page.weight)
            self._add(shared.weight)
            page.on_growth = partial(self._grow, shared)
            hit = partial(self._hit_again, shared)
            page.basis = Basis(ground.scope, ground.scope_token, ground.day, hit)
        await self._keep(key, shared)
        return page

    async def _keep(self, key: Key, shared: _Shared) -> None:
        async with self.lock:
            if self.pages.get(key.shared) is not shared or key in shared.holders:
                return
            self._drop(key)
            self.entries[key] = shared
            weight = shared.holders[key] = ENTRY_OVERHEAD + held_by(key.request)
            self._add(weight)
            self.shares.add(key.segment, key, weight + shared.weight)
            while len(self.entries) > self.cache.entries:
                self.evict()
        self.cache.shrink()

    def _hit_again(self, shared: _Shared) -> None:
        """A kept page was used without a lookup: its age begins anew all the same."""
        self.stats.hits += 1
        self.entries.move_to_end(next(iter(shared.holders)))

    def _grow(self, shared: _Shared, added: int) -> None:
        """A kept page was asked for in another encoding, and holds more now."""
        if shared.holders:
            shared.weight += added
            self._add(added)
            self.cache.shrink()

    def clear(self) -> int:
        """Forget every page; gives how many entries there were, and logs it."""
        count, forgotten = len(self.entries), tuple(self.pages.values())
        self.entries.clear()
        self.pages.clear()
        self.shares = Shares()
        self._add(-self.weight)
        self.stats.invalidations += count
        for shared in forgotten:
            shared.let_go()
        if count:
            log.info("Cache cleared for %s: %d entries invalidated", self.name, count)
        return count

    def evict(self, *, in_bytes: bool = False) -> None:
        """Forget the entry that was not asked for the longest, or one of a segment that holds more than its share."""
        surplus = self.shares.surplus(in_bytes=in_bytes)
        self._drop(next(iter(self.entries)) if surplus is None else surplus)
        self.stats.evictions += 1

    def _drop(self, key: Key) -> None:
        held = self.entries.pop(key, None)
        if held is None:
            return
        self._add(-held.holders.pop(key, 0))
        self.shares.drop(key.segment, key)
        if not held.holders:
            self._forget_page(key.shared)

    def _forget_page(self, shared_key: tuple[Hashable, Hashable]) -> None:
        held = self.pages.pop(shared_key, None)
        if held is not None:
            self._add(-held.weight)
            for key in tuple(held.holders):
                self._drop(key)
            held.let_go()

    def _add(self, weight: int) -> None:
        self.weight += weight
        self.cache.weight += weight

    def report(self) -> dict[str, object]:
        """The numbers of /debug/cache-stats: sizes in bytes, rate from 0 to 1."""
        looked = self.stats.hits + self.stats.misses
        return {
            "entries": len(self.entries),
            "pages": len(self.pages),
            "bytes": self.weight,
            "hits": self.stats.hits,
            "misses": self.stats.misses,
            "shared_fills": self.stats.shared,
            "hit_rate": round(self.stats.hits / looked, 4) if looked else 0.0,
            "evictions": self.stats.evictions,
            "invalidations": self.stats.invalidations,
        }


class PageCache:
    """The tables' caches of one worker: at most `entries` for each and `limit` bytes in all."""

    def __init__(self, entries: int, limit: int) -> None:
        self.entries = entries
        self.limit = limit
        self.weight = 0
        self.tables: dict[str, TableCache] = {}

    def table(self, name: str) -> TableCache:
        """The cache of the table `name`."""
        if name not in self.tables:
            self.tables[name] = TableCache(name, self)
        return self.tables[name]

    def charge(self, weight: int) -> None:
        """Count bytes that are kept beside the pages for their sake (negative: no longer kept)."""
        self.weight += weight
        self.shrink()

    def shrink(self) -> None:
        """Evict the oldest entries of the heaviest table until the bytes are within the limit."""
        while self.weight > self.limit:
            heaviest = max(self.tables.values(), key=lambda table: table.weight)
            if not heaviest.entries:
                return
            heaviest.evict(in_bytes=True)

    def report(self) -> dict[str, object]:
        """All tables' numbers and their sum."""
        tables = {name: table.report() for name, table in sorted(self.tables.items())}
        hits = sum(table.stats.hits for table in self.tables.values())
        looked = hits + sum(table.stats.misses for table in self.tables.values())
        return {
            "tables": tables,
            "total": {
                "bytes": self.weight,
                "limit_bytes": self.limit,
                "entries_per_table": self.entries,
                "hits": hits,
                "misses": looked - hits,
                "hit_rate": round(hits / looked, 4) if looked else 0.0,
            },
        }
