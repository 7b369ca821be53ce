"""Which anomalies a session of ours allows, case by case, and that no statement of ours needs more than it gives.

The anomalies are those of Adya, Liskov and O'Neil ("Generalized Isolation Level Definitions", 2000) with Berenson's
lost update and predicate cases, in the 26 cases that Hermitage holds against MySQL; docs/exactness.md has the table.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from in_process import enrol_administrator, served, settings_for

from service.db import connection as connections
from service.db.blocking import connect
from service.db.connection import Connection
from service.db.errors import TryAgain
from service.db.statements import SQL, Statement, Statements, Value
from service.settings import DatabaseURL

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exactness.md"
LONG_ENOUGH = 0.15  # seconds after which a statement counts as waiting
ALL = "SELECT id, value FROM cell ORDER BY id"
LEDGER = "SELECT value FROM turn WHERE id = 1 FOR UPDATE"
Rows = list[tuple[int, ...]]


@dataclass
class Session:
    """A session as the service sets it up, in a transaction from its first statement on."""

    connection: Connection
    _waiting: asyncio.Task[Rows] | None = None

    async def __call__(self, text: str) -> Rows:
        """What the statement gives, once it has ended."""
        result = await self.connection.send(text)
        return [tuple(int(value or 0) for value in row) for row in result.rows]

    async def begins(self, text: str) -> bool:
        """Whether the statement has to wait for another transaction; `ended` gives what it gives then."""
        self._waiting = asyncio.create_task(self(text))
        done, _ = await asyncio.wait([self._waiting], timeout=LONG_ENOUGH)
        return not done

    async def ended(self) -> Rows:
        """What the statement gave that had begun; TryAgain when it lost."""
        assert self._waiting is not None
        return await self._waiting

    async def commit(self) -> None:
        await self("COMMIT")

    async def rollback(self) -> None:
        await self("ROLLBACK")


Case = Callable[[Session, Session, Session], Awaitable[bool]]
CASES: dict[str, Case] = {}


def case(name: str) -> Callable[[Case], Case]:
    """Enter a case: it gives whether the anomaly came about."""

    def enter(function: Case) -> Case:
        CASES[name] = function
        return function

    return enter


async def lost(session: Session) -> bool:
    """Whether the waiting statement was refused, so that its transaction is run again."""
    try:
        await session.ended()
    except TryAgain:
        await session.rollback()
        return True
    return False


# G0: two transactions' writes are mixed.


@case("G0 dirty write")
async def dirty_write(one: Session, two: Session, _: Session) -> bool:
    await one("UPDATE cell SET value = 11 WHERE id = 1")
    assert await two.begins("UPDATE cell SET value = 12 WHERE id = 1")
    await one("UPDATE cell SET value = 21 WHERE id = 2")
    await one.commit()
    await two.ended()
    await two("UPDATE cell SET value = 22 WHERE id = 2")
    await two.commit()
    return await one(ALL) != [(1, 12), (2, 22)]


# G1: what was not committed, was not final, or comes round in a circle is read.


@case("G1a aborted read")
async def aborted_read(one: Session, two: Session, _: Session) -> bool:
    await one("UPDATE cell SET value = 101 WHERE id = 1")
    seen = await two(ALL)
    await one.rollback()
    return seen != [(1, 10), (2, 20)] or await two(ALL) != seen


@case("G1a aborted read by predicate")
async def aborted_predicate_read(one: Session, two: Session, _: Session) -> bool:
    await one("INSERT INTO cell VALUES (3, 30)")
    seen = await two("SELECT id FROM cell WHERE value = 30")
    await one.rollback()
    return seen != []


@case("G1b intermediate read")
async def intermediate_read(one: Session, two: Session, _: Session) -> bool:
    await one("UPDATE cell SET value = 101 WHERE id = 1")
    seen = await two(ALL)
    await one("UPDATE cell SET value = 11 WHERE id = 1")
    await one.commit()
    return (1, 101) in seen or (1, 11) not in await two(ALL)


@case("G1c circular information flow")
async def circular_flow(one: Session, two: Session, _: Session) -> bool:
    await one("UPDATE cell SET value = 11 WHERE id = 1")
    await two("UPDATE cell SET value = 22 WHERE id = 2")
    return (2, 22) in await one(ALL) or (1, 11) in await two(ALL)


# OTV: of a transaction that was seen, a part is not seen any more.


@case("OTV observed transaction vanishes")
async def vanishing_transaction(one: Session, two: Session, three: Session) -> bool:
    await one("UPDATE cell SET value = 11 WHERE id = 1")
    await one("UPDATE cell SET value = 19 WHERE id = 2")
    assert await two.begins("UPDATE cell SET value = 12 WHERE id = 1")
    await one.commit()
    await two.ended()
    seen = await three("SELECT value FROM cell WHERE id = 1")
    await two("UPDATE cell SET value = 18 WHERE id = 2")
    seen += await three("SELECT value FROM cell WHERE id = 2")
    await two.commit()
    return seen != [(11,), (19,)]


@case("OTV observed transaction vanishes, seen by one statement")
async def vanishing_transaction_in_one(one: Session, two: Session, three: Session) -> bool:
    await one("UPDATE cell SET value = 11 WHERE id = 1")
    await one("UPDATE cell SET value = 19 WHERE id = 2")
    assert await two.begins("UPDATE cell SET value = 12 WHERE id = 1")
    await one.commit()
    await two.ended()
    seen = [await three(ALL)]
    await two("UPDATE cell SET value = 18 WHERE id = 2")
    await two.commit()
    seen.append(await three(ALL))
    return seen != [[(1, 11), (2, 19)], [(1, 12), (2, 18)]]


# PMP: what a predicate matches changes within a transaction.


@case("PMP predicate read")
async def predicate_read(one: Session, two: Session, _: Session) -> bool:
    seen = await one("SELECT id FROM cell WHERE value = 30")
    await two("INSERT INTO cell VALUES (3, 30)")
    await two.commit()
    return seen != await one("SELECT id FROM cell WHERE value MOD 3 = 0")


@case("PMP predicate read, locking")
async def locking_predicate_read(one: Session, two: Session, _: Session) -> bool:
    seen = await one("SELECT id FROM cell WHERE value = 30 FOR UPDATE")
    if await two.begins("INSERT INTO cell VALUES (3, 30)"):
        await one.commit()
        await two.ended()
        return False
    await two.commit()
    return seen != await one("SELECT id FROM cell WHERE value = 30 FOR UPDATE")


@case("PMP predicate read, ledger row first")
async def ordered_predicate_read(one: Session, two: Session, _: Session) -> bool:
    await one(LEDGER)
    seen = await one("SELECT id FROM cell WHERE value = 30")
    assert await two.begins(LEDGER)
    again = await one("SELECT id FROM cell WHERE value = 30")
    await one.commit()
    await two.ended()
    return seen != again


@case("PMP predicate write")
async def predicate_write(one: Session, two: Session, _: Session) -> bool:
    seen = await two("SELECT id FROM cell WHERE value = 20")
    await one("UPDATE cell SET value = value + 10")
    assert await two.begins("DELETE FROM cell WHERE value = 20")
    await one.commit()
    await two.ended()
    await two.commit()
    kept = [row[0] for row in await one(ALL)]
    return kept != [row_id for row_id in (1, 2) if (row_id,) not in seen]


@case("PMP predicate write, ledger row first")
async def ordered_predicate_write(one: Session, two: Session, _: Session) -> bool:
    await one(LEDGER)
    await one("UPDATE cell SET value = value + 10")
    assert await two.begins(LEDGER)
    await one.commit()
    await two.ended()
    seen = await two("SELECT id FROM cell WHERE value = 20")
    await two("DELETE FROM cell WHERE value = 20")
    await two.commit()
    kept = [row[0] for row in await one(ALL)]
    return kept != [row_id for row_id in (1, 2) if (row_id,) not in seen]


# P4: of two changes that were each made from what was read, one is lost.


async def add_to_what_was_read(one: Session, two: Session, read: str) -> bool:
    mine = (await one(read))[0][0]
    if await two.begins(read):  # then it reads what the first has written
        await one(f"UPDATE cell SET value = {mine + 1} WHERE id = 1")
        await one.commit()
        other = (await two.ended())[0][0]
    else:
        other = (await two.ended())[0][0]
        await one(f"UPDATE cell SET value = {mine + 1} WHERE id = 1")
        await one.commit()
    await two(f"UPDATE cell SET value = {other + 1} WHERE id = 1")
    await two.commit()
    return (1, 12) not in await one(ALL)


@case("P4 lost update")
async def lost_update(one: Session, two: Session, _: Session) -> bool:
    return await add_to_what_was_read(one, two, "SELECT value FROM cell WHERE id = 1")


@case("P4 lost update, locking read")
async def lost_update_locking(one: Session, two: Session, _: Session) -> bool:
    return await add_to_what_was_read(one, two, "SELECT value FROM cell WHERE id = 1 FOR UPDATE")


@case("P4 lost update, one statement")
async def lost_update_in_one(one: Session, two: Session, _: Session) -> bool:
    await one("UPDATE cell SET value = value + 1 WHERE id = 1")
    assert await two.begins("UPDATE cell SET value = value + 1 WHERE id = 1")
    await one.commit()
    await two.ended()
    await two.commit()
    return (1, 12) not in await one(ALL)


@case("P4 lost update, ledger row first")
async def lost_update_ordered(one: Session, two: Session, _: Session) -> bool:
    await one(LEDGER)
    (mine,) = (await one("SELECT value FROM cell WHERE id = 1"))[0]
    assert await two.begins(LEDGER)
    await one(f"UPDATE cell SET value = {mine + 1} WHERE id = 1")
    await one.commit()
    await two.ended()
    (other,) = (await two("SELECT value FROM cell WHERE id = 1"))[0]
    await two(f"UPDATE cell SET value = {other + 1} WHERE id = 1")
    await two.commit()
    return (1, 12) not in await one(ALL)


# G-single: one transaction sees another in part.


async def change_both(session: Session) -> None:
    await session("UPDATE cell SET value = 12 WHERE id = 1")
    await session("UPDATE cell SET value = 18 WHERE id = 2")
    await session.commit()


@case("G-single read skew")
async def read_skew(one: Session, two: Session, _: Session) -> bool:
    seen = await one("SELECT value FROM cell WHERE id = 1")
    await change_both(two)
    return [*seen, *await one("SELECT value FROM cell WHERE id = 2")] != [(10,), (20,)]


@case("G-single read skew, one statement")
async def read_skew_in_one(one: Session, two: Session, _: Session) -> bool:
    assert await one.begins("SELECT value, SLEEP(0.2) FROM cell ORDER BY id")  # it reads the second row later
    await change_both(two)
    return await one.ended() != [(10, 0), (20, 0)]


@case("G-single read skew, snapshot")
async def read_skew_in_a_snapshot(one: Session, two: Session, _: Session) -> bool:
    await one.rollback()
    await one("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    await one("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    seen = await one("SELECT value FROM cell WHERE id = 1")
    await change_both(two)
    return [*seen, *await one("SELECT value FROM cell WHERE id = 2")] != [(10,), (20,)]


@case("G-single read skew by predicate")
async def read_skew_by_predicate(one: Session, two: Session, _: Session) -> bool:
    seen = await one("SELECT id FROM cell WHERE value MOD 5 = 0")
    await two("UPDATE cell SET value = 12 WHERE value = 10")
    await two.commit()
    return seen == [(1,), (2,)] and await one("SELECT id FROM cell WHERE value MOD 3 = 0") != []


@case("G-single read skew, then a write by predicate")
async def read_skew_then_write(one: Session, two: Session, _: Session) -> bool:
    seen = await one("SELECT value FROM cell WHERE id = 1")
    await change_both(two)
    await one("DELETE FROM cell WHERE value = 20")
    await one.commit()
    return seen == [(10,)] and await two(ALL) == [(1, 12), (2, 18)]


# G2-item: each writes one row because of what it read of the other's.


async def write_each_other(one: Session, two: Session, read: str) -> bool:
    await one(read)
    if await two.begins(read):
        await one("UPDATE cell SET value = 11 WHERE id = 1")
        await one.commit()
        return (1, 11) not in await two.ended()
    await one("UPDATE cell SET value = 11 WHERE id = 1")
    await two("UPDATE cell SET value = 21 WHERE id = 2")
    await one.commit()
    await two.commit()
    return True


@case("G2-item write skew")
async def write_skew(one: Session, two: Session, _: Session) -> bool:
    return await write_each_other(one, two, ALL)


@case("G2-item write skew, locking read")
async def write_skew_locking(one: Session, two: Session, _: Session) -> bool:
    return await write_each_other(one, two, f"{ALL} FOR UPDATE")


# G2: the same with rows that a predicate would have matched.


async def insert_each_other(one: Session, two: Session, first: str, read: str) -> bool:
    if first:
        await one(first)
        assert await two.begins(first)
    assert await one(read) == []
    if not first:
        assert await two(read) == []
    await one("INSERT INTO cell VALUES (3, 30)")
    if first:
        await one.commit()
        await two.ended()
        return await two(read) == []
    if await two.begins("INSERT INTO cell VALUES (4, 42)"):
        return not await lost(two)
    await one.commit()
    await two.commit()
    return True


@case("G2 anti-dependency cycle")
async def phantom_skew(one: Session, two: Session, _: Session) -> bool:
    return await insert_each_other(one, two, "", "SELECT id FROM cell WHERE value MOD 3 = 0")


@case("G2 anti-dependency cycle, ledger row first")
async def phantom_skew_ordered(one: Session, two: Session, _: Session) -> bool:
    return await insert_each_other(one, two, LEDGER, "SELECT id FROM cell WHERE value MOD 3 = 0")


@case("G2 anti-dependency cycle seen by a reader")
async def read_only_anomaly(one: Session, two: Session, three: Session) -> bool:
    await one(ALL)
    await two("UPDATE cell SET value = value + 5 WHERE id = 2")
    await two.commit()
    seen = await three(ALL)
    await one("UPDATE cell SET value = 0 WHERE id = 1")
    await one.commit()
    # In an order, the first, which has not seen the second, is before it; the third has seen the second only.
    return seen == [(1, 10), (2, 25)]


ALLOWED = {
    "PMP predicate read",
    "PMP predicate read, locking",
    "PMP predicate write",
    "P4 lost update",
    "G-single read skew",
    "G-single read skew by predicate",
    "G-single read skew, then a write by predicate",
    "G2-item write skew",
    "G2 anti-dependency cycle",
    "G2 anti-dependency cycle seen by a reader",
}


@pytest.fixture(scope="module")
def url(make_empty_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    """A database with two rows to quarrel about, and one to queue for, as for a ledger row."""
    url = make_empty_database()
    with connect(url) as connection, connection.cursor() as cursor:
        for table in ("cell", "turn"):
            cursor.execute(f"CREATE TABLE {table} (id INT PRIMARY KEY, value INT NOT NULL) ENGINE = InnoDB")
    return url


@asynccontextmanager
async def sessions(url: DatabaseURL) -> AsyncIterator[list[Session]]:
    """Three sessions, each in a transaction."""
    identify = Statements(SQL).get("server/start")
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(3):
            connection = await connections.connect(url, identify, time.monotonic())
            stack.callback(connection.close)
            await connection.send("START TRANSACTION")
            found.append(Session(connection))
        yield found


@pytest.mark.parametrize("name", CASES)
async def test_a_session_allows_what_is_recorded(url: DatabaseURL, name: str) -> None:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM cell")
        cursor.execute("INSERT INTO cell VALUES (1, 10), (2, 20)")
        cursor.execute("REPLACE INTO turn VALUES (1, 0)")
    async with sessions(url) as (one, two, three):
        assert await CASES[name](one, two, three) == (name in ALLOWED)


def test_the_page_has_the_table() -> None:
    """docs/exactness.md says of each case what is recorded here."""
    told = dict(re.findall(r"^\| (\S+ [^|]+?) \| (allowed|prevented) \|", PAGE.read_text(), re.MULTILINE))
    assert len(CASES) == 26
    assert told == {name: "allowed" if name in ALLOWED else "prevented" for name in CASES}


# What our own transactions are made of.


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the statements of each transaction that the service runs from here on."""
    transactions: list[list[str]] = []
    begin, run, run_all, send = Connection.begin, Connection.run, Connection.run_all, Connection.send
    open_now: dict[int, list[str]] = {}

    async def noted_run(self: Connection, statement: Statement, values: dict[str, Value] | None = None) -> Any:
        if id(self) in open_now:
            open_now[id(self)].append(statement.name)
        return await run(self, statement, values)

    async def noted_run_all(self: Connection, *asked: tuple[Statement, dict[str, Value]]) -> Any:
        if id(self) in open_now:
            open_now[id(self)] += [statement.name for statement, _ in asked]
        return await run_all(self, *asked)

    def noted_begin(self: Connection) -> None:
        open_now[id(self)] = []
        transactions.append(open_now[id(self)])
        begin(self)

    async def noted_send(self: Connection, text: str) -> Any:
        if text in ("COMMIT", "ROLLBACK"):
            open_now.pop(id(self), None)
        return await send(self, text)

    monkeypatch.setattr(Connection, "begin", noted_begin)
    monkeypatch.setattr(Connection, "run", noted_run)
    monkeypatch.setattr(Connection, "run_all", noted_run_all)
    monkeypatch.setattr(Connection, "send", noted_send)
    return transactions


async def test_no_transaction_of_ours_reads_before_its_turn(
    make_database: Callable[[], DatabaseURL], told: list[list[str]]
) -> None:
    """Each takes the ledger row, by a lock or by an insert's trigger, before it reads anything that it depends on."""
    url = make_database()
    token = enrol_administrator(url)
    async with served(settings_for(url), token) as one:
        ask = one.connection.request
        row = (await ask("POST", "/species", {"name": "a"}, {"Idempotency-Key": "1"})).json["data"]
        tag = (await ask("GET", f"/species/{row['id']}")).headers["etag"]
        answers = [
            await ask("PUT", f"/species/{row['id']}", {"name": "b"}, {"If-Match": tag}),
            await ask("POST", "/species", {"name": "c"}, {"If-None-Match": '"x"'}),
            await ask("POST", "/species/bulk", [{"name": "d"}, {"name": "e"}]),
            await ask("POST", "/species/bulk?on_conflict=update", [{"name": "d"}, {"name": "f"}]),
            await ask("PATCH", "/species/bulk", [{"id": row["id"], "name": "g"}]),
            await ask("DELETE", "/species/bulk", [row["id"]]),
        ]
        answers.append(await ask("DELETE", f"/species/{row['id'] + 1}", headers={"If-Match": "*"}))
        assert [answer.status for answer in answers] == [200, 201, 201, 201, 200, 200, 200]
    written = [names for names in told if any(name.startswith("species/") for name in names)]
    assert len(written) == 8
    for names in written:
        own = [name for name in names if not name.startswith("idempotency/")]
        assert own[0] in ("ledger/lock", "species/insert"), names
