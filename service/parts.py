"""The parts of a worker, made from its settings and put together."""

from dataclasses import dataclass

from aiohttp import web

from service.auth.passwords import Passwords
from service.cache.generations import Generations
from service.cache.lru import PageCache
from service.db.database import Database
from service.db.statements import Statements
from service.host.counts import SharedCounts
from service.http.guard import Guard
from service.http.lanes import MOST_LANES
from service.http.limits import MEBIBYTE, limits_of
from service.http.memo import Memo
from service.http.rates import Rates
from service.http.tally import Tally
from service.ops.figures import Figures, Sources
from service.ops.watch import Watch
from service.records.coherence import LedgerWatch
from service.records.reader import ResourceReader, Scopes
from service.records.writer import ResourceWriter
from service.resources.resource import Resource
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running worker, for who looks after them."""

    settings: Settings
    statements: Statements
    database: Database
    generations: Generations
    scopes: Scopes
    cache: PageCache
    watch: Watch
    guard: Guard
    readers: dict[str, ResourceReader]
    writers: dict[str, ResourceWriter]
    tally: Tally
    memo: Memo
    rates: Rates
    figures: Figures


PARTS = web.AppKey("parts", Parts)


def make_parts(
    settings: Settings,
    statements: Statements,
    database: Database,
    generations: Generations,
    resources: tuple[Resource, ...],
    passwords: Passwords,
    counts: SharedCounts,
) -> Parts:
    """Every part, on a database that is open and with a slot in the shared generations."""
    cache = PageCache(settings.cache_entries, settings.cache_mb * MEBIBYTE // settings.workers)
    scopes = LedgerWatch(statements, database).scope if settings.coherence == "database" else generations.scope
    readers = {one.table: ResourceReader(one, statements, database, scopes, cache) for one in resources}
    writers = {
        table: ResourceWriter(reader, statements, database, generations, cache, passwords.hash)
        for table, reader in readers.items()
    }
    watch = Watch(statements, database, generations, settings.poll_ms / 1000)
    guard = Guard(limits_of(settings.connection_limit, settings.connections_per_address), settings.proxies)
    tally = Tally()
    # What a lane answers comes from the database and is not told of in the log.
    memo = Memo(cache.charge, tally, 0 if settings.access_log == "misses" else MOST_LANES)
    # Where another service of this database has more processes, two of ours may share a column, and once in a while
    # let one request too many through.
    column = generations.slot % counts.columns
    rates = Rates(counts, column, settings.user_rate, settings.address_rate, settings.proxies)
    figures = Figures(Sources(tally, memo, guard, cache, database, generations, watch, settings.data_dir), statements)
    return Parts(
        settings,
        statements,
        database,
        generations,
        scopes,
        cache,
        watch,
        guard,
        readers,
        writers,
        tally,
        memo,
        rates,
        figures,
    )
