"""Which handlers answer which paths, with the parts that they need."""

import resource as resource_limits
from dataclasses import dataclass

from aiohttp import web

from service.auth.attempts import Attempts
from service.auth.identities import Identities
from service.auth.logins import Logins
from service.auth.passwords import Passwords
from service.auth.sessions import TABLES as SESSION_TABLES
from service.auth.sessions import Sessions
from service.auth.tokens import Tokens
from service.db.snapshot import Snapshots
from service.feed.changes import Changes
from service.feed.feed import Feed
from service.feed.listeners import Listeners
from service.feed.pulse import Pulse
from service.feed.waits import Waits
from service.http.animal_paths import AnimalPaths
from service.http.asker import Asker
from service.http.background import running
from service.http.breed_paths import BreedPaths
from service.http.cookies import Cookies
from service.http.dependencies import DependencyHandlers
from service.http.docs import Docs
from service.http.doubled_prefix import doubled_prefix_routes
from service.http.events import EventHandlers
from service.http.forms.streams import Streams
from service.http.herd_page import herd_page_routes
from service.http.openapi.document import document
from service.http.resource_handlers import ResourceHandlers
from service.http.session_handlers import Entrance, SessionHandlers
from service.http.sign_up import SignUp
from service.http.stats import StatsHandlers
from service.http.user_paths import UserPaths
from service.ops.debug import Debug, Heard
from service.ops.families import LISTENERS, WAITING
from service.ops.health import Health
from service.ops.metrics import Metrics
from service.ops.page import OpsPage
from service.parts import Parts
from service.records.bulk import BulkWriter
from service.records.dependencies import Dependencies
from service.records.export import Exports
from service.records.herd import Herd
from service.records.people import People
from service.records.stats import Stats
from service.resources.resource import Resource
from service.settings import Settings

BASE = "/api/v1"
SPARE_FILES = 256


@dataclass(frozen=True, slots=True)
class Doors:
    """How people come in."""

    passwords: Passwords
    cookies: Cookies
    sessions: Sessions
    attempts: Attempts
    asker: Asker


def make_doors(parts: Parts, passwords: Passwords, cookies: Cookies) -> Doors:
    """The doors of this worker."""
    settings, statements, database, generations = parts.settings, parts.statements, parts.database, parts.generations
    tokens = Tokens(settings.secret_key or "", settings.secret_key_previous)
    identities = Identities(statements, database, tokens.marks)
    sessions = Sessions(tokens, identities, statements, database, generations, parts.scopes(SESSION_TABLES))
    attempts = Attempts(statements, database, generations, settings.login_attempts)
    return Doors(passwords, cookies, sessions, attempts, Asker(sessions, parts.rates))


def route(app: web.Application, parts: Parts, resources: tuple[Resource, ...], doors: Doors) -> None:
    """Add every route to `app`."""
    waits, heard = _route_feed(app, parts, resources, doors)
    _route_people(app, parts, doors)
    _route_operator(app, parts, doors, heard)
    app.add_routes(Docs(document(resources, BASE)).routes())
    app.add_routes(herd_page_routes())
    app.add_routes(doubled_prefix_routes(BASE))
    _route_resources(app, parts, resources, doors, waits)


def _route_feed(
    app: web.Application, parts: Parts, resources: tuple[Resource, ...], doors: Doors
) -> tuple[Waits, Heard]:
    """The streams of changes; gives who waits for one, and how many listen."""
    settings = parts.settings
    pulse = Pulse({one.table: parts.generations.scope((one.table,)) for one in resources})
    listeners = Listeners(_room(settings), settings.session_streams, settings.ping_seconds)
    feed = Feed(resources, pulse, Changes(resources, parts.statements, parts.database), listeners, doors.sessions)
    waits = Waits(pulse, _room(settings))
    heard = Heard(listeners.__len__, lambda: waits.waiting)
    parts.figures.add_state(LISTENERS.key(), heard.listeners)
    parts.figures.add_state(WAITING.key(), heard.waiting)
    app.cleanup_ctx.append(running(feed.run))
    app.on_shutdown.append(_hanging_up(pulse, listeners))
    app.add_routes(EventHandlers(feed, resources, doors.asker).routes(BASE))
    return waits, heard


def _route_people(app: web.Application, parts: Parts, doors: Doors) -> None:
    """Login, logout, sign-up."""
    settings, users = parts.settings, parts.readers["user"]
    logins = Logins(parts.statements, parts.database, parts.generations, doors.attempts, doors.passwords)
    entrance = Entrance(logins, doors.sessions, doors.cookies, users, doors.asker, settings.proxies)
    app.add_routes(SessionHandlers(entrance).routes(BASE))
    sign_up = SignUp(parts.writers["user"], doors.attempts, settings.signup_roles, settings.proxies)
    app.add_routes(sign_up.routes(BASE))


def _route_operator(app: web.Application, parts: Parts, doors: Doors, heard: Heard) -> None:
    """What the service says of itself."""
    settings, database, watch = parts.settings, parts.database, parts.watch
    app.add_routes(Health(parts.statements, database, watch, settings.data_dir).routes(BASE))
    debug = Debug(
        parts.cache, parts.generations, database, watch, parts.guard, heard, doors.asker, is_open=settings.debug
    )
    app.add_routes(debug.routes())
    app.add_routes(Metrics(parts.figures, doors.asker, settings.metrics_token).routes())
    app.add_routes(OpsPage(parts.figures, doors.asker).routes())


def _route_resources(
    app: web.Application, parts: Parts, resources: tuple[Resource, ...], doors: Doors, waits: Waits
) -> None:
    """The records, and the paths that only some of them have."""
    statements, database, scopes = parts.statements, parts.database, parts.scopes
    snapshots = Snapshots(statements, database)
    streams = Streams(Exports(statements, database, snapshots))
    handlers = {}
    for resource in resources:
        reader, writer = parts.readers[resource.table], parts.writers[resource.table]
        one = ResourceHandlers(reader, writer, BulkWriter(writer), doors.asker, streams, waits)
        handlers[resource.table] = one
        app.add_routes(one.routes(BASE))
        app.add_routes(StatsHandlers(one, Stats(reader, statements, snapshots, scopes)).routes(BASE))
        app.add_routes(DependencyHandlers(one, Dependencies(reader, statements, snapshots, scopes)).routes(BASE))
    herd = Herd(parts.readers["animals"], statements, database, scopes)
    people = People(parts.readers["user"], statements, database, scopes)
    app.add_routes(AnimalPaths(handlers["animals"], herd).routes(BASE))
    app.add_routes(BreedPaths(handlers["breeds"]).routes(BASE))
    app.add_routes(UserPaths(handlers["user"], people).routes(BASE))


def _room(settings: Settings) -> int:
    """How many listeners a worker may hold: each takes a file and a connection, of which others need some, too."""
    files, _ = resource_limits.getrlimit(resource_limits.RLIMIT_NOFILE)
    return min(settings.listeners, settings.connection_limit * 3 // 4, max(1, files - SPARE_FILES))


def _hanging_up(pulse: Pulse, listeners: Listeners):  # type: ignore[no-untyped-def]
    async def hanging_up(_: web.Application) -> None:
        pulse.close()
        listeners.close()

    return hanging_up
