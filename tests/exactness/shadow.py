"""What the service must answer, from tables kept as dictionaries: the model of the state machine.

Only times and ids are the service's own; they are learned from its answers and must rise.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Row = dict[str, Any]
Order = tuple[tuple[str, bool], ...]  # column, whether it descends; the id last


class Kind(NamedTuple):
    """What a resource is: texts that are searched, its unique key, and what it refers to."""

    texts: tuple[str, ...]
    unique: tuple[str, ...]
    refers: tuple[str, str] | None = None  # column, route


KINDS = {
    "species": Kind(("name",), ("name",)),
    "breeds": Kind(("name",), ("species_id", "name"), ("species_id", "species")),
    "diseases": Kind(("name", "symptoms", "details"), ("name",)),
}


class Delta(NamedTuple):
    """The changes after a time."""

    rows: list[Row]
    deleted: list[int]
    has_more: bool
    next_since: str


@dataclass
class Table:
    """The rows of one resource by id, when the deleted ones went, and when anything last changed."""

    kind: Kind
    last_modified: str
    rows: dict[int, Row] = field(default_factory=dict)
    gone: dict[int, str] = field(default_factory=dict)

    def key(self, body: Mapping[str, Any]) -> tuple[Any, ...]:
        """What must be unique; upper and lower case are the same."""
        return tuple(_folded(body[column]) for column in self.kind.unique)

    def holders(self, body: Mapping[str, Any], but: int | None = None) -> list[int]:
        """The ids of the rows, not `but`, that have the unique key of `body`."""
        return [one for one, row in self.rows.items() if one != but and self.key(row) == self.key(body)]

    def store(self, row: Row) -> None:
        """A row as a write has answered it: its time is later than every time before."""
        assert row["updated_at"] > self.last_modified
        before = self.rows.get(row["id"])
        assert before is None or before["created_at"] == row["created_at"]
        self.rows[row["id"]] = row
        self.last_modified = row["updated_at"]

    def remove(self, ids: Iterable[int], changed: str) -> None:
        """Rows are gone, the newest first and a microsecond apart, the last of them at `changed`."""
        last = datetime.fromisoformat(changed.removesuffix("Z"))
        for at, one in enumerate(sorted(ids)):
            del self.rows[one]
            self.gone[one] = (last - at * timedelta(microseconds=1)).isoformat(timespec="microseconds") + "Z"
            assert self.gone[one] > self.last_modified
        self.last_modified = changed

    def list(self, order: Order, keep: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        """The rows that are kept, in order."""
        rows = [row for row in self.rows.values() if keep(row)]
        for column, descends in reversed(order):
            rows.sort(key=lambda row: _folded(row[column]), reverse=descends)
        return rows

    def matches(self, row: Row, search: str) -> bool:
        """Whether one of its texts has `search` in it, in whatever case."""
        return search.lower() in "\n".join(row[text] for text in self.kind.texts).lower()

    def since(self, time: str, limit: int, *, inclusive: bool = False) -> Delta:
        """The changes after `time` (or from it on), at most `limit`."""
        changes = [(row["updated_at"], one) for one, row in self.rows.items()]
        changes += [(when, one) for one, when in self.gone.items()]
        changes = sorted(change for change in changes if change[0] > time or (inclusive and change[0] == time))
        page = changes[:limit]
        has_more = len(page) < len(changes)
        return Delta(
            [self.rows[one] for _, one in page if one in self.rows],
            [one for _, one in page if one in self.gone],
            has_more,
            page[-1][0] if has_more else self.last_modified,
        )


def comes_after(row: Row, keys: Sequence[Any], order: Order) -> bool:
    """Whether `row` stands behind the row with these sort keys."""
    for (column, descends), key in zip(order, keys, strict=True):
        one, other = _folded(row[column]), _folded(key)
        if one != other:
            return bool(one < other if descends else one > other)
    return False


def order_of(columns: Iterable[str]) -> Order:
    """What sort_by means: a minus descends, and ids follow the last column's direction."""
    order = {column.lstrip("-"): column.startswith("-") for column in columns}
    order.setdefault("id", [*order.values()][-1])
    keys = [*order.items()]
    return tuple(keys[: [column for column, _ in keys].index("id") + 1])


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
