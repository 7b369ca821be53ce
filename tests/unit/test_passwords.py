"""Passwords: two hashes at a time, a short queue, and old hashes that are read but never made."""

import asyncio
import threading
from collections.abc import Iterator

import bcrypt
import pytest
from argon2 import extract_parameters

from service.auth import dated_hashes
from service.auth.passwords import AT_ONCE, QUEUE, Passwords, TooManyHashes


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords()
    yield passwords
    passwords.close()


async def test_two_are_hashed_at_a_time_and_past_the_queue_none_waits(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, lock, running, most = threading.Event(), threading.Lock(), 0, 0

    def verify(hashed: str, password: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go_on.wait(10)
        with lock:
            running -= 1
        return True

    monkeypatch.setattr(passwords, "_verify", verify)
    checks = [asyncio.create_task(passwords.matches("right", "hash")) for _ in range(QUEUE + 5)]
    await asyncio.sleep(0.05)
    go_on.set()
    outcomes = await asyncio.gather(*checks, return_exceptions=True)
    assert most == AT_ONCE
    assert outcomes[:QUEUE] == [True] * QUEUE
    assert all(isinstance(one, TooManyHashes) for one in outcomes[QUEUE:])
    assert await passwords.matches("right", "hash")


async def test_what_was_hashed_matches_and_is_of_today(passwords: Passwords) -> None:
    hashed = await passwords.hash("ñandú")
    assert hashed.startswith("$argon2id$")
    assert await passwords.matches("ñandú", hashed)
    assert not await passwords.matches("nandu", hashed)
    assert not passwords.is_dated(hashed)


async def test_nobody_has_no_password(passwords: Passwords) -> None:
    assert not await passwords.matches("decoy", None)


async def test_what_stands_for_no_user_is_as_costly_as_a_hash(passwords: Passwords) -> None:
    assert extract_parameters(passwords._decoy) == extract_parameters(await passwords.hash("ñandú"))
    assert not passwords.is_dated(passwords._decoy)


# Written by werkzeug 3 and by bcrypt, for the password "Correct-Horse-1".
DATED = [
    "pbkdf2:sha256:1000$4yDaskF7$e7aa1b0a65b0d4a48e4ccbee31c8132820d8c05aec8918da9acf69068e708b34",
    "scrypt:32768:8:1$pcdpodWWnmAVRP0C$e1330b834a567bd543ad8bad8dc0ca445c6411600a5"
    "a2434bb664ed115e770e0291c21b626e58a8d088c3da89b031fd30be70d8e15261436bfd7042c2621a00a",
    "$2b$04$hgKYjQTPoCgtHwDk4.z5F.AaWnA6dQoBLP4E0MeBipkdowBWbkJma",
]


@pytest.mark.parametrize("hashed", DATED)
def test_the_hashes_of_earlier_systems_are_read(hashed: str) -> None:
    assert dated_hashes.is_dated(hashed)
    assert dated_hashes.matches("Correct-Horse-1", hashed)
    assert not dated_hashes.matches("correct-horse-1", hashed)
    assert not dated_hashes.matches("Correct-Horse-1", hashed[:-1] + ("0" if hashed[-1] != "0" else "1"))


def test_bcrypt_reads_no_more_than_72_bytes() -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert dated_hashes.matches("x" * 90, hashed)
    assert not dated_hashes.matches("x" * 71, hashed)


@pytest.mark.parametrize(
    "hashed",
    [
        "scrypt:16777216:8:1$salt$00",
        "scrypt:32768:8:999$salt$00",
        "pbkdf2:sha256:999999999$salt$00",
        "$2b$31$" + "." * 53,
    ],
)
def test_a_hash_that_would_hold_up_everybody_is_refused_at_once(hashed: str) -> None:
    assert dated_hashes.is_dated(hashed)
    assert not dated_hashes.matches("x", hashed)
