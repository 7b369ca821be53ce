"""Bytes that two programs could read as different requests are refused, and harm nobody who comes after them."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from raw import PARTS, RawFarm, serving
from raw_requests import CASES, NEXT

REFUSALS = {400, 408, 413, 414, 431}
ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
ORDINARY = b"GET /api/v1/species/metadata HTTP/1.1\r\nHost: farm\r\n\r\n"


@pytest.fixture(scope="module", params=[True, False], ids=["memo", "no memo"])
async def served(farm: Any, request: pytest.FixtureRequest) -> AsyncIterator[RawFarm]:
    """With the memo of heads and without; who keeps it waiting is told soon."""
    async with serving(farm.settings, memo=request.param) as served:
        guard = served.runner.app[PARTS].guard
        guard.limits = replace(guard.limits, first_byte=0.3, head=0.3, body=0.3, body_grace=0.3, sweep=0.05)
        yield served


def test_there_are_as_many_as_others_have() -> None:
    assert len(CASES) >= 215


@pytest.mark.parametrize("name", CASES)
async def test_it_is_refused_once_and_what_stands_behind_it_is_not_answered(
    served: RawFarm, farm: Any, name: str
) -> None:
    sent = CASES[name].replace(b"{token}", farm.asking.tokens["admin"].encode())
    before = farm.sql("SELECT COUNT(*) AS n FROM species")
    async with served.connect() as connection:
        await connection.send(sent + NEXT.encode())
        told = await connection.read_all()
    statuses = [int(one) for one in ANSWER.findall(told)]
    assert statuses == [] or (len(statuses) == 1 and statuses[0] in REFUSALS), (statuses, told[:300])
    assert farm.sql("SELECT COUNT(*) AS n FROM species") == before
    async with served.connect() as connection:
        assert b"total_count" in (await connection.ask(ORDINARY)).body
