"""What each segment holds of a table's cache, so that one who asks for ever more takes from its own share first.

A segment may hold all of it while nobody else wants any; once others do, what is over half of it goes before theirs.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

E = TypeVar("E", bound=Hashable)


@dataclass(slots=True)
class _Share(Generic[E]):
    weights: dict[E, int] = field(default_factory=dict)  # of its entries, the first stored first
    weight: int = 0


class Shares(Generic[E]):
    """The entries of all segments. Nothing is told to it at a hit: that costs one look-up and no more."""

    def __init__(self) -> None:
        self._shares: dict[Hashable, _Share[E]] = {}
        self._largest: _Share[E] = _Share()
        self._heaviest: _Share[E] = _Share()
        self._entries = 0
        self._weight = 0

    def add(self, segment: Hashable, entry: E, weight: int) -> None:
        """`segment` holds `entry` now, at the cost of `weight` bytes."""
        share = self._shares.setdefault(segment, _Share())
        share.weights[entry] = weight
        share.weight += weight
        self._entries += 1
        self._weight += weight
        if len(share.weights) > len(self._largest.weights):
            self._largest = share
        if share.weight > self._heaviest.weight:
            self._heaviest = share

    def drop(self, segment: Hashable, entry: E) -> None:
        """It holds `entry` no longer."""
        share = self._shares[segment]
        weight = share.weights.pop(entry)
        share.weight -= weight
        self._entries -= 1
        self._weight -= weight
        if not share.weights:
            del self._shares[segment]

    def surplus(self, *, in_bytes: bool) -> E | None:
        """The first stored entry of a segment with more than half, in entries or in bytes, while others hold some."""
        share, whole = (self._heaviest, self._weight) if in_bytes else (self._largest, self._entries)
        held = share.weight if in_bytes else len(share.weights)
        if len(self._shares) < 2 or 2 * held <= whole:
            return None
        return next(iter(share.weights))
