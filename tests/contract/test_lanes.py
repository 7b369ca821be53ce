"""A row that is answered without being parsed is answered as by the application, in its turn, and to whom it may."""

import asyncio
from typing import Any

import orjson
import pytest
from raw import RawFarm, serving
from test_memo_of_heads import head, login


def path(row: Any) -> str:
    return f"/api/v1/species/{row['id'] if isinstance(row, dict) else row}"


SECOND = 1.1  # after which Last-Modified may name the second of the last change


async def answers_of(served: RawFarm, paths: list[str], *lines: str, token: str | None = None) -> list[Any]:
    """Each path asked once over one connection, without what no two answers share."""
    async with served.connect() as connection:
        answers = [await connection.ask(head(one, token, *lines)) for one in paths]
    for answer in answers:
        answer.headers.pop("date")
        answer.headers.pop("x-trace-id", None)
    return answers


async def test_rows_are_answered_as_without_it(farm: Any) -> None:
    rows = [await farm.create("species") for _ in range(5)]
    await asyncio.sleep(SECOND)
    paths = [path(row) for row in rows]
    async with serving(farm.settings, memo=True) as served:
        with_it = await answers_of(served, paths)
        assert served.memo_hits == len(paths) - 1
    async with serving(farm.settings, memo=False) as served:
        assert await answers_of(served, paths) == with_it
    assert [orjson.loads(answer.body)["data"]["id"] for answer in with_it] == [row["id"] for row in rows]


@pytest.mark.parametrize("lines", [("Accept-Encoding: gzip",), ("Accept: text/csv",), ("Accept-Language: en",)])
async def test_what_else_a_request_says_counts_as_without_it(farm: Any, lines: tuple[str, ...]) -> None:
    rows = [await farm.create("diseases", symptoms="long " * size, details="long " * size) for size in (1, 50, 1, 50)]
    paths = [f"/api/v1/diseases/{row['id']}" for row in rows]
    await asyncio.sleep(SECOND)
    seen = []
    for memo in (True, False):
        async with serving(farm.settings, memo=memo) as served:
            seen.append(await answers_of(served, paths, *lines))
    assert seen[0] == seen[1]


async def test_a_row_that_is_not_there_is_told_in_the_ordinary_way(farm: Any) -> None:
    row = await farm.create("species")
    asked = [path(row), path(10**12), path("9" * 30), path("0" + str(row["id"])), path("x"), path(row)]
    async with serving(farm.settings, memo=True) as served:
        answers = await answers_of(served, asked)
    assert [answer.status for answer in answers] == [200, 404, 404, 200, 404, 200]
    assert orjson.loads(answers[1].body)["error"]["code"] == "NOT_FOUND"
    assert answers[3].body == answers[0].body == answers[5].body


async def test_conditions_are_looked_at(farm: Any) -> None:
    rows = [await farm.create("species") for _ in range(3)]
    async with serving(farm.settings, memo=True) as served:
        plain = await answers_of(served, [path(row) for row in rows])
        for row, answer in zip(rows, plain, strict=True):
            line = f"If-None-Match: {answer.headers['etag']}"
            told = await answers_of(served, [path(one) for one in rows], line)
            assert [one.status for one in told] == [304 if one is row else 200 for one in rows]


async def test_a_write_counts_at_the_next_request(farm: Any) -> None:
    first, second = [await farm.create("species") for _ in range(2)]
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        await connection.ask(head(path(first)))
        for turn in range(5):
            name = f"{second['name']} {turn}"
            assert (await farm("PUT", f"/species/{second['id']}", json={"name": name})).status == 200
            answer = await connection.ask(head(path(second)))
            assert orjson.loads(answer.body)["data"]["name"] == name
        assert served.memo_hits == 5


async def test_who_asks_counts(farm: Any) -> None:
    rows = [await farm.create("animals") for _ in range(3)]
    paths = [f"/api/v1/animals/{row['id']}" for row in rows]
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        token = await login(connection, farm)
        hits = served.memo_hits
        assert [one.status for one in await answers_of(served, paths, token=token)] == [200] * 3
        assert served.memo_hits == hits + 2
        assert [one.status for one in await answers_of(served, paths)] == [401] * 3
        await connection.ask(head("/api/v1/auth/logout", token, "Content-Length: 0", method="POST"))
        assert [one.status for one in await answers_of(served, paths, token=token)] == [401] * 3


async def test_what_comes_meanwhile_is_answered_after_it(farm: Any) -> None:
    rows = [await farm.create("species") for _ in range(3)]
    heads = [head(path(row)) for row in rows]
    other = head("/api/v1/species/metadata")
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        await connection.ask(heads[0])
        for _ in range(3):
            for sent in (heads[1], heads[2], other, heads[0], other):
                await connection.send(sent)
                await asyncio.sleep(0)
            bodies = [orjson.loads((await connection.read()).body)["data"] for _ in range(5)]
            assert [body.get("id") for body in bodies] == [rows[1]["id"], rows[2]["id"], None, rows[0]["id"], None]
            await farm.create("species")  # what is kept is void


async def test_a_client_that_goes_away_harms_nobody(farm: Any) -> None:
    rows = [await farm.create("species") for _ in range(30)]
    async with serving(farm.settings, memo=True) as served:
        async with served.connect() as connection:
            await connection.ask(head(path(rows[0])))
        for row in rows[1:]:
            async with served.connect() as connection:
                await connection.send(head(path(row)))
        assert [one.status for one in await answers_of(served, [path(row) for row in rows])] == [200] * 30


async def test_a_worker_that_ends_answers_what_it_was_asked(farm: Any) -> None:
    rows = [await farm.create("species") for _ in range(2)]
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        await connection.ask(head(path(rows[0])))
        await connection.send(head(path(rows[1])))
        ending = asyncio.create_task(served.runner.cleanup())
        assert (await connection.read()).status == 200
        await ending
