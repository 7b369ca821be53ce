"""A write that carries an Idempotency-Key happens once: its answer is kept in its own transaction and given again.

(draft-ietf-httpapi-idempotency-key-header)
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from service.db.database import Connection, Work, Written
from service.db.errors import Duplicate
from service.db.statements import Statements
from service.records.errors import KeyReused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write is answered with."""

    status: int
    body: bytes
    location: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of a key: a digest of who used it where, and one of what was sent with it."""

    claim: str
    request: str

    @classmethod
    def of(cls, user_id: int, path: str, key: str, sent: bytes) -> "Claim":
        """The claim of `user_id` on `key` at `path`; `sent`: all that tells one request from another."""
        scope = repr((user_id, path, key)).encode()
        return cls(hashlib.sha256(scope).hexdigest(), hashlib.sha256(sent).hexdigest())


class Replayed(Exception):
    """The write was made before; `answer` is what it was answered with."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Idempotency:
    """Makes the work of a transaction one that happens once for each claim."""

    def __init__(self, statements: Statements) -> None:
        self._claim = statements.get("idempotency/claim", {"claim", "request"})
        self._keep = statements.get("idempotency/keep", {"claim", "status", "location", "body"})
        self._find = statements.get("idempotency/find", {"claim"})
        self._forget = statements.get("idempotency/forget")

    def once(self, work: Work[T], claim: Claim | None, shape: Callable[[T], Answer]) -> Work[Answer]:
        """`work`, of whose outcome `shape` makes an answer; Replayed or KeyReused where the key was used before."""

        async def claimed(connection: Connection) -> Written[Answer]:
            if claim is not None:
                await self._take(connection, claim)
            written = await work(connection)
            answer = shape(written.outcome)
            if claim is not None:
                kept = {"status": answer.status, "location": answer.location, "body": answer.body.decode()}
                await connection.run(self._keep, {"claim": claim.claim, **kept})
            return Written(answer, written.stamp)

        return claimed

    async def _take(self, connection: Connection, claim: Claim) -> None:
        await connection.run(self._forget)
        try:
            await connection.run(self._claim, {"claim": claim.claim, "request": claim.request})
        except Duplicate:
            await self._replay(connection, claim)

    async def _replay(self, connection: Connection, claim: Claim) -> None:
        result = await connection.run(self._find, {"claim": claim.claim})
        request, status, location, body = result.rows[0]
        if (request or b"").decode() != claim.request:
            raise KeyReused
        where = None if location is None else location.decode()
        raise Replayed(Answer(int(status or 200), body or b"", where, replayed=True))
