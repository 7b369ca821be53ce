"""What run.py does beside serving."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import ROOT, CommandLine

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


COMMANDS = re.findall(r'^        \("([a-z]+)", \w+\),$', (ROOT / "run.py").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_shows_an_example_of_it(name: str, tmp_path: Path) -> None:
    nowhere = DatabaseURL("nobody", "", "127.0.0.1", 9, "none")  # help asks no database
    done = CommandLine(nowhere, tmp_path)(name, "--help")
    assert done.returncode == 0
    examples = done.stdout.partition("example")[2]
    assert f"run.py {name}" in examples, done.stdout
    assert name in CommandLine(nowhere, tmp_path)("--help").stdout


def test_there_is_a_help_for_every_command() -> None:
    assert {"serve", "migrate", "audit", "load", "export", "purge", "user", "backup", "restore"} <= set(COMMANDS)


def test_a_command_that_is_none_and_an_option_too_few_are_told(run: CommandLine) -> None:
    for words in (("lode",), ("load", "animals"), ("user",), ("backup",)):
        done = run(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "usage: run.py" in done.stderr


def test_migrate_does_nothing_where_nothing_is_missing(run: CommandLine) -> None:
    done = run("migrate")
    assert (done.returncode, done.stdout) == (0, "nothing to apply\n")


def test_the_settings_are_shown_without_their_secrets(run: CommandLine) -> None:
    done = run("settings", HERDBOOK_ADMIN_PASSWORD="Una-clave-1")
    assert done.returncode == 0
    assert "HERDBOOK_ADMIN_PASSWORD" in done.stdout
    assert "Una-clave-1" not in done.stdout
