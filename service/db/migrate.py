"""Brings a database to the newest migration; two processes that try at once do it one after the
other, and a run that was killed never blocks the next."""

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import yoyo

from service.db.blocking import connect, read_statement
from service.settings import DatabaseURL

LOCK_NAME = "herdbook_migrate"
LOCK_SECONDS = 60


class MigrationError(Exception):
    """The migrations cannot be applied; the message says why."""


def apply(url: DatabaseURL, folder: Path) -> list[str]:
    """Apply what is missing of the migrations in `folder`; returns their names, oldest first.

    Raises MigrationError where the folder holds none, the server is not reachable, another run
    lasts longer than a minute, or a statement fails (what the file did before is rolled back).
    """
    with _backend(url, folder) as (backend, migrations):
        # To know what is missing yoyo takes every file apart, which is long where nothing is.
        if {migration.hash for migration in migrations} <= set(backend.get_applied_migration_hashes()):
            return []
        missing = backend.to_apply(migrations)
        names = [migration.id for migration in missing]
        backend.apply_migrations(missing)
        # yoyo leaves out a file that it cannot load, without a word.
        left_out = [migration.id for migration in backend.to_apply(migrations)]
        if left_out:
            raise MigrationError(f"could not be loaded: {', '.join(left_out)}")
        return names


@contextmanager
def _backend(url: DatabaseURL, folder: Path) -> Iterator[tuple[Any, Any]]:
    """yoyo's backend and the migrations in `folder`, while nobody else migrates."""
    migrations = yoyo.read_migrations(glob.escape(str(folder)))
    # yoyo takes a folder that is missing or empty for a database that is up to date.
    if not migrations:
        raise MigrationError(f"there are no migrations in {folder}")
    try:
        with _only_run(url), yoyo.get_backend(url.uri()) as backend:
            # A yoyo row that is there now was left by a run that was killed: whoever is alive
            # and goes through this function holds the server's lock, which ends with its
            # connection; a bare `yoyo apply` at the same moment is the operator's to avoid.
            backend.break_lock()
            with backend.lock():
                yield backend, migrations
    except pymysql.Error as error:
        raise MigrationError(f"on {url}: {_reason(error)}") from error


@contextmanager
def _only_run(url: DatabaseURL) -> Iterator[None]:
    """Hold a lock of the server; it lasts as long as this connection, so it cannot be left over."""
    name = f"{LOCK_NAME}_{url.name}"[:64]
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(read_statement("server/lock"), {"name": name, "seconds": LOCK_SECONDS})
            (granted,) = cursor.fetchone()
            if granted != 1:
                raise MigrationError(f"another run has been migrating {url.name} for {LOCK_SECONDS} seconds")
            _forget_half_made_tables(cursor)
            yield
    finally:
        connection.close()


def _forget_half_made_tables(cursor: "pymysql.cursors.Cursor") -> None:
    """Of a run that was killed while yoyo made its own tables: it does not go on with some of them."""
    cursor.execute(read_statement("yoyo/tables"))
    there = {name for (name,) in cursor.fetchall()}
    written = 0
    for table, count in (("_yoyo_version", "yoyo/versions"), ("_yoyo_migration", "yoyo/migrations")):
        if table in there:
            cursor.execute(read_statement(count))
            ((rows,),) = cursor.fetchall()
            written += rows
    if there and not written:
        cursor.execute(read_statement("yoyo/forget"))


def _reason(error: pymysql.Error) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__
