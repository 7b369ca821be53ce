"""What may be asked of a resource, as hashable values: equal questions are one key in the cache."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from service.db.statements import Value
from service.records.cursor import Cursor

DEFAULT_LIMIT = 50
DEFAULT_SINCE_LIMIT = 1000
MOST_ROWS = 1000
_DATE_PART = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")

NEWEST_FIRST: tuple[tuple[str, bool], ...] = (("updated_at", True), ("id", True))

Filters = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One list page: `order` pairs a column with whether it descends, ids last; `filters` by name."""

    page: int = 1
    limit: int = DEFAULT_LIMIT
    order: tuple[tuple[str, bool], ...] = NEWEST_FIRST
    filters: Filters = ()
    search: str | None = None
    cursor: Cursor | None = None
    fields: tuple[str, ...] = ()
    relations: bool = False
    ignored: tuple[str, ...] = ()
    capped: bool = False

    @property
    def offset(self) -> int:
        """Rows to skip; none after a cursor."""
        return 0 if self.cursor else (self.page - 1) * self.limit

    @property
    def narrows(self) -> bool:
        """Whether fewer than all rows match."""
        return bool(self.filters) or self.search is not None

    def rest(self) -> str:
        """The one way this question is written in links, without its page."""
        parts: list[tuple[str, object]] = [("limit", self.limit)]
        if self.order != NEWEST_FIRST:
            parts.append(("sort_by", ",".join(("-" if down else "") + name for name, down in self.order)))
        parts += [(name, _written(value)) for name, value in self.filters]
        parts += [("search", self.search)] if self.search is not None else []
        parts += [("fields", ",".join(self.fields))] if self.fields else []
        parts += [("include_relations", "true")] if self.relations else []
        return urlencode(parts)


@dataclass(frozen=True, slots=True)
class RowQuery:
    """One row: with its relations, with some of its `fields` only (none named: all)."""

    relations: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SinceQuery:
    """Changes after `since` (naive UTC, microseconds), at most `limit` of them."""

    since: datetime
    limit: int = DEFAULT_SINCE_LIMIT
    ignored: tuple[str, ...] = ()
    capped: bool = False


def _written(value: Value) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return ",".join(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def search_values(search: str) -> dict[str, Value]:
    """The values of a list statement's search line: a LIKE pattern, a number, a date's beginning (NULL: none)."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    number = int(search) if re.fullmatch(r"-?[0-9]{1,18}", search) else None
    return {
        "search": f"%{escaped}%",
        "search_number": number,
        "search_day": f"{search}%" if _DATE_PART.fullmatch(search) else None,
    }
