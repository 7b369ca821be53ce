"""Password hashes as earlier systems wrote them, werkzeug's and bcrypt's: they are checked and never made."""

import hashlib
import hmac
import re

import bcrypt

# A hash that would cost more than this is refused: it would hold up everybody's login.
MOST_MEMORY = 256 * 1024 * 1024  # bytes
MOST_ITERATIONS = 5_000_000
MOST_ROUNDS = 15
# What bcrypt reads of a password.
BCRYPT_BYTES = 72

_SCRYPT = re.compile(r"scrypt:(\d{1,9}):(\d{1,4}):(\d{1,4})\$([^$]+)\$([0-9a-f]+)")
_PBKDF2 = re.compile(r"pbkdf2:(sha1|sha256|sha512):(\d{1,9})\$([^$]+)\$([0-9a-f]+)")
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")


def is_dated(hashed: str) -> bool:
    """Whether `hashed` has one of the forms that `matches` reads."""
    return any(form.fullmatch(hashed) for form in (_SCRYPT, _PBKDF2, _BCRYPT))


def matches(password: str, hashed: str) -> bool:
    """Whether `password` is the one hashed; False also for a hash of no form known here, or one too costly."""
    if found := _SCRYPT.fullmatch(hashed):
        return _scrypt(password, *found.groups())
    if found := _PBKDF2.fullmatch(hashed):
        return _pbkdf2(password, *found.groups())
    if found := _BCRYPT.fullmatch(hashed):
        return _bcrypt(password, hashed, int(found[1]))
    return False


def _scrypt(password: str, n: str, r: str, p: str, salt: str, expected: str) -> bool:
    # The bound on memory that werkzeug gives: what OpenSSL needs for these parameters and some more.
    memory = 132 * int(n) * int(r) * int(p)
    if memory > MOST_MEMORY:
        return False
    try:
        made = hashlib.scrypt(password.encode(), salt=salt.encode(), n=int(n), r=int(r), p=int(p), maxmem=memory)
    except ValueError:
        return False
    return hmac.compare_digest(made.hex(), expected)


def _pbkdf2(password: str, digest: str, iterations: str, salt: str, expected: str) -> bool:
    if not 0 < int(iterations) <= MOST_ITERATIONS:
        return False
    made = hashlib.pbkdf2_hmac(digest, password.encode(), salt.encode(), int(iterations))
    return hmac.compare_digest(made.hex(), expected)


def _bcrypt(password: str, hashed: str, rounds: int) -> bool:
    if rounds > MOST_ROUNDS:
        return False
    try:
        return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], hashed.encode())
    except ValueError:
        return False
