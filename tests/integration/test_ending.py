"""A service that is told to end while it is asked: each request is answered or cut at the deadline, none half done."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from service_process import ServiceProcess

from service.db.blocking import connect
from service.settings import DatabaseURL

READS, WRITES, ROWS = 80, 20, 3


@contextmanager
def locked(url: DatabaseURL, table: str) -> Iterator[None]:
    """Nobody else reads or writes the table meanwhile."""
    with connect(url) as other, other.cursor() as cursor:
        cursor.execute(f"LOCK TABLES {table} WRITE")
        yield


def stored(url: DatabaseURL, name: str) -> int:
    """How many rows of an upload there are."""
    with connect(url) as direct, direct.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM species WHERE name LIKE %s", [f"{name}-%"])
        return int(cursor.fetchone()[0])


async def ask(service: ServiceProcess, method: str, path: str, body: Any = None) -> int | None:
    """The status of the answer, on a connection of its own; None where it was cut."""
    content = b"" if body is None else orjson.dumps(body)
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer {service.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(service.host, service.port)
    try:
        writer.write(head.encode() + content)
        told = await reader.readuntil(b"\r\n\r\n")
        length = int(told.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        return int(told.split(b" ", 2)[1])
    except (OSError, EOFError):
        return None
    finally:
        writer.close()


@pytest.mark.parametrize("waits", [True, False], ids=["what it waits for comes", "it never comes"])
async def test_a_hundred_requests_at_the_end(
    make_database: Callable[[], DatabaseURL], tmp_path: Path, waits: bool
) -> None:
    url = make_database()
    with ServiceProcess(url, tmp_path, workers=2, HERDBOOK_POOL_OVERFLOW="60") as service:
        with locked(url, "species"):
            reads = [ask(service, "GET", f"/species?search=x{number}") for number in range(READS)]
            rows = [[{"name": f"w{number}-{row}"} for row in range(ROWS)] for number in range(WRITES)]
            writes = [ask(service, "POST", "/species/bulk", body) for body in rows]
            asking = asyncio.gather(*writes, *reads)
            await asyncio.sleep(3)
            os.kill(service.supervisor, signal.SIGTERM)
            if waits:
                await asyncio.sleep(1)
            else:
                statuses = await asyncio.wait_for(asking, 60)
        if waits:
            statuses = await asyncio.wait_for(asking, 60)
    assert len(statuses) == READS + WRITES
    if waits:
        assert set(statuses[WRITES:]) == {200}
        assert set(statuses[:WRITES]) == {201}
    else:
        assert set(statuses) <= {None, 503}
    for number, status in enumerate(statuses[:WRITES]):
        count = stored(url, f"w{number}")
        assert count == ROWS if status == 201 else count in (0, ROWS)
