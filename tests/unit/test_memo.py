"""The memo of heads holds no page that the cache has dropped."""

import gc
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from service.cache.key import Ground, Key
from service.cache.lru import PageCache
from service.cache.page import Page
from service.http.memo import MOST_HEADS, Memo, _Entry
from service.http.tally import Cell, Tally

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class FixedScope:
    """Tables that never change."""

    width: int = 4

    def token(self) -> bytes:
        return b"tok1"

    async def settle(self) -> bytes:
        return b"tok1"

    def known(self) -> int:
        return 0


class OurPage(Page):
    """A page of this module's, to be counted."""

    __slots__ = ()


@pytest.fixture
def cache() -> PageCache:
    """A cache of a megabyte."""
    return PageCache(1000, MEBIBYTE)


@pytest.fixture
def memo(cache: PageCache) -> Memo:
    """A memo whose heads the cache counts."""
    return Memo(cache.charge, Tally())


async def answer(cache: PageCache, number: int, token: bytes = b"tok1") -> Page:
    async def fill() -> Page:
        return OurPage(bytes(20_000) + str(number).encode(), datetime(2024, 1, 1, tzinfo=UTC))

    return await cache.table("species").fill(Key(None, None, number), Ground(FixedScope(), token, None), fill)


def remember(memo: Memo, page: Page, head: bytes) -> None:
    assert page.basis is not None
    memo._keep(head, _Entry.of(page.basis, None, b"HTTP/1.1 200 OK\r\n", page.body, Cell()))


async def test_a_head_is_answered_while_its_page_is_kept(cache: PageCache, memo: Memo) -> None:
    page = await answer(cache, 1)
    remember(memo, page, b"GET /1")
    found = memo.find(b"GET /1")
    assert found is not None
    assert found.endswith(page.body)
    assert memo.find(b"GET /2") is None


@pytest.mark.parametrize("way", ["clear", "evict"])
async def test_a_head_is_forgotten_with_its_page(cache: PageCache, memo: Memo, way: str) -> None:
    page = await answer(cache, 1)
    for head in (b"GET /1", b"GET /1?", b"GET /1?_ts=1"):
        remember(memo, page, head)
    getattr(cache.table("species"), way)()
    assert (len(memo), memo.weight, cache.weight) == (0, 0, 0)


async def test_the_bytes_really_held_stay_within_the_limit(cache: PageCache, memo: Memo) -> None:
    for number in range(500):
        remember(memo, await answer(cache, number), b"GET /%d" % number)
        assert cache.weight <= MEBIBYTE
    gc.collect()
    held = sum(len(one.body) for one in gc.get_objects() if type(one) is OurPage)
    assert held <= MEBIBYTE
    assert 0 < len(memo) < 60


async def test_a_page_asked_for_by_ever_new_heads_keeps_no_trace_of_the_old(cache: PageCache, memo: Memo) -> None:
    page = await answer(cache, 1)
    for number in range(MOST_HEADS + 500):
        if page.basis is None:  # the heads themselves filled the cache
            page = await answer(cache, 1)
        remember(memo, page, b"GET /1?_ts=%d" % number)
    assert page.basis is not None
    assert len(page.basis.dependants) == len(memo) <= MOST_HEADS
