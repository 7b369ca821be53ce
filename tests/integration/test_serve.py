"""`run.py serve` as a user meets it: one command, clear errors, and nothing left behind."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from service_process import descendants, is_alive
from waiting import wait_until

from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.serving.errors import ServeError
from service.serving.restarts import Restarts
from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0


@dataclass
class Service:
    """A `run.py serve` in a process of its own."""

    process: "subprocess.Popen[str]"
    port: int
    data_dir: Path
    output: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_serving(self) -> None:
        wait_until(lambda: "Log in:" in self.text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.text()

    def text(self) -> str:
        return self.output.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def children(self) -> dict[int, str]:
        """Every process below the supervisor, with its arguments."""
        found = ((pid, arguments_of(pid)) for pid in descendants(self.process.pid))
        return {pid: arguments for pid, arguments in found if arguments is not None}

    def child(self, words: str) -> int:
        """The first process below the supervisor whose arguments hold `words`."""
        return next(pid for pid, arguments in self.children().items() if words in arguments)


Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a service with further settings; each is ended after the test."""
    services: list[Service] = []

    def start(data_dir: Path = tmp_path / "data", **settings: str) -> Service:
        port = int(settings.pop("HERDBOOK_PORT", 0)) or free_port()
        output = tmp_path / f"output-{len(services)}"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "run.py", "serve"],
                cwd=ROOT,
                env=environment(port, data_dir, settings),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        services.append(Service(process, port, data_dir, output))
        return services[-1]

    yield start
    for service in services:
        if service.process.poll() is None:
            service.stop()


def test_it_serves_says_where_and_leaves_nothing_behind(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    url = re.search(r"curl (\S+)", service.text())
    assert url is not None
    assert json.loads(get(url[1]))["success"] is True
    children = service.children()
    assert len(children) == 3  # mariadbd, gunicorn's master and one worker
    assert service.stop() == 0
    assert not [pid for pid in children if is_alive(pid)]
    assert not list(service.data_dir.rglob("*.sock"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_each_way_of_stopping_is_in_order(start: Start, number: signal.Signals) -> None:
    service = start()
    service.wait_until_serving()
    children = service.children()
    assert service.stop(number) == 0
    assert not [pid for pid in children if is_alive(pid)]
    assert "Traceback" not in service.text()


@pytest.mark.parametrize("seconds", [0, 0.05, 0.1, 0.2, 0.4])
def test_it_can_be_stopped_while_it_starts(start: Start, seconds: float) -> None:
    service = start()
    wait_until(lambda: (service.data_dir / "mariadb" / "data").exists())
    time.sleep(seconds)
    children = service.children()
    assert service.stop() == 0
    assert not [pid for pid in children if is_alive(pid)]
    assert "Traceback" not in service.text()


def test_killed_outright_it_takes_everything_with_it(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    children = service.children()
    service.process.kill()
    service.process.wait()
    wait_until(lambda: not [pid for pid in children if is_alive(pid)])
    again = start(HERDBOOK_PORT=str(service.port))
    again.wait_until_serving()


def test_a_second_run_keeps_the_data_and_the_keys(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    first = get(f"{service.base}/api/v1/species")
    keys = (service.data_dir / "secret.key").read_text()
    assert "made up just now" in service.text()
    service.stop()

    service = start()
    service.wait_until_serving()
    assert rows(get(f"{service.base}/api/v1/species")) == rows(first)
    assert (service.data_dir / "secret.key").read_text() == keys
    assert "made up just now" not in service.text()


def test_keys_and_folders_are_closed_to_other_users(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    assert stat.S_IMODE(service.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((service.data_dir / "secret.key").stat().st_mode) == 0o600


def test_no_secret_is_among_the_arguments_of_a_process(start: Start) -> None:
    service = start(HERDBOOK_ADMIN_PASSWORD="the-administrators")
    service.wait_until_serving()
    password = (service.data_dir / "mariadb" / "password").read_text().strip()
    key = (service.data_dir / "secret.key").read_text().strip()
    shown = "\n".join(service.children().values())
    assert "mariadbd" in shown
    assert not [secret for secret in (password, key, "the-administrators") if secret in shown]
    assert not [secret for secret in (password, key, "the-administrators") if secret in service.text()]


def test_a_master_that_died_is_started_again(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    master = service.child("service.serving.workers")
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: "starting it again" in service.text())
    wait_until(lambda: answers(service))
    wait_until(
        lambda: any("service.serving.workers" in words for pid, words in service.children().items() if pid != master)
    )
    assert service.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_no_connection_is_refused_while_the_workers_change(start: Start, number: signal.Signals) -> None:
    service = start(HERDBOOK_WORKERS="2")
    service.wait_until_serving()
    before = set(service.children())
    os.kill(service.child("service.serving.workers"), number)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        get(f"{service.base}/health")
    assert len(set(service.children()) - before) >= 2
    assert len(service.children()) == len(before)


def test_a_worker_that_died_is_replaced_on_its_own_socket(start: Start) -> None:
    service = start(HERDBOOK_WORKERS="2")
    service.wait_until_serving()
    before = set(service.children())
    os.kill(max(before), signal.SIGKILL)
    wait_until(lambda: len(set(service.children()) - before) == 1)
    for _ in range(50):  # a socket without a worker would leave some of these waiting
        get(f"{service.base}/health")


def test_it_listens_on_ipv6_too(start: Start) -> None:
    service = start(HERDBOOK_HOST="::1")
    service.wait_until_serving()
    assert f"curl http://[::1]:{service.port}/" in service.text()


def test_a_private_mariadb_that_died_is_started_again(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    database = service.child("mariadbd")
    os.kill(database, signal.SIGKILL)
    wait_until(lambda: "the private MariaDB died; starting it again" in service.text())
    wait_until(lambda: answers(service))
    assert service.child("mariadbd") != database


def test_after_five_restarts_in_a_minute_it_gives_up() -> None:
    restarts = Restarts(most=5, seconds=60)
    for _ in range(5):
        restarts.count("it")
    with pytest.raises(ServeError, match="died more than 5 times in 60 seconds"):
        restarts.count("it")


def test_restarts_long_ago_do_not_count() -> None:
    restarts = Restarts(most=1, seconds=0)
    restarts.count("it")
    time.sleep(0.01)
    restarts.count("it")


def test_all_bad_settings_are_told_at_once(start: Start) -> None:
    service = start(HERDBOOK_WORKERS="many", HERDBOOK_POOL_SIZE="0", HERDBOOK_LOG_LEVEL="loud")
    assert service.process.wait(SECONDS) == 2
    for name in ("HERDBOOK_WORKERS", "HERDBOOK_POOL_SIZE", "HERDBOOK_LOG_LEVEL"):
        assert name in service.text()


def test_a_taken_port_is_one_clear_line(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        service = start(HERDBOOK_PORT=str(taken.getsockname()[1]))
        assert service.process.wait(SECONDS) == 1
    assert re.fullmatch(r"herdbook: cannot listen on .*HERDBOOK_PORT.*\n", service.text())


def test_a_data_folder_in_use_is_one_clear_line(start: Start) -> None:
    first = start()
    first.wait_until_serving()
    second = start()
    assert second.process.wait(SECONDS) == 1
    assert re.fullmatch(r"herdbook: another Herdbook uses .*HERDBOOK_DATA_DIR.*\n", second.text())
    assert answers(first)


def test_a_data_folder_that_is_a_file_is_one_clear_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    service = start(tmp_path / "file")
    assert service.process.wait(SECONDS) == 1
    assert re.fullmatch(r"herdbook: \S+/file: File exists\n", service.text())


@pytest.mark.parametrize("where", ["127.0.0.1:1/herdbook", "localhost/herdbook?unix_socket=/nowhere/mariadb.sock"])
def test_an_unreachable_database_is_one_clear_line(start: Start, where: str) -> None:
    service = start(DATABASE_URL=f"mysql://farm:hidden@{where}")
    assert service.process.wait(SECONDS) == 1
    assert re.fullmatch(r"herdbook: cannot use the database mysql://farm:\*\*\*@.*\n", service.text())
    assert "hidden" not in service.text()


def test_a_wrong_password_is_told_at_once(start: Start, database_url: DatabaseURL) -> None:
    url = database_url.uri().replace(database_url.password, "hidden")
    service = start(DATABASE_URL=url)
    assert service.process.wait(SECONDS) == 1
    assert "Access denied" in service.text()
    assert "hidden" not in service.text()


def test_pools_that_the_server_cannot_carry_are_refused(
    start: Start, mariadb: PrivateMariaDB, database_url: DatabaseURL
) -> None:
    service = start(DATABASE_URL=database_url.uri(), HERDBOOK_POOL_OVERFLOW="128", HERDBOOK_WORKERS="4")
    assert service.process.wait(SECONDS) == 1
    assert "max_connections=" in service.text()
    assert "HERDBOOK_POOL_OVERFLOW" in service.text()
    assert f"the server allows {mariadb.max_connections}" in service.text()


def test_it_serves_from_a_database_of_the_users(start: Start, make_empty_database: Callable[[], DatabaseURL]) -> None:
    url = make_empty_database()
    service = start(DATABASE_URL=url.uri(), HERDBOOK_ADMIN_PASSWORD="the-administrators")
    service.wait_until_serving()
    assert not [arguments for arguments in service.children().values() if "mariadbd" in arguments]
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM _yoyo_migration")
        assert cursor.fetchone() != (0,)
    assert "the password in HERDBOOK_ADMIN_PASSWORD" in service.text()


def test_a_misspelt_setting_is_told(start: Start) -> None:
    service = start(HERDBOOK_WORKER="3")
    service.wait_until_serving()
    assert "HERDBOOK_WORKER is not a setting; did you mean HERDBOOK_WORKERS?" in service.text()


def test_migrate_works_with_and_beside_a_running_service(start: Start) -> None:
    service = start()
    service.wait_until_serving()
    assert command(service, "migrate").stdout == "nothing to apply\n"
    service.stop()
    assert command(service, "migrate").stdout == "nothing to apply\n"
    assert not list(service.data_dir.rglob("*.sock"))


def test_settings_hide_what_is_secret(start: Start, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "run.py", "settings"],
        cwd=ROOT,
        env=environment(8081, tmp_path, {"DATABASE_URL": "mysql://farm:hidden@db/herdbook"}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "mysql://farm:***@db:3306/herdbook" in done.stdout
    assert "hidden@" not in done.stdout


def command(service: Service, name: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "run.py", name],
        cwd=ROOT,
        env=environment(service.port, service.data_dir, {}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )


def environment(port: int, data_dir: Path, settings: dict[str, str]) -> dict[str, str]:
    """This process's environment without its own settings, and a small service instead."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("HERDBOOK_") and name != "DATABASE_URL"
    }
    return {
        **inherited,
        "HERDBOOK_PORT": str(port),
        "HERDBOOK_DATA_DIR": str(data_dir),
        "HERDBOOK_SAMPLE_ANIMALS": "20",
        "HERDBOOK_WORKERS": "1",
        **settings,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def rows(page: bytes) -> object:
    return json.loads(page)["data"]


def answers(service: Service) -> bool:
    """Whether a read that may need the database succeeds."""
    try:
        return bool(get(f"{service.base}/api/v1/species?limit=1"))
    except (urllib.error.URLError, OSError):
        return False


def arguments_of(pid: int) -> str | None:
    """The arguments of a process, as `ps` shows them to anyone; None where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return None
