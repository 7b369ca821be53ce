"""Clients that send slowly, read slowly, or take more than their share are ended in time, and others do not notice."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from raw import PARTS, RawFarm, serving
from waiting import until

from service.http.guard import Guard
from service.http.guarded import GuardedHandler
from service.ops.health import Health

MANY = 200
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: farm\r\n\r\n"
SMALL = b"GET /api/v1/species/metadata HTTP/1.1\r\nHost: farm\r\n\r\n"
POST = (
    "POST /api/v1/species HTTP/1.1\r\nHost: farm\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n"
)
QUICK = {
    "first_byte": 1.0,
    "head": 1.0,
    "body": 2.0,
    "body_grace": 0.5,
    "handler": 1.0,
    "unread": 1.0,
    "crowded_idle": 0.3,
    "farewell": 0.3,
    "sweep": 0.1,
}
SOON = 20.0  # seconds, of which a slow machine may take as many as it likes
SETTINGS: dict[str, dict[str, Any]] = {
    "memo": {},
    "no memo": {"memo": False},
    "a proxy": {"proxies": 1, "per_address": MANY},
}


@asynccontextmanager
async def greedy_farm(farm: Any, *, memo: bool = True, proxies: int = 0, **limits: Any) -> AsyncIterator[RawFarm]:
    """The farm on a port, with the clocks of the guard quick."""
    async with serving(replace(farm.settings, proxies=proxies), memo=memo) as served:
        guard = guard_of(served)
        guard.limits = replace(guard.limits, **{**QUICK, **limits})
        yield served


def guard_of(served: RawFarm) -> Guard:
    """What looks after its connections."""
    return served.runner.app[PARTS].guard


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
async def served(farm: Any, request: pytest.FixtureRequest) -> AsyncIterator[RawFarm]:
    """The farm in each of the settings."""
    async with greedy_farm(farm, **SETTINGS[request.param]) as served:
        yield served


@contextmanager
def clients_of(served: RawFarm, count: int) -> Iterator[list["Client"]]:
    """So many, closed at the end."""
    clients = [Client(served.port) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.socket.close()


class Client:
    """A socket that reads only when it is told to."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)
        self.port = port
        self.told = b""

    async def connect(self) -> None:
        await asyncio.get_running_loop().sock_connect(self.socket, ("127.0.0.1", self.port))

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def drip(self, data: bytes, every: float = 0.05) -> None:
        """A byte at a time."""
        for at in range(len(data)):
            await self.send(data[at : at + 1])
            await asyncio.sleep(every)

    async def read(self, most: int = 65536) -> bytes:
        """Some bytes; none when it is over."""
        try:
            told = await asyncio.get_running_loop().sock_recv(self.socket, most)
        except OSError:
            return b""
        self.told += told
        return told


async def says_nothing(_client: Client, _token: str) -> None:
    """Connects, and that is all."""


async def stops_in_the_head(client: Client, _token: str) -> None:
    """Sends half a head."""
    await client.send(SMALL[:-2])


async def drips_the_head(client: Client, _token: str) -> None:
    """Sends a head that has no end, a byte at a time."""
    await client.send(SMALL[:-2])
    await client.drip(b"X-A: b\r\n" * 10_000)


async def stops_in_the_body(client: Client, token: str) -> None:
    """Sends half a body."""
    await client.send((POST.format(token=token) + 'Content-Length: 1000\r\n\r\n{"name": ').encode())


async def drips_the_body(client: Client, token: str) -> None:
    """Sends a body a byte at a time, as a chunk each."""
    await client.send((POST.format(token=token) + "Transfer-Encoding: chunked\r\n\r\n").encode())
    for _ in range(10_000):
        await client.send(b"1\r\n \r\n")
        await asyncio.sleep(0.05)


async def reads_nothing(client: Client, _token: str) -> None:
    """Asks for much and reads nothing of it."""
    await client.send(LARGE * 8)


async def reads_a_byte_at_a_time(client: Client, _token: str) -> None:
    """Asks for much and reads twenty bytes a second."""
    await client.send(LARGE * 8)
    for _ in range(10_000):
        await client.read(1)
        await asyncio.sleep(0.05)


Kind = Callable[[Client, str], Awaitable[None]]
# What it is told before the end, if anything.
KINDS: dict[Kind, int | None] = {
    says_nothing: None,
    stops_in_the_head: 408,
    drips_the_head: 408,
    stops_in_the_body: 408,
    drips_the_body: 408,
    reads_nothing: None,
    reads_a_byte_at_a_time: None,
}


def resident() -> int:
    """MiB that this process, in which the service runs, has in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_two_hundred_slow_clients_are_ended_in_time(served: RawFarm, farm: Any, kind: Kind) -> None:
    guard, before = guard_of(served), resident()
    cuts = sum(guard.cuts.values())
    with clients_of(served, MANY) as clients:
        acting = [asyncio.ensure_future(act(kind, client, farm.asking.tokens["admin"])) for client in clients]
        try:
            async with asyncio.timeout(SOON), served.connect() as other:
                assert (await other.ask(SMALL)).status == 200  # while they are there
                await asyncio.sleep(0.5)
                assert resident() - before < 96
                await until(lambda: sum(guard.cuts.values()) - cuts >= MANY)
                await alone(guard)
                assert (await other.ask(SMALL)).status == 200  # a client that waits between its requests is not meant
            if KINDS[kind] is not None:
                told = await asyncio.gather(*(client.read() for client in clients))
                assert sum(one.startswith(f"HTTP/1.1 {KINDS[kind]} ".encode()) for one in told) == MANY, told[0]
        finally:
            for task in acting:
                task.cancel()
            await asyncio.gather(*acting, return_exceptions=True)


async def act(kind: Kind, client: Client, token: str) -> None:
    """Connect, which with so many at once may take a second, and be like that."""
    await client.connect()
    await kind(client, token)


async def alone(guard: Guard) -> None:
    """Until one connection is left."""
    await until(lambda: guard.stats()["open"] == 1)


@pytest.mark.parametrize("memo", [True, False])
async def test_ten_thousand_requests_whose_answers_are_not_read(farm: Any, memo: bool) -> None:
    async with greedy_farm(farm, memo=memo) as served, served.connect() as other:
        await other.ask(LARGE)
        await other.ask(LARGE)  # it is in the memo now
        guard, before = guard_of(served), resident()
        with clients_of(served, 1) as (client,):
            await client.connect()
            sending = asyncio.ensure_future(client.send(LARGE * 10_000))
            async with asyncio.timeout(SOON):
                while not guard.cuts["unread"]:
                    assert max(unread(guard)) < 1 << 20
                    assert resident() - before < 64
                    await asyncio.sleep(0.02)
                assert (await other.ask(SMALL)).status == 200
                await alone(guard)
            await asyncio.gather(sending, return_exceptions=True)


def unread(guard: Guard) -> list[int]:
    """How much each connection that there is has not taken."""
    inside = [one for one in guard._inside if isinstance(one, GuardedHandler)]
    return [one._wire.get_write_buffer_size() for one in inside if one._wire is not None]


async def test_a_million_tiny_chunks_are_a_body_like_any_other(farm: Any) -> None:
    async with (
        greedy_farm(farm, body=60.0, handler=60.0) as served,
        served.connect() as connection,
        served.connect() as other,
    ):
        before = resident()
        await connection.send(
            (POST.format(token=farm.asking.tokens["admin"]) + "Transfer-Encoding: chunked\r\n\r\n").encode()
        )
        piece = b"1\r\n \r\n" * 10_000
        for _ in range(100):
            await connection.send(piece)
            assert (await other.ask(SMALL)).status == 200
            assert resident() - before < 64
        answer = await connection.ask(b"0\r\n\r\n")
        assert (answer.status, orjson.loads(answer.body)["error"]["code"]) == (400, "INVALID_JSON")  # a million spaces


async def test_one_address_has_its_share_and_no_more(farm: Any) -> None:
    async with greedy_farm(farm, per_address=5, trusts_loopback=False) as served:
        with clients_of(served, 8) as clients:
            await asyncio.gather(*(client.connect() for client in clients))
            told = await asyncio.wait_for(asyncio.gather(*(client.read() for client in clients)), SOON)
            refused = [orjson.loads(one.partition(b"\r\n\r\n")[2]) for one in told if one]
            assert [one["error"]["code"] for one in refused] == ["TOO_MANY_CONNECTIONS"] * 3
            assert all(b"429" in one[:13] and b"Retry-After: 2" in one for one in told if one)
            for client in clients:
                client.socket.close()
            await until(lambda: not guard_of(served).stats()["open"])
            async with served.connect() as connection:  # their places are free again
                assert (await connection.ask(SMALL)).status == 200


async def test_this_host_itself_has_no_share(farm: Any) -> None:
    async with (
        greedy_farm(farm, per_address=2) as served,
        served.connect(),
        served.connect(),
        served.connect() as third,
    ):
        assert (await third.ask(SMALL)).status == 200


async def test_behind_a_proxy_requests_are_counted_by_the_address_that_it_saw(farm: Any) -> None:
    async with greedy_farm(farm, proxies=1, per_address=2, handler=30.0) as served:
        guard = guard_of(served)

        async def ask(address: str) -> int:
            async with served.connect() as connection:
                line = f"X-Forwarded-For: spoofed, {address}\r\n\r\n".encode()
                return (await connection.ask(SMALL[:-2] + line)).status

        with guard.asking("192.0.2.1"), guard.asking("192.0.2.1"):
            assert await ask("192.0.2.1") == 429
            assert await ask("192.0.2.2") == 200
        assert await ask("192.0.2.1") == 200


async def test_a_full_worker_says_so_and_lets_in_who_comes_later(farm: Any) -> None:
    async with greedy_farm(farm, connections=4, crowded_idle=30.0, first_byte=30.0) as served:
        with clients_of(served, 4) as clients:
            await asyncio.gather(*(client.connect() for client in clients))
            async with served.connect() as connection:
                answer = await connection.read()
                assert (answer.status, answer.headers["retry-after"]) == (503, "2")
                assert orjson.loads(answer.body)["error"]["code"] == "SERVICE_BUSY"
                assert await connection.ended()
            clients[0].socket.close()
            await until(lambda: guard_of(served).stats()["open"] == 3)
            async with served.connect() as connection:
                assert (await connection.ask(SMALL)).status == 200


async def test_in_a_crowd_who_is_idle_makes_room(farm: Any) -> None:
    async with greedy_farm(farm, connections=8) as served:
        with clients_of(served, 7) as clients:
            for client in clients:
                await client.connect()
                await client.send(SMALL)
                assert (await client.read()).startswith(b"HTTP/1.1 200")
            await until(lambda: guard_of(served).cuts["crowded"] > 0)


async def test_what_all_leave_unread_together_is_bounded(farm: Any) -> None:
    async with greedy_farm(farm, unread=30.0, unread_bytes=200_000) as served:
        with clients_of(served, 20) as clients:
            for client in clients:
                await client.connect()
                await client.send(LARGE * 8)
            guard = guard_of(served)
            await until(lambda: guard.cuts["unread together"] > 0)
            await asyncio.sleep(0.5)
            held = unread(guard)
            assert sum(held) <= 200_000
            assert held  # not all of them


@pytest.mark.parametrize(("method", "code"), [("GET", "TIMEOUT"), ("DELETE", "OUTCOME_UNKNOWN")])
async def test_an_answer_that_does_not_begin_in_time_is_told(farm: Any, method: str, code: str) -> None:
    """The row is locked by hand, so that who wants to delete it waits; and the pool is empty, so that readers do."""
    async with greedy_farm(farm) as served, served.connect() as connection:
        pool = served.runner.app[PARTS].database.pool
        lent = [pool.lend() for _ in range(6)]
        token = farm.asking.tokens["admin"]
        ask = f"{method} /api/v1/species/1?x HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer {token}\r\n\r\n"
        ask = ask.replace("?x", "" if method == "DELETE" else "?include_relations=true")
        assert (
            await connection.ask(
                b"GET /api/v1/auth/me HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n"
            )
        ).status == 200
        for one in lent:
            await one.__aenter__()
        try:
            answer = await connection.ask(ask.encode())
            assert (answer.status, orjson.loads(answer.body)["error"]["code"]) == (503, code)
        finally:
            for one in lent:
                await one.__aexit__(None, None, None)
        assert (await connection.ask(SMALL)).status == 200  # on the same connection
        assert guard_of(served).cuts["handler"] == 1


async def test_an_answer_that_has_begun_may_take_as_long_as_it_is_read(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream of events with a ping now and then, or an export: three seconds, where a handler has one."""

    async def stream(_self: Health, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(30):
            await response.write(b": ping\n\n")
            await asyncio.sleep(0.1)
        return response

    monkeypatch.setattr(Health, "health", stream)
    async with greedy_farm(farm) as served:
        with clients_of(served, 1) as (client,):
            await client.connect()
            await client.send(b"GET /health HTTP/1.1\r\nHost: farm\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(SOON):
                while await client.read():
                    pass
            assert client.told.count(b": ping") == 30
            assert client.told.endswith(b"0\r\n\r\n")
            assert not guard_of(served).cuts
