"""The figures of this host: what every process has counted, and how things stand now."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.cache.generations import Generations
from service.cache.lru import PageCache, TableCache
from service.db.database import Database
from service.db.errors import DatabaseError
from service.db.statements import Statements
from service.http.guard import Guard
from service.http.memo import Memo
from service.http.tally import Series, Tally
from service.ops import families as of
from service.ops.count_files import Counted, CountFiles
from service.ops.watch import Watch

log = logging.getLogger("herdbook.metrics")

INTERVAL = 1.0  # seconds: what a worker that is killed has counted since is lost
PATIENCE = 1.0  # seconds
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a worker's figures come from."""

    tally: Tally
    memo: Memo
    guard: Guard
    cache: PageCache
    database: Database
    generations: Generations
    watch: Watch
    folder: Path


class Figures:
    """Keeps this worker's counts, and tells those of all."""

    def __init__(self, sources: Sources, statements: Statements) -> None:
        self._sources = sources
        self._versions = statements.get("ledger/versions")
        self._states: dict[str, Callable[[], float]] = {}
        self._files: CountFiles | None = None
        self._fails = False

    def add_state(self, key: str, state: Callable[[], float]) -> None:
        """Tell of a further state of this worker, which `state` gives."""
        self._states[key] = state

    async def run(self) -> None:
        """Keep the counts every INTERVAL until cancelled."""
        try:
            while True:
                self.keep()
                await asyncio.sleep(INTERVAL)
        finally:
            self.keep()
            if self._files is not None:
                self._files.close()

    def keep(self) -> None:
        """Write down what has been counted by now; without room the service goes on, and says so once."""
        try:
            if self._files is None:
                self._files = CountFiles(self._sources.folder / "metrics")
            self._files.keep(self._counted())
            self._fails = False
        except OSError as error:
            if not self._fails:
                log.warning("the counts of this worker cannot be kept: %s", error)
            self._fails = True

    async def read(self) -> Mapping[str, float]:
        """Every figure of the host by its key (service.ops.families): kept first, so that no count ever goes back."""
        self.keep()
        own = self._counted()
        counts, living = (own.counts, [own]) if self._files is None or self._fails else self._files.read()
        figures = dict(counts)
        for one in living:
            for key, value in one.states.items():
                figures[key] = figures.get(key, 0) + value
        figures[of.WORKERS.key()] = sum(of.POOL_LIMIT.key() in one.states for one in living)
        figures.update(self._of_host())
        figures.update(await self._of_ledger())
        return figures

    def _counted(self) -> Counted:
        own = counted(self._sources)
        return Counted(own.counts, {**own.states, **{key: state() for key, state in self._states.items()}})

    def _of_host(self) -> Iterator[tuple[str, float]]:
        sources = self._sources
        yield of.STALENESS.key(), sources.watch.staleness
        for table in sources.cache.tables:
            yield of.GENERATION_WRITES.key(table), sources.generations.ended(table)
        try:
            disk = os.statvfs(sources.folder)
        except OSError:
            return
        yield of.DISK_FREE.key(), disk.f_bavail * disk.f_frsize

    async def _of_ledger(self) -> Mapping[str, float]:
        """Nothing where the database does not say it in time: the other figures are wanted then above all."""
        try:
            async with asyncio.timeout(PATIENCE):
                result = await self._sources.database.read(self._versions)
        except (DatabaseError, TimeoutError):
            return {}
        said: dict[str, float] = {}
        for name, rows, version in result.rows:
            table = (name or b"").decode()
            said[of.LEDGER_ROWS.key(table)] = int(rows or 0)
            said[of.LEDGER_VERSION.key(table)] = int(version or 0)
        return said


def counted(sources: Sources) -> Counted:
    """What a worker has counted, and how it stands."""
    counts: dict[str, float] = {}
    states: dict[str, float] = {}
    for series in sources.tally:
        counts.update(_requests(series))
    for table in sources.cache.tables.values():
        counts.update(_cache_counts(table))
        states.update(_cache_states(table))
    pool = sources.database.pool
    counts[of.MEMO_HITS.key()] = sources.memo.hits
    counts[of.POOL_REFUSALS.key()] = pool.refusals
    counts.update({of.CUTS.key(reason): count for reason, count in sources.guard.cuts.items()})
    counts[of.BY_HAND.key()] = sources.watch.found_by_hand
    counts.update({of.DATABASE_ERRORS.key(kind): count for kind, count in pool.errors.items()})
    stats = pool.stats()
    states[of.CACHE_LIMIT.key()] = sources.cache.limit
    states[of.MEMO_HEADS.key()] = len(sources.memo)
    states[of.MEMO_BYTES.key()] = sources.memo.weight
    states[of.POOL.key("in_use")] = stats["lent"]
    states[of.POOL.key("idle")] = stats["idle"]
    states[of.CONNECTIONS.key()] = sources.guard.open
    states[of.POOL_WAITING.key()] = stats["waiting"]
    states[of.POOL_LIMIT.key()] = pool.limit
    states[of.UNKNOWN_COMMITS.key()] = len(sources.generations.orphans)
    states[of.MEMORY.key()] = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    states[of.FILES.key()] = len(os.listdir("/proc/self/fd"))
    return Counted(counts, states)


def _requests(series: Series) -> Iterator[tuple[str, float]]:
    for status, cell in series.answered.items():
        yield of.REQUESTS.key(series.method, series.route, status, "application"), cell.count
    for status, cell in series.remembered.items():
        yield of.REQUESTS.key(series.method, series.route, status, "memo"), cell.count
    if series.answered:
        yield from of.duration_keys(series.method, series.route, series.classes, series.seconds).items()


def _cache_counts(table: TableCache) -> Mapping[str, float]:
    stats, name = table.stats, table.name
    return {
        of.CACHE_HITS.key(name): stats.hits,
        of.CACHE_MISSES.key(name): stats.misses,
        of.CACHE_SHARED.key(name): stats.shared,
        of.CACHE_EVICTIONS.key(name): stats.evictions,
        of.CACHE_INVALIDATIONS.key(name): stats.invalidations,
    }


def _cache_states(table: TableCache) -> Mapping[str, float]:
    name = table.name
    return {
        of.CACHE_ENTRIES.key(name): len(table.entries),
        of.CACHE_PAGES.key(name): len(table.pages),
        of.CACHE_BYTES.key(name): table.weight,
    }
