"""The private MariaDB: made once, private, survives crashes, and never outlives its starter."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from service_process import is_alive
from waiting import wait_until

from service.db.blocking import connect
from service.db.installation import PrivateDatabaseError, find_program
from service.db.private import FolderInUseError, PrivateMariaDB, running_url
from service.host.folder import write_private

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--innodb-buffer-pool-size=32M",)

STARTER = """
import sys, time
from pathlib import Path
from service.db.private import PrivateMariaDB
server = PrivateMariaDB(Path(sys.argv[1]), 20, options=["--innodb-buffer-pool-size=32M"])
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""

NOBODY = 65534
ORDINARY_USER = """
import os, sys
from pathlib import Path
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
with PrivateMariaDB(Path(sys.argv[1]) / "mariadb", 20) as server:
    with connect(server.start()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT CURRENT_USER()")
        print(*cursor.fetchone())
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrivateMariaDB]:
    with PrivateMariaDB(tmp_path / "mariadb", 20, options=QUICK) as server:
        yield server


def test_it_is_reached_by_its_socket_alone(server: PrivateMariaDB) -> None:
    url = server.start()
    assert url.unix_socket == str(server.folder / "mariadb.sock")
    assert variable(server, "skip_networking") == 1


def test_it_has_the_settings_the_service_needs(server: PrivateMariaDB) -> None:
    assert variable(server, "max_connections") == 20
    assert variable(server, "max_allowed_packet") == 64 * 1024 * 1024
    assert variable(server, "character_set_database") == "utf8mb4"
    assert variable(server, "innodb_buffer_pool_size") == 32 * 1024 * 1024
    assert variable(server, "log_bin") == 0


def test_its_user_may_make_tables_triggers_and_functions(server: PrivateMariaDB) -> None:
    run(server, "CREATE TABLE cow (id INT)")
    run(server, "CREATE TRIGGER milk BEFORE INSERT ON cow FOR EACH ROW SET NEW.id = 7")
    run(server, "CREATE FUNCTION moo() RETURNS INT NO SQL RETURN 1")
    run(server, "INSERT INTO cow VALUES (1)")
    assert run(server, "SELECT id, moo() FROM cow") == ((7, 1),)


def test_its_user_may_do_nothing_outside_its_database(server: PrivateMariaDB) -> None:
    for statement in ("CREATE DATABASE other", "SELECT * FROM mysql.global_priv"):
        with pytest.raises(Exception, match="denied"):
            run(server, statement)


def test_other_users_can_read_nothing_in_its_folder(server: PrivateMariaDB) -> None:
    assert mode(server.folder) == 0o700
    assert mode(server.folder / "password") == 0o600
    assert mode(server.folder / "url") == 0o600
    assert not (server.folder / "init.sql").exists()


def test_its_password_is_in_no_argument_and_no_log(server: PrivateMariaDB) -> None:
    password = server.start().password
    arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode()
    assert len(password) >= 32
    assert password not in arguments
    assert password not in server.log.read_text()


def test_it_reads_no_configuration_of_the_system(server: PrivateMariaDB) -> None:
    arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes().split(b"\0")
    assert arguments[1] == b"--no-defaults"


@pytest.mark.parametrize("end", [PrivateMariaDB.stop, PrivateMariaDB.kill])
def test_its_data_outlive_it(server: PrivateMariaDB, end: Callable[[PrivateMariaDB], None]) -> None:
    first = server.start()
    run(server, "CREATE TABLE cow (id INT)")
    run(server, "INSERT INTO cow VALUES (1)")
    end(server)
    assert not server.running
    assert running_url(server.folder) is None
    assert server.start() == first
    assert run(server, "SELECT id FROM cow") == ((1,),)


def test_a_server_that_died_is_started_again(server: PrivateMariaDB) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not server.running)
    server.start()
    assert run(server, "SELECT 1") == ((1,),)


def test_a_folder_in_use_is_one_clear_error(server: PrivateMariaDB) -> None:
    with pytest.raises(FolderInUseError, match="another process runs the MariaDB in"):
        PrivateMariaDB(server.folder, 20).start()
    assert running_url(server.folder) == server.start()  # the first one is left in peace


def test_an_installation_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "mariadb" / "data.unfinished"
    (unfinished / "mysql").mkdir(parents=True)
    (unfinished / "ibdata1").write_bytes(b"half")
    with PrivateMariaDB(tmp_path / "mariadb", 20, options=QUICK) as server:
        assert run(server, "SELECT 1") == ((1,),)
    assert not unfinished.exists()


def test_an_installation_killed_at_any_moment_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "mariadb"
    starter = start_in_a_process(folder)
    wait_until(lambda: (folder / "data.unfinished" / "ibdata1").exists())
    starter.kill()
    starter.communicate()
    with PrivateMariaDB(folder, 20, options=QUICK) as server:
        assert run(server, "SELECT 1") == ((1,),)


def test_it_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    starter = start_in_a_process(tmp_path / "mariadb")
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()
    wait_until(lambda: not is_alive(pid))


def test_the_next_start_waits_for_the_server_of_a_killed_starter(tmp_path: Path) -> None:
    starter = start_in_a_process(tmp_path / "mariadb")
    assert starter.stdout is not None
    starter.stdout.readline()
    starter.kill()
    starter.communicate()
    with PrivateMariaDB(tmp_path / "mariadb", 20, options=QUICK) as server:
        assert run(server, "SELECT 1") == ((1,),)


def test_a_long_path_gets_its_socket_elsewhere_and_takes_it_away(tmp_path: Path) -> None:
    with PrivateMariaDB(tmp_path / ("long" * 25), 20, options=QUICK) as server:
        socket = Path(server.start().unix_socket or "")
        assert len(bytes(socket)) <= 107
        assert mode(socket.parent) == 0o700
        assert running_url(server.folder) == server.start()
    assert not socket.parent.exists()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = PrivateMariaDB(tmp_path / "mariadb", 20, options=["--no-such-option"])
    with pytest.raises(PrivateDatabaseError, match="no-such-option"):
        server.start()
    assert not server.running


def test_a_missing_mariadb_is_told_with_the_command_that_installs_it() -> None:
    with pytest.raises(PrivateDatabaseError, match="apt-get install --yes mariadb-server-core"):
        find_program("no-such-mariadbd")


def test_stopping_one_that_never_started_touches_nothing(server: PrivateMariaDB) -> None:
    PrivateMariaDB(server.folder, 20).stop()
    assert running_url(server.folder) is not None


def test_an_ordinary_user_can_run_it_too() -> None:
    # The folders of the test run are closed to other users, so this one lies beside them.
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:  # who is an ordinary user already need not become one
            os.chown(folder, NOBODY, NOBODY)
        done = subprocess.run(
            [sys.executable, "-c", ORDINARY_USER, folder, str(NOBODY)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.stdout, done.stderr) == ("herdbook@localhost\n", "")


def test_a_file_is_written_whole_and_private(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "one\n")
    write_private(tmp_path / "secret", "two\n")
    assert (tmp_path / "secret").read_text() == "two\n"
    assert mode(tmp_path / "secret") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def start_in_a_process(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def run(server: PrivateMariaDB, statement: str) -> tuple[tuple[object, ...], ...]:
    with connect(server.start()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return tuple(cursor.fetchall())


def variable(server: PrivateMariaDB, name: str) -> object:
    return run(server, f"SELECT @@{name}")[0][0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
