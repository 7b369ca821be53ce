"""Readers of single settings: text in, value out, ValueError with the reason where it cannot be."""

import re
from collections.abc import Callable

from service.settings.database_url import DatabaseURL

ROLES = ("Aprendiz", "Instructor", "Administrador")
NOTHING = "none"  # an empty list: an empty value counts as not given

# As browsers send it: RFC 6454, section 6.2.
_ORIGIN = re.compile(r"https?://[a-z0-9._-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_BOOLEANS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of whole numbers from `lowest` to `highest`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"{text!r} is not a whole number from {lowest} to {highest}")
        return int(text)

    return read


def boolean(text: str) -> bool:
    """Yes or no, in the words that people use."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither 1 (yes) nor 0 (no)") from None


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one of `words`, in any case."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(words)}")
        return text.lower()

    return read


def _listed(text: str) -> tuple[str, ...]:
    """The words between commas, each once; NOTHING stands for none."""
    words = dict.fromkeys(word for each in text.split(",") if (word := each.strip()))
    return () if list(words) == [NOTHING] else tuple(words)


def origins(text: str) -> tuple[str, ...]:
    """Origins between commas, in small letters."""
    found = tuple(each.lower() for each in _listed(text))
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is not an origin such as https://farm.example")
    return found


def roles(text: str) -> tuple[str, ...]:
    """Roles between commas."""
    found = _listed(text)
    for role in found:
        if role not in ROLES:
            raise ValueError(f"{role!r} is not one of {', '.join(ROLES)}, {NOTHING}")
    return found


def database_url(text: str) -> str:
    """The URL of a MariaDB, checked."""
    DatabaseURL.parse(text)
    return text


def secret_key(text: str) -> str:
    """A key to sign with, long enough."""
    # RFC 7518, section 3.2: a key for HS256 is at least as long as its hash, 32 bytes.
    if len(text.encode()) < 32:
        raise ValueError("is shorter than 32 bytes; `openssl rand -hex 32` makes one")
    return text


def metrics_token(text: str) -> str:
    """A bearer token."""
    if not re.fullmatch(r"[0-9A-Za-z._~+/-]{16,256}=*", text):  # RFC 6750, section 2.1
        raise ValueError("is not 16 characters or more of letters, digits and . _ ~ + / -")
    return text


def admin_password(text: str) -> str:
    """A password of eight characters or more."""
    if len(text) < 8:
        raise ValueError("is shorter than 8 characters")
    return text
