"""What a request leaves behind: its trace in answer, problem and log, its line of the log, and what it took."""

import logging
from dataclasses import replace
from typing import Any

import pytest
from by_hand import changes_by_hand_are_known
from raw import serving

from service.app import create_app
from service.parts import PARTS
from service.settings import Settings

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{ID}-{SPAN}-01"}


@pytest.fixture
def open_client(aiohttp_client: Any, farm: Any) -> Any:
    """Gives a client of an application on the farm's database with settings changed."""

    async def opened(**changes: Any) -> Any:
        small: Settings = replace(farm.settings, pool_size=2, pool_overflow=2, **changes)
        client = await aiohttp_client(await create_app(small))
        await changes_by_hand_are_known(client.app)
        return client

    return opened


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The fields of the access log's lines."""
    return [one.fields for one in caplog.records if one.name == "herdbook.access"]  # type: ignore[attr-defined]


async def test_a_trace_goes_on_in_the_answer_and_in_a_problem(open_client: Any) -> None:
    client = await open_client()
    good = await client.get("/api/v1/species?limit=2", headers=PARENT)
    assert good.headers["traceparent"].startswith(f"00-{ID}-")
    assert SPAN not in good.headers["traceparent"]
    problem = await client.get("/api/v1/species/987654321", headers=PARENT)
    assert (await problem.json())["error"]["trace_id"] == ID
    assert problem.headers["traceparent"].startswith(f"00-{ID}-")
    for headers in ({}, {"traceparent": "00-not-one-01"}):
        assert "traceparent" not in (await client.get("/api/v1/species?limit=2", headers=headers)).headers


async def test_a_stream_names_its_trace_too(open_client: Any, farm: Any) -> None:
    client = await open_client()
    answer = await client.get("/api/v1/species?export=csv", headers=PARENT)
    assert answer.headers["traceparent"].startswith(f"00-{ID}-")
    assert await answer.text()


async def test_a_mistake_of_the_service_is_in_the_log_under_its_trace_and_once_only(
    open_client: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await open_client(access_log="all")

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a mistake\nforged line")

    monkeypatch.setattr(client.app[PARTS].readers["species"], "ask", broken)
    answer = await client.get("/api/v1/species?limit=2", headers=PARENT)
    assert answer.status == 500
    (said,) = [one for one in caplog.records if one.name.startswith("herdbook.") and one.levelno >= logging.INFO]
    assert said.fields["trace_id"] == ID  # type: ignore[attr-defined]
    assert ID in said.getMessage()


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ("off", []),
        ("errors", [404]),
        ("misses", [200, 404]),
        ("all", [200, 200, 200, 404]),
    ],
)
async def test_the_access_log_has_what_its_setting_says(
    open_client: Any, caplog: pytest.LogCaptureFixture, access: str, expected: list[int]
) -> None:
    client = await open_client(access_log=access)
    for _ in range(3):
        await client.get("/api/v1/species?limit=9")
    await client.get("/api/v1/species/987654321?fields=secret-search", headers=PARENT)
    assert [line["status"] for line in lines(caplog)] == expected
    if access == "all":
        assert [line["cache"] for line in lines(caplog)] == ["fwd=miss; stored", "hit", "hit", "none"]
    if expected:
        last = lines(caplog)[-1]
        assert (last["method"], last["path"], last["trace_id"]) == ("GET", "/api/v1/species/987654321", ID)
        assert last["client"] == "127.0.0.1"
        assert "secret-search" not in caplog.text


async def test_with_all_the_memo_is_off_and_every_request_has_one_line(
    farm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"GET /api/v1/species?limit=4 HTTP/1.1\r\nHost: farm\r\n\r\n"
    settings = replace(farm.settings, access_log="all")
    async with serving(settings, memo=True) as served, served.connect() as connection:
        for _ in range(4):
            assert (await connection.ask(head)).status == 200
        assert served.memo_hits == 0
    assert len(lines(caplog)) == 4


async def test_answers_say_what_they_took_where_that_is_set(open_client: Any, farm: Any) -> None:
    client = await open_client(timings=True)
    headers = {"Authorization": f"Bearer {farm.asking.tokens['admin']}"}
    seen = []
    for further in ({}, {}, {"Cache-Control": "no-store"}):
        answer = await client.get("/api/v1/species?limit=8", headers={**headers, **further})
        parts = dict(one.split(";dur=") for one in answer.headers["Server-Timing"].split(", "))
        assert parts.keys() == {"total", "pool", "db"}
        assert float(parts["total"]) >= float(parts["db"])
        seen.append((answer.headers["Cache-Status"], float(parts["db"]) > 0))
    assert seen[0] == ("herdbook; fwd=miss; stored", True)
    assert seen[1] == ("herdbook; hit", False)
    assert seen[2] == ("herdbook; fwd=bypass", True)
    assert "Cache-Status" not in (await client.get("/docs")).headers
    assert "Server-Timing" in (await client.get("/docs")).headers


async def test_without_the_setting_they_do_not(open_client: Any) -> None:
    headers = (await (await open_client()).get("/api/v1/species?limit=8")).headers
    assert {"Server-Timing", "Cache-Status"}.isdisjoint(headers)


async def test_the_memo_repeats_no_timing_and_no_trace(farm: Any) -> None:
    head = b"GET /api/v1/species?limit=4 HTTP/1.1\r\nHost: farm\r\n\r\n"
    traced = head[:-2] + f"traceparent: {PARENT['traceparent']}\r\n\r\n".encode()
    settings = replace(farm.settings, timings=True)
    async with serving(settings, memo=True) as served, served.connect() as connection:
        first, again = await connection.ask(head), await connection.ask(head)
        assert first.headers["cache-status"] == "herdbook; fwd=miss; stored"
        assert again.headers["cache-status"] == "herdbook; hit; detail=memo"
        assert "server-timing" in first.headers
        assert "server-timing" not in again.headers
        assert served.memo_hits == 1
        spans = {(await connection.ask(traced)).headers["traceparent"] for _ in range(3)}
        assert len(spans) == 3
        assert served.memo_hits == 1
