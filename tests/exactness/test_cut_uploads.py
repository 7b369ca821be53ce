"""An upload of which half comes, or that is more than the database takes at once, is told so and leaves nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from in_process import Served, enrol_administrator, served, settings_for

from service.db import migrate
from service.db.private import PrivateMariaDB
from service.settings import DatabaseURL

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
ROWS = 5000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseURL]:
    """A database that takes a MiB at once."""
    options = ("--max-allowed-packet=1M", "--innodb-buffer-pool-size=32M")
    with PrivateMariaDB(tmp_path_factory.mktemp("mariadb"), 40, options=options) as server:
        url = server.start()
        migrate.apply(url, MIGRATIONS)
        yield url


@pytest.fixture(scope="module")
def token(url: DatabaseURL) -> str:
    return enrol_administrator(url)


@pytest.fixture
async def one(url: DatabaseURL, token: str) -> AsyncIterator[Served]:
    async with served(settings_for(url), token) as one:
        yield one


def diseases(count: int) -> list[dict[str, str]]:
    return [{"name": f"disease {number}", "symptoms": "s" * 250, "details": "ñ" * 250} for number in range(count)]


async def total(one: Served) -> int:
    answer = await one.connection.request("GET", "/diseases/metadata")
    return int(json.loads(answer.body)["data"]["total_count"])


@pytest.mark.parametrize("query", ["", "?on_conflict=ignore", "?on_conflict=update"])
async def test_more_than_the_database_takes_at_once_is_told_so(one: Served, query: str) -> None:
    before = await total(one)
    answer = await one.connection.request("POST", f"/diseases/bulk{query}", diseases(ROWS))
    problem = json.loads(answer.body)
    assert (answer.status, problem["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert "1 MiB" in problem["detail"]
    assert await total(one) == before
    assert one.parts.database.pool.stats()["lent"] == 0


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
async def test_a_client_that_goes_half_way_leaves_nothing(one: Served, token: str, share: float) -> None:
    before = await total(one)
    body = json.dumps(diseases(500)).encode()
    head = (
        f"POST /api/v1/diseases/bulk HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(one.connection.host, one.connection.port)
    writer.write(head.encode() + body[: int(len(body) * share)])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert await reader.read() == b""
    assert await total(one) == before
    assert one.parts.database.pool.stats()["lent"] == 0


async def test_what_fits_is_stored(one: Served) -> None:
    before = await total(one)
    answer = await one.connection.request("POST", "/diseases/bulk", diseases(500))
    assert answer.status == 201, answer.body
    assert await total(one) == before + 500
