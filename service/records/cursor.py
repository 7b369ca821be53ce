"""A cursor: where a list page ended (keyset paging); opaque, and good only for the same sort, filters and search."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from service.resources.fields import BIGINT
from service.resources.resource import Kind

Order = tuple[tuple[str, bool], ...]
Key = int | str | None


class CursorError(ValueError):
    """The cursor cannot be used; `reasons`: why, in Spanish and in English."""

    def __init__(self, spanish: str, english: str) -> None:
        super().__init__(english)
        self.reasons = (spanish, english)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort keys of the last row of a page, its id last."""

    keys: tuple[Key, ...]

    def encode(self, order: Order, filters: object, search: str | None) -> str:
        """Text to put into a URL."""
        content = orjson.dumps([_binding(order, filters, search), *self.keys])
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str, order: Order, filters: object, search: str | None) -> "Cursor":
        """The cursor that `text` says; CursorError for one that is none, or belongs to another list."""
        try:
            content = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            raise CursorError("no es un cursor", "it is no cursor") from None
        if not isinstance(content, list) or len(content) != len(order) + 1:
            raise CursorError("no es un cursor", "it is no cursor")
        binding, *keys = content
        if binding != _binding(order, filters, search):
            raise CursorError(
                "pertenece a una lista con otro orden o filtro",
                "it belongs to a list with another sort or filter",
            )
        if not all(type(key) in (int, str) and len(str(key)) <= 1024 for key in keys) or type(keys[-1]) is not int:
            raise CursorError("no es un cursor", "it is no cursor")
        return cls(tuple(keys))

    def fits(self, kinds: Iterable[Kind]) -> bool:
        """Whether its keys are values of columns of these kinds: with others the server would compare by guessing."""
        return all(_is_of(kind, key) for kind, key in zip(kinds, self.keys, strict=True))


def _is_of(kind: Kind, key: Key) -> bool:
    match kind:
        case Kind.NUMBER | Kind.FLAG:
            return isinstance(key, int) and abs(key) <= BIGINT
        case Kind.DAY:
            return isinstance(key, str) and _reads_back(key, lambda text: date.fromisoformat(text).isoformat())
        case Kind.MOMENT:
            return isinstance(key, str) and _reads_back(key, _moment)
    return isinstance(key, str)


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).isoformat(" ", "microseconds")


def _reads_back(text: str, written: Callable[[str], str]) -> bool:
    """Whether `text` is a time as SQL writes it (see `sort_key`)."""
    try:
        return written(text) == text
    except ValueError:
        return False


def _binding(order: Order, filters: object, search: str | None) -> str:
    return hashlib.blake2b(repr((order, filters, search)).encode(), digest_size=8).hexdigest()


def sort_key(column: str, value: Any) -> int | str:
    """A sort key as SQL writes it: `value` is what the row's JSON says of `column`."""
    if column in ("created_at", "updated_at"):
        return str(value).replace("T", " ").removesuffix("Z")
    return int(value) if isinstance(value, bool | int) else str(value)
