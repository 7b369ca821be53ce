"""Whoever follows `?since=` ends with exactly the table, whatever the writers did meanwhile."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from http_client import Answer, Connection
from load import microseconds
from service_process import ServiceProcess

from service.db.blocking import connect

LIMITS = (1, 2, 7, 1000)
WRITES = int(os.environ.get("HERDBOOK_DELTA_WRITES", "2000"))
WRITERS = 8
numbers = itertools.count(1)
Row = dict[str, Any]


@asynccontextmanager
async def connected(service: ServiceProcess, count: int) -> AsyncIterator[list[Connection]]:
    """`count` connections to the service."""
    connections = [Connection(service.host, service.port, service.token) for _ in range(count)]
    try:
        yield connections
    finally:
        for one in connections:
            await one.close()


@contextmanager
def by_hand(service: ServiceProcess) -> Iterator[Any]:
    """A cursor for SQL by hand."""
    with connect(service.url) as connection, connection.cursor() as cursor:
        yield cursor


def name() -> str:
    """A name that no row has."""
    return f"name {next(numbers)}"


async def ask(connection: Connection, method: str, path: str, body: object = None) -> Answer:
    """An answer of success."""
    answer = await connection.request(method, path, body)
    assert answer.status < 400, answer.body
    return answer


async def now_of(connection: Connection, route: str = "species") -> str:
    """The `as_of` of the first page."""
    as_of: str = (await ask(connection, "GET", f"/{route}?limit=1")).json["meta"]["as_of"]
    return as_of


async def table_by_cursor(
    connection: Connection, route: str = "species", limit: int = 50
) -> tuple[dict[int, Row], str]:
    """Every row, read page after page, and the first page's `as_of`."""
    rows: dict[int, Row] = {}
    cursor, as_of = "", ""
    while True:
        page = (await ask(connection, "GET", f"/{route}?limit={limit}{cursor}")).json
        rows.update((row["id"], row) for row in page["data"])
        as_of = as_of or page["meta"]["as_of"]
        following = page["meta"]["pagination"]["next_cursor"]
        if following is None:
            return rows, as_of
        cursor = f"&cursor={following}"


@dataclass
class Replica:
    """A client that follows the changes of one resource."""

    connection: Connection
    since: str
    limit: int = 1000
    route: str = "species"
    rows: dict[int, Row] = field(default_factory=dict)
    pages: int = 0

    async def page(self) -> bool:
        """Take one page; gives whether there are more."""
        said = (await ask(self.connection, "GET", f"/{self.route}?since={self.since}&limit={self.limit}")).json
        rows, meta = said["data"], said["meta"]
        changed = [row["updated_at"] for row in rows]
        assert changed == sorted(set(changed))
        assert all(one > self.since for one in changed)
        assert len(rows) + len(meta["deleted"]) <= self.limit
        assert meta["next_since"] >= self.since
        # In whichever order a client takes the two, it must come to the same.
        assert not {row["id"] for row in rows} & set(meta["deleted"])
        self.rows.update((row["id"], row) for row in rows)
        for row_id in meta["deleted"]:
            self.rows.pop(row_id, None)
        self.since = meta["next_since"]
        self.pages += 1
        more: bool = meta["has_more"]
        return more

    async def follow(self, over: asyncio.Event) -> None:
        """Take pages until all is over, and then what is left."""
        while not over.is_set():
            if not await self.page():
                await asyncio.sleep(0.01)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Take pages until there are no more."""
        while await self.page():
            continue


async def writer(connection: Connection, random: Random, made: list[int], count: int) -> None:
    """Create, change and delete species at random."""
    for _ in range(count):
        kind = random.random()
        if kind < 0.4 or not made:
            answer = await connection.request("POST", "/species", {"name": name()})
            made.append(answer.json["data"]["id"])
        elif kind < 0.7:
            await connection.request("PUT", f"/species/{random.choice(made)}", {"name": name()})
        else:
            await connection.request("DELETE", f"/species/{made.pop(random.randrange(len(made)))}")


async def test_replicas_with_pages_of_any_size_end_equal_to_the_table(service: ServiceProcess) -> None:
    async with connected(service, WRITERS + len(LIMITS)) as connections:
        writers, followers = connections[:WRITERS], connections[WRITERS:]
        start = (await table_by_cursor(followers[0]))[0]
        since = await now_of(followers[0])
        replicas = [Replica(one, since, limit, rows=dict(start)) for one, limit in zip(followers, LIMITS, strict=True)]
        over = asyncio.Event()
        following = asyncio.gather(*(one.follow(over) for one in replicas))
        made: list[int] = []
        await asyncio.gather(*(writer(one, Random(at), made, WRITES // WRITERS) for at, one in enumerate(writers)))
        over.set()
        await following
    async with connected(service, len(LIMITS)) as late:  # not before: who asks nothing for a minute is hung up on
        replicas += [Replica(one, since, limit, rows=dict(start)) for one, limit in zip(late, LIMITS, strict=True)]
        for one in replicas[-len(LIMITS) :]:
            await one.catch_up()
        table, _ = await table_by_cursor(late[0])
    assert [one.rows == table for one in replicas] == [True] * len(replicas)
    assert replicas[0].pages > WRITES // 4
    assert len(table) > 100


async def test_a_page_by_page_reader_goes_on_from_the_first_page(service: ServiceProcess) -> None:
    async with connected(service, 4) as (reader, *writers):
        made: list[int] = []
        writing = asyncio.gather(*(writer(one, Random(at), made, 150) for at, one in enumerate(writers)))
        copies = []
        while not writing.done():
            copies.append(await table_by_cursor(reader, limit=20))
        await writing
        table, _ = await table_by_cursor(reader, limit=1000)
        assert len(copies) > 3
        for rows, as_of in copies:
            replica = Replica(reader, as_of, rows=rows)
            await replica.catch_up()
            assert replica.rows == table


async def test_a_transaction_that_commits_late_is_not_skipped(service: ServiceProcess) -> None:
    async with connected(service, 2) as (reader, other):
        one = (await ask(other, "POST", "/species", {"name": name()})).json["data"]["id"]
        replica = Replica(reader, await now_of(reader))
        with by_hand(service) as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("UPDATE species SET name = %s WHERE id = %s", (name(), one))
            cursor.execute("SELECT updated_at FROM species WHERE id = %s", (one,))
            (early,) = cursor.fetchone()
            later = asyncio.create_task(ask(other, "POST", "/species", {"name": name()}))
            for _ in range(20):
                assert not await replica.page()
                await asyncio.sleep(0.02)
            assert not replica.rows
            cursor.execute("COMMIT")
        second = (await later).json["data"]
        assert second["updated_at"] > early.isoformat(timespec="microseconds") + "Z"
        await replica.catch_up()
        assert list(replica.rows) == [one, second["id"]]


async def test_what_was_rolled_back_never_shows(service: ServiceProcess) -> None:
    async with connected(service, 1) as (connection,):
        await ask(connection, "POST", "/species", {"name": name()})
        replica = Replica(connection, await now_of(connection))
        with by_hand(service) as cursor:
            for _ in range(5):
                cursor.execute("START TRANSACTION")
                cursor.execute("INSERT INTO species (name) VALUES (%s)", (name(),))
                cursor.execute("DELETE FROM species WHERE id > 8 ORDER BY id LIMIT 1")
                cursor.execute("ROLLBACK")
        assert not await replica.page()
        assert not replica.rows
        made = (await ask(connection, "POST", "/species", {"name": name()})).json["data"]
        await replica.catch_up()
        assert replica.rows == {made["id"]: made}


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_a_row_that_comes_back_under_its_old_id_is_there(service: ServiceProcess, limit: int) -> None:
    async with connected(service, 1) as (connection,):
        made = [(await ask(connection, "POST", "/species", {"name": name()})).json["data"]["id"] for _ in range(4)]
        table, since = await table_by_cursor(connection)
        replica = Replica(connection, since, limit, rows=dict(table))
        with by_hand(service) as cursor:
            for row_id in made[:3]:
                cursor.execute("DELETE FROM species WHERE id = %s", (row_id,))
            for row_id in made[:2]:
                cursor.execute("INSERT INTO species (id, name) VALUES (%s, %s)", (row_id, name()))
            cursor.execute("DELETE FROM species WHERE id = %s", (made[0],))
            cursor.execute("INSERT INTO species (id, name) VALUES (%s, %s)", (made[0], name()))
        # A row of the old id through the service, which tells every worker too.
        await ask(connection, "POST", "/species/bulk", [{"id": made[2], "name": name()}, {"name": name()}])
        await replica.catch_up()
        table, _ = await table_by_cursor(connection)
        assert replica.rows == table
        assert set(made) - set(table) <= {made[2]}


async def test_a_bulk_is_followed_whole(service: ServiceProcess) -> None:
    async with connected(service, 1) as (connection,):
        table, since = await table_by_cursor(connection)
        replica = Replica(connection, since, 7, rows=table)
        made = (await ask(connection, "POST", "/species/bulk", [{"name": name()} for _ in range(300)])).json["data"]
        stamps = [microseconds(row["updated_at"]) for row in made]
        assert stamps == list(range(stamps[0], stamps[0] + 300))
        await replica.catch_up()
        assert replica.rows == (await table_by_cursor(connection))[0]
        assert replica.pages >= 300 // 7


async def test_whatever_the_clock_does_times_rise_and_nothing_is_missed(service: ServiceProcess) -> None:
    """The route is one that no other test of this module uses: its times stay in the future."""
    route = "diseases"
    now = datetime.now(UTC)
    clocks = (
        now - timedelta(hours=1),
        now + timedelta(minutes=5),
        now - timedelta(microseconds=1),
        now.replace(year=2037),
    )
    async with connected(service, 1) as (connection,):
        table, since = await table_by_cursor(connection, route)
        replica = Replica(connection, since, 2, route, rows=table)
        stamps = [microseconds(await now_of(connection, route))]
        with by_hand(service) as cursor:
            for clock in (*clocks, *clocks):
                cursor.execute("SET SESSION timestamp = %s", (clock.timestamp(),))
                cursor.execute("INSERT INTO diseases (name, symptoms, details) VALUES (%s, '', '')", (name(),))
                last = cursor.lastrowid
                cursor.execute("SELECT updated_at FROM diseases WHERE id = %s", (last,))
                stamps.append(microseconds(cursor.fetchone()[0].isoformat()))
                cursor.execute("UPDATE diseases SET details = 'x' WHERE id = 1")
                cursor.execute("DELETE FROM diseases WHERE id = %s", (last - 1,))
                cursor.execute("SELECT MAX(deleted_at) FROM tombstone WHERE table_name = 'diseases'")
                if (deleted := cursor.fetchone()[0]) is not None:
                    stamps.append(max(stamps[-1], microseconds(deleted.isoformat())))
                body = {"name": name(), "symptoms": "s", "details": "d"}
                made = (await ask(connection, "POST", f"/{route}", body)).json["data"]
                stamps.append(microseconds(made["updated_at"]))
                await replica.page()
        await replica.catch_up()
        assert stamps == sorted(stamps)
        assert len(set(stamps)) >= len(stamps) - 2 * len(clocks)
        assert replica.rows == (await table_by_cursor(connection, route))[0]
        with by_hand(service) as cursor:
            cursor.execute("SELECT COUNT(*), COUNT(DISTINCT updated_at) FROM diseases")
            count, distinct = cursor.fetchone()
            assert count == distinct


async def test_only_what_is_too_old_is_refused(service: ServiceProcess) -> None:
    """The route is one that no other test of this module uses."""
    route = "breeds"
    async with connected(service, 1) as (connection,):
        # Nothing was ever forgotten: the beginning of time is not too old.
        for since in ("1970-01-01T00:00:00Z", "1970-01-01", "1970-01-01T00:00:00.000000Z"):
            answer = await ask(connection, "GET", f"/{route}?since={since}")
            assert len(answer.json["data"]) > 20
        made = [
            (await ask(connection, "POST", f"/{route}", {"name": name(), "species_id": 1})).json["data"]
            for _ in range(3)
        ]
        before = await now_of(connection, route)
        await ask(connection, "DELETE", f"/{route}/{made[0]['id']}")
        await ask(connection, "DELETE", f"/{route}/{made[1]['id']}")
        with by_hand(service) as cursor:  # as a purge does
            cursor.execute(
                "SELECT deleted_at FROM tombstone WHERE row_id = %s AND table_name = 'breeds'", (made[0]["id"],)
            )
            (horizon,) = cursor.fetchone()
            cursor.execute("UPDATE ledger SET deltas_from = %s WHERE table_name = 'breeds'", (horizon,))
            cursor.execute("DELETE FROM tombstone WHERE table_name = 'breeds' AND deleted_at <= %s", (horizon,))
        # The change of the ledger alone is no change of the table: the next one tells every worker.
        await ask(connection, "PUT", f"/{route}/{made[2]['id']}", {"name": name()})
        refused = await connection.request("GET", f"/{route}?since={before}")
        assert refused.status == 410
        assert refused.json["error"]["details"]["deltas_from"] == horizon.isoformat(timespec="microseconds") + "Z"
        since = horizon.isoformat(timespec="microseconds") + "Z"
        said = (await ask(connection, "GET", f"/{route}?since={since}")).json
        assert said["meta"]["deleted"] == [made[1]["id"]]
        assert [row["id"] for row in said["data"]] == [made[2]["id"]]
