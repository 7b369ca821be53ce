"""What the answers of a day say about each other: whether one is stale, and what any exact cache could have spared.

A version is the time of a table's last change, which Herdbook gives to each change, later than all before: an answer
that began after a write was answered must not be older than it.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service.resources import all_resources

EPOCH = datetime(1970, 1, 1)
RESOURCES = {one.route: one for one in all_resources()}


def version_of(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 time in UTC with Z."""
    return (datetime.fromisoformat(text.removesuffix("Z")) - EPOCH) // timedelta(microseconds=1)


@dataclass
class Writes:
    """The last answered write of each table and row, as versions, and the rows that are gone."""

    tables: Counter[str] = field(default_factory=Counter)
    rows: dict[tuple[str, int], int] = field(default_factory=dict)
    gone: set[tuple[str, int]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def answered(self, route: str, row: dict[str, Any]) -> None:
        """A write was answered with `row`, or with the id of the row that it deleted."""
        self.counts[route] += 1
        if "deleted_id" in row:
            self.gone.add((route, row["deleted_id"]))
            return
        version = version_of(row["updated_at"])
        self.tables[route] = max(self.tables[route], version)
        self.rows[route, row["id"]] = max(self.rows.get((route, row["id"]), 0), version)

    def least(self, route: str, kind: str, row_id: int | None) -> int:
        """The oldest version that an answer which begins now may have."""
        return self.rows.get((route, row_id or 0), 0) if kind == "detail" else self.tables[route]

    def gone_now(self) -> frozenset[tuple[str, int]]:
        """The rows that no answer which begins now may hold."""
        return frozenset(self.gone)


def version_told(kind: str, body: dict[str, Any]) -> int | None:
    """The version that an answer says it is of; None where it says none."""
    if kind == "detail":
        return version_of(body["data"]["updated_at"])
    if kind == "metadata":
        return version_of(body["data"]["last_modified"])
    told = body.get("meta", {}).get("as_of")
    return None if told is None else version_of(told)


@dataclass
class Possible:
    """Of the reads so far, how many asked what must be computed anew whatever the cache.

    `first`: the question had never been asked; `changed`: its answer is another than the last time. `tables`: in
    addition those whose answer is the same but one of whose tables has changed, which one cache for all workers that
    knows of tables only would compute again.
    """

    reads: Counter[str] = field(default_factory=Counter)
    first: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    tables: Counter[str] = field(default_factory=Counter)
    _tags: dict[tuple[object, ...], str] = field(default_factory=dict)
    _stood: dict[tuple[object, ...], tuple[int, ...]] = field(default_factory=dict)

    def read(self, route: str, question: tuple[object, ...], tag: str, writes: Writes) -> None:
        """An answer with the entity tag `tag` was given to `question`."""
        standing = tuple(writes.counts[one] for one in _routes(route, "include_relations" in str(question)))
        self.reads[route] += 1
        if question not in self._tags:
            self.first[route] += 1
        elif self._tags[question] != tag:
            self.changed[route] += 1
        elif self._stood[question] != standing:
            self.tables[route] += 1
        self._tags[question], self._stood[question] = tag, standing


def _routes(route: str, related: bool) -> tuple[str, ...]:
    """Those whose tables an answer of `route` is made from."""
    resource = RESOURCES["users" if route == "auth" else route]
    tables = resource.relation_tables if related else (resource.table,)
    return tuple(one.route for one in RESOURCES.values() if one.table in tables)
