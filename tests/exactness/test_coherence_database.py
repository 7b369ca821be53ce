"""With coherence "database" no read is stale, whoever has written: another host, or somebody's hand in SQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from http_client import Connection
from in_process import enrol_administrator, served, settings_for

from service.cache.segment import Segment
from service.db.blocking import connect
from service.settings import DatabaseURL

READS = 500
QUESTIONS = ("/species?limit=1000&sort_by=id", "/species?limit=5", "/species/metadata", "/species/1")


@asynccontextmanager
async def two_hosts(
    url: DatabaseURL, coherence: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[Connection]]:
    """Two applications on one database that share no memory, as on two hosts, and hardly ever poll."""
    token = enrol_administrator(url)
    async with AsyncExitStack() as stack:
        hosts = []
        for number in range(2):

            async def segment(*_: Any, path: Path = folder / f"host-{number}") -> Segment:
                return Segment(path, 16)

            monkeypatch.setattr("service.app.shared_segment", segment)
            settings = settings_for(url, HERDBOOK_COHERENCE=coherence, HERDBOOK_POLL_MS="60000")
            hosts.append((await stack.enter_async_context(served(settings, token))).connection)
        yield hosts


async def count_stale(url: DatabaseURL, hosts: list[Connection]) -> int:
    """How many of READS answers are not what the database says, while rows change by hand and through either host."""
    random, stale = Random(7), 0
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO species (id, name) VALUES (1, 'the first')")
        for number in range(READS):
            kind = random.randrange(6)
            if kind == 0:
                cursor.execute("UPDATE species SET name = %s WHERE id = 1", (f"by hand {number}",))
            elif kind == 1:
                cursor.execute("INSERT INTO species (name) VALUES (%s)", (f"by hand {number}",))
            elif kind == 2:
                cursor.execute("DELETE FROM species WHERE id > 1 ORDER BY id LIMIT 1")
            elif kind == 3:
                host = random.choice(hosts)
                assert (await host.request("PUT", "/species/1", {"name": f"by host {number}"})).status == 200
            path = random.choice(QUESTIONS)
            answer = await random.choice(hosts).request("GET", path)
            stale += not _is_true(path, answer.json, cursor)
    return stale


def _is_true(path: str, said: dict[str, Any], cursor: Any) -> bool:
    cursor.execute("SELECT id, name FROM species ORDER BY id")
    rows = cursor.fetchall()
    cursor.execute("SELECT last_modified FROM ledger WHERE table_name = 'species'")
    changed = cursor.fetchone()[0].isoformat(timespec="microseconds") + "Z"
    if path.endswith("metadata"):
        return (said["data"]["total_count"], said["data"]["last_modified"]) == (len(rows), changed)
    if path == "/species/1":
        return bool((said["data"]["id"], said["data"]["name"]) == rows[0])
    if said["meta"]["as_of"] != changed or said["meta"]["pagination"]["total_items"] != len(rows):
        return False
    return "sort_by" not in path or [(row["id"], row["name"]) for row in said["data"]] == list(rows)


async def test_no_read_is_stale(
    make_database: Callable[[], DatabaseURL], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    async with two_hosts(url, "database", tmp_path, monkeypatch) as hosts:
        assert await count_stale(url, hosts) == 0


async def test_on_two_hosts_it_takes_that_coherence(
    make_database: Callable[[], DatabaseURL], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with the coherence of one host is stale: the test above can fail."""
    url = make_database()
    async with two_hosts(url, "host", tmp_path, monkeypatch) as hosts:
        assert await count_stale(url, hosts) > READS // 20
