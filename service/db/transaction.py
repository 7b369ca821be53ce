"""A write is one transaction: committed, with its marks set around COMMIT, or undone; run again when it lost a race."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from service.db.connection import Connection
from service.db.errors import ConnectionLost, DatabaseError, OutcomeUnknown, ReadOnly, TryAgain
from service.db.pool import Pool

T = TypeVar("T")
ATTEMPTS = 4
PATIENCE = 5.0  # seconds: who has waited for a lock as long as one may is not sent to wait again
FIRST_PAUSE = 0.01


class Marks(Protocol):
    """Whoever must know that a COMMIT is under way (docs/exactness.md)."""

    def sending(self, connection: int, server_start: int) -> None:
        """COMMIT is about to be sent on this connection."""

    def refused(self) -> None:
        """The server answered that nothing was committed."""

    def unknown(self) -> None:
        """The connection was lost: committed or not, nobody knows yet."""

    def committed(self, stamp: int) -> None:
        """COMMIT has returned; `stamp`: the ledger's time of the change in microseconds."""


@dataclass(frozen=True, slots=True)
class Written(Generic[T]):
    """What a transaction's work gives: its outcome and the ledger's time of its last change, in microseconds."""

    outcome: T
    stamp: int


Work = Callable[[Connection], Awaitable[Written[T]]]


async def transact(pool: Pool, work: Work[T], marks: Callable[[], Marks]) -> T:
    """Run `work` in a transaction and commit it.

    Tried again as a whole, at most ATTEMPTS times in all and not after PATIENCE, when it lost a race or its connection
    before COMMIT was sent.
    Raises OutcomeUnknown when the connection broke after that, else whatever refused it, with nothing written.
    """
    fresh, begun = False, time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _once(pool, work, marks(), fresh)
        except (TryAgain, ConnectionLost) as error:
            fresh = isinstance(error, ConnectionLost)
            if attempt == ATTEMPTS or (fresh and attempt > 1) or time.monotonic() - begun > PATIENCE:
                raise
            await asyncio.sleep(FIRST_PAUSE * 2**attempt * random.random())
    raise AssertionError("the last attempt either returned or raised")


async def _once(pool: Pool, work: Work[T], marks: Marks, fresh: bool) -> T:
    async with pool.lend(fresh=fresh) as connection:
        try:
            connection.begin()
            written = await work(connection)
        except BaseException:
            await _undo(connection)
            raise
        await _commit(connection, marks, written.stamp)
        return written.outcome


async def _commit(connection: Connection, marks: Marks, stamp: int) -> None:
    marks.sending(connection.number, connection.server_start)
    try:
        await connection.send("COMMIT")
    except (TryAgain, ReadOnly):
        marks.refused()
        await _undo(connection)
        raise
    except BaseException as error:
        connection.close()
        marks.unknown()
        if not isinstance(error, DatabaseError):
            raise
        raise OutcomeUnknown(str(error)) from error
    marks.committed(stamp)


async def _undo(connection: Connection) -> None:
    try:
        await connection.send("ROLLBACK")
    except DatabaseError:
        connection.close()
