"""Eight people, on connections that they share, never get a byte of another's page (S3)."""

import asyncio
import gzip
import itertools
import json
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from raw import RawAnswer, RawFarm, serving

REQUESTS = int(os.environ.get("HERDBOOK_TRIALS_SEGMENTS", "2000"))
CONNECTIONS = 12
# What is asked, in spellings that mean the same and others that nearly do.
PRIVATE = [
    "/users?limit=1000",
    "/users/?limit=1000",
    "/users?page=1&limit=1000",
    "/users?limit=1000&page=01",
    "/users?per_page=1000",
    "/users?limit=1000&_ts={n}",
    "/users?limit=10000",
    "/users?%6cimit=1000",
    "/users?limit=1000&sort_by=id",
    "/users?limit=1000&fields=id,email,phone",
    "/users?search=canary&limit=1000",
    "/users?q=canary&limit=1000",
    "/users?since=2001-01-01",
    "/users?since=2001-01-01T00:00:00Z",
    "/users?limit=1000&include_relations=1",
    "/users/{other}",
    "/users/{other}/",
    "/users/0{other}",
    "/users/{own}",
    "/auth/me",
    "/auth/me/",
    "/auth/me?x={n}",
]
SHARED = ["/animals?limit=5", "/animals/metadata", "/species?limit=5", "/species?search=canary", "/users/metadata"]


@dataclass(frozen=True)
class Person:
    """Somebody whose own row holds a text that no other row does."""

    id: int
    canary: str
    token: str
    is_admin: bool


@pytest.fixture(scope="module")
async def people(farm: Any) -> list[Person]:
    """Seven who see their own row only, and one who sees all."""
    found = []
    for number in range(8):
        canary, role = f"canary{number}.{random.getrandbits(40):x}", "Administrador" if number == 7 else "Aprendiz"
        own = await farm.enrol(canary, role=role, email=f"{canary}@farm.example", phone=canary, address=canary)
        found.append(Person(own, canary, farm.asking.tokens[canary], role == "Administrador"))
    return found


@pytest.fixture(params=[True, False], ids=["with the memo", "without the memo"])
async def served(request: pytest.FixtureRequest, farm: Any) -> AsyncIterator[RawFarm]:
    """The application on a port."""
    async with serving(farm.settings, memo=request.param) as served:
        yield served


def head(rng: random.Random, person: Person, path: str, tag: str | None) -> bytes:
    """A request in one of the spellings that a client may choose."""
    lines = [f"GET /api/v1{path} HTTP/1.1", "Host: farm"]
    bearers = (f"Authorization: Bearer {person.token}", f"authorization:bearer  {person.token}")
    lines.append(rng.choice([*bearers, f"Cookie: access_token_cookie={person.token}"]))
    lines += rng.choice([[], ["Accept-Encoding: gzip"], ["Accept-Encoding: gzip;q=0"]])
    lines += [f"If-None-Match: {tag}"] if tag is not None else []
    return "\r\n".join([*lines, "", ""]).encode()


def body_of(answer: RawAnswer) -> bytes:
    return gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body


def faults_of(person: Person, people: list[Person], path: str, answer: RawAnswer) -> list[str]:
    """What is in an answer that must not be, and what is missing from it."""
    if answer.status not in (200, 304, 400, 404):
        return [f"status {answer.status}"]
    body = body_of(answer)
    seen = {one.id for one in people if one.canary.encode() in body}
    if path.startswith(("/animals", "/species")) or "/metadata" in path or answer.status != 200:
        return [f"somebody's text: {seen}"] if seen else []
    if path.startswith("/auth/me"):
        return [] if seen == {person.id} else [f"me: {seen}"]
    if person.is_admin:
        return [] if person.id in seen or "{o" in path or path[7:8].isdigit() else ["not all"]
    return [] if seen <= {person.id} else [f"of others: {seen - {person.id}}"]


async def test_nobody_gets_a_byte_of_anothers_page(farm: Any, served: RawFarm, people: list[Person]) -> None:
    rng, done, dropped = random.Random(3), 0, 0
    faults: list[str] = []
    named: dict[str, RawAnswer] = {}
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(served.connect()) for _ in range(CONNECTIONS)]

        async def ask(at: int) -> None:
            nonlocal done, dropped
            person = rng.choice(people)
            path = rng.choice(PRIVATE * 2 + SHARED).format(
                n=rng.randint(1, 3), own=person.id, other=rng.choice(people).id
            )
            sent = head(rng, person, path, rng.choice([None, None, *list(named)[-8:]]))
            if rng.random() < 0.03:  # this one goes away, in the midst of it
                await connections[at].send(sent)
                connections[at].writer.transport.abort()
                connections[at] = await stack.enter_async_context(served.connect())
                dropped += 1
                return
            answer: RawAnswer = await connections[at].ask(sent)
            done += 1
            tag = answer.headers.get("etag", "")
            if answer.status == 304:  # as good as the page that the tag was given with
                answer = named[tag]
            elif tag:
                named[tag] = answer
            faults.extend(f"{person.id} asked {path}: {one}" for one in faults_of(person, people, path, answer))

        async def keep_asking(at: int) -> None:
            for _ in range(REQUESTS // CONNECTIONS):
                await ask(at)

        async def keep_writing() -> None:
            changed = (await farm.create("users"))["id"]
            for number in itertools.count():
                await farm("PATCH", f"/users/{changed}", json={"fullname": f"changed {number}"})
                await asyncio.sleep(0.05)

        writing = asyncio.create_task(keep_writing())
        await asyncio.gather(*(keep_asking(at) for at in range(CONNECTIONS)))
        writing.cancel()
    assert faults == []
    assert done > 0.9 * REQUESTS
    assert dropped > 0.01 * REQUESTS


def test_what_is_looked_for_is_found(people: list[Person]) -> None:
    """The check itself, on answers that mix people up."""
    mine, other, admin = people[0], people[1], people[7]
    leak = RawAnswer(200, {}, json.dumps([mine.canary, other.canary]).encode())
    packed = RawAnswer(200, {"content-encoding": "gzip"}, gzip.compress(leak.body))
    for answer in (leak, packed):
        for path in ("/users?limit=1000", "/auth/me", "/animals?limit=5", f"/users/{other.id}"):
            assert faults_of(mine, people, path, answer)
    assert faults_of(admin, people, "/auth/me", leak)
    assert not faults_of(mine, people, "/users", RawAnswer(200, {}, mine.canary.encode()))
