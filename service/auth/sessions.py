"""Sessions: a token is good while it is unexpired, its session not revoked, and its user's password the one of then.

Remembering that is a cached read of users and revoked sessions, and as exact as any other: a logout, a new password or
role, a deactivation or a deletion counts at the very next request, on every worker.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.auth.identities import Identities, Identity, Person
from service.auth.tokens import REFRESH_SECONDS, Claims, InvalidToken, Issued, Kind, Tokens
from service.cache.generations import Commit, Generations, Scope
from service.db.database import Connection, Database, Written
from service.db.statements import Statements

TABLES = ("user", "revoked_session")
REVOKED = "revoked_session"
REMEMBERED = 10_000
TOGETHER = 1000  # sessions that are looked at in one statement


@dataclass(frozen=True, slots=True)
class Session:
    """A good token: what it says, and who its user is, for as long as the scope of the sessions gives `token`.

    `password` is the mark of the user's present password under the present key.
    """

    claims: Claims
    identity: Identity
    password: str
    token: bytes | None


@dataclass(frozen=True, slots=True)
class Opened:
    """The tokens of a session: both for a new one, the access token for one that goes on."""

    access: Issued
    refresh: Issued | None = None


class Sessions:
    """Opens, remembers and ends sessions; `scope` covers TABLES."""

    def __init__(
        self,
        tokens: Tokens,
        identities: Identities,
        statements: Statements,
        database: Database,
        generations: Generations,
        scope: Scope,
    ) -> None:
        self._tokens = tokens
        self._identities = identities
        self._lock = statements.get("ledger/lock", {"table_name"})
        self._revoked = statements.get("session/revoked", {"session_ids"})
        self._revoke = statements.get("session/revoke", {"session_id", "expires"})
        self._forget = statements.get("session/forget", {"now"})
        self._changed = statements.get("ledger/changed", {"table_name"})
        self._database = database
        self._generations = generations
        self.scope = scope
        self._known: OrderedDict[str, Session] = OrderedDict()

    def remembered(self, text: str) -> Session | None:
        """The session of an access token that was found good, while nothing changed since: one look-up, no wait."""
        known = self._known.get(text)
        if known is None or known.token != self.scope.token() or known.claims.expires <= time.time():
            return None
        return known

    async def of(self, text: str, kind: Kind = "access") -> Session:
        """The session of the token `text`; ExpiredToken or InvalidToken when it is not good."""
        claims = self._tokens.check(text, kind)
        token = self.scope.token() or await self.scope.settle()
        known = self._known.get(text)
        if known is not None and known.token == token:
            return known
        session = await self._ask(claims, token)
        if token is not None and kind == "access":
            self._remember(text, session)
        return session

    async def _ask(self, claims: Claims, token: bytes | None) -> Session:
        standing = await self._identities.standing(claims.user_id, claims.session_id)
        if standing is None or standing.is_revoked or claims.password not in standing.passwords:
            raise InvalidToken
        return Session(claims, standing.identity, standing.passwords[0], token)

    async def still_good(self, sessions: Sequence[Session]) -> list[bool]:
        """Of each whether it is as it was found: not revoked, its user active, in that role and with that password."""
        revoked: set[str] = set()
        people: Mapping[int, Person] = {}
        for first in range(0, len(sessions), TOGETHER):
            some = sessions[first : first + TOGETHER]
            ids = tuple(sorted({one.claims.session_id for one in some}))
            result = await self._database.read(self._revoked, {"session_ids": ids})
            revoked |= {(row[0] or b"").decode() for row in result.rows}
            people = {**people, **await self._identities.people({one.claims.user_id for one in some})}
        return [
            one.claims.session_id not in revoked and _goes_on(one, people.get(one.claims.user_id)) for one in sessions
        ]

    def _remember(self, text: str, session: Session) -> None:
        self._known[text] = session
        self._known.move_to_end(text)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def open(self, user: Mapping[str, Any], hashed: str) -> Opened:
        """A new session of `user`, who gave the password whose hash is `hashed`."""
        session_id, mark = secrets.token_hex(16), self._tokens.mark(hashed)
        return Opened(
            self._tokens.issue(user, "access", session_id, mark),
            self._tokens.issue(user, "refresh", session_id, mark),
        )

    def renew(self, session: Session, user: Mapping[str, Any]) -> Opened:
        """A new access token for a session that goes on."""
        return Opened(self._tokens.issue(user, "access", session.claims.session_id, session.password))

    def is_refresh(self, text: str) -> bool:
        """Whether `text` is a refresh token of ours, good or expired."""
        try:
            return self._tokens.read(text).kind == "refresh"
        except InvalidToken:
            return False

    async def end(self, texts: Iterable[str]) -> None:
        """Revoke the sessions that these tokens are from; those that are none of ours are passed over."""
        ids = {session_id for text in texts if (session_id := self._session_of(text)) is not None}
        if not ids:
            return
        result = await self._database.read(self._revoked, {"session_ids": tuple(sorted(ids))})
        ids -= {(row[0] or b"").decode() for row in result.rows}
        if ids:
            await self._database.write(lambda connection: self._end(connection, ids), self._marks)

    def _marks(self) -> Commit:
        return self._generations.commit((REVOKED,))

    def _session_of(self, text: str) -> str | None:
        try:
            claims = self._tokens.read(text)
        except InvalidToken:
            return None
        # A refresh token of the session may still be good where its access token no longer is.
        over = claims.expires + (REFRESH_SECONDS if claims.kind == "access" else 0)
        return claims.session_id if over > time.time() else None

    async def _end(self, connection: Connection, ids: Iterable[str]) -> Written[None]:
        now = int(time.time())
        await connection.run(self._lock, {"table_name": REVOKED})
        for session_id in sorted(ids):
            await connection.run(self._revoke, {"session_id": session_id, "expires": now + REFRESH_SECONDS})
        await connection.run(self._forget, {"now": now})
        result = await connection.run(self._changed, {"table_name": REVOKED})
        return Written(None, int(result.rows[0][0] or 0) if result.rows else 0)


def _goes_on(session: Session, person: Person | None) -> bool:
    return (
        person is not None
        and person.active
        and person.role == session.identity.role
        and session.claims.password in person.passwords
    )
