"""A login costs the same whoever is named in it, is told the same, and never more than one hash (S9)."""

import json
import os
import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from argon2 import extract_parameters
from asking import Asking, asking
from specimens import PASSWORD

from service.app import create_app
from service.auth.passwords import LONGEST, Passwords

TRIES = int(os.environ.get("HERDBOOK_TRIALS_LOGINS", "200"))
WRONG = "Wrong-Horse-1"


@dataclass
class Work:
    """The hashes that passwords were held against."""

    done: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        done, self.done = self.done, []
        return done


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """What is verified, while it is."""
    work, verify = Work(), Passwords._verify

    def counted(self: Passwords, hashed: str, password: str) -> bool:
        work.done.append(hashed)
        return verify(self, hashed, password)

    monkeypatch.setattr(Passwords, "_verify", counted)
    return work


@pytest.fixture(scope="module")
async def unlimited(farm: Any) -> Any:
    """A worker that counts no attempts."""
    asked = await asking(await create_app(replace(farm.settings, login_attempts=0)))
    yield asked
    await asked.client.close()


@pytest.fixture(scope="module")
async def people(farm: Any) -> list[int]:
    """The identifications of an active person and of one who is not."""
    bodies = [farm.specimens["users"].new({}, status=active) for active in (True, False)]
    farm.insert("user", bodies)
    return [body["identification"] for body in bodies]


async def login(asked: Asking, name: object, password: str) -> Any:
    return await asked.post("/auth/login", {"identification": name, "password": password}, who=None)


def told(answer: Any) -> tuple[Any, ...]:
    """All of an answer but what is another one each time."""
    body = answer.json
    body["error"].pop("trace_id")
    headers = {name: value for name, value in answer.headers.items() if name not in ("Date", "X-Request-Id")}
    return answer.status, body, {name.lower() for name in headers}, len(answer.body)


# name → which of the people (0, 1) or what else stands for a name, the password, hashes verified, status
CASES: dict[str, tuple[Any, str, int, int]] = {
    "right": (0, PASSWORD, 1, 200),
    "wrong": (0, WRONG, 1, 401),
    "nobody's number": ("1", WRONG, 1, 401),
    "nobody's address": ("nobody@farm.example", WRONG, 1, 401),
    "nobody, with the password of somebody": ("nobody@farm.example", PASSWORD, 1, 401),
    "inactive and wrong": (1, WRONG, 1, 401),
    "inactive and right": (1, PASSWORD, 1, 403),
    "SQL for a name": ("' OR '1'='1", WRONG, 1, 401),
    "a number beyond numbers": ("9" * 300, WRONG, 1, 401),
    "a name of 100,000 letters": ("x" * 100_000, WRONG, 1, 401),
    "a name of a mebibyte": ("x" * 2**20, WRONG, 0, 413),
    "no password": (0, "", 1, 401),
    "the longest password": (0, "x" * LONGEST, 1, 401),
    "a password longer than any": (0, "x" * (LONGEST + 1), 0, 401),
    "a password longer than any, for nobody": ("nobody@farm.example", "x" * (LONGEST + 1), 0, 401),
    "a password of a mebibyte": (0, "x" * 2**20, 0, 413),
    "a password of a mebibyte, for nobody": ("nobody@farm.example", "x" * 2**20, 0, 413),
}


@pytest.mark.parametrize("name", CASES)
async def test_one_hash_is_verified_whoever_is_named(
    unlimited: Asking, people: list[int], work: Work, name: str
) -> None:
    who, password, hashes, status = CASES[name]
    answer = await login(unlimited, people[who] if isinstance(who, int) else who, password)
    assert answer.status == status
    done = work.take()
    assert len(done) == hashes
    if status == 401:
        assert told(answer) == told(await login(unlimited, people[0], WRONG))


async def test_at_random_nobody_costs_what_somebody_does(unlimited: Asking, people: list[int], work: Work) -> None:
    rng = random.Random(9)
    await login(unlimited, people[0], WRONG)
    (known,) = work.take()
    first = told(await login(unlimited, people[0], WRONG))
    work.take()
    for number in range(TRIES):
        name = rng.choice([people[0], people[1], rng.getrandbits(40), f"nobody{number}@farm.example", "ñ' -- "])
        answer = await login(unlimited, name, rng.choice([WRONG, "x", "ñandú-1A", "\\"]))
        assert told(answer) == first
        (done,) = work.take()
        assert extract_parameters(done) == extract_parameters(known)


async def test_what_is_told_of_a_wrong_login_holds_no_word_of_it(unlimited: Asking, people: list[int]) -> None:
    answer = await login(unlimited, "who.is.this@farm.example", WRONG)
    assert WRONG not in json.dumps(answer.json)
    assert "who.is.this" not in json.dumps(answer.json)
