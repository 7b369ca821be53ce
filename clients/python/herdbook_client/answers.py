"""What the service answers, as records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of HTTP; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """`data` of the envelope."""
        return json.loads(self.body)["data"]

    @property
    def meta(self) -> dict[str, Any]:
        """`meta` of the envelope, empty where there is none."""
        return json.loads(self.body).get("meta") or {}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `as_of`: no change up to then is missing; `total`: None after a cursor with filters."""

    rows: list[Row]
    total: int | None
    next_cursor: str | None
    as_of: str

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """The page that `answer` holds."""
        meta = answer.meta
        place = meta["pagination"]
        more = place.get("next_cursor") if place.get("has_next_page", True) else None
        return cls(answer.data, place.get("total_items"), more, meta["as_of"])


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed after a time: take out `deleted` first, then put in `rows`, then go on from `next_since`."""

    rows: list[Row]
    deleted: list[int]
    next_since: str
    has_more: bool

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """The delta that `answer` holds."""
        meta = answer.meta
        return cls(answer.data, meta["deleted"], meta["next_since"], meta["has_more"])
