"""Logins: who knows the password of an account. An unknown account is refused in the same way and takes as long."""

import logging
import re
from dataclasses import dataclass, replace

from service.auth.attempts import Attempts
from service.auth.passwords import Passwords, TooManyHashes
from service.cache.generations import Commit, Generations
from service.db.database import Connection, Database, Written
from service.db.errors import DatabaseError
from service.db.statements import Statements, Value

log = logging.getLogger("herdbook.auth")

LONGEST_NAME = 255
USERS: dict[str, Value] = {"table_name": "user"}


class WrongCredentials(Exception):
    """No account has this name and this password."""


class WrongPassword(Exception):
    """This is not the account's present password."""


class InactiveAccount(Exception):
    """The account is right and may not be used."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a name at login stands for; without an id, nobody."""

    said: str
    user_id: int | None = None
    hashed: str | None = None
    active: bool = False

    @property
    def subject(self) -> str:
        """What its attempts are counted under, whichever of its names was given."""
        return f"user {self.user_id}" if self.user_id is not None else f"name {self.said}"


@dataclass(frozen=True, slots=True)
class Login:
    """A user whose password was given, and its hash as it is now."""

    user_id: int
    hashed: str


class Logins:
    """Checks passwords, and sets new ones."""

    def __init__(
        self,
        statements: Statements,
        database: Database,
        generations: Generations,
        attempts: Attempts,
        passwords: Passwords,
    ) -> None:
        self._credentials = statements.get("user/credentials", {"identification", "email"})
        self._password = statements.get("user/password", {"id"})
        self._replace = statements.get("user/replace_password", {"id", "password", "replaced"})
        self._lock = statements.get("ledger/lock", {"table_name"})
        self._changed = statements.get("ledger/changed", {"table_name"})
        self._database = database
        self._generations = generations
        self._attempts = attempts
        self._passwords = passwords

    async def check(self, name: str, password: str, address: str) -> Login:
        """The active user with this identification or email and this password.

        WrongCredentials or InactiveAccount say why not; TooManyAttempts and TooManyHashes that it was not looked at. A
        hash of another kind than today's is made anew.
        """
        account = await self._find(name)
        await self._attempts.count(address, account.subject)
        login = await self._matching(account, password)
        await self._attempts.forgive(address, account.subject)
        if not account.active:
            raise InactiveAccount
        return await self._renewed(login, name, password)

    async def change(self, user_id: int, current: str, new: str, address: str) -> Login:
        """Set another password; WrongPassword where `current` is not the present one, or no longer is."""
        result = await self._database.read(self._password, {"id": user_id})
        hashed = (result.rows[0][0] or b"").decode() if result.rows else None
        account = Account("", user_id, hashed)
        await self._attempts.count(address, account.subject)
        if not await self._passwords.matches(current, hashed) or hashed is None:
            raise WrongPassword
        login = Login(user_id, await self._passwords.hash(new))
        if not await self._set(login, replaced=hashed):
            raise WrongPassword
        await self._attempts.forgive(address, account.subject)
        return login

    async def _find(self, name: str) -> Account:
        said = name.strip()[:LONGEST_NAME].lower()
        number = int(said) if re.fullmatch(r"[0-9]{1,18}", said) else None
        values: dict[str, Value] = {"identification": number, "email": None if number is not None else said}
        result = await self._database.read(self._credentials, values)
        if not result.rows:
            return Account(said)
        user_id, hashed, active = result.rows[0]
        return Account(said, int(user_id or 0), (hashed or b"").decode(), active == b"1")

    async def _matching(self, account: Account, password: str) -> Login:
        matches = await self._passwords.matches(password, account.hashed)
        if not matches or account.user_id is None or account.hashed is None:
            raise WrongCredentials
        return Login(account.user_id, account.hashed)

    async def _renewed(self, login: Login, name: str, password: str) -> Login:
        """The same with a hash of today's kind."""
        if not self._passwords.is_dated(login.hashed):
            return login
        try:
            renewed = replace(login, hashed=await self._passwords.hash(password))
            if await self._set(renewed, replaced=login.hashed):
                return renewed
        except (DatabaseError, TooManyHashes) as error:
            log.warning("a dated password hash was not made anew: %s", type(error).__name__)
            return login
        # Another login was quicker, or the password is another one now.
        return await self._matching(await self._find(name), password)

    async def _set(self, login: Login, replaced: str) -> bool:
        """Store the hash where it takes the place of `replaced`; whether it did."""
        values: dict[str, Value] = {"id": login.user_id, "password": login.hashed, "replaced": replaced}

        async def work(connection: Connection) -> Written[bool]:
            await connection.run(self._lock, USERS)
            stored = (await connection.run(self._replace, values)).affected
            result = await connection.run(self._changed, USERS)
            return Written(bool(stored), int(result.rows[0][0] or 0) if result.rows else 0)

        return await self._database.write(work, self._marks)

    def _marks(self) -> Commit:
        return self._generations.commit(("user",))
