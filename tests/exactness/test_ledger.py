"""The ledger counts every change once, in commit order, whoever makes it; what is not so is named."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pymysql
import pytest
from http_client import Connection
from load import microseconds
from service_process import ServiceProcess

from service.db import audit
from service.db.blocking import connect
from service.db.connection import STATEMENT_SECONDS
from service.db.errors import DatabaseError
from service.settings import DatabaseURL, Settings

WRITERS = 32
WRITES_EACH = int(os.environ.get("HERDBOOK_LEDGER_WRITES", "150"))  # of each writer
HOT_ROWS = 16
LOST_A_RACE = (1205, 1213)


@dataclass
class Tally:
    """What was committed: how many changes, and the times they got."""

    changes: int = 0
    refused: int = 0
    stamps: list[int] = field(default_factory=list)


@contextmanager
def by_hand(url: DatabaseURL) -> Iterator[Any]:
    """A cursor for SQL by hand."""
    with connect(url) as connection, connection.cursor() as cursor:
        yield cursor


def differences(url: DatabaseURL, *, mend: bool = False) -> list[str]:
    """What the audit says."""
    return [str(one) for one in audit.audited(Settings.from_environment({"DATABASE_URL": url.uri()}), mend=mend)]


def write_by_hand(url: DatabaseURL, seed: int, rows: list[int]) -> Tally:
    """Transactions of one to three changes, some rolled back, some refused, some that lose a race and are run again."""
    random, tally = Random(f"hand {seed}"), Tally()
    with connect(url) as connection, connection.cursor() as cursor:
        done = 0
        while done < WRITES_EACH:
            cursor.execute("START TRANSACTION")
            try:
                changes = [
                    _change(cursor, random, rows, f"hand {seed} {done} {at}") for at in range(random.randint(1, 3))
                ]
                is_committed = random.random() < 0.8
                cursor.execute("COMMIT" if is_committed else "ROLLBACK")
            except pymysql.err.OperationalError as error:
                if error.args[0] not in LOST_A_RACE:
                    raise
                cursor.execute("ROLLBACK")
                continue
            if is_committed:
                tally.changes += sum(count for count, _ in changes)
                tally.stamps += [stamp for count, stamp in changes if count]
            done += 1
    return tally


def _change(cursor: Any, random: Random, rows: list[int], name: str) -> tuple[int, int]:
    """How many changes of rows it made, none where a constraint refused it, and the time of the last."""
    kind, count = random.random(), 1
    if kind < 0.3:
        cursor.execute("INSERT INTO species (name) VALUES (%s)", (name,))
        row_id = cursor.lastrowid
        if kind < 0.1:
            cursor.execute("DELETE FROM species WHERE id = %s", (row_id,))
            cursor.execute("INSERT INTO species (id, name) VALUES (%s, %s)", (row_id, name))
            count = 3
    elif kind < 0.4:
        with pytest.raises(pymysql.err.IntegrityError):
            cursor.execute("INSERT INTO species (name) VALUES (%s), ('Bovino')", (name,))
        return 0, 0
    else:
        row_id = random.choice(rows)
        cursor.execute("UPDATE species SET name = %s WHERE id = %s", (f"{name} {row_id}", row_id))
    cursor.execute("SELECT updated_at FROM species WHERE id = %s", (row_id,))
    return count, microseconds(cursor.fetchone()[0].isoformat())


async def write_through_the_service(connection: Connection, seed: int, rows: list[int]) -> Tally:
    """Single changes."""
    random, tally = Random(f"service {seed}"), Tally()
    made: list[int] = []
    for number in range(WRITES_EACH):
        kind, body = random.random(), {"name": f"service {seed} {number}"}
        if kind < 0.2:
            answer = await connection.request("POST", "/species", body)
        elif kind < 0.3 and made:
            answer = await connection.request("DELETE", f"/species/{made.pop()}")
        else:
            answer = await connection.request("PUT", f"/species/{random.choice(rows)}", body)
        if answer.status >= 400:
            assert answer.status == 503, answer.body
            tally.refused += 1
            continue
        tally.changes += 1
        row = answer.json["data"]
        if answer.status == 201:
            made.append(row["id"])
        if "updated_at" in row:
            tally.stamps.append(microseconds(row["updated_at"]))
    await connection.close()
    return tally


async def test_each_change_is_counted_once_and_has_a_time_of_its_own(service: ServiceProcess) -> None:
    with by_hand(service.url) as cursor:
        cursor.executemany("INSERT INTO species (name) VALUES (%s)", [(f"hot {at}",) for at in range(HOT_ROWS)])
        cursor.execute("SELECT id FROM species WHERE name LIKE 'hot%'")
        rows = [row_id for (row_id,) in cursor.fetchall()]
        cursor.execute("SELECT version FROM ledger WHERE table_name = 'species'")
        (before,) = cursor.fetchone()
    assert len(rows) == HOT_ROWS
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(WRITERS // 2) as threads:
        tallies = await asyncio.gather(
            *(loop.run_in_executor(threads, write_by_hand, service.url, at, rows) for at in range(WRITERS // 2)),
            *(
                write_through_the_service(Connection(service.host, service.port, service.token), at, rows)
                for at in range(WRITERS // 2)
            ),
        )
    changes = sum(one.changes for one in tallies)
    stamps = [stamp for one in tallies for stamp in one.stamps]
    assert changes > WRITERS * WRITES_EACH // 2
    assert sum(one.refused for one in tallies) < WRITERS * WRITES_EACH // 32
    assert len(set(stamps)) == len(stamps)
    with by_hand(service.url) as cursor:
        cursor.execute("SELECT version, row_count, last_modified FROM ledger WHERE table_name = 'species'")
        version, row_count, last_modified = cursor.fetchone()
        assert version - before == changes
        cursor.execute("SELECT COUNT(*) FROM species")
        assert cursor.fetchone() == (row_count,)
        cursor.execute(
            "SELECT COUNT(*), COUNT(DISTINCT changed), MAX(changed) FROM (SELECT updated_at AS changed FROM species"
            " UNION ALL SELECT deleted_at FROM tombstone WHERE table_name = 'species') AS changes"
        )
        count, distinct, latest = cursor.fetchone()
        assert count == distinct
        assert latest == last_modified
    assert await asyncio.to_thread(differences, service.url) == []


async def test_a_change_by_hand_is_soon_seen_by_every_worker(service: ServiceProcess) -> None:
    connections: dict[int, Connection] = {}
    while len(connections) < service.workers:
        connection = Connection(service.host, service.port, service.token)
        answer = await connection.request("GET", "/diseases/1")
        if connections.setdefault(answer.worker, connection) is not connection:
            await connection.close()
    waits = []
    for number in range(10):
        for connection in connections.values():  # it is in every cache
            await connection.request("GET", "/diseases/1")
            await connection.request("GET", "/diseases/metadata")
        with by_hand(service.url) as cursor:
            cursor.execute("UPDATE diseases SET details = %s WHERE id = 1", (f"by hand {number}",))
            cursor.execute("SELECT updated_at FROM diseases WHERE id = 1")
            changed = cursor.fetchone()[0].isoformat(timespec="microseconds") + "Z"
        start = time.monotonic()
        for connection in connections.values():
            for _ in range(500):
                if (await connection.request("GET", "/diseases/1")).json["data"]["updated_at"] == changed:
                    break
                await asyncio.sleep(0.01)
            answer = await connection.request("GET", "/diseases/metadata")
            assert answer.json["data"]["last_modified"] == changed
        waits.append(time.monotonic() - start)
    for connection in connections.values():
        await connection.close()
    # The interval is 0.1 s; the median leaves room for a machine that is busy with other things.
    assert sorted(waits)[len(waits) // 2] < 2


async def test_who_holds_the_ledger_row_by_hand_holds_up_the_writers_of_that_table_alone(
    service: ServiceProcess,
) -> None:
    where = (service.host, service.port, service.token)
    writers, other = [Connection(*where) for _ in range(12)], Connection(*where)
    with by_hand(service.url) as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("UPDATE species SET name = 'held by hand' WHERE id = 1")
        waiting = asyncio.gather(
            *(one.request("POST", "/species", {"name": f"waits {at}"}) for at, one in enumerate(writers[:6])),
            *(one.request("PUT", f"/species/{at + 1}", {"name": f"waits {at}"}) for at, one in enumerate(writers[6:])),
        )
        asked = 0
        while not waiting.done():
            for path in ("/species?limit=5", "/species/1", "/species/metadata", "/diseases?limit=5"):
                assert (await other.request("GET", path)).status == 200
            body = {"name": f"does not wait {asked}", "symptoms": "none", "details": "none"}
            assert (await other.request("POST", "/diseases", body)).status == 201
            asked += 1
            await asyncio.sleep(0.1)
        answers = await waiting
        cursor.execute("ROLLBACK")
    assert asked > 10
    assert {answer.status for answer in answers} == {503}
    assert all("retry-after" in answer.headers for answer in answers)
    assert (await other.request("PUT", "/species/1", {"name": "free again"})).status == 200
    for one in (*writers, other):
        await one.close()


async def test_without_a_ledger_row_the_table_itself_is_asked(service: ServiceProcess) -> None:
    """The route is one that no other test of this module uses."""
    connection = Connection(service.host, service.port, service.token)
    since = (await connection.request("GET", "/breeds?limit=1")).json["meta"]["as_of"]
    with by_hand(service.url) as cursor:
        cursor.execute("DELETE FROM ledger WHERE table_name = 'breeds'")
    assert await asyncio.to_thread(differences, service.url) == ["breeds: no ledger row"]
    made = await connection.request("POST", "/breeds", {"name": "without a ledger", "species_id": 1})
    assert made.status == 201
    for path in ("/breeds/metadata", "/breeds?limit=1000&sort_by=id", f"/breeds?since={since}"):
        answer = await connection.request("GET", path)
        assert answer.status == 200, answer.body
        with by_hand(service.url) as cursor:
            cursor.execute("SELECT COUNT(*), MAX(updated_at) FROM breeds")
            count, changed = cursor.fetchone()
        said = answer.json
        if "metadata" in path:
            assert said["data"]["total_count"] == count
            assert said["data"]["last_modified"] == changed.isoformat(timespec="microseconds") + "Z"
        elif "since" in path:
            assert [row["id"] for row in said["data"]] == [made.json["data"]["id"]]
        else:
            assert said["meta"]["pagination"]["total_items"] == len(said["data"]) == count
    assert await asyncio.to_thread(lambda: differences(service.url, mend=True)) == ["breeds: no ledger row"]
    assert await asyncio.to_thread(differences, service.url) == []
    changed_again = await connection.request("PUT", f"/breeds/{made.json['data']['id']}", {"name": "with one again"})
    assert changed_again.json["data"]["updated_at"] > made.json["data"]["updated_at"]
    # What was deleted meanwhile is not known: who asks from before must read the whole again.
    assert (await connection.request("GET", f"/breeds?since={since}")).status == 410
    await connection.close()


def test_the_audit_names_what_is_wrong(make_database: Callable[[], DatabaseURL]) -> None:
    url = make_database()
    assert differences(url) == []
    with by_hand(url) as cursor:
        cursor.executemany("INSERT INTO species (name) VALUES (%s)", [("one",), ("two",), ("three",)])
        cursor.execute("INSERT INTO breeds (name, species_id) VALUES ('a', 1), ('b', 1)")
        cursor.execute(
            "INSERT INTO user (identification, fullname, password, email, phone, role)"
            " VALUES (1, 'a', '!', 'a', '1', 'Aprendiz'), (2, 'b', '!', 'b', '2', 'Aprendiz')"
        )
        assert differences(url) == []
        cursor.execute("DROP TRIGGER species_after_insert")
        cursor.execute("INSERT INTO species (name) VALUES ('four')")
        cursor.execute("DROP INDEX ix_breeds_updated_at ON breeds")
        cursor.execute("SET SESSION foreign_key_checks = 0")
        cursor.execute("TRUNCATE user")
        cursor.execute("DELETE FROM ledger WHERE table_name = 'animals'")
        cursor.execute("UPDATE ledger SET last_modified = last_modified - INTERVAL 1 HOUR WHERE table_name = 'breeds'")
    found = sorted(differences(url))
    assert found[0] == "animals: no ledger row"
    assert found[1] == "breeds: index ix_breeds_updated_at is missing"
    assert found[2].startswith("breeds: the ledger says last modified")
    assert found[3:] == [
        "species: the ledger counts 3 rows, the table has 4",
        "species: trigger species_after_insert is missing",
        "user: the ledger counts 2 rows, the table has 0",
    ]
    differences(url, mend=True)
    assert sorted(differences(url)) == [found[1], found[4]]


def test_an_audit_has_a_patience_of_its_own(
    make_database: Callable[[], DatabaseURL], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To count ten million rows from a cold disk takes longer than a request may, and the start must not fail at it."""
    assert audit.AUDIT_SECONDS > 60 * STATEMENT_SECONDS
    url = make_database()
    with by_hand(url) as cursor, ThreadPoolExecutor(1) as threads:
        cursor.execute("LOCK TABLES species WRITE")
        patient = threads.submit(differences, url)
        with pytest.raises(TimeoutError):
            patient.result(1.5)
        cursor.execute("UNLOCK TABLES")
        assert patient.result(30) == []
        monkeypatch.setattr(audit, "AUDIT_SECONDS", 1)
        cursor.execute("LOCK TABLES species WRITE")
        with pytest.raises(DatabaseError):
            differences(url)
        cursor.execute("UNLOCK TABLES")
