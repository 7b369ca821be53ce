"""The way to the database breaks at every place where it can: nothing is half-written, doubled, or told wrongly."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from http_client import Answer
from in_process import Served, enrol_administrator, served, settings_for
from mysql_proxy import Fault, Proxy

from service.db import audit, connection
from service.db.blocking import connect
from service.settings import DatabaseURL, Settings

SOON = 10.0  # seconds in which what can be known must be known


@dataclass
class Two:
    """An application behind the proxy and one beside it, on one database and in one segment."""

    url: DatabaseURL
    proxy: Proxy
    behind: Served
    beside: Served

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """What a statement by hand gives."""
        with connect(self.url) as direct, direct.cursor() as cursor:
            cursor.execute(text)
            return list(cursor.fetchall())

    def is_open(self, table: str) -> bool:
        """Whether both may use their cached pages of `table`."""
        tokens = {one.parts.generations.scope([table]).token() for one in (self.behind, self.beside)}
        assert len(tokens) == 1
        return None not in tokens

    async def open(self, table: str) -> None:
        """Until they may."""
        async with asyncio.timeout(SOON):
            while not self.is_open(table):  # noqa: ASYNC110 - another process opens it
                await asyncio.sleep(0.01)

    def hits(self) -> int:
        """Pages of species that came from a cache."""
        tables = [one.parts.cache.table("species") for one in (self.behind, self.beside)]
        return sum(one.stats.hits for one in tables)

    async def names(self) -> list[list[str]]:
        """The species as each application tells them, twice."""
        answers = [await one.connection.request("GET", "/species?limit=1000") for one in (self.behind, self.beside) * 2]
        return [sorted(row["name"] for row in answer.json["data"]) for answer in answers]

    def true_names(self) -> list[str]:
        """The species that there are."""
        return sorted(name for (name,) in self.sql("SELECT name FROM species"))


@pytest.fixture(scope="module")
def url(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    """A database for the tests of this module."""
    return make_database()


@pytest.fixture(scope="module")
def token(url: DatabaseURL) -> str:
    """An Administrador's."""
    return enrol_administrator(url)


@pytest.fixture
async def two(url: DatabaseURL, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Two]:
    """Both, of which the one beside looks after the host; who waits for an answer gives up soon."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.5 - connection.STATEMENT_SECONDS)
    assert url.unix_socket is not None
    socket = Path(f"/tmp/{tmp_path.name}-{id(tmp_path)}")  # a socket's path has 107 bytes at the most
    async with (
        Proxy(Path(url.unix_socket), socket).listening() as proxy,
        served(settings_for(url), token) as beside,
        served(settings_for(replace(url, unix_socket=str(socket)), HERDBOOK_POLL_MS="200"), token) as behind,
    ):
        yield Two(url, proxy, behind, beside)
    socket.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs any more


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.CUT_BEFORE, Fault.SILENT_AFTER, Fault.SILENT_BEFORE])
async def test_a_commit_without_an_answer_is_unknown_until_the_server_lets_go(two: Two, fault: Fault) -> None:
    name = f"unknown {fault.name}"
    await two.names()
    await two.names()
    two.proxy.break_next("COMMIT", fault, hold=True)
    answer = await two.behind.connection.request("POST", "/species", {"name": name})
    assert (answer.status, answer.json["error"]["code"]) == (503, "OUTCOME_UNKNOWN")

    # While the server holds the connection, everybody is told what the database says, and only of this table.
    happened = fault in (Fault.CUT_AFTER, Fault.SILENT_AFTER)
    async with asyncio.timeout(SOON):
        while (name in two.true_names()) != happened:  # noqa: ASYNC110 - the server's doing
            await asyncio.sleep(0.01)
    hits = two.hits()
    for _ in range(3):
        assert not two.is_open("species")
        assert await two.names() == [two.true_names()] * 4
        await asyncio.sleep(0.1)
    assert two.hits() == hits
    assert two.is_open("breeds")

    two.proxy.let_go()
    await two.open("species")
    assert (name in two.true_names()) == happened
    async with asyncio.timeout(SOON):
        while two.hits() < hits + 2:  # the poller may still tell of the write once, which empties both
            assert await two.names() == [two.true_names()] * 4
    assert await differences(two.url) == []


async def differences(url: DatabaseURL) -> list[str]:
    """What the audit says."""
    found = await asyncio.to_thread(audit.audited, Settings.from_environment({"DATABASE_URL": url.uri()}))
    return [str(one) for one in found]


Operation = Callable[[Served, str], Any]


async def create(one: Served, name: str) -> Answer:
    return await one.connection.request("POST", "/species", {"name": name})


async def create_many(one: Served, name: str) -> Answer:
    return await one.connection.request("POST", "/species/bulk", [{"name": f"{name} {number}"} for number in range(3)])


async def rename(one: Served, name: str) -> Answer:
    return await one.connection.request("PUT", "/species/1", {"name": name})


async def read(one: Served, name: str) -> Answer:
    return await one.connection.request("GET", "/species?limit=3", headers={"Cache-Control": "no-store"})


async def read_changes(one: Served, name: str) -> Answer:
    return await one.connection.request("GET", f"/species?since=2020-01-01&limit={hash(name) % 1000 + 1}")


READS = (read, read_changes)
ROWS: dict[Operation, int] = {create: 1, create_many: 3, rename: 1}


SLOW = (Fault.SILENT_BEFORE, Fault.SILENT_AFTER)  # each statement waits for its time-out: two operations are enough
FAULTS = [one for one in Fault if one is not Fault.ERROR]  # as DEADLOCK, with a number of one's own
BROKEN = [(one, fault) for one in (*READS, *ROWS) for fault in FAULTS if fault not in SLOW or one in (read, create)]


@pytest.mark.parametrize(("operation", "fault"), BROKEN)
async def test_each_statement_of_an_operation_may_break(two: Two, operation: Operation, fault: Fault) -> None:
    two.sql("INSERT IGNORE INTO species (id, name) VALUES (1, 'the first')")
    two.behind.parts.watch._interval = 60  # its own statements are not to be counted
    await asyncio.sleep(0.3)
    for number in range(1, 20):
        name = f"{operation.__name__} {fault.name} {number}"
        before = len(two.proxy.seen)
        plan = two.proxy.break_nth(number, fault)
        answer: Answer = await operation(two.behind, name)
        two.proxy.let_go()
        if not plan.fired:
            break
        broken = two.proxy.seen[before + number - 1]
        code = answer.json.get("error", {}).get("code") if answer.body else None
        await two.behind.parts.watch._look()
        await two.open("species")
        written = len([one for one in two.true_names() if one.startswith(name)])
        if operation in READS:
            assert answer.status == 200 or fault in (Fault.DEADLOCK, Fault.ERROR, Fault.GARBAGE), (broken, answer)
        elif answer.status < 300:
            assert written == ROWS[operation]
        elif broken == "COMMIT":
            assert code == "OUTCOME_UNKNOWN", broken
            assert written == (ROWS[operation] if fault in (Fault.CUT_AFTER, Fault.SILENT_AFTER) else 0)
        else:
            assert written == 0
        assert (
            answer.status in (200, 201)
            or (answer.status == 503 and "retry-after" in answer.headers)
            or code == "OUTCOME_UNKNOWN"
        ), (broken, answer)
        assert await two.names() == [two.true_names()] * 4
    else:
        pytest.fail("it has no end")
    assert number > 1
    assert two.behind.parts.database.pool.stats()["lent"] == 0
    assert await differences(two.url) == []


@pytest.mark.parametrize("operation", [*READS, *ROWS])
async def test_a_way_that_stays_broken_is_told_after_one_more_try(two: Two, operation: Operation) -> None:
    two.sql("INSERT IGNORE INTO species (id, name) VALUES (1, 'the first')")
    two.behind.parts.watch._interval = 60
    await asyncio.sleep(0.3)
    plan = two.proxy.break_nth(1, Fault.CUT_BEFORE, times=1000)
    before = two.true_names()
    answer: Answer = await operation(two.behind, f"{operation.__name__} for good")
    assert (answer.status, answer.json["error"]["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert "retry-after" in answer.headers
    assert plan.fired <= 4  # each of the two tries: the statement, and the one that undoes
    two.proxy.let_go()
    assert two.true_names() == before
    assert (await operation(two.behind, f"{operation.__name__} after all")).status in (200, 201)


async def test_a_poller_that_hangs_is_told_and_stood_in_for(two: Two) -> None:
    """A poller that is stopped keeps its lock; so does one whose answers never come."""
    poller = next(one for one in (two.behind, two.beside) if one.parts.watch.is_poller)
    other = two.beside if poller is two.behind else two.behind
    await two.names()
    assert (await health(other))["services"]["ledger_watch"] == "healthy"
    poller.parts.watch._interval = other.parts.watch._interval = 60
    await asyncio.sleep(0.5)  # both sleep now
    two.sql("INSERT INTO species (name) VALUES ('by hand, unseen')")
    assert (await two.names())[0] != two.true_names()  # as docs/exactness.md says
    assert poller.parts.watch.staleness > 0.4

    other.parts.watch._interval = 0.01  # it thinks that many intervals have gone by
    said = await health(other)
    assert said["status"] == "degraded"
    assert said["services"]["ledger_watch"].startswith("not read for ")
    await other.parts.watch._look()
    assert await two.names() == [two.true_names()] * 4
    other.parts.watch._interval = 60
    assert (await health(other))["services"]["ledger_watch"] == "healthy"
    assert not other.parts.watch.is_poller


async def health(one: Served) -> dict[str, Any]:
    """What /health says."""
    said: dict[str, Any] = (await one.connection.request("GET", "/health")).json
    return said
