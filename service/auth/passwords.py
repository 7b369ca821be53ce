"""Passwords are kept as argon2id hashes; checking one is slow on purpose, so few are checked at once."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.auth import dated_hashes

T = TypeVar("T")
AT_ONCE = 2
QUEUE = 32
LONGEST = 1024


class TooManyHashes(Exception):
    """More passwords wait to be hashed than may."""


class Passwords:
    """Hashes and checks in AT_ONCE threads, with at most QUEUE under way or waiting."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        # Checked for users who do not exist, so that they cost the same time.
        self._decoy = _nobodys_hash(self._hasher)

    async def hash(self, password: str) -> str:
        """The argon2id hash of `password`; TooManyHashes when too many wait."""
        return await self._run(self._hasher.hash, password)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether `password` is the one hashed; None (no such user) takes as long and is False.

        TooManyHashes when too many wait. One that is longer than any may be is False at once.
        """
        if len(password) > LONGEST:
            return False
        return await self._run(self._verify, hashed or self._decoy, password) and hashed is not None

    def is_dated(self, hashed: str) -> bool:
        """Whether `hashed` was made in another way, or with other parameters, than today's."""
        return dated_hashes.is_dated(hashed) or self._hasher.check_needs_rehash(hashed)

    def _verify(self, hashed: str, password: str) -> bool:
        if dated_hashes.is_dated(hashed):
            return dated_hashes.matches(password, hashed)
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= QUEUE:
            raise TooManyHashes
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads when what they do is done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _nobodys_hash(hasher: PasswordHasher) -> str:
    """A hash as `hasher` makes them, of no known password; drawn by lot, so a worker's start hashes nothing."""
    salt, tag = (b64encode(os.urandom(length)).decode().rstrip("=") for length in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${tag}"
