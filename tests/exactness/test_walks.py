"""The walks of docs/walks.md are those of the code: each request enters the functions listed, in their order."""

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from in_process import Served, enrol_administrator, served, settings_for

from service.auth.passwords import Passwords
from service.db.blocking import connect
from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "service"
PASSWORD = "una-frase-que-nadie-adivina"

REQUESTS: dict[str, tuple[Any, ...]] = {
    "A cached GET": ("GET", "/species?limit=10"),
    "A miss": ("GET", "/species?limit=20"),
    "A delta": ("GET", "/species?since=2020-01-01T00:00:00Z"),
    "A POST": ("POST", "/species", {"name": "Equino"}),
    "A bulk insert": ("POST", "/species/bulk", [{"name": "Porcino"}, {"name": "Ovino"}]),
    "A login": ("POST", "/auth/login", {"identification": 1, "password": PASSWORD}),
}

BEFORE: dict[str, tuple[Any, ...]] = {  # so that it is the second time, and the token is known
    "A cached GET": ("GET", "/species?limit=10"),
    "A POST": ("GET", "/auth/me"),
    "A bulk insert": ("GET", "/auth/me"),
}

Call = tuple[str, str]


def walks() -> dict[str, list[Call]]:
    """For each walk of the page, the files and functions in its order."""
    sections = re.split(r"^## ", (ROOT / "docs/walks.md").read_text(), flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: re.findall(r"^\d+\. `([^`]+)` `([^`]+)`", section, re.MULTILINE)
        for section in sections
    }


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """The functions of the service that are entered meanwhile, in their order."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(SERVICE):
            calls.append((path.relative_to(SERVICE).as_posix(), frame.f_code.co_qualname))

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def first_missing(walk: list[Call], calls: list[Call]) -> Call | None:
    """The first step of `walk` that does not follow the ones before it in `calls`."""
    rest = iter(calls)
    return next((step for step in walk if step not in rest), None)


@pytest.fixture(scope="module")
async def one(make_database: Callable[[], DatabaseURL]) -> AsyncIterator[Served]:
    """An application whose poller keeps out of the way."""
    url = make_database()
    token = enrol_administrator(url)
    async with served(settings_for(url, HERDBOOK_POLL_MS="60000"), token) as application:
        passwords = Passwords()
        hashed = await passwords.hash(PASSWORD)
        passwords.close()
        with connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE user SET password = %s", (hashed,))
        answer = await application.connection.request(*REQUESTS["A login"])
        application.connection.token = answer.json["data"]["access_token"]
        yield application


def test_each_walk_has_its_request() -> None:
    assert set(walks()) == set(REQUESTS)
    assert all(len(walk) > 5 for walk in walks().values())


@pytest.mark.parametrize("title", REQUESTS)
async def test_a_request_goes_the_way_that_is_written_down(one: Served, title: str) -> None:
    if title in BEFORE:
        await one.connection.request(*BEFORE[title])
    with recorded() as calls:
        answer = await one.connection.request(*REQUESTS[title])
    assert answer.status < 300
    missing = first_missing(walks()[title], calls)
    assert missing is None, f"{missing} does not follow; the calls: {list(dict.fromkeys(calls))}"
