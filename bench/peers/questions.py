"""What the peers take from a request: the parameters, and who asks; the same for all of them."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jwt

BASE = "/api/v1/animals"
SORTS = {"updated_at", "created_at", "id", "record", "birth_date", "weight"}
COLUMNS = (
    "id",
    "record",
    "sex",
    "birth_date",
    "weight",
    "status",
    "breeds_id",
    "idFather",
    "idMother",
    "created_at",
    "updated_at",
)
GIVEN = COLUMNS[1:9]
PAGES = int(os.environ.get("PEER_PAGES", "1000"))


@dataclass(frozen=True)
class Asked:
    """A list (`since` None) or a delta."""

    page: int
    limit: int
    sort_by: str
    descends: bool
    since: datetime | None

    @classmethod
    def parse(cls, query: str) -> "Asked":
        """What the query string asks for; ValueError for a sort that there is none of."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        since = given.get("since")
        asked = cls(
            page=int(given.get("page", "1")),
            limit=min(1000, int(given.get("limit", "50"))),
            sort_by=given.get("sort_by", "updated_at"),
            descends=given.get("sort_order", "desc") == "desc",
            since=datetime.fromisoformat(since).replace(tzinfo=None) if since else None,
        )
        if asked.sort_by not in SORTS:
            raise ValueError(asked.sort_by)
        return asked

    @property
    def order(self) -> str:
        """ORDER BY text."""
        direction = "DESC" if self.descends else "ASC"
        return f"{self.sort_by} {direction}" + ("" if self.sort_by == "id" else f", id {direction}")

    def pagination(self, total: int) -> dict[str, object]:
        """The pagination of an answer."""
        pages = -(-total // self.limit)
        return {
            "page": self.page,
            "limit": self.limit,
            "total_items": total,
            "total_pages": pages,
            "has_next_page": self.page < pages,
            "has_previous_page": self.page > 1,
        }


class Bearers:
    """Tokens that were good once are remembered, as many as PAGES."""

    def __init__(self) -> None:
        self._key = os.environ.get("PEER_SECRET_KEY", "")
        self._known: set[str | bytes] = set()

    def is_good(self, header: str | bytes) -> bool:
        """Whether an Authorization header bears a token of ours."""
        if header in self._known:
            return True
        text = header.decode("latin-1") if isinstance(header, bytes) else header
        try:
            jwt.decode(text.removeprefix("Bearer "), self._key, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.InvalidTokenError:
            return False
        if len(self._known) < PAGES:
            self._known.add(header)
        return True


def database() -> dict[str, Any]:
    """How a driver connects to DATABASE_URL, by the names that PyMySQL and asyncmy both take."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    found: dict[str, Any] = {
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.removeprefix("/"),
    }
    socket = parse_qs(parts.query).get("unix_socket")
    return found | ({"unix_socket": socket[0]} if socket else {"host": parts.hostname, "port": parts.port or 3306})
