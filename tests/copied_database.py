"""Copies of a database: what it holds is asked of the server once, and made again as often as wanted.

Quicker than to migrate each time. That a copy is whole is checked by the audit with which every service starts.
"""

from collections.abc import Iterator
from typing import Any

from service.db.blocking import connect
from service.settings import DatabaseURL

NAMES = {
    "TABLE": "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1",
    "FUNCTION": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1",
    "TRIGGER": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    " ORDER BY event_object_table, action_timing, event_manipulation, action_order",
}


class Original:
    """A database that nobody changes, to be copied into empty ones of the same server."""

    def __init__(self, url: DatabaseURL) -> None:
        with connect(url) as connection, connection.cursor() as cursor:
            self._statements = list(_statements(cursor, url.name))

    def copy_to(self, url: DatabaseURL) -> None:
        """Fill the empty database at `url`."""
        with connect(url) as connection, connection.cursor() as cursor:
            for statement in self._statements:
                cursor.execute(statement)


def _statements(cursor: Any, name: str) -> Iterator[str]:
    made = {kind: _made(cursor, kind) for kind in NAMES}
    yield "SET foreign_key_checks = 0"
    for mode, statement in [*made["TABLE"].values(), *made["FUNCTION"].values()]:
        yield from (mode, statement)
    yield from (f"INSERT INTO `{table}` SELECT * FROM `{name}`.`{table}`" for table in made["TABLE"])
    for mode, statement in made["TRIGGER"].values():  # after the rows, which they would change
        yield from (mode, statement)


def _made(cursor: Any, kind: str) -> dict[str, tuple[str, str]]:
    """Of each table, function or trigger the statement that sets its sql_mode, and the one that makes it."""
    cursor.execute(NAMES[kind])
    made = {}
    for (one,) in cursor.fetchall():
        cursor.execute(f"SHOW CREATE {kind} `{one}`")
        said = cursor.fetchone()
        made[one] = ("SET sql_mode = DEFAULT", said[1]) if kind == "TABLE" else (f"SET sql_mode = '{said[1]}'", said[2])
    return made
