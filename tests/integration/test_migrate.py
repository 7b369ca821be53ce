"""Migrations: applied once, undone whole, one run at a time, and nothing left over by a kill."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command_line import ROOT, yoyo

from service.db import migrate
from service.db.blocking import connect
from service.settings import DatabaseURL

MIGRATIONS = ROOT / "migrations"
NAMES = sorted(path.stem for path in MIGRATIONS.glob("*.sql") if not path.stem.endswith(".rollback"))

MakeDatabase = Callable[[], DatabaseURL]


@pytest.fixture
def empty(make_empty_database: MakeDatabase) -> DatabaseURL:
    return make_empty_database()


def test_every_migration_has_its_rollback() -> None:
    assert NAMES
    assert all((MIGRATIONS / f"{name}.rollback.sql").exists() for name in NAMES)


def test_an_empty_database_gets_all_of_them_in_order(empty: DatabaseURL) -> None:
    assert migrate.apply(empty, MIGRATIONS) == NAMES


def test_a_second_run_does_nothing(empty: DatabaseURL) -> None:
    migrate.apply(empty, MIGRATIONS)
    before = schema(empty)
    assert migrate.apply(empty, MIGRATIONS) == []
    assert schema(empty) == before


def test_applied_again_after_a_rollback_they_give_the_same_schema(empty: DatabaseURL) -> None:
    migrate.apply(empty, MIGRATIONS)
    before = schema(empty)
    yoyo(empty, "rollback", "--all")
    assert schema(empty) == []  # but for yoyo's own tables
    assert migrate.apply(empty, MIGRATIONS) == NAMES
    assert schema(empty) == before


def test_each_statement_may_run_twice_as_after_a_killed_run(empty: DatabaseURL) -> None:
    migrate.apply(empty, MIGRATIONS)
    before = schema(empty)
    # Killed between the last statement of a file and the mark that it is applied.
    execute(empty, "DELETE FROM _yoyo_migration")
    assert migrate.apply(empty, MIGRATIONS) == NAMES
    assert schema(empty) == before


def test_two_runs_at_once_apply_each_of_them_once(empty: DatabaseURL) -> None:
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(migrate.apply, empty, MIGRATIONS) for _ in range(2)]
        applied = sorted(name for run in runs for name in run.result(60))
    assert applied == NAMES


def test_the_lock_row_of_a_killed_run_does_not_block_the_next(empty: DatabaseURL) -> None:
    migrate.apply(empty, MIGRATIONS)
    execute(empty, "INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, NOW(), 1)")
    assert migrate.apply(empty, MIGRATIONS) == []
    assert execute(empty, "SELECT COUNT(*) FROM yoyo_lock") == ((0,),)


def test_a_run_waits_for_the_one_before_it_and_says_so(empty: DatabaseURL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0)
    with connect(empty) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", (f"{migrate.LOCK_NAME}_{empty.name}",))
        with pytest.raises(migrate.MigrationError, match="another run"):
            migrate.apply(empty, MIGRATIONS)


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_migrations_is_an_error(empty: DatabaseURL, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(migrate.MigrationError, match="no migrations"):
        migrate.apply(empty, tmp_path / name)


def test_a_failing_statement_is_named_without_the_password(empty: DatabaseURL, tmp_path: Path) -> None:
    (tmp_path / "0001_bad.sql").write_text("-- transactional: false\n\nCREATE TABLE nonsense;\n")
    with pytest.raises(migrate.MigrationError, match="column") as caught:
        migrate.apply(empty, tmp_path)
    assert empty.password not in str(caught.value)


def test_yoyo_apply_works_from_the_projects_root(empty: DatabaseURL) -> None:
    yoyo(empty, "apply")
    assert migrate.apply(empty, MIGRATIONS) == []


def test_the_yoyo_configuration_holds_no_password() -> None:
    text = (ROOT / "yoyo.ini").read_text()
    assert "database = %(DATABASE_URL)s" in text


def execute(url: DatabaseURL, statement: str) -> tuple[tuple[object, ...], ...]:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return tuple(cursor.fetchall())


def schema(url: DatabaseURL) -> list[tuple[object, ...]]:
    """Every column, index and trigger of the database, yoyo's own tables left out."""
    statements = (
        "SELECT table_name, column_name, column_type, is_nullable, column_default, extra"
        " FROM information_schema.columns WHERE table_schema = DATABASE()",
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique"
        " FROM information_schema.statistics WHERE table_schema = DATABASE()",
        "SELECT event_object_table, trigger_name, action_timing, event_manipulation,"
        " action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
        "SELECT table_name, constraint_name, referenced_table_name, delete_rule, update_rule"
        " FROM information_schema.referential_constraints"
        " WHERE constraint_schema = DATABASE()",
    )
    rows = [row for statement in statements for row in execute(url, statement)]
    return sorted((row for row in rows if "yoyo" not in str(row[0])), key=repr)
