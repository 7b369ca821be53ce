"""What run.py does beside serving."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.db.blocking import connect
from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[2]
ANA = ("--identification", "52123456", "--fullname", "Ana Ruiz", "--email", "Ana@farm.example", "--phone", "300")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def url(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    return make_database()


@pytest.fixture
def run(url: DatabaseURL, tmp_path: Path) -> Run:
    """Runs one command of run.py on the database."""

    def command(*words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        known = {key: value for key, value in os.environ.items() if not key.startswith("HERDBOOK_")}
        environment = {**known, "DATABASE_URL": url.uri(), "HERDBOOK_DATA_DIR": str(tmp_path), **settings}
        return subprocess.run(
            [sys.executable, "run.py", *words],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return command


def test_the_first_administrator_is_stored_by_command(run: Run) -> None:
    done = run("user", *ANA, HERDBOOK_ADMIN_PASSWORD="Una-clave-1")
    assert (done.returncode, done.stdout) == (0, "user 1 is stored: Ana Ruiz, Administrador\n")
    again = run("user", *ANA, HERDBOOK_ADMIN_PASSWORD="Una-clave-1")
    assert (again.returncode, again.stdout) == (1, "another user has this identification\n")


def test_a_user_that_breaks_a_rule_is_refused_with_every_reason(run: Run) -> None:
    bad = ("--identification", "x", "--fullname", "", "--email", "nobody", "--phone", "1")
    done = run("user", *bad, HERDBOOK_ADMIN_PASSWORD="password1")
    assert done.returncode == 1
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"identification", "fullname", "email", "password"}


def test_purge_forgets_old_tombstones_and_nothing_else(run: Run, url: DatabaseURL) -> None:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO species (name) VALUES ('stays'), ('goes long ago'), ('goes now')")
        cursor.execute("DELETE FROM species WHERE name <> 'stays'")
        cursor.execute(
            "UPDATE tombstone SET deleted_at = NOW(6) - INTERVAL 91 DAY"
            " WHERE table_name = 'species' ORDER BY deleted_at LIMIT 1"
        )
        done = run("purge")
        assert done.returncode == 0
        assert "species: 1 tombstones purged" in done.stdout
        cursor.execute("SELECT COUNT(*), (SELECT COUNT(*) FROM species) FROM tombstone WHERE table_name = 'species'")
        assert cursor.fetchone() == (1, 1)
        cursor.execute("SELECT deltas_from > NOW() - INTERVAL 92 DAY FROM ledger WHERE table_name = 'species'")
        assert cursor.fetchone() == (1,)
    assert run("audit").stdout == "6 tables audited, 0 differences\n"


def test_the_audit_names_what_differs(run: Run, url: DatabaseURL) -> None:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE ledger SET row_count = row_count + 5 WHERE table_name = 'breeds'")
        done = run("audit")
        assert done.returncode == 1
        assert "breeds: the ledger counts 5 rows, the table has 0" in done.stdout
        cursor.execute("UPDATE ledger SET row_count = row_count - 5 WHERE table_name = 'breeds'")
    assert run("audit").returncode == 0
