"""The application of a worker: opened, put together, served, closed."""

import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from service.auth.passwords import Passwords
from service.cache.generations import Generations
from service.db.database import Database, open_database
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements
from service.host.counts import SharedCounts
from service.http.background import running
from service.http.cookies import Cookies
from service.http.cors import Cors
from service.http.guarded import GuardedHandler
from service.http.hardening import harden
from service.http.limits import HEAD_SIZES, LARGEST_BODY, LINGERING_SECONDS
from service.http.memo_handler import MemoHandler, is_supported
from service.http.middleware import make_problems_middleware
from service.http.observing import Observer
from service.http.runner import Runner
from service.ops.shared import shared_segment
from service.parts import PARTS, make_parts
from service.resources import all_resources
from service.routes import make_doors, route
from service.settings import Settings

log = logging.getLogger("herdbook")


async def create_app(settings: Settings, counts: SharedCounts | None = None) -> web.Application:
    """The application of one worker, connected and with a slot of its own in the shared generations.

    `settings` has its database and its secret key filled in; `counts` are those of all workers, where there are more
    than this one. Raises DatabaseError, StatementError or SegmentError when
    the worker cannot serve exactly.
    """
    logging.getLogger("herdbook").setLevel(settings.log_level.upper())
    logging.getLogger("herdbook.access").setLevel(logging.INFO)
    statements = Statements(SQL)
    resources = all_resources()
    database, generations = await _opened(settings, statements)
    passwords = Passwords()
    counts = counts or SharedCounts(settings.processes)
    parts = make_parts(settings, statements, database, generations, resources, passwords, counts)

    cookies = Cookies(settings.cookie_secure)
    observer = Observer(parts.tally, settings.access_log, settings.timings, settings.proxies)
    problems = make_problems_middleware(settings.debug, cookies, observer, parts.rates)
    app = web.Application(middlewares=[problems], client_max_size=LARGEST_BODY)
    app[PARTS] = parts
    app.on_response_prepare.append(harden)
    app.on_response_prepare.append(observer.announce)
    app.on_response_prepare.append(parts.rates.announce)
    if settings.cors_origins:
        Cors(frozenset(settings.cors_origins)).attach(app)
    app.cleanup_ctx.append(running(parts.watch.run))
    app.cleanup_ctx.append(running(parts.figures.run))
    app.cleanup_ctx.append(_closing(passwords))
    route(app, parts, resources, make_doors(parts, passwords, cookies))
    return app


async def _opened(settings: Settings, statements: Statements) -> tuple[Database, Generations]:
    limits = PoolLimits(settings.pool_size, settings.pool_overflow, settings.pool_recycle, settings.pool_timeout)
    database = open_database(settings.database, limits, statements)
    try:
        await database.pool.warm()
        return database, Generations(await shared_segment(settings, statements, database))
    except BaseException:
        await database.close()
        raise


def create_runner(app: web.Application, **keywords: Any) -> web.AppRunner:
    """What serves `app`: guarded, and with the memo of heads where it is wanted, if aiohttp is one that they know."""
    parts = app[PARTS]
    keywords = {**HEAD_SIZES, "lingering_time": LINGERING_SECONDS, **keywords}
    if not is_supported():
        log.warning("aiohttp %s is not known: no memo of heads, no time-outs of connections", aiohttp.__version__)
        return Runner(app, **keywords)
    app.cleanup_ctx.append(parts.guard.watching)
    if not _may_remember(parts.settings):
        return Runner(app, partial(GuardedHandler, parts.guard), **keywords)
    app.on_response_prepare.append(parts.memo.learn)
    return Runner(app, partial(MemoHandler, parts.memo, parts.guard), **keywords)


def _may_remember(settings: Settings) -> bool:
    """Whether an answer may be given that nothing else looks at: no ledger, no log, no count of requests."""
    seen = settings.coherence == "database" or settings.access_log == "all"
    return settings.memo and not seen and not settings.user_rate and not settings.address_rate


def _closing(passwords: Passwords):  # type: ignore[no-untyped-def]
    async def closing(app: web.Application) -> AsyncIterator[None]:
        yield
        await app[PARTS].database.close()
        app[PARTS].generations.close()
        passwords.close()

    return closing
