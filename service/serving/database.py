"""Says which database the settings mean, whether it can carry the workers, and runs the private
one where they name none."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from service.db.blocking import ServerFacts, connection_problem, server_facts
from service.db.private import PrivateMariaDB, running_url
from service.settings import DatabaseURL, Settings

OLDEST_MARIADB = (10, 6)  # JSON_TABLE
WAIT_SECONDS = 5.0
# Beside the pools: what each worker keeps for itself (its poller), and set-up and audit.
RESERVE = 5
RESERVE_PER_WORKER = 2
RESERVE_BY_HAND = 20


class UnusableDatabaseError(Exception):
    """The database cannot be used; the message says why and what to do, without a password."""


def private_database(settings: Settings) -> PrivateMariaDB:
    """The private MariaDB of these settings, with room for all workers; not started."""
    room = needed_connections(settings) + RESERVE_BY_HAND
    return PrivateMariaDB(private_folder(settings), max_connections=room)


def private_folder(settings: Settings) -> Path:
    """Where the private MariaDB of these settings lives."""
    return settings.data_dir / "mariadb"


@contextmanager
def chosen_database(settings: Settings) -> Iterator[Settings]:
    """The settings with `database_url` filled, for the commands that need only the database.

    That is the one the settings name, or the private one: as it runs for the service, or started
    for as long as the context lasts.
    """
    if settings.database_url is not None:
        wait_until_reachable(settings.database)
        yield settings
    elif (url := running_url(private_folder(settings))) is not None:
        yield replace(settings, database_url=url.uri())
    else:
        with private_database(settings) as server:
            yield replace(settings, database_url=server.start().uri())


def needed_connections(settings: Settings) -> int:
    """How many connections the server must allow for these workers and a small reserve."""
    return settings.connections + settings.workers * RESERVE_PER_WORKER + RESERVE


def wait_until_reachable(
    url: DatabaseURL,
    seconds: float = WAIT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return once a login works.

    Raises UnusableDatabaseError where that takes longer than `seconds`, or at once where waiting
    cannot help: a wrong password, an unknown database.
    """
    deadline = time.monotonic() + seconds
    while (problem := connection_problem(url)) is not None:
        if problem.final or time.monotonic() > deadline:
            raise UnusableDatabaseError(f"cannot use the database {url}: {problem.reason}")
        pause(0.25)


def check_server(url: DatabaseURL, settings: Settings) -> None:
    """Return where the server is a new enough MariaDB that allows as many connections as the
    workers may open; raises UnusableDatabaseError otherwise."""
    facts = server_facts(url)
    if _version(facts) < OLDEST_MARIADB:
        oldest = ".".join(map(str, OLDEST_MARIADB))
        raise UnusableDatabaseError(f"{url} is {facts.version}; MariaDB {oldest} or newer is needed")
    if facts.statement_binlog:
        raise UnusableDatabaseError(
            f"{url} has binlog_format=STATEMENT, with which READ COMMITTED sessions cannot write; "
            "set binlog_format=MIXED or ROW on the server"
        )
    needed = needed_connections(settings)
    if facts.max_connections < needed:
        raise UnusableDatabaseError(
            f"the workers may open {needed} connections, but the server allows "
            f"{facts.max_connections}: {settings.workers} workers x ({settings.pool_size} kept "
            f"+ {settings.pool_overflow} overflow) + {needed - settings.connections} beside the "
            f"pools. Lower HERDBOOK_WORKERS, HERDBOOK_POOL_SIZE or HERDBOOK_POOL_OVERFLOW, or set "
            f"max_connections={needed} on the server"
        )


def _version(facts: ServerFacts) -> tuple[int, int]:
    """Major and minor version; (0, 0) for a server that is no MariaDB."""
    found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)\..*MariaDB", facts.version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
