"""What the cache counts and tells, to the byte; and what a page says of itself."""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from test_lru import Query, ground

from service.cache.key import Key
from service.cache.lru import ENTRY_OVERHEAD, PageCache, held_by
from service.cache.page import COMPRESS_FROM, Page

CHANGED = datetime(2024, 1, 1, tzinfo=UTC)


def answered(page: Page) -> Query:
    """A query that ends at once with `page`."""
    query = Query(page)
    query.end.set()
    return query


def key(request: str = "a", segment: int = 1, view: int | None = None) -> Key:
    return Key(segment, view, request)


async def test_a_page_weighs_itself_and_each_entry_a_little_more() -> None:
    cache = PageCache(10, 10**6)
    table, page = cache.table("t"), Page(b"x" * 1000, CHANGED)
    alone = page.weight
    await table.fill(key(), ground(), answered(page))
    assert table.weight == cache.weight == alone + ENTRY_OVERHEAD + held_by("a")
    await table.fill(key(segment=2), ground(), answered(page))
    assert table.weight == cache.weight == alone + 2 * (ENTRY_OVERHEAD + held_by("a"))
    packed = sys.getsizeof(page.encoded("gzip"))
    assert table.weight == cache.weight == alone + packed + 2 * (ENTRY_OVERHEAD + held_by("a"))
    assert table.clear() == 2
    assert table.weight == cache.weight == 0


async def test_what_is_charged_beside_the_pages_counts_and_makes_room() -> None:
    cache = PageCache(10, 3000)
    table = cache.table("t")
    await table.fill(key(), ground(), answered(Page(b"x" * 1000, CHANGED)))
    weight = table.weight
    cache.charge(3000 - weight)
    assert (cache.weight, len(table.entries)) == (3000, 1)
    cache.charge(1)
    assert (cache.weight, len(table.entries)) == (3001 - weight, 0)
    cache.charge(weight - 3001)
    assert cache.weight == 0


async def test_a_page_that_grows_past_the_limit_makes_room_at_once() -> None:
    page = Page(b"x" * 5000, CHANGED)
    cache = PageCache(10, page.weight + ENTRY_OVERHEAD + held_by("a"))
    await cache.table("t").fill(key(), ground(), answered(page))
    assert len(cache.table("t").entries) == 1
    page.encoded("gzip")
    assert len(cache.table("t").entries) == 0
    assert cache.weight == 0


async def test_the_counts_of_a_table_add_up() -> None:
    cache = PageCache(2, 10**6)
    table = cache.table("t")
    empty = table.report()
    assert (empty["hit_rate"], cache.report()["total"]["hit_rate"]) == (0.0, 0.0)  # type: ignore[index]
    for segment in (1, 2, 3):
        assert table.get(key(segment=segment), ground().token) is None
        await table.fill(key(segment=segment), ground(), answered(Page(b"x", CHANGED)))
    assert table.get(key(segment=3), ground().token) is not None
    report = table.report()
    assert {name: report[name] for name in ("hits", "misses", "shared_fills", "evictions", "entries", "pages")} == {
        "hits": 1,
        "misses": 3,
        "shared_fills": 2,
        "evictions": 1,
        "entries": 2,
        "pages": 1,
    }
    assert report["hit_rate"] == cache.report()["total"]["hit_rate"] == 0.25  # type: ignore[index]
    for _ in range(2):
        table.get(key(segment=3), ground().token)
    assert table.report()["hit_rate"] == cache.report()["total"]["hit_rate"] == 0.5  # type: ignore[index]
    table.get(key(segment=9), ground().token)
    assert table.report()["hit_rate"] == cache.report()["total"]["hit_rate"] == 0.4286  # type: ignore[index]


async def test_who_joins_a_query_is_counted_as_sharing_it() -> None:
    table, query = PageCache(10, 10**6).table("t"), Query()
    asking = [asyncio.create_task(table.fill(key(segment=one), ground(), query)) for one in (1, 2, 3)]
    await asyncio.sleep(0)
    query.end.set()
    assert len(set(await asyncio.gather(*asking))) == 1
    assert (query.asked, table.stats.shared) == (1, 2)
    assert [one.segment for one in table.entries] == [1, 2, 3]


async def test_when_a_page_is_made_anew_every_segments_old_entry_goes() -> None:
    cache = PageCache(10, 10**6)
    table, page = cache.table("t"), Page(b"x" * 100, CHANGED)
    for segment in (1, 2, 3):
        await table.fill(key(segment=segment), ground(b"tok1rest"), answered(Page(b"old", CHANGED)))
    await table.fill(key(segment=2), ground(b"tok1news"), answered(page))
    assert (len(table.entries), len(table.pages)) == (1, 1)
    assert table.weight == page.weight + ENTRY_OVERHEAD + held_by("a")


async def test_whoever_stands_on_a_page_is_told_when_it_goes() -> None:
    table, told = PageCache(10, 10**6).table("t"), list[bytes]()
    page = await table.fill(key(), ground(), answered(Page(b"x", CHANGED)))
    basis = page.basis
    assert basis is not None
    tell: Callable[[bytes], Callable[[], None]] = lambda name: lambda: told.append(name)  # noqa: E731
    for name in (b"one", b"two"):
        basis.dependants[name] = tell(name)
    table.clear()
    assert told == [b"one", b"two"]
    assert page.basis is None
    assert page.on_growth is None


def test_a_page_is_offered_packed_from_500_bytes_on() -> None:
    assert COMPRESS_FROM == 500
    assert Page(b"x" * 499, CHANGED).encodings == ("identity",)
    assert Page(b"x" * 500, CHANGED).encodings == ("gzip", "identity")


def test_each_encoding_has_a_tag_of_24_hexadecimal_digits() -> None:
    page = Page(b"x" * 500, CHANGED)
    assert page.tag("identity") == f'"{page.etag}"'
    assert page.tag("gzip") == f'"{page.etag}-gzip"'
    assert len(page.etag) == 24
    assert page.encoded("gzip")[4:8] == bytes(4)  # no time in it (RFC 1952 section 2.3.1): always the same bytes


def test_a_second_is_over_from_its_end_on(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(b"x", CHANGED, closes_at=10.0)
    for now, is_over in ((9.9, False), (10.0, True), (11.0, True)):
        monkeypatch.setattr(time, "monotonic", lambda now=now: now)
        assert page.second_closed is is_over
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    assert Page(b"x", CHANGED).second_closed is True


def test_a_page_that_no_cache_keeps_stands_on_nothing() -> None:
    page = Page(b"x", CHANGED)
    assert (page.basis, page.on_growth) == (None, None)
