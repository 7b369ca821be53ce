"""The Python client against a real service: login, pages, tags, writes done once, and waiting."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from conftest import Way
from herdbook_client import AnswerStore, Client, Patience, Refused, Unreachable
from herdbook_client.retry import retry_after
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess
from tables import run, table
from waiting import until

LEAST = Patience(seconds=30, first=0.001, most=0.01)


async def test_login_says_who_it_is_and_a_wrong_password_is_refused(service: ServiceProcess, client: Client) -> None:
    assert (await client.me())["identification"] == ADMINISTRATOR
    async with Client(f"http://{service.host}:{service.port}") as other:
        with pytest.raises(Refused) as refused:
            await other.log_in(ADMINISTRATOR, "wrong")
        assert (refused.value.status, refused.value.code) == (401, "INVALID_CREDENTIALS")
        with pytest.raises(Refused, match="JWT_ERROR"):
            await other.list("animals")
        assert (await other.list("species")).rows


async def test_pages_by_cursor_are_the_table(service: ServiceProcess, client: Client) -> None:
    pages = [page async for page in client.pages("animals", limit=70)]
    assert [row["id"] for page in pages for row in page.rows] == [row["id"] for row in table(service.url, "animals")]
    assert len(pages) == -(-pages[0].total // 70) > 3  # type: ignore[operator]


async def test_parameters_are_those_of_http(client: Client) -> None:
    page = await client.list(
        "animals", status="Vivo", weight__gte=100, sort_by="-weight", limit=5, include_relations=True
    )
    weights = [row["weight"] for row in page.rows]
    assert weights == sorted(weights, reverse=True)
    assert all(row["breed"]["name"] for row in page.rows)


async def test_what_has_not_changed_comes_from_the_store(way: Way, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = AnswerStore(tmp_path_factory.mktemp("store") / "answers.sqlite")
    async with Client(way.proxy.address, store=store) as client:
        await client.log_in(ADMINISTRATOR, PASSWORD)
        row = await client.create("species", {"name": "kept by its tag"})
        first, tag = await client.get_tagged("species", row["id"])
        assert first == row
        held = store.find(str(ADMINISTRATOR), f"en {way.proxy.address}/species/{row['id']}?")
        assert held is not None
        assert held[0] == tag
        # A body that the service never sent shows that the next one is not sent again.
        marked = json.dumps({"data": first | {"name": "from the store"}}).encode()
        store.keep(str(ADMINISTRATOR), f"en {way.proxy.address}/species/{row['id']}?", tag, marked)
        assert (await client.get("species", row["id"]))["name"] == "from the store"
        await client.update("species", row["id"], {"name": "another"})
        assert (await client.get("species", row["id"]))["name"] == "another"
    store.close()


def test_a_store_keeps_what_was_used_last() -> None:
    store = AnswerStore(most=2)
    for name in "abc":
        store.keep("", name, f'"{name}"', name.encode())
        store.find("", "a")
    assert store.find("", "a") == ('"a"', b"a")
    assert store.find("", "b") is None
    assert store.find("", "c") == ('"c"', b"c")
    assert store.find("another", "a") is None
    store.close()


async def test_a_create_whose_answer_was_lost_is_done_once(service: ServiceProcess, way: Way) -> None:
    async with Client(way.proxy.address, patience=LEAST) as client:
        await client.log_in(ADMINISTRATOR, PASSWORD)
        way.proxy.lose_next = b"POST /api/v1/species"
        row = await client.create("species", {"name": "done once"})
    assert way.proxy.has_lost
    assert [one["id"] for one in table(service.url, "species") if one["name"] == "done once"] == [row["id"]]


async def test_a_change_whose_answer_was_lost_is_not_made_again(way: Way) -> None:
    row = await way.client.create("species", {"name": "changed once"})
    way.proxy.lose_next = b"PATCH"
    with pytest.raises(Unreachable) as lost:
        await way.client.update("species", row["id"], {"name": "changed"})
    assert lost.value.maybe_done
    assert (await way.client.get("species", row["id"]))["name"] == "changed"


async def test_a_condition_that_fails_is_told(client: Client) -> None:
    row = await client.create("species", {"name": "conditional"})
    _, tag = await client.get_tagged("species", row["id"])
    await client.update("species", row["id"], {"name": "conditional 2"}, if_match=tag)
    with pytest.raises(Refused) as refused:
        await client.delete("species", row["id"], if_match=tag)
    assert refused.value.status == 412
    await client.delete("species", row["id"])


async def test_many_are_created_at_once(client: Client) -> None:
    rows = await client.create_many("species", [{"name": f"one of many {number}"} for number in range(20)])
    assert [row["name"] for row in rows] == [f"one of many {number}" for number in range(20)]


async def test_a_session_that_is_over_is_renewed(client: Client) -> None:
    login = client._login
    login._access = "over.and.gone"
    assert (await client.list("animals", limit=1)).rows
    login._access, login._refresh = "over.and.gone", "gone.as.well"
    pages = await asyncio.gather(*(client.list("animals", limit=1) for _ in range(5)))
    assert all(page.rows for page in pages)


async def test_nobody_is_asked_in_vain_while_there_is_no_service(way: Way) -> None:
    way.proxy.go_away()
    with pytest.raises(Unreachable):
        await way.client.list("species", limit=3)
    way.proxy.come_back()
    assert (await way.client.list("species", limit=3)).rows


@pytest.fixture
async def busy() -> AsyncIterator[tuple[TestServer, list[str]]]:
    """A server that is busy twice, then answers; what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.method)
        if len(asked) < 3:
            return web.json_response({"error": {"code": "SERVICE_BUSY"}}, status=503, headers={"Retry-After": "0"})
        return web.json_response({"data": {"id": 1, "name": "x"}, "meta": {}})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    async with server:
        yield server, asked


async def test_a_busy_service_is_asked_again(busy: tuple[TestServer, list[str]]) -> None:
    server, asked = busy
    async with Client(str(server.make_url("/")), patience=LEAST) as client:
        assert (await client.update("species", 1, {"name": "x"}))["id"] == 1
    assert asked == ["PATCH"] * 3


async def test_patience_has_an_end(busy: tuple[TestServer, list[str]]) -> None:
    server, asked = busy
    async with Client(str(server.make_url("/")), patience=Patience(seconds=0)) as client:
        with pytest.raises(Refused, match="SERVICE_BUSY"):
            await client.get("species", 1)
    assert asked == ["GET"]


def test_waits_grow_and_are_never_less_than_asked_for() -> None:
    patience = Patience(first=1, most=8, chance=lambda _least, most: most)
    assert [patience.delay(attempt) for attempt in range(5)] == [1, 2, 4, 8, 8]
    assert Patience(first=1, most=8, chance=lambda least, _most: least).delay(2) == 2
    assert patience.delay(0, 30.0) == 30.0
    assert retry_after("17") == 17.0
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0.0
    assert retry_after("soon") is None


async def test_a_role_is_asked_for_now(service: ServiceProcess, client: Client) -> None:
    run(service.url, "UPDATE user SET fullname = 'Another name' WHERE identification = %s", ADMINISTRATOR)

    async def is_seen() -> bool:
        return bool((await client.me())["fullname"] == "Another name")

    await until(is_seen)
