"""Where rows stand in a sorted table: a page is begun at a row that is known instead of counting from the first.

What is known holds for one state of the table, told by the ledger's time, and is forgotten with the next.
"""

from bisect import bisect_right, insort
from datetime import datetime

Keys = tuple[int | str | None, ...]
Order = tuple[tuple[str, bool], ...]

MOST_ORDERS = 16
MOST_IN_ORDER = 256
APART = 64  # rows; nearer ones are as good as one
FURTHEST = 250  # rows that are skipped rather than the page asked for in another way


class Positions:
    """Of some orders of one table: after how many rows the one with some sort keys stands."""

    def __init__(self) -> None:
        self._state = datetime.min
        self._orders: dict[Order, list[tuple[int, Keys]]] = {}

    def nearest(self, order: Order, offset: int) -> tuple[int, Keys, datetime] | None:
        """The known row nearest before `offset`: how many stand up to it, its sort keys, and in which state."""
        known = self._orders.get(order, [])
        at = bisect_right(known, offset, key=lambda one: one[0]) - 1
        if at < 0 or offset - known[at][0] > FURTHEST:
            return None
        return (*known[at], self._state)

    def learn(self, state: datetime, order: Order, offset: int, keys: Keys) -> None:
        """In the `state`, `offset` rows stand up to and with the one that has these sort keys."""
        if state != self._state:
            if state < self._state:
                return
            self._state, self._orders = state, {}
        if order not in self._orders and len(self._orders) >= MOST_ORDERS:
            self._orders.pop(next(iter(self._orders)))
        known = self._orders.setdefault(order, [])
        at = bisect_right(known, offset, key=lambda one: one[0])
        is_near = (at > 0 and offset - known[at - 1][0] < APART) or (at < len(known) and known[at][0] - offset < APART)
        if not is_near:
            if len(known) >= MOST_IN_ORDER:
                known.pop()
            insort(known, (offset, keys))
