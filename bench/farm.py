"""The farm that is measured: a MariaDB of its own with so many animals, and a copy of its tables for the peers.

The peers get the same rows, keys and indexes without the ledger and its triggers, which they would have no use for.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import BenchError
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.settings import DatabaseURL

OWN = "herdbook_bench"
PLAIN = "herdbook_bench_plain"
TABLES = ("user", "species", "breeds", "animals", "diseases", "animal_diseases")
CONNECTIONS = 400
# Durable at each commit, as a farm would have it; the whole of a million animals fits into memory.
OPTIONS = ("--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M")


@dataclass(frozen=True)
class Farm:
    """Where the service's database is, and the one of the peers."""

    own: DatabaseURL
    plain: DatabaseURL


@contextmanager
def running(folder: Path, options: Sequence[str] = ()) -> Iterator[Farm]:
    """A MariaDB in `folder` for the time of a with block, on the cores of the process that asks.

    `options` of mariadbd count more than OPTIONS.
    """
    server = PrivateMariaDB(folder, CONNECTIONS, database=OWN, granted=f"{OWN}%", options=(*OPTIONS, *options))
    with server:
        own = server.start()
        yield Farm(own, own.with_name(PLAIN))


def animals_in(url: DatabaseURL) -> int:
    """How many animals there are; 0 as well where there is no such table yet."""
    if not _has_tables(url):
        return 0
    return int(_all(url, "SELECT COUNT(*) FROM animals")[0][0])


def animal_ids(url: DatabaseURL) -> list[int]:
    """The ids of all animals."""
    return [int(row[0]) for row in _all(url, "SELECT id FROM animals ORDER BY id")]


def check_size(farm: Farm, wanted: int) -> None:
    """BenchError unless the farm, which may be one of an earlier run, has `wanted` animals."""
    found = animals_in(farm.own)
    if found != wanted:
        raise BenchError(f"this farm has {found} animals, not {wanted}: give another --data folder")


def copy_plain(farm: Farm) -> None:
    """Make the tables of the peers anew, with the rows that the service's have now."""
    with connect(farm.own) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {PLAIN}")
        cursor.execute(f"CREATE DATABASE {PLAIN} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")
        cursor.execute(f"USE {PLAIN}")
        for table in TABLES:
            cursor.execute(f"SHOW CREATE TABLE {OWN}.{table}")
            cursor.execute(cursor.fetchone()[1])
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {OWN}.{table}")
            cursor.execute("SET foreign_key_checks = 1")
            cursor.execute(f"ANALYZE TABLE {table}")
            cursor.fetchall()


def forget_added(farm: Farm, last_id: int) -> None:
    """Delete the animals that a run has added after `last_id`, so that the farm can be used again."""
    with connect(farm.own) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM animals WHERE id > %s", (last_id,))


def settle(farm: Farm, seconds: float = 20.0) -> None:
    """Wait until the server has nothing to do any more, at most `seconds`: a slow target leaves statements behind."""
    deadline = time.monotonic() + seconds
    busy = "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Query' AND id <> CONNECTION_ID()"
    while time.monotonic() < deadline and _all(farm.own, busy)[0][0]:
        time.sleep(0.1)


def change_times(farm: Farm, most: int, behind: int) -> list[str]:
    """Times of changes as RFC 3339, each with at least `behind` later ones; at most `most` of them, newest first."""
    rows = _all(farm.own, f"SELECT updated_at FROM animals ORDER BY updated_at DESC LIMIT {most} OFFSET {behind}")
    return [f"{row[0].isoformat(timespec='microseconds')}Z" for row in rows]


def last_id(farm: Farm) -> int:
    """The highest id of an animal."""
    return int(_all(farm.own, "SELECT MAX(id) FROM animals")[0][0])


def _has_tables(url: DatabaseURL) -> bool:
    return bool(_all(url, "SHOW TABLES LIKE 'animals'"))


def _all(url: DatabaseURL, statement: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
