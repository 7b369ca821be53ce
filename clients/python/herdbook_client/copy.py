"""A copy of resources in a SQLite file: every step of it is one transaction, so that it may be killed at any time."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from herdbook_client.answers import Delta, Page, Row

# They change with the day and not with the row: whoever needs them works them out from birth_date.
OF_THE_DAY = frozenset({"age_in_days", "age_in_months", "is_adult"})


@dataclass(frozen=True, slots=True)
class Place:
    """How far a copy is. `since`: None before a first whole reading; `walk_cursor`: where a reading goes on."""

    since: str | None = None
    walk_as_of: str | None = None
    walk_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one step did to a copy. `whole`: the resource was read anew, and all its rows are in the copy."""

    resource: str
    rows: Sequence[Row]
    deleted: Sequence[int]
    whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was new."""
        return not (self.rows or self.deleted or self.whole)


class Copy:
    """The copies in one file. Another process may read the file, or keep the same copies, at the same time."""

    def __init__(self, where: Path | str) -> None:
        self.connection = sqlite3.connect(where, isolation_level=None, timeout=30)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript((Path(__file__).parent / "copy.sql").read_text("utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    # Reading.

    def rows(self, resource: str) -> list[Row]:
        """All rows, in the order of their ids."""
        found = self.connection.execute("SELECT row FROM herdbook_rows WHERE resource = ? ORDER BY id", (resource,))
        return [json.loads(text) for (text,) in found]

    def row(self, resource: str, row_id: int) -> Row | None:
        """One row, or None where there is none."""
        statement = "SELECT row FROM herdbook_rows WHERE resource = ? AND id = ?"
        found = self.connection.execute(statement, (resource, row_id)).fetchone()
        return None if found is None else json.loads(found[0])

    def count(self, resource: str) -> int:
        """How many rows there are."""
        statement = "SELECT COUNT(*) FROM herdbook_rows WHERE resource = ?"
        (count,) = self.connection.execute(statement, (resource,)).fetchone()
        return int(count)

    def place(self, resource: str, reader: str = "") -> Place:
        """How far the copy is for this reader; for another one than before it begins anew."""
        statement = "SELECT since, walk_as_of, walk_cursor FROM herdbook_places WHERE resource = ? AND reader = ?"
        found = self.connection.execute(statement, (resource, reader)).fetchone()
        return Place() if found is None else Place(*found)

    # Going on. Each step says where it began: one that another process has gone already changes nothing.

    def walk(self, resource: str, page: Page, at: Place, reader: str = "") -> None:
        """Take a page of a reading of the whole resource, which stood `at`."""
        with self.transaction():
            if self.place(resource, reader) != at:
                return
            if at.walk_cursor is None:
                self.connection.execute("DELETE FROM herdbook_walked WHERE resource = ?", (resource,))
            as_of = at.walk_as_of or page.as_of
            self._put("herdbook_walked", resource, page.rows)
            if page.next_cursor is not None:
                self._stand(resource, reader, Place(None, as_of, page.next_cursor))
                return
            self.connection.execute("DELETE FROM herdbook_rows WHERE resource = ?", (resource,))
            self.connection.execute(
                "INSERT INTO herdbook_rows SELECT resource, id, row FROM herdbook_walked WHERE resource = ?",
                (resource,),
            )
            self.connection.execute("DELETE FROM herdbook_walked WHERE resource = ?", (resource,))
            self._stand(resource, reader, Place(as_of))
            self._show(resource)

    def follow(self, resource: str, delta: Delta, at: Place, reader: str = "") -> bool:
        """Take what changed since `at`; whether the copy stood there."""
        with self.transaction():
            if self.place(resource, reader) != at:
                return False
            statement = "DELETE FROM herdbook_rows WHERE resource = ? AND id = ?"
            self.connection.executemany(statement, [(resource, one) for one in delta.deleted])
            self._put("herdbook_rows", resource, delta.rows)
            self._stand(resource, reader, Place(delta.next_since))
            if delta.rows:
                self._show(resource)
            return True

    def forget(self, resource: str) -> None:
        """Read the whole resource anew at the next step. The rows stay until then."""
        self.connection.execute("DELETE FROM herdbook_places WHERE resource = ?", (resource,))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or nothing of it."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def _put(self, table: str, resource: str, rows: Sequence[Row]) -> None:
        self.connection.executemany(
            f"INSERT OR REPLACE INTO {table} (resource, id, row) VALUES (?, ?, ?)",
            [(resource, row["id"], json.dumps(lasting(row), ensure_ascii=False)) for row in rows],
        )

    def _stand(self, resource: str, reader: str, place: Place) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO herdbook_places (resource, reader, since, walk_as_of, walk_cursor)"
            " VALUES (?, ?, ?, ?, ?)",
            (resource, reader, place.since, place.walk_as_of, place.walk_cursor),
        )

    def _show(self, resource: str) -> None:
        """A view with the resource's name and its fields as columns, made anew when there are other fields."""
        statement = "SELECT row FROM herdbook_rows WHERE resource = ? ORDER BY id DESC LIMIT 1"
        newest = self.connection.execute(statement, (resource,)).fetchone()
        fields = list(json.loads(newest[0])) if newest else ["id"]
        view = _quoted(resource.replace("-", "_"))
        with closing(
            self.connection.execute(f"SELECT name FROM pragma_table_info({_text(resource.replace('-', '_'))})")
        ) as found:
            if [name for (name,) in found] == fields:
                return
        columns = ", ".join(f"row ->> {_text(f'$.{_quoted(name)}')} AS {_quoted(name)}" for name in fields)
        self.connection.execute(f"DROP VIEW IF EXISTS {view}")
        self.connection.execute(
            f"CREATE VIEW {view} AS SELECT {columns} FROM herdbook_rows WHERE resource = {_text(resource)}"
        )


def lasting(row: Row) -> Row:
    """The row without what changes by itself."""
    return {name: value for name, value in row.items() if name not in OF_THE_DAY}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
