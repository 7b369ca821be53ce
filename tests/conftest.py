"""The one MariaDB of the test run, new migrated databases in it, and settings that lead there."""

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from copied_database import Original

from service.db import migrate
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.settings import DatabaseURL, Settings

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
LONGEST_FIRST = ("exactness", "integration", "clients", "contract", "unit")
MIGRATIONS = ROOT / "migrations"
SECRET_KEY = "the-tests-sign-their-tokens-with-this"


def pytest_configure() -> None:
    """No example of hypothesis has a time limit: a slow machine is no fault of what is tested."""
    hypothesis.settings.register_profile("without a clock", deadline=None)
    hypothesis.settings.load_profile("without a clock")


def pytest_sessionstart() -> None:
    """Ctrl-C reaches what the tests start, also where a shell that runs them in its background has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the database, so that the rest can be run by itself: -m "not database".

    The folders whose files last longest come first: side by side with others, they end with them.
    """
    items.sort(key=lambda item: LONGEST_FIRST.index(item.path.relative_to(TESTS).parts[0]))
    for item in items:
        if "mariadb" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateMariaDB]:
    """A server that lives as long as the test run; it does not wait for the disk."""
    server = PrivateMariaDB(
        tmp_path_factory.mktemp("mariadb"),
        max_connections=500,
        database="herdbook_start",
        granted="herdbook%",
        options=["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=128M"],
    )
    with server:
        yield server


@pytest.fixture(scope="session")
def make_empty_database(mariadb: PrivateMariaDB) -> Callable[[], DatabaseURL]:
    """Gives a new database without tables at each call."""
    numbers = itertools.count(1)

    def make() -> DatabaseURL:
        return _create(mariadb, f"herdbook_{next(numbers)}")

    return make


@pytest.fixture(scope="session")
def migrated(mariadb: PrivateMariaDB) -> Original:
    """A migrated database, to be copied."""
    url = _create(mariadb, "herdbook_migrated")
    migrate.apply(url, MIGRATIONS)
    return Original(url)


@pytest.fixture(scope="session")
def make_database(make_empty_database: Callable[[], DatabaseURL], migrated: Original) -> Callable[[], DatabaseURL]:
    """Gives a new migrated database at each call."""

    def make() -> DatabaseURL:
        url = make_empty_database()
        migrated.copy_to(url)
        return url

    return make


@pytest.fixture(scope="session")
def database_url(mariadb: PrivateMariaDB, migrated: Original) -> DatabaseURL:
    """The migrated database `herdbook_test`, which the tests of the run share."""
    url = _create(mariadb, "herdbook_test")
    migrated.copy_to(url)
    return url


@pytest.fixture
def settings(database_url: DatabaseURL, tmp_path: Path) -> Settings:
    """Settings of one worker with a small pool on the shared database."""
    return Settings.from_environment(
        {
            "DATABASE_URL": database_url.uri(),
            "HERDBOOK_SECRET_KEY": SECRET_KEY,
            "HERDBOOK_DATA_DIR": str(tmp_path / "data"),
            "HERDBOOK_ADMIN_PASSWORD": "the-password-of-the-tests",
            "HERDBOOK_SAMPLE_ANIMALS": "0",
            "HERDBOOK_WORKERS": "1",
            "HERDBOOK_POOL_SIZE": "5",
            "HERDBOOK_POOL_OVERFLOW": "5",
        }
    )


def _create(mariadb: PrivateMariaDB, name: str) -> DatabaseURL:
    url = mariadb.start()  # it runs: this is only where it is
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}`")
    return url.with_name(name)
