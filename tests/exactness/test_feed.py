"""Whoever listens hears of every committed write, on whichever worker, through kills, gaps and late commits."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from event_stream import Event, EventStream, event_stream
from http_client import Answer, Connection, NoAnswer
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess
from waiting import until

from service.db.blocking import connect
from service.settings import DatabaseURL

WORKERS = 3
SPECIES = "?endpoint=species"
names = (f"a name {number}" for number in itertools.count(1))
StartService = Callable[..., ServiceProcess]


@pytest.fixture(scope="module")
def service(
    make_database: Callable[[], DatabaseURL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """A service whose sessions may have many streams."""
    folder = tmp_path_factory.mktemp("service")
    with ServiceProcess(make_database(), folder, WORKERS, HERDBOOK_SESSION_STREAMS="100") as running:
        yield running


def base_of(service: ServiceProcess) -> str:
    return f"http://{service.host}:{service.port}"


@asynccontextmanager
async def on_every_worker(service: ServiceProcess, query: str, token: str | None = None) -> AsyncIterator[Any]:
    """Streams, at least one of each worker."""
    async with AsyncExitStack() as stack:
        heard: list[Any] = []
        while not heard or not await asyncio.to_thread(all_have_listeners, service):
            heard += [await stack.enter_async_context(event_stream(base_of(service), query, token=token))]
        yield heard


def all_have_listeners(service: ServiceProcess) -> bool:
    return all(said["feed"]["listeners"] for said in service.cache_stats().values())


@asynccontextmanager
async def connections(service: ServiceProcess, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections of the Administrador's."""
    made = [Connection(service.host, service.port, service.token) for _ in range(count)]
    try:
        yield made
    finally:
        for one in made:
            await one.close()


async def ask(connection: Connection, method: str, path: str, body: object = None) -> Any:
    """The `data` of an answer of success."""
    answer: Answer = await connection.request(method, path, body)
    assert answer.status < 300, answer.body
    return answer.json["data"]


@contextmanager
def by_hand(service: ServiceProcess) -> Iterator[Any]:
    """A cursor for SQL by hand, committed at the end."""
    with connect(service.url) as connection, connection.cursor() as cursor:
        yield cursor


async def test_a_write_on_one_worker_is_told_of_by_all(service: ServiceProcess) -> None:
    async with on_every_worker(service, SPECIES) as streams, connections(service, 8) as writers:
        rows = [await ask(one, "POST", "/species", {"name": next(names)}) for one in writers]
        await ask(writers[0], "DELETE", f"/species/{rows[3]['id']}")
        for heard in streams:
            events = await heard.some(9)
            created = [(event.data["id"], event.data["version"]) for event in events[:8]]
            assert created == [(row["id"], row["updated_at"]) for row in rows]
            assert events[8].said == ("species", "delete", rows[3]["id"])


async def test_a_change_by_hand_is_told_of_by_all_once_it_can_be_read(service: ServiceProcess) -> None:
    async with on_every_worker(service, SPECIES) as streams, connections(service, 6) as readers:
        for _ in range(5):
            with by_hand(service) as cursor:
                cursor.execute("INSERT INTO species (name) VALUES (%s)", [next(names)])
                row_id = cursor.lastrowid
            for heard in streams:
                event = await heard.next()
                assert event.said == ("species", "create", row_id)
                for reader in readers:
                    page = await ask(reader, "GET", "/species?limit=1")
                    assert page[0]["id"] == row_id


async def test_an_event_is_never_early_whichever_worker_is_asked(service: ServiceProcess) -> None:
    """While two write, one of them by hand, each event's row is at once in the delta that any worker gives."""
    over = asyncio.Event()

    async def write(connection: Connection) -> None:
        while not over.is_set():
            await ask(connection, "POST", "/species", {"name": next(names)})
            await asyncio.sleep(0.003)

    async def write_by_hand() -> None:
        with connect(service.url) as connection, connection.cursor() as cursor:
            while not over.is_set():
                await asyncio.to_thread(cursor.execute, "INSERT INTO species (name) VALUES (%s)", [next(names)])
                await asyncio.sleep(0.003)

    async with on_every_worker(service, SPECIES) as streams, connections(service, 8) as asking:
        writing = asyncio.gather(write(asking[0]), write_by_hand())
        try:
            for number in range(300):
                event = await streams[number % len(streams)].next()
                if event.data["action"] == "create":
                    row = await ask(asking[1 + number % 7], "GET", f"/species/{event.data['id']}")
                    assert row["updated_at"] >= event.data["version"]
                page = await ask(asking[1 + (number + 1) % 7], "GET", "/species?limit=1")
                assert page[0]["updated_at"] >= event.data["version"]
        finally:
            over.set()
            await writing


async def test_a_late_commit_is_told_of_also_to_who_came_back_meanwhile(service: ServiceProcess) -> None:
    both = "?endpoint=species,diseases"
    async with event_stream(base_of(service), both) as heard, connections(service, 1) as (writer,):
        with by_hand(service) as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("INSERT INTO species (name) VALUES (%s)", [next(names)])
            late = cursor.lastrowid
            body = {"name": next(names), "symptoms": "some", "details": "none"}
            early = await ask(writer, "POST", "/diseases", body)
            event = await next_since(heard, late)
            assert event.said == ("diseases", "create", early["id"])
            async with event_stream(base_of(service), both, last_id=event.id) as again:
                cursor.execute("COMMIT")
                for one in (heard, again):
                    found = await next_since(one, late)
                    assert found.said == ("species", "create", late)
                    assert found.data["version"] < early["updated_at"]


async def next_since(heard: EventStream, species: int) -> Event:
    """The next event, but for those of species before this one: written by hand, the poller may notice them late."""
    while True:
        event = await heard.next()
        if event.data["endpoint"] != "species" or event.data["id"] >= species:
            return event


async def test_a_delta_that_waits_is_answered_on_every_worker(service: ServiceProcess) -> None:
    async with connections(service, 13) as (writer, *asking):
        since = (await writer.request("GET", "/species?limit=1")).json["meta"]["as_of"]
        waiting = [asyncio.create_task(ask(one, "GET", f"/species?since={since}&wait=25")) for one in asking]
        await asyncio.to_thread(service.wait_until, lambda: waiting_now(service) == len(asking))
        row = await ask(writer, "POST", "/species", {"name": next(names)})
        assert await asyncio.gather(*waiting) == [[row]] * len(asking)


def waiting_now(service: ServiceProcess) -> int:
    return sum(said["feed"]["waiting"] for said in service.cache_stats().values())


async def test_a_logout_on_one_worker_ends_the_streams_on_all(service: ServiceProcess) -> None:
    async with connections(service, 2) as (own, other):
        login = {"identification": ADMINISTRATOR, "password": PASSWORD}
        own.token = (await own.request("POST", "/auth/login", login)).json["access_token"]
        async with on_every_worker(service, "?endpoint=users,species", own.token) as streams:
            await ask(own, "POST", "/auth/logout")
            await ask(other, "POST", "/species", {"name": next(names)})
            for heard in streams:
                assert await heard.ended() == []


class Follower:
    """Keeps a copy of the names of species by events alone, coming back after each break."""

    def __init__(self, service: ServiceProcess) -> None:
        self._service = service
        self._last_id: str | None = None
        self.heard: dict[int, str] = {}  # row → the last that was told of it
        self.breaks = 0
        self.began = asyncio.Event()

    def knows(self, made: set[int], kept: set[int]) -> bool:
        """Whether it has heard of every row of `kept`, and of those `made` that are gone, that they are."""
        alive = {row_id for row_id, action in self.heard.items() if action != "delete"}
        return made | kept <= self.heard.keys() and alive & (made | kept) == kept

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with event_stream(base_of(self._service), SPECIES, last_id=self._last_id) as stream:
                    self._last_id = stream.last_id
                    self.began.set()
                    await self._listen(stream)
            except (EOFError, OSError, aiohttp.ClientError, AssertionError, NoAnswer):
                self.breaks += 1
                await asyncio.sleep(0.05)

    async def _listen(self, stream: EventStream) -> None:
        while True:
            event = await stream.next(600)
            if event.data["action"] == "bulk":
                await self._read(event.data["since"])
            else:
                assert event.name == "message", event
                self.heard[event.data["id"]] = event.data["action"]
            self._last_id = event.id

    async def _read(self, since: str) -> None:
        more = True
        async with connections(self._service, 1) as (connection,):
            while more:
                answer = await connection.request("GET", f"/species?since={since}")
                assert answer.status == 200, answer.body
                meta = answer.json["meta"]
                self.heard |= {row["id"]: "update" for row in answer.json["data"]}
                self.heard |= dict.fromkeys(meta["deleted"], "delete")
                since, more = meta["next_since"], meta["has_more"]


async def test_nothing_is_lost_through_kills_of_workers(start_service: StartService) -> None:
    service = await asyncio.to_thread(lambda: start_service(workers=WORKERS))
    random, over = Random(1), asyncio.Event()
    with by_hand(service) as cursor:
        cursor.execute("SELECT MAX(id) FROM species")
        (before,) = cursor.fetchone()
    followers = [Follower(service) for _ in range(9)]
    following = [asyncio.create_task(one.follow()) for one in followers]
    await asyncio.gather(*(one.began.wait() for one in followers))
    made: set[int] = set()

    async def write(connection: Connection) -> None:
        own: list[int] = []
        while not over.is_set():
            try:
                answer = await connection.request("POST", "/species", {"name": next(names)})
                if answer.status == 201:
                    own.append(answer.json["data"]["id"])
                    made.add(own[-1])
                if len(own) > 5:
                    await connection.request("DELETE", f"/species/{own.pop(0)}")
            except NoAnswer:
                own.clear()  # what became of the request is not known: the table says
            await asyncio.sleep(0.01)

    async with connections(service, 4) as writers:
        writing = asyncio.gather(*(write(one) for one in writers))
        for _ in range(4):
            await asyncio.sleep(0.5)
            victim = random.choice(await asyncio.to_thread(service.worker_pids))
            os.kill(victim, signal.SIGKILL)
            await asyncio.to_thread(service.wait_for_workers, victim)
        await until(lambda: len(made) > 100)
        over.set()
        await writing
    with by_hand(service) as cursor:
        cursor.execute("SELECT id FROM species WHERE id > %s", [before])
        kept = {row_id for (row_id,) in cursor.fetchall()}

    try:
        await asyncio.to_thread(service.wait_until, lambda: all(one.knows(made, kept) for one in followers))
    finally:
        for task in following:
            task.cancel()
        done = await asyncio.gather(*following, return_exceptions=True)
    assert not [error for error in done if not isinstance(error, asyncio.CancelledError)]
    assert len(made - kept) > 50
    assert sum(one.breaks for one in followers) > 0


async def test_a_service_that_stops_ends_its_streams_in_order(start_service: StartService) -> None:
    service = await asyncio.to_thread(lambda: start_service(workers=2))
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(event_stream(base_of(service), SPECIES)) for _ in range(8)]
        os.kill(service.supervisor, signal.SIGTERM)
        for heard in streams:
            with pytest.raises(EOFError):  # the end of the body, not a broken connection
                await heard.next()
    await asyncio.to_thread(wait_for_end, service.supervisor)
    assert "Traceback" not in service.log()


def wait_for_end(pid: int) -> None:
    """Until a process of ours has ended; it stays to be asked how."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
