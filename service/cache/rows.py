"""Rows kept beside the pages: a version of a row is the same bytes for ever, so a page made anew need not ask for them.

A version is a row's id and the time of its change, which no two changes of a table share (docs/exactness.md).
"""

import sys
from collections.abc import Callable, Iterable

# What a row costs beside its version and its bytes: the slot in the dictionary.
ROW_OVERHEAD = 100


class RowStore:
    """The rows of one table by version, as they are on one day: at most `limit` bytes, the oldest go first.

    What they weigh is told to `charge`.
    """

    def __init__(self, charge: Callable[[int], None], limit: int) -> None:
        self._charge = charge
        self._limit = limit
        self._day: int | None = None
        self._rows: dict[bytes, bytes] = {}
        self.weight = 0

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, day: int | None) -> dict[bytes, bytes]:
        """The rows as they are on `day` (None: they depend on none); to be read only."""
        return self._rows if day == self._day else {}

    def keep(self, day: int | None, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep rows, each with its version; those of an earlier day are forgotten."""
        if day != self._day:
            if self._day is not None and (day is None or day < self._day):
                return
            self.clear()
            self._day = day
        added = 0
        for version, row in rows:
            if version not in self._rows:
                self._rows[version] = row
                added += _weight(version, row)
        self._add(added)
        if self.weight > self._limit:
            self._make_room()

    def clear(self) -> None:
        """Forget every row."""
        self._rows = {}
        self._add(-self.weight)

    def _make_room(self) -> None:
        """Forget the oldest until a tenth is free."""
        freed = 0
        for version in list(self._rows):
            freed += _weight(version, self._rows.pop(version))
            if self.weight - freed <= self._limit * 0.9:
                break
        self._add(-freed)

    def _add(self, weight: int) -> None:
        self.weight += weight
        self._charge(weight)


def _weight(version: bytes, row: bytes) -> int:
    return sys.getsizeof(version) + sys.getsizeof(row) + ROW_OVERHEAD
