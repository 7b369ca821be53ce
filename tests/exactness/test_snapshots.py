"""A snapshot that lacks a change older than its newest one never tells a client to go on from behind it.

MariaDB gives such snapshots a few times in a million, so here a database stands in that gives them always.
"""

from datetime import datetime
from typing import Any

import orjson

from service.cache.lru import PageCache
from service.db.database import Result
from service.db.statements import SQL, Statements
from service.records.queries import ListQuery, SinceQuery
from service.records.reader import ResourceReader
from service.records.viewer import Viewer
from service.resources.species import RESOURCE

FIRST, SECOND = "2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000002Z"
BEFORE = datetime(2026, 1, 1)


def as_sql(text: str) -> bytes:
    return text.replace("T", " ").removesuffix("Z").encode()


def row(row_id: int, changed: str) -> bytes:
    return orjson.dumps({"id": row_id, "name": str(row_id), "created_at": changed, "updated_at": changed})


class Database:
    """Two writes have just been committed; its first snapshot lacks the earlier of them."""

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, statement: Any, values: Any) -> Result:
        self.asked += 1
        rows = [row(2, SECOND)] if self.asked == 1 else [row(1, FIRST), row(2, SECOND)]
        as_of, data = as_sql(SECOND), b",\n".join(rows)
        if statement.name.endswith("/since"):
            return Result(((as_of, as_of, b"1970-01-01 00:00:00.000000", b"%d" % len(rows), as_of, data, None),), 1, 0)
        return Result(((as_of, as_of, b"2", data),), 1, 0)


class Scope:
    """Tables of which the changes up to `stamp` are known to be committed."""

    width = 1

    def __init__(self, stamp: int) -> None:
        self.stamp = stamp

    def token(self) -> bytes:
        return b"0"

    async def settle(self) -> bytes:
        return b"0"

    def known(self) -> int:
        return self.stamp


def reader(database: Any, known: int) -> ResourceReader:
    return ResourceReader(RESOURCE, Statements(SQL), database, lambda _: Scope(known), PageCache(10, 10**6))


async def test_a_delta_whose_newest_change_was_not_known_before_is_read_again() -> None:
    database = Database()
    page = await reader(database, known=0).since(Viewer(), SinceQuery(BEFORE))
    said = orjson.loads(page.body)
    assert [one["id"] for one in said["data"]] == [1, 2]
    assert said["meta"]["next_since"] == said["meta"]["as_of"] == SECOND
    assert database.asked == 2


async def test_a_list_whose_newest_change_was_not_known_before_is_read_again() -> None:
    database = Database()
    page = await reader(database, known=0).list(Viewer(), ListQuery())
    assert len(orjson.loads(page.body)["data"]) == 2
    assert database.asked == 2


async def test_what_was_known_before_is_read_once() -> None:
    database = Database()
    second = (datetime(2026, 1, 1, 0, 0, 0, 2) - datetime(1970, 1, 1)).total_seconds() * 1_000_000
    await reader(database, known=round(second)).list(Viewer(), ListQuery())
    assert database.asked == 1
