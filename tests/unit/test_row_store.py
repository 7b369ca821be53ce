"""What is kept of rows beside the pages: counted, bounded, of one day; and where rows are known to stand."""

import sys
from datetime import datetime

from service.cache.rows import ROW_OVERHEAD, RowStore
from service.records.positions import APART, FURTHEST, MOST_IN_ORDER, MOST_ORDERS, Positions

FIRST, SECOND = datetime(2024, 1, 1), datetime(2024, 1, 2)
ORDER = (("name", False), ("id", False))


class Charged:
    """What was told to be charged."""

    def __init__(self) -> None:
        self.weight = 0

    def __call__(self, weight: int) -> None:
        self.weight += weight


def rows(*numbers: int) -> list[tuple[bytes, bytes]]:
    return [(b"version %05d" % number, b"row %05d" % number) for number in numbers]


def weight_of(count: int) -> int:
    (version, row), *_ = rows(1)
    return count * (sys.getsizeof(version) + sys.getsizeof(row) + ROW_OVERHEAD)


def test_rows_weigh_what_they_hold_and_no_row_twice() -> None:
    charged = Charged()
    store = RowStore(charged, 10**6)
    store.keep(None, rows(1, 2))
    store.keep(None, rows(2, 3))
    assert store.weight == charged.weight == weight_of(3)
    assert store.of(None) == dict(rows(1, 2, 3))
    assert len(store) == 3
    store.clear()
    assert store.weight == charged.weight == len(store) == 0


def test_the_oldest_make_room_for_the_newest() -> None:
    charged = Charged()
    store = RowStore(charged, weight_of(10))
    store.keep(None, rows(*range(10)))
    assert len(store) == 10
    store.keep(None, rows(10))
    assert store.weight == charged.weight == weight_of(9)
    assert store.of(None) == dict(rows(*range(2, 11)))
    store.keep(None, rows(*range(100, 150)))
    assert store.weight == charged.weight == weight_of(9)
    assert store.of(None) == dict(rows(*range(141, 150)))


def test_rows_of_another_day_are_none() -> None:
    charged = Charged()
    store = RowStore(charged, 10**6)
    store.keep(5, rows(1))
    assert store.of(5) == dict(rows(1))
    assert store.of(4) == store.of(6) == store.of(None) == {}
    store.keep(6, rows(2))
    assert store.of(6) == dict(rows(2))
    assert store.of(5) == {}
    store.keep(5, rows(3))
    assert store.of(6) == dict(rows(2))
    assert charged.weight == weight_of(1)


def test_the_nearest_row_before_is_the_one_to_begin_at() -> None:
    positions = Positions()
    assert positions.nearest(ORDER, 100) is None
    positions.learn(FIRST, ORDER, 100, ("a", 1))
    positions.learn(FIRST, ORDER, 300, ("b", 2))
    assert positions.nearest(ORDER, 99) is None
    assert positions.nearest(ORDER, 100) == (100, ("a", 1), FIRST)
    assert positions.nearest(ORDER, 299) == (100, ("a", 1), FIRST)
    assert positions.nearest(ORDER, 300) == (300, ("b", 2), FIRST)
    assert positions.nearest(ORDER, 300 + FURTHEST) == (300, ("b", 2), FIRST)
    assert positions.nearest(ORDER, 301 + FURTHEST) is None
    assert positions.nearest((("name", True), ("id", True)), 300) is None


def test_another_state_of_the_table_makes_everything_unknown() -> None:
    positions = Positions()
    positions.learn(FIRST, ORDER, 100, ("a", 1))
    positions.learn(SECOND, ORDER, 300, ("b", 2))
    assert positions.nearest(ORDER, 100) is None
    positions.learn(FIRST, ORDER, 100, ("a", 1))
    assert positions.nearest(ORDER, 100) is None
    assert positions.nearest(ORDER, 300) == (300, ("b", 2), SECOND)


def test_what_is_known_of_positions_is_bounded() -> None:
    positions = Positions()
    for number in range(2 * MOST_IN_ORDER):
        positions.learn(FIRST, ORDER, number * APART, ("a", number))
        positions.learn(FIRST, ORDER, number * APART + APART - 1, ("b", number))
    for number in range(2 * MOST_ORDERS):
        positions.learn(FIRST, ((f"column {number}", False),), 0, (number,))
    known = positions._orders
    assert len(known) == MOST_ORDERS
    assert all(len(one) <= MOST_IN_ORDER for one in known.values())


def test_positions_near_each_other_are_learned_once() -> None:
    positions = Positions()
    for offset in (1000, 1000 + APART - 1, 1000 - APART + 1, 1000):
        positions.learn(FIRST, ORDER, offset, ("a", offset))
    assert positions.nearest(ORDER, 1100) == (1000, ("a", 1000), FIRST)
    assert positions.nearest(ORDER, 999) is None
