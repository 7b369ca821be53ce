"""Who is asking: the token of a request, borne in a header or in a cookie, and the user behind it as they are now."""

import hmac

from aiohttp import hdrs, web

from service.auth.identities import Identity
from service.auth.sessions import Session, Sessions
from service.auth.tokens import InvalidToken
from service.http.cookies import ACCESS, REFRESH
from service.http.credit import CREDIT, Credit
from service.http.problems import Problem
from service.http.rates import Rates
from service.records.viewer import Viewer

CSRF = "X-CSRF-TOKEN"
SAFE = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)


class Asker:
    """Tells who asks; a request without a good token is refused with 401."""

    def __init__(self, sessions: Sessions, rates: Rates) -> None:
        self._sessions = sessions
        self._rates = rates

    async def identity(self, request: web.Request) -> Identity:
        """The active user whose access token the request bears. 401 without one, 403 for one who is inactive."""
        return (await self.session(request)).identity

    async def session(self, request: web.Request) -> Session:
        """The same, with what the token says.

        A token in a cookie is sent by the browser whoever wrote the page: a request that may change something must show
        that it knows the token's csrf claim.
        """
        bearer = bearer_of(request)
        text = request.cookies.get(ACCESS) if bearer is None else bearer
        if text is None:
            raise _nobody(request)
        session = self._sessions.remembered(text) or await self._sessions.of(text)
        if bearer is None and request.method not in SAFE:
            _require_csrf(request, session, "ATTEMPT_REFRESH")
        self._rates.of_user(request, session.identity.id)
        if session.token is not None:
            request[CREDIT] = Credit(session.claims.expires, self._sessions.scope, session.token)
        return _active(session)

    async def refreshing(self, request: web.Request) -> Session:
        """The session of the refresh token that the request bears, in a header or in a cookie."""
        bearer, cookie = bearer_of(request), request.cookies.get(REFRESH)
        if bearer is not None and (cookie is None or self._sessions.is_refresh(bearer)):
            return _active(await self._sessions.of(bearer, "refresh"))
        if cookie is None:
            raise InvalidToken
        session = await self._sessions.of(cookie, "refresh")
        _require_csrf(request, session, "CLEAR_AUTH_AND_RELOGIN")
        return _active(session)

    async def admin(self, request: web.Request) -> Identity:
        """The active user who asks, who must be an Administrador: else 403."""
        identity = await self.identity(request)
        if not identity.is_admin:
            raise Problem("ADMIN_ROLE_REQUIRED")
        return identity


def viewer_of(identity: Identity) -> Viewer:
    """What this user may see."""
    return Viewer(identity.id, sees_all=identity.is_admin)


def bearer_of(request: web.Request) -> str | None:
    """The token in Authorization: Bearer (RFC 6750 section 2.1), maybe empty; None where there is no such header."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _nobody(request: web.Request) -> Exception:
    """No access token at all: the refresh cookie, where there is one, can still get another."""
    if REFRESH in request.cookies:
        return Problem("JWT_ERROR", details={"client_action": "ATTEMPT_REFRESH"})
    return InvalidToken()


def _require_csrf(request: web.Request, session: Session, otherwise: str) -> None:
    given = request.headers.get(CSRF, "").encode(errors="surrogateescape")
    if not hmac.compare_digest(given, session.claims.csrf.encode()):
        raise Problem("CSRF_ERROR", details={"client_action": otherwise})


def _active(session: Session) -> Session:
    if not session.identity.active:
        raise Problem("USER_INACTIVE")
    return session
