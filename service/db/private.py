"""A MariaDB of our own on a unix socket in one folder, which never outlives the process that
started it."""

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from os import fsencode
from pathlib import Path
from typing import IO, Self

from service.db.blocking import can_connect
from service.db.installation import (
    PrivateDatabaseError,
    as_root,
    find_program,
    last_lines,
    make_data_folder,
)
from service.host.folder import keep_secret, try_lock, wait_for_lock, write_private
from service.host.processes import die_with_parent
from service.settings import DatabaseURL

USER = "herdbook"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
# A server that is not ready yet has nothing to put in order, and MariaDB may miss the signal that ends it.
STOP_UNREADY_SECONDS = 3.0
SOCKET_PATH_BYTES = 107  # what sockaddr_un holds beside the closing NUL


class FolderInUseError(PrivateDatabaseError):
    """Another running process uses this folder."""


class PrivateMariaDB:
    """A MariaDB whose data, socket, log and password live in `folder` (made with mode 0700).

    `max_connections` is what its clients need together. `database` is made at the first start,
    and the user `herdbook` may do everything in databases that match `granted`, a LIKE pattern.
    `options` are further options of mariadbd, such as "--innodb-flush-log-at-trx-commit=0".

    Start it from a thread that lives as long as the server should: Linux sends the signal that
    ends the server when that thread ends.
    """

    def __init__(
        self,
        folder: Path,
        max_connections: int,
        *,
        database: str = "herdbook",
        granted: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder.absolute()
        self.max_connections = max_connections
        self.database = database
        self.granted = granted if granted is not None else _literal_pattern(database)
        self.options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._socket_folder: Path | None = None

    @property
    def log(self) -> Path:
        """The server's error log."""
        return self.folder / "mariadb.log"

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether the server that was started is still there."""
        return self._process is not None and self._process.poll() is None

    def start(self, pause: Callable[[float], None] = time.sleep) -> DatabaseURL:
        """Install at the first start, run the server and wait until it answers.

        Returns how to connect. `pause` sleeps between two looks; what it raises ends the start, and
        the server with it. Raises FolderInUseError where another process uses the folder, and
        PrivateDatabaseError where MariaDB is missing or does not start.
        """
        if self.running:
            return self._url()
        self._hold_folder()
        try:
            self._install()
            self._launch(pause)
        except BaseException:
            self.stop(STOP_UNREADY_SECONDS)
            raise
        return self._url()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the server in order; kill it if that takes longer than `seconds`."""
        process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._let_go()

    def kill(self) -> None:
        """End the server at once, as a crash would. `start` recovers the data."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _hold_folder(self) -> None:
        """Take the folder for this process, which a lock on one of its files stands for."""
        if self._lock is not None:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._lock = try_lock(self.folder / "owner.lock")
        if self._lock is None:
            raise FolderInUseError(
                f"another process runs the MariaDB in {self.folder}; stop that one, or choose another data folder"
            )

    def _let_go(self) -> None:
        self._process = None
        if self._lock is not None:
            (self.folder / "url").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None
        if self._socket_folder is not None:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
            self._socket_folder = None

    def _install(self) -> None:
        """Make the data files once. They get their final name only when they are whole, so what a
        killed run left behind is never taken for an installation."""
        data = self.folder / "data"
        if data.exists():
            return
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        make_data_folder(unfinished)
        unfinished.rename(data)

    def _launch(self, pause: Callable[[float], None]) -> None:
        # A server whose starter was killed needs a moment to end, and holds this lock until then:
        # the lock is inherited, and so lasts as long as either process has it open.
        server_lock = wait_for_lock(self.folder / "server.lock", STOP_SECONDS, pause)
        if server_lock is None:
            raise FolderInUseError(f"a MariaDB that still runs uses {self.folder}")
        with server_lock:
            init_file = self.folder / "init.sql"
            write_private(init_file, "\n".join(self._initial_statements()))
            try:
                with self.log.open("ab") as log:
                    self._process = subprocess.Popen(
                        self._command(init_file),
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        cwd=self.folder,
                        start_new_session=True,
                        pass_fds=[server_lock.fileno()],
                        preexec_fn=die_with_parent(),
                    )
                self._wait_until_it_answers(pause)
            finally:
                init_file.unlink(missing_ok=True)
        write_private(self.folder / "url", self._url().uri() + "\n")

    def _command(self, init_file: Path) -> list[str]:
        return [
            find_program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self._socket()}",
            f"--pid-file={self.folder / 'mariadbd.pid'}",
            # At its start a server deletes the temporary tables in its tmpdir, those of other servers too.
            f"--tmpdir={self._temporary()}",
            f"--init-file={init_file}",
            *as_root(),
            "--skip-networking",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_520_ci",
            f"--max-connections={self.max_connections}",
            "--max-allowed-packet=64M",
            "--default-time-zone=+00:00",
            "--innodb-buffer-pool-size=256M",
            *self.options,
        ]

    def _initial_statements(self) -> list[str]:
        """Idempotent, one a line as mariadbd wants its init file, and run at every start."""
        password = self._password()
        user = f"'{USER}'@'localhost'"
        return [
            f"CREATE DATABASE IF NOT EXISTS `{self.database}`;",
            f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{password}';",
            f"ALTER USER {user} IDENTIFIED BY '{password}';",
            f"GRANT ALL ON `{self.granted}`.* TO {user};",
            # The write path asks whether the server still lists a connection it lost.
            f"GRANT PROCESS ON *.* TO {user};",
            "",
        ]

    def _wait_until_it_answers(self, pause: Callable[[float], None]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                break
            if can_connect(self._url()):
                return
            pause(0.05)
        raise PrivateDatabaseError(
            f"the private MariaDB did not start; the end of {self.log}:\n"
            + last_lines(self.log.read_text(errors="replace"))
        )

    def _password(self) -> str:
        """A random password, made once; hexadecimal, so that it needs no quoting anywhere."""
        return keep_secret(self.folder / "password", lambda: secrets.token_hex(24))

    def _socket(self) -> Path:
        """In the folder, or in a private temporary one where that path would be too long."""
        if self._socket_folder is None:
            path = self.folder / "mariadb.sock"
            if len(fsencode(path)) <= SOCKET_PATH_BYTES:
                return path
            self._socket_folder = Path(tempfile.mkdtemp(prefix="herdbook-", dir="/tmp"))
        return self._socket_folder / "mariadb.sock"

    def _temporary(self) -> Path:
        path = self.folder / "tmp"
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def _url(self) -> DatabaseURL:
        return DatabaseURL(
            user=USER,
            password=self._password(),
            host="localhost",
            port=3306,
            name=self.database,
            unix_socket=str(self._socket()),
        )


def running_url(folder: Path) -> DatabaseURL | None:
    """How to connect to the private MariaDB that another process runs in `folder`, or None."""
    with suppress(FileNotFoundError):
        url = DatabaseURL.parse((folder / "url").read_text().strip())
        if can_connect(url):
            return url
    return None


def _literal_pattern(name: str) -> str:
    """`name` as a pattern that matches nothing else: GRANT takes database names as patterns."""
    return name.replace("_", r"\_").replace("%", r"\%")
