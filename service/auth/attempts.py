"""Attempts to log in are counted for each account and address where all workers see it, and stopped at a limit."""

import hashlib
from collections.abc import Awaitable, Callable

from service.cache.generations import Commit, Generations
from service.db.database import Connection, Database, Written
from service.db.errors import ReadOnly
from service.db.statements import Statements, Value

WINDOW = 300  # seconds
# Many people come from one address: a farm's office, a school.
ACCOUNTS_AN_ADDRESS = 10


class TooManyAttempts(Exception):
    """The limit is reached; `seconds` until there may be another attempt."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Attempts:
    """Counts in the database; `limit` attempts of an account in WINDOW seconds, 0 for no limit.

    An attempt is counted before its password is checked, so that many at once are no way around, and taken back when it
    was right. Where the database takes no writes, none is counted.
    """

    def __init__(self, statements: Statements, database: Database, generations: Generations, limit: int) -> None:
        self._count = statements.get("login_attempt/count", {"subject", "seconds"})
        self._purge = statements.get("login_attempt/purge")
        self._forgive = statements.get("login_attempt/forgive", {"subject"})
        self._forget = statements.get("login_attempt/forget", {"subject"})
        self._database = database
        self._generations = generations
        self._limit = limit

    async def count(self, address: str, account: str | None = None) -> None:
        """Count one attempt from `address` on `account`; TooManyAttempts when one of them had its share."""

        async def work(connection: Connection) -> Written[int]:
            await connection.run(self._purge)
            left = await self._counted(connection, f"address {address}", self._limit * ACCOUNTS_AN_ADDRESS)
            if not left and account is not None:
                left = await self._counted(connection, f"account {account}", self._limit)
            return Written(left, 0)

        if self._limit and (seconds := await self._write(work)):
            raise TooManyAttempts(seconds)

    async def forgive(self, address: str, account: str) -> None:
        """The attempt was right: the account begins anew, and the address has one less."""

        async def work(connection: Connection) -> Written[int]:
            await connection.run(self._forgive, {"subject": _digest(f"address {address}")})
            await connection.run(self._forget, {"subject": _digest(f"account {account}")})
            return Written(0, 0)

        if self._limit:
            await self._write(work)

    async def _counted(self, connection: Connection, subject: str, limit: int) -> int:
        """0, or past the limit the seconds until the count begins anew."""
        values: dict[str, Value] = {"subject": _digest(subject), "seconds": WINDOW}
        attempts, seconds_left = (await connection.run(self._count, values)).rows[0]
        return max(1, int(seconds_left or 0)) if int(attempts or 0) > limit else 0

    async def _write(self, work: Callable[[Connection], Awaitable[Written[int]]]) -> int:
        try:
            return await self._database.write(work, self._marks)
        except ReadOnly:
            return 0

    def _marks(self) -> Commit:
        return self._generations.commit(())  # nothing that is cached is made from these


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode(errors="surrogatepass")).hexdigest()
