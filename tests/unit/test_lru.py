"""The cache of pages: never over its bounds, never an untrue page, never one query more than needed."""

import asyncio
import gc
import logging
import random
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from service.cache.key import Ground, Key
from service.cache.lru import PageCache, TableCache, held_by
from service.cache.page import Page

CHANGED = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FixedScope:
    """Tables that never change; the first of them has four bytes of the token."""

    width: int = 4

    def token(self) -> bytes:
        return b""

    async def settle(self) -> bytes:
        return b""

    def known(self) -> int:
        return 0


def page(size: int = 100) -> Page:
    return Page(bytes(size), CHANGED)


def ground(token: bytes = b"tok1rest", day: int | None = None) -> Ground:
    return Ground(FixedScope(), token, day)


class Query:
    """A statement that is counted, and takes until it is told to end."""

    def __init__(self, answer: Page | Exception | None = None) -> None:
        self.asked = 0
        self.end = asyncio.Event()
        self.answer = answer or page()

    async def __call__(self) -> Page:
        self.asked += 1
        await self.end.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def turn() -> None:
    """Let everything that can go on now go on."""
    for _ in range(5):
        await asyncio.sleep(0)


def at_once(answer: Page) -> Callable[[], Awaitable[Page]]:
    async def fill() -> Page:
        return answer

    return fill


@pytest.fixture
def cache() -> TableCache:
    """A table's cache of three entries and a megabyte."""
    return PageCache(3, 1 << 20).table("species")


async def put(
    cache: TableCache,
    request: Any,
    answer: Page | None = None,
    *,
    segment: int | None = 1,
    view: Any = None,
    on: Ground | None = None,
) -> Page:
    return await cache.fill(Key(segment, view, request), on or ground(), at_once(answer or page()))


async def test_a_page_is_a_hit_while_its_token_is_the_current_one(cache: TableCache) -> None:
    kept = await put(cache, "a")
    key = Key(1, None, "a")
    assert cache.get(key, b"tok1rest") is kept
    assert cache.get(key, b"tok2rest") is None
    assert cache.get(key, b"tok1re") is None
    assert cache.get(key, b"") is None
    assert (cache.stats.hits, cache.stats.misses) == (1, 3)


async def test_a_page_that_depends_on_the_day_is_no_hit_on_another(cache: TableCache) -> None:
    today, tomorrow = ground(day=738_000), ground(day=738_001)
    kept = await put(cache, "a", on=today)
    assert cache.get(Key(1, None, "a"), today.token) is kept
    assert cache.get(Key(1, None, "a"), tomorrow.token) is None
    assert cache.get(Key(1, None, "a"), ground().token) is None


async def test_there_are_never_more_entries_than_allowed_and_the_oldest_goes_first(cache: TableCache) -> None:
    for request in "abc":
        await put(cache, request)
    cache.get(Key(1, None, "a"), ground().token)
    await put(cache, "d")
    assert [key.request for key in cache.entries] == ["c", "a", "d"]
    assert cache.stats.evictions == 1
    assert len(cache.pages) == 3


async def test_the_bound_of_entries_is_each_tables_own() -> None:
    whole = PageCache(2, 1 << 20)
    for table in ("a", "b"):
        for request in range(5):
            await put(whole.table(table), request)
    assert [len(table.entries) for table in whole.tables.values()] == [2, 2]


async def test_the_counted_bytes_of_all_tables_never_pass_the_limit() -> None:
    whole = PageCache(1000, 50_000)
    rng = random.Random(5)
    for number in range(400):
        await put(whole.table(rng.choice("abc")), number, page(rng.randint(10, 9000)))
        assert whole.weight <= 50_000
        assert whole.weight == sum(table.weight for table in whole.tables.values())


async def test_the_heaviest_table_gives_way_first() -> None:
    whole = PageCache(1000, 100_000)
    await put(whole.table("light"), "kept", page(1000))
    for number in range(30):
        await put(whole.table("heavy"), number, page(9000))
    assert Key(1, None, "kept") in whole.table("light").entries


async def test_a_page_that_is_too_big_for_the_cache_is_answered_and_not_kept() -> None:
    whole = PageCache(10, 5000)
    big = page(10_000)
    assert await put(whole.table("a"), "big", big) is big
    assert (whole.weight, len(whole.table("a").entries), len(whole.table("a").pages)) == (0, 0, 0)


async def test_the_weight_is_nothing_when_nothing_is_kept(cache: TableCache) -> None:
    rng = random.Random(9)
    for number in range(300):
        answer = page(rng.randint(400, 2000))
        await put(
            cache,
            rng.randint(0, 6),
            answer,
            segment=rng.randint(1, 3),
            view=rng.choice([None, 1]),
            on=ground(rng.choice([b"tok1rest", b"tok1best"])),
        )
        answer.encoded(rng.choice(["identity", "gzip"]))
        if number % 40 == 0:
            cache.clear()
            assert (cache.weight, cache.cache.weight) == (0, 0)
    while cache.entries:
        cache.evict()
    assert (cache.weight, cache.cache.weight, cache.pages) == (0, 0, {})


async def test_a_page_is_counted_with_what_it_was_packed_to(cache: TableCache) -> None:
    answer = page(5000)
    await put(cache, "a", answer)
    before = cache.weight
    packed = answer.encoded("gzip")
    assert cache.weight >= before + len(packed)
    cache.clear()
    assert cache.weight == 0
    answer.encoded("gzip")
    assert cache.weight == 0


async def test_a_page_packed_after_it_was_dropped_is_not_counted(cache: TableCache) -> None:
    answer = page(5000)
    await put(cache, "a", answer)
    cache.clear()
    answer.encoded("gzip")
    assert (cache.weight, cache.cache.weight) == (0, 0)


async def test_segments_that_see_the_same_hold_the_same_page_once(cache: TableCache) -> None:
    first = await put(cache, "a", segment=1)
    alone = cache.weight
    second = await put(cache, "a", segment=2)
    assert second is first
    assert len(cache.entries) == 2
    assert len(cache.pages) == 1
    assert cache.weight - alone < 1000 < first.weight + 1000
    assert cache.weight < 2 * alone
    assert cache.stats.shared == 1
    cache.evict()
    assert cache.get(Key(2, None, "a"), ground().token) is first
    cache.evict()
    assert (cache.weight, cache.pages) == (0, {})


async def test_segments_that_see_different_things_share_nothing(cache: TableCache) -> None:
    one, other = page(), page()
    assert await put(cache, "a", one, segment=1, view=1) is one
    assert await put(cache, "a", other, segment=2, view=2) is other
    assert cache.get(Key(1, 1, "a"), ground().token) is one


async def test_who_asks_the_same_at_once_waits_for_one_query(cache: TableCache) -> None:
    query = Query()
    asked = [asyncio.create_task(cache.fill(Key(segment, None, "a"), ground(), query)) for segment in (1, 1, 2, 3)]
    await turn()
    query.end.set()
    pages = await asyncio.gather(*asked)
    assert query.asked == 1
    assert {id(one) for one in pages} == {id(query.answer)}
    assert cache.flights == {}


async def test_a_query_of_another_token_is_not_joined(cache: TableCache) -> None:
    """It began before a write ended: who came after the write would be given the data from before it."""
    old, new = Query(), Query()
    before = asyncio.create_task(cache.fill(Key(1, None, "a"), ground(b"tok1rest"), old))
    await turn()
    after = asyncio.create_task(cache.fill(Key(1, None, "a"), ground(b"tok2rest"), new))
    await turn()
    assert (old.asked, new.asked) == (1, 1)
    new.end.set()
    assert await after is new.answer
    old.end.set()
    assert await before is old.answer
    # The old one ended last, and is no hit all the same.
    assert cache.get(Key(1, None, "a"), b"tok2rest") is not old.answer


async def test_the_query_goes_on_when_the_first_to_ask_goes_away(cache: TableCache) -> None:
    query = Query()
    first = asyncio.create_task(cache.fill(Key(1, None, "a"), ground(), query))
    await turn()
    second = asyncio.create_task(cache.fill(Key(2, None, "a"), ground(), query))
    await turn()
    first.cancel()
    await turn()
    query.end.set()
    assert await second is query.answer
    assert query.asked == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_page_is_kept_though_all_who_asked_have_gone(cache: TableCache) -> None:
    query = Query()
    asked = asyncio.create_task(cache.fill(Key(1, None, "a"), ground(), query))
    await turn()
    asked.cancel()
    query.end.set()
    await turn()
    assert cache.get(Key(1, None, "a"), ground().token) is query.answer


async def test_a_query_that_fails_fails_all_who_wait_and_is_asked_anew(cache: TableCache) -> None:
    query = Query(RuntimeError("no"))
    asked = [asyncio.create_task(cache.fill(Key(1, None, "a"), ground(), query)) for _ in range(3)]
    await turn()
    query.end.set()
    assert [str(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == ["no"] * 3
    assert (cache.flights, cache.entries, cache.weight) == ({}, {}, 0)
    assert await put(cache, "a")


async def test_a_query_that_fails_with_nobody_waiting_is_no_unhandled_error(cache: TableCache) -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    query = Query(RuntimeError("no"))
    asked = asyncio.create_task(cache.fill(Key(1, None, "a"), ground(), query))
    await turn()
    asked.cancel()
    query.end.set()
    await asyncio.gather(asked, return_exceptions=True)
    await turn()
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert told == []


async def test_a_new_generation_of_the_table_forgets_everything(
    cache: TableCache, caplog: pytest.LogCaptureFixture
) -> None:
    await put(cache, "a")
    await put(cache, "b")
    with caplog.at_level(logging.INFO, "herdbook.cache"):
        await put(cache, "c", on=ground(b"tok2rest"))
    assert [key.request for key in cache.entries] == ["c"]
    assert "Cache cleared for species: 2 entries invalidated" in caplog.messages


async def test_a_change_of_a_related_table_forgets_only_what_is_asked_anew(cache: TableCache) -> None:
    await put(cache, "a")
    await put(cache, "b")
    await put(cache, "a", on=ground(b"tok1best"))
    assert {key.request for key in cache.entries} == {"a", "b"}
    assert cache.get(Key(1, None, "a"), b"tok1best")
    assert cache.get(Key(1, None, "b"), b"tok1rest")


async def test_clearing_says_how_many_and_nothing_of_nothing(
    cache: TableCache, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "herdbook.cache"):
        assert cache.clear() == 0
        await put(cache, "a", segment=1)
        await put(cache, "a", segment=2)
        assert cache.clear() == 2
    assert caplog.messages == ["Cache cleared for species: 2 entries invalidated"]
    assert cache.stats.invalidations == 2


async def test_a_page_that_is_kept_counts_its_further_hits(cache: TableCache) -> None:
    kept = await put(cache, "a")
    await put(cache, "b")
    basis = kept.basis
    assert basis is not None
    basis.hit()
    assert cache.stats.hits == 1
    assert [key.request for key in cache.entries] == ["b", "a"]
    cache.clear()
    assert kept.basis is None


@pytest.mark.parametrize("way", ["clear", "evict", "replace"])
async def test_a_page_that_is_dropped_is_freed_with_its_last_user(cache: TableCache, way: str) -> None:
    """Not at some later run of the collector: until then its bytes would stand beside the limit."""
    gc.collect()
    gc.disable()
    try:
        gone = weakref.ref(await put(cache, "a", Watched(bytes(5000), CHANGED)))
        assert gone() is not None
        if way == "replace":
            await put(cache, "a", on=ground(b"tok1best"))
        else:
            getattr(cache, way)()
        await turn()
        assert gone() is None
    finally:
        gc.enable()


class Watched(Page):
    """A page whose end can be seen."""

    __slots__ = ("__weakref__",)


def test_a_long_question_weighs_what_it_holds() -> None:
    short, long = (("breeds_id", (1,)),), (("breeds_id", tuple(range(10**9, 10**9 + 200))),)
    assert held_by(long) - held_by(short) > 200 * 28
    assert held_by("x" * 255) >= 255
    assert held_by(None) > 0


async def test_the_report_adds_up(cache: TableCache) -> None:
    await put(cache, "a", segment=1)
    await put(cache, "a", segment=2)
    for segment in (1, 2, 3):
        cache.get(Key(segment, None, "a"), ground().token)
    told = cache.report()
    assert {name: told[name] for name in ("entries", "pages", "hits", "misses", "shared_fills", "hit_rate")} == {
        "entries": 2,
        "pages": 1,
        "hits": 2,
        "misses": 1,
        "shared_fills": 1,
        "hit_rate": 0.6667,
    }
    total: Any = cache.cache.report()["total"]
    assert (total["bytes"], total["hits"], total["misses"]) == (cache.weight, 2, 1)
