"""The memo of heads changes how fast an answer comes and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from raw import RawConnection, RawFarm, serving
from specimens import PASSWORD

PATHS = ("/api/v1/species?limit=5", "/api/v1/species/metadata", "/api/v1/animals?limit=3", "/api/v1/auth/me")


def head(path: str, token: str | None = None, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    """The bytes of a request without a body."""
    parts = [f"{method} {path} HTTP/{version}", "Host: farm", *lines]
    if token is not None:
        parts.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(parts) + "\r\n\r\n").encode()


async def login(connection: RawConnection, farm: Any) -> str:
    """The token of an Administrador, by login over this connection."""
    person = farm.sql("SELECT identification FROM user WHERE id = %s", farm.people["admin"])[0]
    body = orjson.dumps({"identification": person["identification"], "password": PASSWORD})
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    answer = await connection.ask(head("/api/v1/auth/login", None, *lines, method="POST") + body)
    assert answer.status == 200, answer.body
    return str(orjson.loads(answer.body)["access_token"])


@pytest.fixture
async def quiet(farm: Any) -> Any:
    """The farm when the second of its last write is over: until then Last-Modified names the one before."""
    await asyncio.sleep(1.1)
    return farm


async def test_a_repeated_head_is_answered_from_the_memo_byte_for_byte(quiet: Any) -> None:
    farm = quiet
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        token = await login(connection, farm)
        for path in PATHS:
            first = await connection.ask(head(path, token))
            hits = served.memo_hits
            again = await connection.ask(head(path, token))
            assert served.memo_hits == hits + 1
            first.headers.pop("date"), again.headers.pop("date")
            assert again == first


async def test_without_the_memo_the_answers_are_the_same(quiet: Any) -> None:
    farm = quiet
    seen = []
    for memo in (True, False):
        async with serving(farm.settings, memo=memo) as served, served.connect() as connection:
            token = await login(connection, farm)
            answers = [await connection.ask(head(path, token)) for path in PATHS for _ in range(2)]
            assert (served.memo_hits > 0) is memo
            for answer in answers:
                answer.headers.pop("date")
            seen.append(answers)
    assert seen[0] == seen[1]


async def test_a_write_counts_at_the_next_request(farm: Any) -> None:
    row = await farm.create("species")
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        path = f"/api/v1/species/{row['id']}"
        before = [await connection.ask(head(path)) for _ in range(3)]
        assert served.memo_hits == 2
        changed = await farm("PUT", f"/species/{row['id']}", json={"name": f"{row['name']} again"})
        assert changed.status == 200
        after = await connection.ask(head(path))
        assert before[0].body == before[2].body != after.body
        assert orjson.loads(after.body)["data"]["name"] == f"{row['name']} again"


async def test_a_304_is_remembered_as_one(farm: Any) -> None:
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        tag = (await connection.ask(head(PATHS[0]))).headers["etag"]
        answers = [await connection.ask(head(PATHS[0], None, f"If-None-Match: {tag}")) for _ in range(3)]
        assert [answer.status for answer in answers] == [304] * 3
        assert served.memo_hits == 2
        assert all(answer.headers["etag"] == tag for answer in answers)


@pytest.mark.parametrize(
    "special",
    [
        head(PATHS[0], method="HEAD"),
        head(PATHS[0], version="1.0"),
        head(PATHS[0], None, "Connection: close"),
        head(PATHS[0], None, "Content-Length: 0"),
        head(PATHS[0], None, "Upgrade: websocket", "Connection: Upgrade"),
    ],
)
async def test_what_is_not_plain_never_enters_it(farm: Any, special: bytes) -> None:
    async with serving(farm.settings, memo=True) as served:
        for _ in range(2):
            async with served.connect() as connection:
                await connection.ask(special, bodiless=special.startswith(b"HEAD"))
        assert served.memo_hits == 0


async def test_pipelined_heads_are_answered_in_their_order(farm: Any) -> None:
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        one, other = head(PATHS[0]), head(PATHS[1])
        alone = {request: (await connection.ask(request)).body for request in (one, other)}
        await connection.send(one + other + one)
        bodies = [(await connection.read()).body for _ in range(3)]
        assert bodies == [alone[one], alone[other], alone[one]]


async def test_a_head_inside_another_request_is_not_taken_for_one(farm: Any) -> None:
    """A body, or a header cut in two, that reads like a remembered head is part of its own request."""
    async with serving(farm.settings, memo=True) as served:
        remembered = head(PATHS[0])
        async with served.connect() as connection:
            await connection.ask(remembered)
            await connection.ask(remembered)
            hits = served.memo_hits
            length = len(remembered)
            request = f"POST /api/v1/species HTTP/1.1\r\nHost: farm\r\nContent-Length: {length}\r\n\r\n"
            await connection.send(request.encode())
            refused = await connection.ask(remembered)
            assert refused.status in (400, 401, 415)
        async with served.connect() as connection:
            await connection.send(b"GET /api/v1/species/metadata HTTP/1.1\r\nHost: farm\r\nX-Cut: ")
            answer = await connection.ask(remembered)
            assert b"total_count" in answer.body or answer.status == 400
        assert served.memo_hits == hits


async def test_a_logout_counts_at_the_next_request(farm: Any) -> None:
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        token = await login(connection, farm)
        answers = [await connection.ask(head(PATHS[2], token)) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        assert served.memo_hits == 1
        await connection.ask(head("/api/v1/auth/logout", token, "Content-Length: 0", method="POST"))
        assert (await connection.ask(head(PATHS[2], token))).status == 401


CUT = head(PATHS[0], None, "X-A: b")


@pytest.fixture(scope="module")
async def remembered(farm: Any) -> AsyncIterator[RawFarm]:
    """A farm whose memo knows CUT."""
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        await connection.ask(CUT)
        await connection.ask(CUT)
        assert served.memo_hits
        yield served


@pytest.mark.parametrize("at", range(1, len(CUT)))
async def test_a_remembered_head_may_come_in_two_parts(remembered: RawFarm, at: int) -> None:
    """Wherever it is cut, and whatever of the next stands behind it."""
    async with remembered.connect() as connection:
        whole = await connection.ask(CUT)
        hits = remembered.memo_hits
        await connection.send(CUT[:at])
        await asyncio.sleep(0)
        cut = await connection.ask(CUT[at:] + CUT[:at])
        await connection.send(CUT[at:])
        behind = await connection.read()
        assert remembered.memo_hits == hits  # it was not asked
        assert [cut.status, behind.status] == [200, 200]
        assert cut.body == behind.body == whole.body
