"""Requests of one user or from one address past a limit, where there is one, are refused until the next minute."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from asking import Answer, Asking, asking

from service.app import create_app
from service.http.rates import WINDOW

LIMIT = 4


@pytest.fixture
async def limited(farm: Any) -> AsyncIterator[Any]:
    """Makes workers of the farm that have a limit, early enough in a minute that a test ends in the same."""
    made: list[Asking] = []

    async def make(**changes: int) -> Asking:
        if time.time() % WINDOW > WINDOW - 20:
            await asyncio.sleep(WINDOW - time.time() % WINDOW)
        asked = await asking(await create_app(replace(farm.settings, **changes)))
        asked.tokens.update(farm.asking.tokens)
        made.append(asked)
        return asked

    yield make
    for asked in made:
        await asked.client.close()


def left(answer: Answer, name: str) -> int:
    """How many requests the answer says that there may still be."""
    found = re.search(rf'"{name}";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert found is not None, answer.headers["RateLimit"]
    assert 0 < int(found[2]) <= WINDOW
    return int(found[1])


async def test_without_a_limit_nothing_is_counted(farm: Any) -> None:
    for _ in range(3):
        answer = await farm.get("/animals")
        assert answer.status == 200
        assert "RateLimit" not in answer.headers


async def test_a_user_has_so_many_requests_in_a_minute_and_no_more(limited: Any) -> None:
    asked = await limited(user_rate=LIMIT)
    first = await asked.get("/animals")
    assert first.headers["RateLimit-Policy"] == f'"user";q={LIMIT};w={WINDOW}'
    assert left(first, "user") == LIMIT - 1
    again = await asked.get("/animals", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, left(again, "user")) == (304, LIMIT - 2)
    assert [left(await asked.get("/animals"), "user") for _ in range(2)] == [1, 0]
    refused = await asked.get("/animals")
    assert (refused.status, refused.code) == (429, "RATE_LIMIT_EXCEEDED")
    assert left(refused, "user") == 0
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW
    assert refused.details["retry_after_seconds"] == int(refused.headers["Retry-After"])
    # A write that is refused is not done, and whoever else asks has requests of their own.
    assert (await asked.post("/animals", {"record": "UNO-DE-MAS"})).status == 429
    assert (await asked.get("/animals", {"search": "UNO-DE-MAS"}, who="instructor")).ids == []


async def test_an_address_has_so_many_whoever_asks(limited: Any) -> None:
    asked = await limited(address_rate=LIMIT)
    answers = [await asked.get("/species", who=who) for who in ("admin", None, "instructor", "apprentice")]
    assert [left(one, "address") for one in answers] == [3, 2, 1, 0]
    assert (await asked.get("/species", who=None)).status == 429
    # Whoever looks after the service is not kept out by it.
    assert (await asked.get("//livez", who=None)).status == 200


async def test_behind_a_proxy_it_is_the_address_that_the_proxy_saw(limited: Any) -> None:
    asked = await limited(address_rate=1, proxies=1)
    for client in ("192.0.2.1", "192.0.2.2"):
        seen = {"X-Forwarded-For": f"203.0.113.9, {client}"}
        assert (await asked.get("/species", who=None, headers=seen)).status == 200
        assert (await asked.get("/species", who=None, headers=seen)).status == 429


async def test_both_limits_are_told_and_the_first_that_is_reached_refuses(limited: Any) -> None:
    asked = await limited(user_rate=1, address_rate=LIMIT)
    first = await asked.get("/animals")
    assert (left(first, "address"), left(first, "user")) == (LIMIT - 1, 0)
    refused = await asked.get("/animals")
    assert refused.status == 429
    assert refused.headers["RateLimit-Policy"].startswith('"user"')
