"""What run.py does beside serving."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import CommandLine

from service.db.blocking import connect
from service.settings import DatabaseURL


@pytest.fixture(scope="module")
def url(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    return make_database()


@pytest.fixture
def run(url: DatabaseURL, tmp_path: Path) -> CommandLine:
    return CommandLine(url, tmp_path)


def test_purge_forgets_old_tombstones_and_nothing_else(run: CommandLine, url: DatabaseURL) -> None:
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


def test_the_audit_names_what_differs(run: CommandLine, url: DatabaseURL) -> None:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE ledger SET row_count = row_count + 5 WHERE table_name = 'breeds'")
        done = run("audit")
        assert done.returncode == 1
        assert "breeds: the ledger counts 5 rows, the table has 0" in done.stdout
        cursor.execute("UPDATE ledger SET row_count = row_count - 5 WHERE table_name = 'breeds'")
    assert run("audit").returncode == 0
