"""The supervisor behind `run.py serve`: everything the service needs is there before the first
request, is started again when it dies, and is gone when the supervisor ends."""

import errno
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import IO

from service.db import audit, migrate
from service.db.errors import DatabaseError
from service.db.installation import PrivateDatabaseError
from service.db.private import PrivateMariaDB
from service.host.folder import keep_secret, try_lock
from service.host.processes import die_with_parent
from service.sample.load import load_once
from service.serving.database import (
    UnusableDatabaseError,
    check_server,
    private_database,
    wait_until_reachable,
)
from service.serving.workers import GRACEFUL_SECONDS
from service.settings import Settings, unknown_names

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "migrations"
ADMINISTRATOR = 1000000001
READY_SECONDS = 60.0
PORT_SECONDS = 3.0
MOST_RESTARTS = 5
RESTART_SECONDS = 60.0

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ServeError(Exception):
    """The service cannot start or go on; the message says what to do."""


class StopRequested(BaseException):
    """A signal asked the service to end. No Exception, so that nothing on the way catches it."""


def run(settings: Settings) -> int:
    """Serve until SIGTERM, SIGINT or SIGHUP; returns the exit code: 0, or 1 after an error."""
    for name, nearest in unknown_names(os.environ).items():
        hint = f"; did you mean {nearest}?" if nearest else ""
        _say(f"{name} is not a setting{hint}")
    try:
        _raise_on_signals()
        with started(settings) as supervisor:
            supervisor.watch()
    except StopRequested:
        return 0
    except (
        ServeError,
        UnusableDatabaseError,
        PrivateDatabaseError,
        migrate.MigrationError,
    ) as error:
        _say(str(error))
    except OSError as error:
        _say(f"{error.filename or 'the system'}: {error.strerror or error}")
    return 1


@contextmanager
def started(settings: Settings) -> Iterator["Supervisor"]:
    """The running service; on leaving, its workers end first and then its database."""
    with ExitStack() as stack:
        try:
            settings = replace(settings, data_dir=settings.data_dir.absolute())
            stack.enter_context(_hold_data_folder(settings.data_dir))
            sockets = _bound_sockets(settings, stack)
            settings = replace(settings, secret_key=_secret_key(settings))
            private = None
            if settings.database_url is None:
                private = private_database(settings)
                stack.callback(private.stop)
                settings = replace(settings, database_url=private.start().uri())
            yield Supervisor(_started_workers(settings, sockets, stack), private)
        finally:
            # Before the stack unwinds: what is being stopped must not be stopped half-way.
            _ignore_signals()


def _started_workers(settings: Settings, sockets: list[socket.socket], stack: ExitStack) -> "WorkerProcesses":
    """Bring the database up to date, then start the workers and wait until they answer."""
    wait_until_reachable(settings.database)
    check_server(settings.database, settings)
    migrate.apply(settings.database, MIGRATIONS)
    _audit(settings)
    made_up_password = load_once(settings)
    workers = WorkerProcesses(settings, sockets)
    stack.callback(workers.stop)
    try:
        workers.start()
        _wait_until_healthy(settings, workers)
        _print_address(settings)
    finally:
        # Also where the workers fail: a password that was made up is shown only once.
        _print_login(settings, made_up_password)
    return workers


def _audit(settings: Settings) -> None:
    """Mend what the ledger says wrongly, with a word about it. ServeError where the schema itself is not whole."""
    try:
        differences = audit.audited(settings, mend=True)
    except DatabaseError as error:
        raise ServeError(f"the database cannot be audited: {error}") from None
    for difference in differences:
        _say(f"{difference}{' (mended)' if difference.mendable else ''}")
    if not all(difference.mendable for difference in differences):
        raise ServeError("the schema is not whole, so answers could not be exact; see migrations/ for what is missing")


class WorkerProcesses:
    """gunicorn's master as a child, in a process group of its own with its workers."""

    def __init__(self, settings: Settings, sockets: list[socket.socket]) -> None:
        self._settings = settings
        self._sockets = sockets
        self._master: subprocess.Popen[bytes] | None = None
        self._groups: list[int] = []

    @property
    def running(self) -> bool:
        """Whether the master is there."""
        return self._master is not None and self._master.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What the master ended with, or None while it runs."""
        return self._master.poll() if self._master else None

    def start(self) -> None:
        """Start a master; the settings and their secrets go through its environment, which other
        users cannot read, and not through its arguments, which they can."""
        sockets = [each.fileno() for each in self._sockets]
        self._master = subprocess.Popen(
            [sys.executable, "-m", "service.serving.workers", *map(str, sockets)],
            pass_fds=sockets,
            cwd=ROOT,
            env={**os.environ, **self._settings.to_environment()},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        self._groups.append(self._master.pid)

    def stop(self) -> None:
        """Let the workers end their requests, for a bounded time, and leave no process behind.
        From its beginning on new connections are refused."""
        for each in self._sockets:
            each.close()
        if self._master is not None:
            self._master.terminate()
            try:
                self._master.wait(GRACEFUL_SECONDS + 5)
            except subprocess.TimeoutExpired:
                self._master.kill()
                self._master.wait()
        # Workers of a master that was killed end by themselves, but not before they are idle.
        for group in self._groups:
            _end_group(group)
        self._groups.clear()
        self._master = None


class Supervisor:
    """Starts again what dies: at most five times in a minute."""

    def __init__(self, workers: WorkerProcesses, private: PrivateMariaDB | None) -> None:
        self._workers = workers
        self._private = private
        self._worker_restarts = Restarts()
        self._database_restarts = Restarts()

    def watch(self) -> None:
        """Look after both until a signal raises StopRequested. ServeError: they keep dying."""
        while True:
            time.sleep(0.2)
            if self._private is not None and not self._private.running:
                self._database_restarts.count("the private MariaDB")
                self._private.start()
            if not self._workers.running:
                self._worker_restarts.count(f"the master of the workers (exit code {self._workers.exit_code})")
                self._workers.start()


class Restarts:
    """Counts how often something died of late."""

    def __init__(self, most: int = MOST_RESTARTS, seconds: float = RESTART_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._times: deque[float] = deque()

    def count(self, what: str) -> None:
        """One more restart of `what`. Raises ServeError where there were too many of late."""
        now = time.monotonic()
        while self._times and self._times[0] < now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._most:
            raise ServeError(f"{what} died more than {self._most} times in {self._seconds:.0f} seconds: giving up")
        self._times.append(now)
        _say(f"{what} died; starting it again")


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


def _bound_sockets(settings: Settings, stack: ExitStack) -> list[socket.socket]:
    """A socket for each worker, all on the same port, for as long as the supervisor runs.

    Any process of this user may share a port by SO_REUSEPORT, so make sure first that nobody has
    it. Raises ServeError.
    """
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            _bind(settings, shared=False).close()
            return [stack.enter_context(_bind(settings, shared=True)) for _ in range(settings.workers)]
        except OSError as error:
            # The workers of a supervisor that was killed may need a moment to leave.
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise ServeError(
                    f"cannot listen on {settings.host} port {settings.port}: "
                    f"{error.strerror or error}; set HERDBOOK_PORT or HERDBOOK_HOST to another"
                ) from None
        time.sleep(0.2)


def _bind(settings: Settings, *, shared: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        if not shared:
            bound.listen(1)  # with SO_REUSEADDR only this finds out whether another listens
    except OSError:
        bound.close()
        raise
    return bound


def _wait_until_healthy(settings: Settings, workers: WorkerProcesses) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _is_healthy(settings):
        if not workers.running:
            raise ServeError("the workers did not start; the lines above say why")
        if time.monotonic() > deadline:
            raise ServeError(f"the workers did not answer /health in {READY_SECONDS:.0f} seconds")
        time.sleep(0.1)


def _is_healthy(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(_reachable_host(settings), settings.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable_host(settings: Settings) -> str:
    """Where a client on this machine finds a service that listens on the host in the settings."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _raise_on_signals() -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise StopRequested

    for number in _STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
            signal.signal(number, stop)


def _ignore_signals() -> None:
    """While things are being stopped, which is bounded, a second signal must not cut it short."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _say(line: str) -> None:
    print(f"herdbook: {line}", file=sys.stderr, flush=True)


def _print_address(settings: Settings) -> None:
    host = _reachable_host(settings)
    base = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    workers = f"{settings.workers} worker{'s' if settings.workers > 1 else ''}"
    print(f"Herdbook serves at {base} with {workers}; stop it with Ctrl-C.")
    print(f"Try: curl {base}/api/v1/species", flush=True)


def _print_login(settings: Settings, made_up: str | None) -> None:
    if made_up is not None:
        source = f"password {made_up} (made up just now and not shown again)"
    elif settings.admin_password is not None:
        source = "the password in HERDBOOK_ADMIN_PASSWORD when the farm was loaded"
    else:
        source = "the password that was shown at the first start"
    print(f"Log in: identification {ADMINISTRATOR}, {source}", flush=True)
