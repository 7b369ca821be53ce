"""Answers kept with their entity tags, so that what has not changed is not sent again."""

import sqlite3
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS herdbook_answers (
  asker   TEXT NOT NULL,
  address TEXT NOT NULL,
  tag     TEXT NOT NULL,
  body    BLOB NOT NULL,
  used    INTEGER NOT NULL,
  PRIMARY KEY (asker, address)
)
"""


class AnswerStore:
    """Up to `most` answers of each use of it, in memory or in a SQLite file; those used least recently go first."""

    def __init__(self, where: Path | str = ":memory:", most: int = 1000) -> None:
        self._connection = sqlite3.connect(where, isolation_level=None)
        self._connection.execute(_SCHEMA)
        self._most = most
        (self._clock,) = self._connection.execute("SELECT COALESCE(MAX(used), 0) FROM herdbook_answers").fetchone()

    def find(self, asker: str, address: str) -> tuple[str, bytes] | None:
        """Tag and body of the answer that `asker` got last from `address`."""
        self._clock += 1
        found: tuple[str, bytes] | None = self._connection.execute(
            "UPDATE herdbook_answers SET used = ? WHERE asker = ? AND address = ? RETURNING tag, body",
            (self._clock, asker, address),
        ).fetchone()
        return found

    def keep(self, asker: str, address: str, tag: str, body: bytes) -> None:
        """Keep an answer, in place of the last one from there."""
        self._clock += 1
        self._connection.execute(
            "INSERT OR REPLACE INTO herdbook_answers (asker, address, tag, body, used) VALUES (?, ?, ?, ?, ?)",
            (asker, address, tag, body, self._clock),
        )
        self._connection.execute(
            "DELETE FROM herdbook_answers WHERE used <="
            " (SELECT used FROM herdbook_answers ORDER BY used DESC LIMIT 1 OFFSET ?)",
            (self._most,),
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
