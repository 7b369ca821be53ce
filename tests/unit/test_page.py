"""A page: its bytes, their names and their weight."""

import gzip
import sys
from datetime import UTC, datetime

from service.cache.page import COMPRESS_FROM, Page

CHANGED = datetime(2024, 1, 1, tzinfo=UTC)


def test_the_tag_is_of_the_bytes_and_of_nothing_else() -> None:
    one, same, other = (
        Page(body, when) for body, when in ((b"a", CHANGED), (b"a", datetime(2025, 1, 1, tzinfo=UTC)), (b"b", CHANGED))
    )
    assert one.tag("identity") == same.tag("identity") != other.tag("identity")
    assert one.tag("identity").startswith('"')
    assert one.tag("identity").endswith('"')


def test_each_encoding_has_its_own_tag() -> None:
    page = Page(b"x" * 1000, CHANGED)
    assert page.tag("gzip") != page.tag("identity")


def test_the_packed_bytes_are_made_once_and_always_the_same() -> None:
    body = bytes(range(256)) * 10
    page, same = Page(body, CHANGED), Page(body, CHANGED)
    packed = page.encoded("gzip")
    assert page.encoded("gzip") is packed
    assert same.encoded("gzip") == packed
    assert gzip.decompress(packed) == body
    assert page.encoded("identity") is body


def test_a_short_body_is_not_offered_packed() -> None:
    assert Page(b"x" * (COMPRESS_FROM - 1), CHANGED).encodings == ("identity",)
    assert Page(b"x" * COMPRESS_FROM, CHANGED).encodings == ("gzip", "identity")


def test_the_weight_is_at_least_what_it_holds() -> None:
    page = Page(b"x" * 10_000, CHANGED, headers=(("Link", "y" * 500),))
    assert page.weight >= 10_500
    before = page.weight
    packed = page.encoded("gzip")
    assert page.weight >= before + sys.getsizeof(packed)


def test_its_keeper_is_told_of_every_byte_it_grows_by() -> None:
    page = Page(b"x" * 10_000, CHANGED)
    told: list[int] = []
    page.on_growth = told.append
    packed = page.encoded("gzip")
    page.encoded("gzip")
    page.encoded("identity")
    assert told == [sys.getsizeof(packed)]
