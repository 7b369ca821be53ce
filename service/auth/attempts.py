"""Attempts to log in are counted for each account and address where all workers see it, and stopped at a limit."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.cache.generations import Commit, Generations
from service.db.database import Connection, Database, Written
from service.db.errors import ReadOnly
from service.db.statements import Statements, Value

WINDOW = 300  # seconds
# Many people come from one address: a farm's office, a school.
ACCOUNTS_AN_ADDRESS = 10


@dataclass(frozen=True, slots=True)
class Limit:
    """Attempts that may be made in so many seconds: by a user, on an account or from an address, as `name` says."""

    name: str
    attempts: int
    seconds: int = WINDOW


class TooManyAttempts(Exception):
    """`limit` is reached; `seconds` until there may be another attempt."""

    def __init__(self, seconds: int, limit: Limit) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.limit = limit


Refusal = TooManyAttempts | None


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

        by_address = Limit("address", self._limit * ACCOUNTS_AN_ADDRESS)
        by_account = Limit("account", self._limit)

        async def work(connection: Connection) -> Written[Refusal]:
            await connection.run(self._purge)
            left, limit = await self._counted(connection, f"address {address}", by_address), by_address
            if not left and account is not None:
                left, limit = await self._counted(connection, f"account {account}", by_account), by_account
            return Written(TooManyAttempts(left, limit) if left else None, 0)

        if self._limit and (refusal := await self._write(work)) is not None:
            raise refusal

    async def forgive(self, address: str, account: str) -> None:
        """The attempt was right: the account begins anew, and the address has one less."""

        async def work(connection: Connection) -> Written[Refusal]:
            await connection.run(self._forgive, {"subject": _digest(f"address {address}")})
            await connection.run(self._forget, {"subject": _digest(f"account {account}")})
            return Written(None, 0)

        if self._limit:
            await self._write(work)

    async def _counted(self, connection: Connection, subject: str, limit: Limit) -> int:
        """0, or past the limit the seconds until the count begins anew."""
        values: dict[str, Value] = {"subject": _digest(subject), "seconds": WINDOW}
        attempts, seconds_left = (await connection.run(self._count, values)).rows[0]
        return max(1, int(seconds_left or 0)) if int(attempts or 0) > limit.attempts else 0

    async def _write(self, work: Callable[[Connection], Awaitable[Written[Refusal]]]) -> Refusal:
        try:
            return await self._database.write(work, self._marks)
        except ReadOnly:
            return None

    def _marks(self) -> Commit:
        return self._generations.commit(())  # nothing that is cached is made from these


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode(errors="surrogatepass")).hexdigest()
