"""A database that refuses writes is told of by /health, and reads go on: a server set read-only, a right taken away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.db import migrate
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.parts import PARTS
from service.settings import DatabaseURL, Settings

ROOT = Path(__file__).resolve().parents[2]
OVERSEER = (
    "CREATE USER overseer@localhost IDENTIFIED BY 'of-the-overseer'",
    "GRANT ALL ON *.* TO overseer@localhost WITH GRANT OPTION",
)


class Overseen(PrivateMariaDB):
    """A server with an account beside the service's that may do anything."""

    def _initial_statements(self) -> list[str]:
        return [*super()._initial_statements(), *(f"{one};" for one in OVERSEER)]


@dataclass
class Overseer:
    """Who runs the server; `url` is the service's."""

    url: DatabaseURL

    def say(self, *statements: str) -> None:
        """Run statements as that account."""
        with connect(replace(self.url, user="overseer", password="of-the-overseer")) as connection:
            for statement in statements:
                connection.cursor().execute(statement)


@pytest.fixture(scope="module")
def overseer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overseer]:
    with Overseen(tmp_path_factory.mktemp("overseen"), max_connections=50, database="farm") as server:
        url = server.start()
        migrate.apply(url, ROOT / "migrations")
        yield Overseer(url)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings without a database yet."""
    return Settings.from_environment(
        {
            "HERDBOOK_SECRET_KEY": "the-tests-sign-their-tokens-with-this",
            "HERDBOOK_DATA_DIR": str(tmp_path),
            "HERDBOOK_POOL_SIZE": "2",
            "HERDBOOK_POOL_OVERFLOW": "2",
            "HERDBOOK_WORKERS": "1",
        }
    )


async def health(client: Any) -> tuple[str, list[str]]:
    """Status and reasons, from an answer that must be 200, as reads must be."""
    answer = await client.get("/health")
    assert answer.status == 200
    assert (await client.get("/readyz")).status == 200
    assert (await client.get("/api/v1/species")).status == 200
    said = await answer.json()
    return said["status"], said["reasons"]


async def test_a_server_that_takes_no_writes(aiohttp_client: Any, overseer: Overseer, settings: Settings) -> None:
    client = await aiohttp_client(await create_app(replace(settings, database_url=overseer.url.uri())))
    overseer.say("SET GLOBAL read_only = 1")
    try:
        assert await health(client) == ("degraded", ["database: read-only"])
    finally:
        overseer.say("SET GLOBAL read_only = 0")
    assert await health(client) == ("healthy", [])


async def test_a_right_taken_away(aiohttp_client: Any, overseer: Overseer, settings: Settings) -> None:
    overseer.say(
        "CREATE USER narrowed@localhost IDENTIFIED BY 'of-the-narrowed'",
        "GRANT SELECT, EXECUTE ON farm.* TO narrowed@localhost",
        "GRANT UPDATE ON farm.ledger TO narrowed@localhost",
    )
    url = replace(overseer.url, user="narrowed", password="of-the-narrowed")
    client = await aiohttp_client(await create_app(replace(settings, database_url=url.uri())))
    assert await health(client) == ("healthy", [])
    overseer.say("REVOKE UPDATE ON farm.ledger FROM narrowed@localhost")
    assert await health(client) == ("degraded", ["database: a right is missing"])
    overseer.say("GRANT UPDATE ON farm.ledger TO narrowed@localhost")
    client.app[PARTS].database.pool.failed_at.clear()  # what was refused is told of for a minute
    assert await health(client) == ("healthy", [])
    # A right that no probe asks for: a write has found out.
    answer = await client.post("/api/v1/users/public", json=SOMEBODY)
    assert answer.status == 503
    assert await health(client) == ("degraded", ["database: a right is missing"])


SOMEBODY = {
    "identification": 52123456,
    "fullname": "Ana Ruiz",
    "email": "ana@farm.example",
    "phone": "3001234567",
    "password": "of-Ana-Ruiz-1",
}
