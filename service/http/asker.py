"""Who is asking: the bearer token of a request, and the user behind it as they are now."""

from aiohttp import hdrs, web

from service.auth.identities import Identities, Identity
from service.auth.tokens import InvalidToken, Tokens
from service.http.problems import Problem
from service.records.reader import Viewer


class Asker:
    """Tells who asks; a request without a good token is refused with 401."""

    def __init__(self, tokens: Tokens, identities: Identities) -> None:
        self._tokens = tokens
        self._identities = identities

    async def identity(self, request: web.Request) -> Identity:
        """The active user whose token the request bears. 401 without one, 403 for one who is inactive."""
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken
        claims = self._tokens.check(token.strip())
        identity = await self._identities.of(claims.user_id)
        if identity is None:
            raise InvalidToken
        if not identity.active:
            raise Problem("USER_INACTIVE")
        return identity

    async def admin(self, request: web.Request) -> Identity:
        """The same, who must be an Administrador: else 403."""
        identity = await self.identity(request)
        if not identity.is_admin:
            raise Problem("ADMIN_ROLE_REQUIRED")
        return identity


def viewer_of(identity: Identity) -> Viewer:
    """What this user may see."""
    return Viewer(identity.id, sees_all=identity.is_admin)
