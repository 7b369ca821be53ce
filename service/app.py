"""The only place that wires the parts: settings in, application out."""

import asyncio
import contextlib
import logging
import resource as resource_limits
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from service.auth.attempts import Attempts
from service.auth.identities import Identities
from service.auth.logins import Logins
from service.auth.passwords import Passwords
from service.auth.sessions import TABLES as SESSION_TABLES
from service.auth.sessions import Sessions
from service.auth.tokens import Tokens
from service.cache.generations import Generations
from service.cache.lru import PageCache
from service.db.database import Database, open_database
from service.db.pool import PoolLimits
from service.db.snapshot import Snapshots
from service.db.statements import SQL, Statements
from service.feed.changes import Changes
from service.feed.feed import Feed
from service.feed.listeners import Listeners
from service.feed.pulse import Pulse
from service.feed.waits import Waits
from service.http.animal_paths import AnimalPaths
from service.http.asker import Asker
from service.http.breed_paths import BreedPaths
from service.http.cookies import Cookies
from service.http.cors import Cors
from service.http.dependencies import DependencyHandlers
from service.http.docs import Docs
from service.http.doubled_prefix import doubled_prefix_routes
from service.http.events import EventHandlers
from service.http.forms.streams import Streams
from service.http.guard import Guard
from service.http.guarded import GuardedHandler
from service.http.hardening import harden
from service.http.herd_page import herd_page_routes
from service.http.lanes import MOST_LANES
from service.http.limits import HEAD_SIZES, LARGEST_BODY, LINGERING_SECONDS, MEBIBYTE, limits_of
from service.http.memo import Memo
from service.http.memo_handler import MemoHandler, is_supported
from service.http.middleware import make_problems_middleware
from service.http.observing import Observer
from service.http.openapi.document import document
from service.http.resource_handlers import ResourceHandlers
from service.http.runner import Runner
from service.http.session_handlers import Entrance, SessionHandlers
from service.http.sign_up import SignUp
from service.http.stats import StatsHandlers
from service.http.tally import Tally
from service.http.user_paths import UserPaths
from service.ops.debug import Debug, Heard
from service.ops.families import LISTENERS, WAITING
from service.ops.figures import Figures, Sources
from service.ops.health import Health
from service.ops.metrics import Metrics
from service.ops.page import OpsPage
from service.ops.shared import shared_segment
from service.ops.watch import Watch
from service.records.bulk import BulkWriter
from service.records.coherence import LedgerWatch
from service.records.dependencies import Dependencies
from service.records.export import Exports
from service.records.herd import Herd
from service.records.people import People
from service.records.reader import ResourceReader, Scopes
from service.records.stats import Stats
from service.records.writer import ResourceWriter
from service.resources import all_resources
from service.resources.resource import Resource
from service.settings import Settings

log = logging.getLogger("herdbook")

BASE = "/api/v1"
SPARE_FILES = 256


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
    figures: Figures


PARTS = web.AppKey("parts", Parts)


async def create_app(settings: Settings) -> web.Application:
    """The application of one worker, connected and with a slot of its own in the shared generations.

    `settings` has its database and its secret key filled in. Raises DatabaseError, StatementError or SegmentError when
    the worker cannot serve exactly.
    """
    logging.getLogger("herdbook").setLevel(settings.log_level.upper())
    logging.getLogger("herdbook.access").setLevel(logging.INFO)
    statements = Statements(SQL)
    resources = all_resources()
    limits = PoolLimits(settings.pool_size, settings.pool_overflow, settings.pool_recycle, settings.pool_timeout)
    database = open_database(settings.database, limits, statements)
    try:
        await database.pool.warm()
        generations = Generations(await shared_segment(settings, statements, database))
    except BaseException:
        await database.close()
        raise
    cache = PageCache(settings.cache_entries, settings.cache_mb * MEBIBYTE // settings.workers)
    scopes = generations.scope
    if settings.coherence == "database":
        scopes = LedgerWatch(statements, database).scope
    passwords = Passwords()
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
    figures = Figures(Sources(tally, memo, cache, database, generations, watch, settings.data_dir), statements)
    parts = Parts(
        settings, statements, database, generations, scopes, cache, watch, guard, readers, writers, tally, memo, figures
    )

    cookies = Cookies(settings.cookie_secure)
    observer = Observer(tally, settings.access_log, settings.timings, settings.proxies)
    problems = make_problems_middleware(settings.debug, cookies, observer)
    app = web.Application(middlewares=[problems], client_max_size=LARGEST_BODY)
    app[PARTS] = parts
    app.on_response_prepare.append(harden)
    app.on_response_prepare.append(observer.announce)
    if settings.cors_origins:
        Cors(frozenset(settings.cors_origins)).attach(app)
    app.cleanup_ctx.append(_running(watch.run))
    app.cleanup_ctx.append(_running(figures.run))
    app.cleanup_ctx.append(_closing(passwords))
    _route(app, parts, resources, passwords, cookies)
    return app


def create_runner(app: web.Application, **keywords: Any) -> web.AppRunner:
    """What serves `app`: guarded, and with the memo of heads where it is wanted, if aiohttp is one that they know."""
    parts = app[PARTS]
    keywords = {**HEAD_SIZES, "lingering_time": LINGERING_SECONDS, **keywords}
    if not is_supported():
        log.warning("aiohttp %s is not known: no memo of heads, no time-outs of connections", aiohttp.__version__)
        return Runner(app, **keywords)
    app.cleanup_ctx.append(parts.guard.watching)
    logs_hits = parts.settings.access_log == "all"
    if not parts.settings.memo or parts.settings.coherence == "database" or logs_hits:
        return Runner(app, partial(GuardedHandler, parts.guard), **keywords)
    app.on_response_prepare.append(parts.memo.learn)
    return Runner(app, partial(MemoHandler, parts.memo, parts.guard), **keywords)


def _route(
    app: web.Application, parts: Parts, resources: tuple[Resource, ...], passwords: Passwords, cookies: Cookies
) -> None:
    settings, statements, database, generations = parts.settings, parts.statements, parts.database, parts.generations
    tokens = Tokens(settings.secret_key or "", settings.secret_key_previous)
    identities = Identities(statements, database, tokens.marks)
    sessions = Sessions(tokens, identities, statements, database, generations, parts.scopes(SESSION_TABLES))
    asker = Asker(sessions)
    attempts = Attempts(statements, database, generations, settings.login_attempts)
    logins = Logins(statements, database, generations, attempts, passwords)
    session = SessionHandlers(Entrance(logins, sessions, cookies, parts.readers["user"], asker, settings.proxies))
    pulse = Pulse({one.table: generations.scope((one.table,)) for one in resources})
    listeners = Listeners(_room(settings), settings.session_streams, settings.ping_seconds)
    feed = Feed(resources, pulse, Changes(resources, statements, database), listeners, sessions)
    waits = Waits(pulse, _room(settings))
    parts.figures.add_state(LISTENERS.key(), lambda: len(listeners))
    parts.figures.add_state(WAITING.key(), lambda: waits.waiting)
    app.cleanup_ctx.append(_running(feed.run))
    app.on_shutdown.append(_hanging_up(pulse, listeners))
    app.add_routes(EventHandlers(feed, resources, asker).routes(BASE))
    app.add_routes(Health(parts.statements, parts.database, parts.watch, settings.data_dir).routes(BASE))
    heard = Heard(listeners.__len__, lambda: waits.waiting)
    debug = Debug(parts.cache, generations, database, parts.watch, parts.guard, heard, asker, is_open=settings.debug)
    app.add_routes(debug.routes())
    app.add_routes(Metrics(parts.figures, asker, settings.metrics_token).routes())
    app.add_routes(OpsPage(parts.figures, asker).routes())
    app.add_routes(Docs(document(resources, BASE)).routes())
    app.add_routes(herd_page_routes())
    app.add_routes(session.routes(BASE))
    app.add_routes(SignUp(parts.writers["user"], attempts, settings.signup_roles, settings.proxies).routes(BASE))
    app.add_routes(doubled_prefix_routes(BASE))
    snapshots = Snapshots(statements, database)
    streams = Streams(Exports(statements, database, snapshots))
    handlers = {}
    for resource in resources:
        reader, writer = parts.readers[resource.table], parts.writers[resource.table]
        bulk = BulkWriter(writer)
        one = handlers[resource.table] = ResourceHandlers(reader, writer, bulk, asker, streams, waits)
        app.add_routes(one.routes(BASE))
        app.add_routes(StatsHandlers(one, Stats(reader, statements, snapshots, parts.scopes)).routes(BASE))
        dependencies = Dependencies(reader, statements, snapshots, parts.scopes)
        app.add_routes(DependencyHandlers(one, dependencies).routes(BASE))
    herd = Herd(parts.readers["animals"], statements, database, parts.scopes)
    people = People(parts.readers["user"], statements, database, parts.scopes)
    app.add_routes(AnimalPaths(handlers["animals"], herd).routes(BASE))
    app.add_routes(BreedPaths(handlers["breeds"]).routes(BASE))
    app.add_routes(UserPaths(handlers["user"], people).routes(BASE))


def _room(settings: Settings) -> int:
    """How many listeners a worker may hold: each takes a file and a connection, of which others need some, too."""
    files, _ = resource_limits.getrlimit(resource_limits.RLIMIT_NOFILE)
    return min(settings.listeners, settings.connection_limit * 3 // 4, max(1, files - SPARE_FILES))


def _running(work: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[web.Application], AsyncIterator[None]]:
    """Has `work` run beside the requests, until the application ends."""

    async def running(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(work())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return running


def _hanging_up(pulse: Pulse, listeners: Listeners):  # type: ignore[no-untyped-def]
    async def hanging_up(_: web.Application) -> None:
        pulse.close()
        listeners.close()

    return hanging_up


def _closing(passwords: Passwords):  # type: ignore[no-untyped-def]
    async def closing(app: web.Application) -> AsyncIterator[None]:
        yield
        await app[PARTS].database.close()
        app[PARTS].generations.close()
        passwords.close()

    return closing
