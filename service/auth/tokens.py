"""Bearer tokens: JWT signed with HS256, checked once and remembered until they expire (RFC 7519, RFC 8725)."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

ALGORITHM = "HS256"
ACCESS_SECONDS = 30 * 60
REMEMBERED = 10_000
LONGEST = 4096


class InvalidToken(Exception):
    """The token is none of ours, or spoilt."""


class ExpiredToken(InvalidToken):
    """The token was good once."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says: whose it is, and until when (seconds since the epoch)."""

    user_id: int
    expires: float
    token_id: str


class Tokens:
    """Issues and checks access tokens signed with `key` (at least 32 bytes)."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, user: Mapping[str, Any], now: float | None = None) -> str:
        """A token for `user` (id, identification, role, fullname), good for ACCESS_SECONDS."""
        issued = int(time.time() if now is None else now)
        claims = {
            "sub": str(user["id"]),
            "iat": issued,
            "nbf": issued,
            "exp": issued + ACCESS_SECONDS,
            "jti": secrets.token_hex(16),
            "type": "access",
            "csrf": secrets.token_hex(16),
            **{key: user[key] for key in ("id", "identification", "role", "fullname")},
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def check(self, token: str) -> Claims:
        """What `token` says; ExpiredToken or InvalidToken when it is not good."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._verified(token)
            self._known[token] = claims
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if claims.expires <= time.time():
            self._known.pop(token, None)
            raise ExpiredToken
        return claims

    def _verified(self, token: str) -> Claims:
        if len(token) > LONGEST or not token.isascii():
            raise InvalidToken
        try:
            said = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                options={"require": ["exp", "iat", "sub", "jti"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise ExpiredToken from None
        except jwt.InvalidTokenError:
            raise InvalidToken from None
        subject = said["sub"]
        if said.get("type") != "access" or not str(subject).isascii() or not str(subject).isdigit():
            raise InvalidToken
        return Claims(int(subject), float(said["exp"]), str(said["jti"]))
