"""One who asks for ever more pages keeps within the cache's bounds and takes nothing of the others' half (S10)."""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from service.cache.key import Ground, Key
from service.cache.lru import PageCache, TableCache
from service.cache.page import Page
from service.cache.shares import Shares

CHANGED = datetime(2024, 1, 1, tzinfo=UTC)
GREEDY = 1
FLOOD = int(os.environ.get("HERDBOOK_TRIALS_SEARCHES", "20000"))
MEBIBYTE = 1024 * 1024


class FixedScope:
    """A table that never changes."""

    width = 4

    def token(self) -> bytes:
        return b""

    async def settle(self) -> bytes:
        return b""

    def known(self) -> int:
        return 0


GROUND = Ground(FixedScope(), b"tok1rest", None)


async def store(table: TableCache, segment: int, request: object, size: int = 200) -> None:
    async def fill() -> Page:
        return Page(bytes(size), CHANGED)

    await table.fill(Key(segment, segment, ("search", request)), GROUND, fill)


def held(table: TableCache, segment: int) -> int:
    return sum(key.segment == segment for key in table.entries)


async def test_a_flood_of_searches_of_one_leave_the_others_their_pages() -> None:
    cache = PageCache(1000, 100 * MEBIBYTE)
    table = cache.table("animals")
    for other in range(2, 22):
        for number in range(20):
            await store(table, other, number)
    for number in range(FLOOD):
        await store(table, GREEDY, number)
        assert len(table.entries) <= 1000
    assert held(table, GREEDY) == 600
    assert all(held(table, other) == 20 for other in range(2, 22))
    assert table.stats.evictions == FLOOD - 600


async def test_the_bytes_stay_within_their_limit_and_add_up() -> None:
    cache = PageCache(10_000_000, 2 * MEBIBYTE)
    table, public = cache.table("animals"), cache.table("species")
    await store(public, 0, "small")
    await store(table, 2, "small")
    for number in range(FLOOD // 10):
        await store(table, GREEDY, number, 5000)
        assert cache.weight <= cache.limit
        assert cache.weight == table.weight + public.weight
    assert held(table, 2) == 1
    assert len(public.entries) == 1
    assert cache.weight > cache.limit - 10_000  # and it is used


async def test_few_heavy_pages_of_one_do_not_push_out_many_light_ones() -> None:
    cache = PageCache(1000, MEBIBYTE)
    table = cache.table("animals")
    for other in range(2, 102):
        await store(table, other, "page")
    for number in range(500):
        await store(table, GREEDY, number, 100_000)
    assert all(held(table, other) == 1 for other in range(2, 102))
    assert 5 <= held(table, GREEDY) <= 10


async def test_once_others_want_it_the_greedy_one_is_left_with_half() -> None:
    table = PageCache(1000, 100 * MEBIBYTE).table("animals")
    for number in range(1000):
        await store(table, GREEDY, number)
    for number in range(800):
        await store(table, 2 + number % 40, number)
        await store(table, GREEDY, 1000 + number)
    assert held(table, GREEDY) == 500
    assert len(table.entries) == 1000


async def test_who_is_alone_may_use_all_of_it_and_loses_what_was_not_asked_for_the_longest() -> None:
    table = PageCache(100, 100 * MEBIBYTE).table("animals")
    for number in range(100):
        await store(table, GREEDY, number)
    assert table.get(Key(GREEDY, GREEDY, ("search", 0)), GROUND.token) is not None
    await store(table, GREEDY, 100)
    assert len(table.entries) == 100
    assert table.get(Key(GREEDY, GREEDY, ("search", 0)), GROUND.token) is not None
    assert table.get(Key(GREEDY, GREEDY, ("search", 1)), GROUND.token) is None


async def test_what_a_change_of_the_table_clears_is_nobodys_share_any_more() -> None:
    table = PageCache(100, 100 * MEBIBYTE).table("animals")
    for number in range(90):
        await store(table, GREEDY, number)
    table.clear()
    for number in range(100):
        await store(table, 2 + number % 2, number)
    await store(table, GREEDY, "new")
    assert held(table, GREEDY) == 1
    assert len(table.entries) == 100


# The shares by themselves, against a plain count.


@pytest.mark.parametrize("seed", range(20))
def test_only_a_segment_over_half_gives_way(seed: int) -> None:
    rng = random.Random(seed)
    shares: Shares[tuple[int, int]] = Shares()
    kept: dict[tuple[int, int], int] = {}
    for number in range(400):
        if kept and rng.random() < 0.3:
            entry = rng.choice(list(kept))
            shares.drop(entry[0], entry)
            del kept[entry]
        entry = (rng.choice([1, 1, 1, 1, 2, 3]), number)
        kept[entry] = rng.choice([10, 1000])
        shares.add(entry[0], entry, kept[entry])
        for in_bytes in (False, True):
            measure: Callable[[tuple[int, int]], int] = kept.__getitem__ if in_bytes else lambda _: 1
            of = {segment: sum(measure(one) for one in kept if one[0] == segment) for segment in (1, 2, 3)}
            surplus = shares.surplus(in_bytes=in_bytes)
            if surplus is not None:
                assert 2 * of[surplus[0]] > sum(of.values())
                assert surplus == next(one for one in kept if one[0] == surplus[0])
            # Who has just grown past half is known at once.
            alone = sum(bool(one) for one in of.values()) < 2
            assert (surplus is not None) or alone or 2 * of[entry[0]] <= sum(of.values())
