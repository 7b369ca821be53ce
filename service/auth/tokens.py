"""Tokens: JWT signed with HS256, checked once and remembered until they expire (RFC 7519, RFC 8725)."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt
from jwt.types import Options

Kind = Literal["access", "refresh"]

ALGORITHM = "HS256"
ACCESS_SECONDS = 30 * 60
REFRESH_SECONDS = 7 * 24 * 3600
SECONDS: Mapping[Kind, int] = {"access": ACCESS_SECONDS, "refresh": REFRESH_SECONDS}
# Clocks of several hosts differ: a token from another one may seem to begin a little later than now.
LEEWAY = 10
REMEMBERED = 10_000
LONGEST = 4096
CLAIMS = ("sub", "iat", "nbf", "exp", "jti", "type", "csrf", "sid", "pwd")


class InvalidToken(Exception):
    """The token is none of ours, or spoilt."""


class ExpiredToken(InvalidToken):
    """The token was good once; `kind` says of what kind it was asked to be."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says.

    user_id      whose it is
    kind         access or refresh
    expires      until when it is good, in seconds since the epoch
    csrf         what a request that bears it in a cookie must repeat in a header
    session_id   the login it came from
    password     the mark of the password that was given then (Tokens.mark)
    """

    user_id: int
    kind: Kind
    expires: float
    csrf: str
    session_id: str
    password: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token and its csrf claim."""

    text: str
    csrf: str


class Tokens:
    """Issues tokens signed with `key` (at least 32 bytes), and checks those signed with it or with `previous`."""

    def __init__(self, key: str, previous: str | None = None) -> None:
        self._key = key.encode()
        self._keys = (self._key,) if previous is None else (self._key, previous.encode())
        self._header = jwt.encode({}, self._key, algorithm=ALGORITHM).partition(".")[0] + "."
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def mark(self, hashed: str) -> str:
        """Names a password hash without telling it: a token is void once its user has another one."""
        return self.marks(hashed)[0]

    def marks(self, hashed: str) -> tuple[str, ...]:
        """The marks of `hashed` under every key that a good token may be signed with, the present one first."""
        said = b"password:" + hashed.encode()
        return tuple(hmac.new(key, said, hashlib.sha256).hexdigest()[:16] for key in self._keys)

    def issue(
        self, user: Mapping[str, Any], kind: Kind, session_id: str, password: str, now: float | None = None
    ) -> Issued:
        """A token for `user` (id, identification, role, fullname), good for SECONDS[kind]; `password` is a mark."""
        issued = int(time.time() if now is None else now)
        csrf = secrets.token_hex(16)
        claims = {
            "sub": str(user["id"]),
            "iat": issued,
            "nbf": issued,
            "exp": issued + SECONDS[kind],
            "jti": secrets.token_hex(16),
            "type": kind,
            "csrf": csrf,
            "sid": session_id,
            "pwd": password,
            **{key: user[key] for key in ("id", "identification", "role", "fullname")},
        }
        return Issued(jwt.encode(claims, self._key, algorithm=ALGORITHM), csrf)

    def check(self, token: str, kind: Kind) -> Claims:
        """What `token` says; ExpiredToken or InvalidToken when it is not good, or of another kind."""
        claims = self.read(token)
        if claims.kind != kind:
            raise InvalidToken
        if claims.expires <= time.time():
            raise ExpiredToken(kind)
        return claims

    def read(self, token: str) -> Claims:
        """What `token` says, of whatever kind and also when it has expired; InvalidToken when we did not write it."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._known[token] = self._verified(token)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return claims

    def _verified(self, token: str) -> Claims:
        # Every header that we write is the same: one with another algorithm, a key id or `crit` is not ours.
        if len(token) > LONGEST or not token.isascii() or not token.startswith(self._header):
            raise InvalidToken
        for key in self._keys:
            try:
                return _claims(_decoded(token, key))
            except jwt.InvalidSignatureError:
                continue
            except (jwt.InvalidTokenError, ValueError, TypeError):
                break
        raise InvalidToken


def _decoded(token: str, key: bytes) -> dict[str, Any]:
    """The claims of a token that `key` has signed; whether it has expired is left to who asks."""
    options: Options = {"require": list(CLAIMS), "verify_exp": False, "verify_aud": False}
    return jwt.decode(token, key, algorithms=[ALGORITHM], leeway=LEEWAY, options=options)


def _claims(said: Mapping[str, Any]) -> Claims:
    """ValueError or TypeError where a claim is not as we write it."""
    subject, kind, expires = said["sub"], said["type"], said["exp"]
    if kind not in SECONDS or type(expires) is not int or not (subject.isascii() and subject.isdigit()):
        raise ValueError
    texts = [said[name] for name in ("csrf", "sid", "pwd")]
    if not all(isinstance(one, str) for one in texts):
        raise TypeError
    return Claims(int(subject), kind, expires, *texts)
