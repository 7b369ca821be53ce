"""The supervisor behind `run.py serve`: everything the service needs is there before the first
request, is started again when it dies, and is gone when the supervisor ends."""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from service.commands import audits
from service.db import migrate
from service.db.errors import DatabaseError
from service.db.installation import PrivateDatabaseError
from service.db.private import PrivateMariaDB
from service.host.folder import keep_secret, try_lock
from service.host.logs import formatter, log_to_stderr
from service.sample.load import load_once
from service.serving.announcements import print_address, print_login, say
from service.serving.database import (
    UnusableDatabaseError,
    check_server,
    private_database,
    wait_until_reachable,
)
from service.serving.descriptors import make_room_for_files
from service.serving.errors import ServeError
from service.serving.master import WorkerProcesses
from service.serving.readiness import wait_until_healthy
from service.serving.restarts import Restarts
from service.serving.signals import StopRequested, StopSignals
from service.serving.sockets import bound_sockets
from service.settings import Settings, unknown_names

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "migrations"


def run(settings: Settings) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP; returns the exit code: 0, or 1 after an error."""
    is_text = settings.log_format == "text"
    log_to_stderr(logging.Formatter("herdbook: %(message)s") if is_text else formatter("json", settings.secrets()))
    for name, nearest in unknown_names(os.environ).items():
        hint = f"; did you mean {nearest}?" if nearest else ""
        say(f"{name} is not a setting{hint}")
    stop = StopSignals()
    stop.listen()
    try:
        with started(settings, stop) as supervisor:
            supervisor.watch(stop.pause)
    except StopRequested:
        return 0
    except (
        ServeError,
        UnusableDatabaseError,
        PrivateDatabaseError,
        migrate.MigrationError,
        OSError,
    ) as error:
        if stop.requested:  # Ctrl-C goes to every process of a terminal: what it ended is no error
            return 0
        say(_told(error))
    return 1


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'the system'}: {error.strerror or error}"
    return str(error)


@contextmanager
def started(settings: Settings, stop: StopSignals) -> Iterator["Supervisor"]:
    """The running service; on leaving, its workers end first and then its database."""
    with ExitStack() as stack:
        settings = replace(settings, data_dir=settings.data_dir.absolute())
        stack.enter_context(_hold_data_folder(settings.data_dir))
        make_room_for_files(settings)
        sockets = bound_sockets(settings, stack)
        settings = replace(settings, secret_key=_secret_key(settings))
        private = None
        if settings.database_url is None:
            private = private_database(settings)
            stack.callback(private.stop)
            settings = replace(settings, database_url=private.start(stop.pause).uri())
        wait_until_reachable(settings.database, pause=stop.pause)
        stop.outcome(lambda: _prepare_database(settings))
        yield Supervisor(_started_workers(settings, sockets, stack, stop), private)


def _prepare_database(settings: Settings) -> None:
    """Bring the database up to date. It may be cut short anywhere: the next start goes on."""
    check_server(settings.database, settings)
    migrate.apply(settings.database, MIGRATIONS)
    _audit(settings)


def _started_workers(
    settings: Settings, sockets: list[socket.socket], stack: ExitStack, stop: StopSignals
) -> WorkerProcesses:
    """Start the workers and wait until they answer."""
    made_up_password = stop.outcome(lambda: load_once(settings))
    workers = WorkerProcesses(settings, sockets)
    stack.callback(workers.stop)
    try:
        workers.start()
        wait_until_healthy(settings, workers, stop.pause)
        print_address(settings)
    finally:
        # Also where the workers fail: a password that was made up is shown only once.
        print_login(settings, made_up_password)
    return workers


def _audit(settings: Settings) -> None:
    """Mend what the ledger says wrongly, with a word about it. ServeError where the schema itself is not whole."""
    try:
        differences = audits.audited(settings, mend=True)
    except DatabaseError as error:
        raise ServeError(f"the database cannot be audited: {error}") from None
    for difference in differences:
        say(f"{difference}{' (mended)' if difference.mendable else ''}")
    if not all(difference.mendable for difference in differences):
        raise ServeError("the schema is not whole, so answers could not be exact; see migrations/ for what is missing")


class Supervisor:
    """Starts again what dies: at most five times in a minute."""

    def __init__(self, workers: WorkerProcesses, private: PrivateMariaDB | None) -> None:
        self._workers = workers
        self._private = private
        self._worker_restarts = Restarts()
        self._database_restarts = Restarts()

    def watch(self, pause: Callable[[float], None]) -> None:
        """Look after both until `pause` raises StopRequested. ServeError: they keep dying."""
        while True:
            pause(0.2)
            if self._private is not None and not self._private.running:
                self._database_restarts.count("the private MariaDB")
                self._private.start(pause)
            if not self._workers.running:
                self._worker_restarts.count(f"the master of the workers (exit code {self._workers.exit_code})")
                self._workers.start()


def _hold_data_folder(folder: Path) -> IO[str]:
    """Make the folder, for this user only, and keep every other supervisor out of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = try_lock(folder / "lock")
    if lock is None:
        raise ServeError(
            f"another Herdbook uses the data folder {folder}; stop it, or set HERDBOOK_DATA_DIR to another folder"
        )
    return lock


def _secret_key(settings: Settings) -> str:
    if settings.secret_key is not None:
        return settings.secret_key
    return keep_secret(settings.data_dir / "secret.key", lambda: secrets.token_hex(32))
