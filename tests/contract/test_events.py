"""/events: who listens is told of each change once it can be read, of what they may read, and misses nothing."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from asking import Asking, asking
from event_stream import EventStream, event_stream
from specimens import RESOURCES, ROUTES

from service.app import create_app
from service.feed.changes import MOST_EVENTS

QUIET = 0.3  # seconds in which nothing must come: too short never fails a right service


def base_of(asked: Asking) -> str:
    return str(asked.client.make_url("/")).rstrip("/")


def stream(farm: Any, query: str = "", who: str | None = "admin", **more: Any) -> AbstractAsyncContextManager[Any]:
    """A stream of `farm` as `who` sees it."""
    return event_stream(base_of(farm.asking), query, token=farm.asking.tokens[who] if who else None, **more)


@pytest.fixture(autouse=True)
async def references(farm: Any) -> None:
    """What new rows refer to is there, so that each new row is one event."""
    for route in ROUTES:
        await farm.new(route)


async def hears_nothing(heard: EventStream) -> None:
    with pytest.raises(TimeoutError):
        await heard.next(QUIET)


# What is told.


async def test_each_write_is_an_event(farm: Any, route: str) -> None:
    specimens = farm.specimens[route]
    async with stream(farm, f"?endpoint={route}") as heard:
        row = await farm.create(route)
        created = await heard.next()
        assert created.data == {
            "endpoint": route,
            "action": "create",
            "id": row["id"],
            "version": (await farm.get(f"/{route}/{row['id']}")).data["updated_at"],
        }
        changed = (await farm("PUT", f"/{route}/{row['id']}", json={specimens.text_field: "another"})).data
        updated = await heard.next()
        assert updated.said == (route, "update", row["id"])
        assert updated.data["version"] == changed["updated_at"]
        await farm("DELETE", f"/{route}/{row['id']}")
        deleted = await heard.next()
        assert deleted.said == (route, "delete", row["id"])
        assert created.data["version"] < updated.data["version"] < deleted.data["version"]
        assert len({created.id, updated.id, deleted.id}) == 3


async def test_an_event_comes_when_the_change_can_be_read(farm: Any) -> None:
    async with stream(farm, "?endpoint=species") as heard:
        for _ in range(20):
            writing = asyncio.create_task(farm.create("species"))
            event = await heard.next()
            read = await farm.get(f"/species/{event.data['id']}")
            assert read.data["updated_at"] == event.data["version"]
            await writing


async def test_a_change_by_hand_is_told_of(farm: Any) -> None:
    async with stream(farm, "?endpoint=species") as heard:
        farm.sql("INSERT INTO species (name) VALUES ('by hand')")
        event = await heard.next()
        assert event.said[:2] == ("species", "create")
        assert (await farm.get(f"/species/{event.data['id']}")).data["updated_at"] == event.data["version"]
        farm.sql("DELETE FROM species WHERE id = %s", event.data["id"])
        assert (await heard.next()).said == ("species", "delete", event.data["id"])


async def test_a_refused_write_is_no_event(farm: Any) -> None:
    name = (await farm.create("species"))["name"]
    async with stream(farm, "?endpoint=species") as heard:
        assert (await farm.post("/species", {"name": name})).status == 409
        row = await farm.create("species")
        assert (await heard.next()).said == ("species", "create", row["id"])


async def test_a_few_rows_at_once_are_an_event_each_in_their_order(farm: Any) -> None:
    async with stream(farm, "?endpoint=diseases") as heard:
        rows = (await farm.post("/diseases/bulk", [await farm.new("diseases") for _ in range(MOST_EVENTS)])).data
        events = await heard.some(MOST_EVENTS)
        assert [event.said for event in events] == [("diseases", "create", row["id"]) for row in rows]
        assert [event.data["version"] for event in events] == [row["updated_at"] for row in rows]


async def test_many_rows_at_once_are_one_event_that_says_from_where_to_read(farm: Any) -> None:
    async with stream(farm, "?endpoint=diseases") as heard:
        rows = (await farm.post("/diseases/bulk", [await farm.new("diseases") for _ in range(MOST_EVENTS + 1)])).data
        event = await heard.next()
        assert event.said == ("diseases", "bulk", None)
        assert event.data["version"] == rows[-1]["updated_at"]
        delta = await farm.get("/diseases", {"since": event.data["since"]})
        assert delta.ids == [row["id"] for row in rows]
        await hears_nothing(heard)


async def test_a_created_at_of_ones_own_is_kept(farm: Any) -> None:
    farm.sql("INSERT INTO species (name, created_at) VALUES ('old', '2020-01-01 00:00:00.000007')")
    (row,) = farm.sql("SELECT created_at, updated_at FROM species WHERE name = 'old'")
    assert row["created_at"].isoformat() == "2020-01-01T00:00:00.000007"
    farm.sql("INSERT INTO species (name) VALUES ('new')")
    (row,) = farm.sql("SELECT created_at, updated_at FROM species WHERE name = 'new'")
    assert row["created_at"] == row["updated_at"]


# The stream.


async def test_a_stream_begins_with_how_and_from_where_to_come_back(farm: Any) -> None:
    async with stream(farm) as heard:
        assert heard.retry == 5000
        assert heard.last_id
        headers = heard.response.headers
        assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")


@pytest.mark.parametrize("path", ["//events", "//events/", "/events", "/events/"])
@pytest.mark.parametrize("who", [None, "apprentice"])
async def test_head_says_what_a_stream_is_and_ends(farm: Any, path: str, who: str | None) -> None:
    answer = await farm("HEAD", path, who=who)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"


async def test_signs_of_life_come_in_between(farm: Any) -> None:
    other = await asking(await create_app(replace(farm.settings, ping_seconds=1, pool_size=1)))
    try:
        async with event_stream(base_of(other)) as heard:
            assert [await heard.comment() for _ in range(2)] == ["ping", "ping"]
    finally:
        await other.client.close()


async def test_a_client_of_http_1_0_is_told_without_chunks(farm: Any) -> None:
    where = farm.asking.client
    reader, writer = await asyncio.open_connection(where.host, where.port)
    writer.write(b"GET /events?endpoint=species HTTP/1.0\r\nHost: farm\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    opening = await reader.readuntil(b"\n\n")
    assert opening.startswith(b"retry: 5000\nid: species=")
    row = await farm.create("species")
    assert f'"id":{row["id"]},'.encode() in await reader.readuntil(b"\n\n")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?endpoint=cows", "INVALID_PARAMETER"),
        ("?endpoint=species,cows", "INVALID_PARAMETER"),
        ("?endpoints=species", "UNKNOWN_PARAMETER"),
    ],
)
async def test_what_there_is_not_cannot_be_listened_to(farm: Any, query: str, code: str) -> None:
    answer = await farm.get("/events", query.removeprefix("?"))
    assert (answer.status, answer.code) == (400, code)


async def test_only_what_was_asked_for_is_told(farm: Any) -> None:
    async with stream(farm, "?endpoint=breeds&endpoint=diseases,species&_ts=1") as heard:
        disease = await farm.create("diseases")
        await farm.create("animals")
        species = await farm.create("species")
        events = [event.said for event in await heard.some(2)]
        assert events == [("diseases", "create", disease["id"]), ("species", "create", species["id"])]


# Who may hear what.


async def test_nobody_hears_of_private_resources_without_a_token(farm: Any) -> None:
    async with stream(farm, who=None) as heard:
        await farm.create("animals")
        await farm.create("users")
        row = await farm.create("species")
        event = await heard.next()
        assert event.said == ("species", "create", row["id"])
        private = {RESOURCES[route].table for route in ROUTES if RESOURCES[route].private}
        assert not [table for table in private if f"{table}=" in event.id]  # nor when they changed


@pytest.mark.parametrize("query", ["endpoint=animals", "endpoint=species,users"])
async def test_a_private_resource_takes_a_token(farm: Any, query: str) -> None:
    answer = await farm.get("/events", query, who=None)
    assert (answer.status, answer.code) == (401, "JWT_ERROR")


async def test_a_token_that_is_given_must_be_good(farm: Any) -> None:
    answer = await farm.get("/events", who=None, headers={"Authorization": "Bearer nonsense"})
    assert answer.status == 401


async def test_a_cookie_lets_in_as_a_token_does(farm: Any) -> None:
    cookie = f"access_token_cookie={farm.asking.tokens['apprentice']}"
    async with stream(farm, "?endpoint=animals", who=None, Cookie=cookie) as heard:
        row = await farm.create("animals")
        assert (await heard.next()).said == ("animals", "create", row["id"])


@pytest.mark.parametrize("change", [{"role": "Instructor"}, {"status": False}])
async def test_a_change_of_what_a_user_may_ends_the_stream_before_the_next_event(farm: Any, change: Any) -> None:
    own = await farm.enrol("watched", role="Aprendiz")
    animals = "?endpoint=animals"
    async with stream(farm, animals, "watched") as heard, stream(farm, animals, "apprentice") as other:
        assert (await farm("PUT", f"/users/{own}", json=change)).status == 200
        row = await farm.create("animals")
        assert await heard.ended() == []
        assert (await other.next()).said == ("animals", "create", row["id"])


async def test_a_deleted_user_hears_nothing_more(farm: Any) -> None:
    own = await farm.enrol("leaving", role="Aprendiz")
    async with stream(farm, who="leaving") as heard:
        assert (await farm("DELETE", f"/users/{own}")).status == 200
        await farm.create("animals")
        assert await heard.ended() == []


async def test_a_logout_ends_the_streams_of_its_session(farm: Any) -> None:
    await farm.enrol("out", role="Aprendiz")
    async with stream(farm, who="out") as heard:
        assert (await farm.post("/auth/logout", {}, who="out")).status == 200
        await farm.create("animals")
        assert await heard.ended() == []


async def test_a_new_password_ends_the_streams_of_the_old_one(farm: Any) -> None:
    own = await farm.enrol("renewed", role="Aprendiz")
    async with stream(farm, who="renewed") as heard:
        assert (await farm("PUT", f"/users/{own}", json={"password": "Another-Pass-9"})).status == 200
        assert await heard.ended() == []


async def test_a_further_stream_of_a_session_ends_the_one_before(farm: Any) -> None:
    await farm.enrol("twice", role="Aprendiz")
    species = "?endpoint=species"
    async with stream(farm, species, "twice") as first, stream(farm, species, "twice") as second:
        assert await first.ended() == []
        row = await farm.create("species")
        assert (await second.next()).said == ("species", "create", row["id"])


async def test_a_listener_too_many_is_told_so(farm: Any) -> None:
    other = await asking(await create_app(replace(farm.settings, listeners=1, pool_size=1)))
    try:
        async with event_stream(base_of(other)) as heard:
            refused = await other.get("/events", who=None)
            assert (refused.status, refused.code) == (503, "TOO_MANY_LISTENERS")
            assert int(refused.headers["Retry-After"]) > 0
            row = await farm.create("species")
            assert (await heard.next()).said == ("species", "create", row["id"])
    finally:
        await other.client.close()


async def test_who_comes_hears_only_of_what_comes_after(farm: Any) -> None:
    async with stream(farm, who=None):  # so that the feed is at work, and a little behind
        for _ in range(20):
            await farm.create("species")
            async with stream(farm, "?endpoint=species") as heard:
                row = await farm.create("species")
                assert (await heard.next()).said == ("species", "create", row["id"])


# Coming back.


async def test_who_comes_back_is_told_what_they_missed(farm: Any) -> None:
    async with stream(farm) as heard:
        before = await farm.create("species")
        assert (await heard.next()).said == ("species", "create", before["id"])
    kept, gone = await farm.create("species"), await farm.create("species")
    await farm("PUT", f"/species/{before['id']}", json={"name": "renamed"})
    await farm("DELETE", f"/species/{gone['id']}")
    animal = await farm.create("animals")
    async with stream(farm, last_id=heard.last_id) as again:
        missed = [event.said for event in await again.some(4)]
        assert missed == [
            ("species", "create", kept["id"]),
            ("species", "update", before["id"]),
            ("species", "delete", gone["id"]),
            ("animals", "create", animal["id"]),
        ]
        after = await farm.create("species")
        assert (await again.next()).said == ("species", "create", after["id"])


async def test_the_id_of_each_event_leads_to_the_next(farm: Any) -> None:
    async with stream(farm, "?endpoint=species") as heard:
        start = heard.last_id
        rows = [await farm.create("species") for _ in range(5)]
        events = await heard.some(5)
    for at, last_id in enumerate([start, *(event.id for event in events[:-1])]):
        async with stream(farm, f"?endpoint=species&last_event_id={last_id}") as again:
            assert [event.data["id"] for event in await again.some(5 - at)] == [row["id"] for row in rows[at:]]
    async with stream(farm, "?endpoint=species", last_id=events[-1].id) as again:
        await hears_nothing(again)


@pytest.mark.parametrize("last_id", ["nonsense", "41", "species=zz", "species=fffffffffffff", "ä"])
async def test_an_id_that_is_none_of_ours_is_answered_with_a_resync(farm: Any, last_id: str) -> None:
    async with stream(farm, "?endpoint=species", last_id=last_id) as heard:
        resync, bulk = await heard.some(2)
        assert (resync.name, resync.said) == ("resync", ("species", "resync", None))
        assert (bulk.name, bulk.said) == ("message", ("species", "bulk", None))
        row = await farm.create("species")
        assert (await heard.next()).said == ("species", "create", row["id"])
    async with stream(farm, "?endpoint=species", last_id=heard.last_id) as again:
        await hears_nothing(again)


async def test_a_gap_older_than_the_tombstones_kept_is_a_resync_of_that_resource(farm: Any) -> None:
    async with stream(farm, "?endpoint=species,diseases") as heard:
        last_id = heard.last_id
    await farm.create("species")
    disease = await farm.create("diseases")
    farm.sql("UPDATE ledger SET deltas_from = last_modified WHERE table_name = 'species'")
    try:
        async with stream(farm, "?endpoint=species,diseases", last_id=last_id) as again:
            events = await again.some(3)
            assert [event.said for event in events] == [
                ("species", "resync", None),
                ("species", "bulk", None),
                ("diseases", "create", disease["id"]),
            ]
    finally:
        farm.sql("UPDATE ledger SET deltas_from = '1970-01-01' WHERE table_name = 'species'")


# Waiting for a delta.


async def now_of(farm: Any, route: str) -> str:
    """The `since` to go on from now."""
    return str((await farm.get(f"/{route}", "limit=1")).meta["as_of"])


async def test_a_delta_that_waits_is_answered_when_something_changes(farm: Any, route: str) -> None:
    waiting = asyncio.create_task(farm.get(f"/{route}", {"since": await now_of(farm, route), "wait": 25}))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    row = await farm.create(route)
    answer = await waiting
    assert (answer.status, answer.ids) == (200, [row["id"]])
    gone = asyncio.create_task(farm.get(f"/{route}", {"since": answer.meta["next_since"], "wait": 25}))
    await asyncio.sleep(0.1)
    await farm("DELETE", f"/{route}/{row['id']}")
    assert (await gone).meta["deleted"] == [row["id"]]


async def test_a_delta_with_something_new_does_not_wait(farm: Any) -> None:
    since = await now_of(farm, "species")
    row = await farm.create("species")
    plain = await farm.get("/species", {"since": since})
    waited = await farm.get("/species", {"since": since, "wait": 25})
    assert (waited.ids, waited.body, waited.headers["ETag"]) == ([row["id"]], plain.body, plain.headers["ETag"])


async def test_a_delta_is_empty_when_nothing_changes_in_time(farm: Any) -> None:
    since = await now_of(farm, "species")
    for _ in range(2):  # the second time, too, it waits: no memo answers in its place
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answer = await farm.get("/species", {"since": since, "wait": 1})
        assert (answer.data, answer.meta["deleted"], answer.meta["next_since"]) == ([], [], since)
        assert loop.time() - begun > 0.9


async def test_a_change_of_another_table_ends_no_wait(farm: Any) -> None:
    waiting = asyncio.create_task(farm.get("/species", {"since": await now_of(farm, "species"), "wait": 1}))
    await farm.create("diseases")
    assert (await waiting).data == []


@pytest.mark.parametrize("since", [{"since": "2024-01-01"}, {}], ids=["delta", "list"])
@pytest.mark.parametrize("wait", ["26", "-1", "1.5", "x"])
async def test_a_wait_that_cannot_be_is_refused(farm: Any, wait: str, since: dict[str, str]) -> None:
    answer = await farm.get("/species", {**since, "wait": wait})
    assert (answer.status, answer.code, answer.details["parameter"]) == (400, "INVALID_PARAMETER", "wait")


async def test_a_wait_without_since_counts_for_nothing_and_is_named(farm: Any) -> None:
    assert (await farm.get("/species", "wait=20&limit=1")).meta["ignored"] == ["wait"]


async def test_who_may_not_read_any_more_is_not_answered_after_the_wait(farm: Any) -> None:
    own = await farm.enrol("waits", role="Aprendiz")
    since = await now_of(farm, "animals")
    waiting = asyncio.create_task(farm.get("/animals", {"since": since, "wait": 25}, who="waits"))
    await asyncio.sleep(0.1)
    assert (await farm("PUT", f"/users/{own}", json={"status": False})).status == 200
    await farm.create("animals")
    assert (await waiting).status == 403


async def test_a_request_too_many_does_not_wait(farm: Any) -> None:
    other = await asking(await create_app(replace(farm.settings, listeners=0, pool_size=1)))
    try:
        since = (await other.get("/species", "limit=1", who=None)).meta["as_of"]
        refused = await other.get("/species", {"since": since, "wait": 25}, who=None)
        assert (refused.status, refused.code) == (503, "TOO_MANY_LISTENERS")
    finally:
        await other.client.close()


# The end.


async def test_an_application_that_ends_hangs_up_at_once(farm: Any) -> None:
    other = await asking(await create_app(replace(farm.settings, pool_size=1)))
    since = (await other.get("/species", "limit=1", who=None)).meta["as_of"]
    waiting = asyncio.create_task(other.get("/species", {"since": since, "wait": 25}, who=None))
    async with event_stream(base_of(other)) as heard:
        closing = asyncio.create_task(other.client.server.close())
        assert await heard.ended() == []
        await waiting
        await closing
    await other.client.close()
