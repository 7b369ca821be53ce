"""Accept-Encoding as RFC 9110 section 12.5.3 means it, and which headers make a request conditional."""

from datetime import timedelta

import pytest
from test_conditional_headers import CHANGED, date_of

from service.http.conditional import Conditions, accepted_encoding, not_modified_since, stated


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip; q=0.001", "gzip"),
        ("gzip;q=0.0005", "identity"),
        ("gzip;q=0.5, identity;q=0.6", "identity"),
        ("gzip;q=0.6, identity;q=0.5", "gzip"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("identity", "identity"),
        ("identity;q=0", "identity"),
        ("br, zstd", "identity"),
        ("*", "gzip"),
        ("*;q=0", "identity"),
        ("gzip;q=0.2, *;q=0.5", "identity"),
        ("identity;q=0.2, *;q=0.5", "gzip"),
        ("gzip, *;q=0", "gzip"),
        ("gzip;q=nonsense", "identity"),
        ("gzip;q=nonsense, *;q=0.5", "identity"),
        ("gzip, identity;q=1.0", "gzip"),
        ("gzip;q=1.5, identity", "gzip"),
    ],
)
def test_the_best_that_is_taken_is_chosen(header: str | None, chosen: str) -> None:
    assert accepted_encoding(header, ("gzip", "identity")) == chosen


def test_identity_is_given_where_nothing_offered_is_taken() -> None:
    assert accepted_encoding("identity", ("gzip",)) == "identity"
    assert accepted_encoding("gzip;q=0", ("gzip",)) == "identity"
    assert accepted_encoding("gzip", ("gzip",)) == "gzip"


def test_the_four_headers_are_taken_up() -> None:
    said = {"If-Match": "1", "If-Unmodified-Since": "2", "If-None-Match": "3", "If-Modified-Since": "4", "Else": "5"}
    assert Conditions.of(said) == Conditions("1", "2", "3", "4")
    assert Conditions.of({}) == Conditions(None, None, None, None)


@pytest.mark.parametrize(
    ("conditions", "guards"),
    [
        (Conditions(), False),
        (Conditions(if_modified_since="x"), False),
        (Conditions(if_match="x"), True),
        (Conditions(if_unmodified_since="x"), True),
        (Conditions(if_none_match="x"), True),
    ],
)
def test_which_headers_guard_a_write(conditions: Conditions, guards: bool) -> None:
    assert conditions.guard_writes is guards


def test_a_date_without_a_zone_is_in_utc_and_one_with_a_zone_is_not_shifted() -> None:
    for date in ("Mon, 06 May 2024 07:08:09 -0000", date_of(0), "Mon, 06 May 2024 09:08:09 +0200"):
        assert not_modified_since(date, CHANGED, True) is True
    assert not_modified_since("Mon, 06 May 2024 07:08:09 +0200", CHANGED, True) is False
    assert not_modified_since("no date", CHANGED, True) is False


def test_while_the_second_is_not_over_the_one_before_is_named() -> None:
    whole = CHANGED.replace(microsecond=0)
    assert stated(CHANGED, True) == whole
    assert stated(CHANGED, False) == whole - timedelta(seconds=1)
