"""Who a user is now, as the user table has them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from service.db.database import Database
from service.db.statements import Statements


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


@dataclass(frozen=True, slots=True)
class Standing:
    """A user now, the marks of their present password, and whether the session that was asked about is revoked."""

    identity: Identity
    passwords: tuple[str, ...]
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Person:
    """What of a user decides whether a session of theirs goes on; `passwords` names the present one."""

    role: str
    active: bool
    passwords: tuple[str, ...]


class Identities:
    """Asks the database; `marks` names a password hash (service.auth.tokens)."""

    def __init__(self, statements: Statements, database: Database, marks: Callable[[str], tuple[str, ...]]) -> None:
        self._statement = statements.get("session/identity", {"id", "session_id"})
        self._people = statements.get("session/people", {"ids"})
        self._database = database
        self._marks = marks

    async def standing(self, user_id: int, session_id: str) -> Standing | None:
        """The user with this id and their session, from one snapshot; None when there is no such user."""
        result = await self._database.read(self._statement, {"id": user_id, "session_id": session_id})
        if not result.rows:
            return None
        found = [(field or b"").decode() for field in result.rows[0]]
        _, identification, fullname, email, role, status, password, is_revoked = found
        identity = Identity(user_id, int(identification), fullname, email, role, status == "1")
        return Standing(identity, self._marks(password), is_revoked == "1")

    async def people(self, ids: Iterable[int]) -> dict[int, Person]:
        """Those of the users with these ids that there are."""
        result = await self._database.read(self._people, {"ids": tuple(sorted(ids))})
        rows = ([(field or b"").decode() for field in row] for row in result.rows)
        return {int(one): Person(role, status == "1", self._marks(password)) for one, role, status, password in rows}
