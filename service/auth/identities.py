"""Who a token's user is now: a cached read of the user table, as exact as any other.

A new role, a deactivation or a deletion counts at the very next request, on every worker.
"""

from collections import OrderedDict
from dataclasses import dataclass

from service.cache.generations import Scope
from service.db.database import Database
from service.db.statements import Statements

REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as the user table has them now."""

    id: int
    identification: int
    fullname: str
    email: str
    role: str
    active: bool

    @property
    def is_admin(self) -> bool:
        """Whether they are an Administrador."""
        return self.role == "Administrador"


class Identities:
    """Identities by user id, each remembered while the user table stands still."""

    def __init__(self, statements: Statements, database: Database, users: Scope) -> None:
        self._statement = statements.get("user/identity", {"id"})
        self._database = database
        self._scope = users
        self._known: OrderedDict[int, tuple[bytes, Identity]] = OrderedDict()

    async def of(self, user_id: int) -> Identity | None:
        """The user with this id as they are now; None when there is none."""
        token = self._scope.token() or await self._scope.settle()
        known = self._known.get(user_id)
        if known is not None and known[0] == token:
            return known[1]
        identity = await self._read(user_id)
        if identity is not None and token is not None:
            self._known[user_id] = (token, identity)
            self._known.move_to_end(user_id)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return identity

    async def _read(self, user_id: int) -> Identity | None:
        result = await self._database.read(self._statement, {"id": user_id})
        if not result.rows:
            return None
        _, identification, fullname, email, role, status = (field or b"" for field in result.rows[0])
        return Identity(
            user_id,
            int(identification),
            fullname.decode(),
            email.decode(),
            role.decode(),
            status == b"1",
        )
