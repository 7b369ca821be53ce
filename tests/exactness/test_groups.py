"""Changes that wait for one another are one transaction, and each is answered as it would be alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from http_client import Answer, Connection
from in_process import Served, enrol_administrator, served, settings_for

from service.db.blocking import connect
from service.db.connection import Connection as Session
from service.settings import DatabaseURL


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every COMMIT that is sent."""
    sent: list[str] = []
    send = Session.send

    async def noted(self: Session, text: str) -> Any:
        if text == "COMMIT":
            sent.append(text)
        return await send(self, text)

    monkeypatch.setattr(Session, "send", noted)
    return sent


@asynccontextmanager
async def farm_of(make_database: Callable[[], DatabaseURL]) -> AsyncIterator[tuple[Served, DatabaseURL]]:
    """One species, whose breed is the one numbered 1, and nine other breeds."""
    url = make_database()
    token = enrol_administrator(url)
    async with served(settings_for(url), token) as one:
        assert (await one.connection.request("POST", "/species", {"name": "a"})).status == 201
        names = [{"name": f"breed {number}", "species_id": 1} for number in range(1, 11)]
        assert (await one.connection.request("POST", "/breeds/bulk", names)).status == 201
        animal = {"record": "a", "sex": "Macho", "birth_date": "2020-01-01", "weight": 1, "breeds_id": 1}
        assert (await one.connection.request("POST", "/animals", animal)).status == 201
        yield one, url


async def together(one: Served, url: DatabaseURL, asked: list[tuple[Any, ...]]) -> list[Answer]:
    """The answers to requests that all wait: somebody else holds the ledger row until they have come."""
    clients = [Connection(one.connection.host, one.connection.port, one.connection.token) for _ in asked]
    with connect(url) as holder, holder.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT version FROM ledger WHERE table_name = 'breeds' FOR UPDATE")
        waiting = []
        for client, request in zip(clients, asked, strict=True):
            waiting.append(asyncio.create_task(client.request(*request)))
            await asyncio.sleep(0.05)
        holder.rollback()
        answers = await asyncio.gather(*waiting)
    for client in clients:
        await client.close()
    return answers


async def test_each_of_a_group_has_the_outcome_that_it_would_have_alone(
    make_database: Callable[[], DatabaseURL], commits: list[str]
) -> None:
    async with farm_of(make_database) as (one, url):
        tag = (await one.connection.request("GET", "/breeds/5")).headers["etag"]
        commits.clear()
        answers = await together(
            one,
            url,
            [
                ("PUT", "/breeds/2", {"name": "first"}),
                ("PUT", "/breeds/3", {"name": "second"}),
                ("PUT", "/breeds/4", {"name": "breed 6"}),
                ("DELETE", "/breeds/1"),
                ("DELETE", "/breeds/7"),
                ("PUT", "/breeds/7", {"name": "too late"}),
                ("PUT", "/breeds/999", {"name": "nobody"}),
                ("PUT", "/breeds/5", {"name": "as it was"}, {"If-Match": tag}),
                ("PUT", "/breeds/5", {"name": "as it is not"}, {"If-Match": tag}),
                ("PUT", "/breeds/8", {"species_id": 999}),
                ("DELETE", "/breeds/9", None, {"If-Match": '"x"'}),
                ("PUT", "/breeds/2", {"name": "third"}),
            ],
        )
        codes = [(one.status, (one.json.get("error") or {}).get("code")) for one in answers]
        assert codes == [
            (200, None),
            (200, None),
            (409, "CONFLICT"),
            (409, codes[3][1]),
            (200, None),
            (404, "NOT_FOUND"),
            (404, "NOT_FOUND"),
            (200, None),
            (412, "PRECONDITION_FAILED"),
            (422, "VALIDATION_ERROR"),
            (412, "PRECONDITION_FAILED"),
            (200, None),
        ]
        assert [answers[at].json["data"]["name"] for at in (0, 1, 7, 11)] == ["first", "second", "as it was", "third"]
        rows = (await one.connection.request("GET", "/breeds?sort_by=id&sort_order=asc")).json["data"]
        assert [(row["id"], row["name"]) for row in rows] == [
            (1, "breed 1"),
            (2, "third"),
            (3, "second"),
            (4, "breed 4"),
            (5, "as it was"),
            (6, "breed 6"),
            (8, "breed 8"),
            (9, "breed 9"),
            (10, "breed 10"),
        ]
        assert len({row["updated_at"] for row in rows}) == len(rows)
        assert len(commits) == 2  # the first by itself, then all that had come meanwhile


async def test_a_group_of_which_all_are_refused_invalidates_nothing(
    make_database: Callable[[], DatabaseURL], commits: list[str]
) -> None:
    async with farm_of(make_database) as (one, url):
        await one.connection.request("GET", "/breeds")
        commits.clear()
        missing = [("PUT", f"/breeds/{number}", {"name": "nobody"}) for number in range(900, 906)]
        answers = await together(one, url, missing)
        assert [answer.status for answer in answers] == [404] * 6
        assert commits == []
        assert one.parts.cache.table("breeds").entries


async def test_the_ledger_and_the_rows_agree_after_groups(make_database: Callable[[], DatabaseURL]) -> None:
    async with farm_of(make_database) as (one, url):
        since = (await one.connection.request("GET", "/breeds?limit=1")).json["meta"]["as_of"]
        changed = [("PUT", f"/breeds/{number}", {"name": f"new {number}"}) for number in range(2, 8)]
        answers = await together(one, url, [*changed, ("DELETE", "/breeds/8"), ("DELETE", "/breeds/9")])
        assert [answer.status for answer in answers] == [200] * 8
        said = (await one.connection.request("GET", f"/breeds?since={since}")).json
        assert sorted(row["id"] for row in said["data"]) == list(range(2, 8))
        assert sorted(said["meta"]["deleted"]) == [8, 9]
        counted = (await one.connection.request("GET", "/breeds/metadata")).json["data"]
        assert counted["total_count"] == 8
        assert counted["last_modified"] == said["meta"]["next_since"]
