"""Conditional headers as pure functions: whatever is sent, an answer and never an exception."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.conditional import Conditions, Outcome, Validators, accepted_encoding, http_date, stated, tags_of

CHANGED = datetime(2024, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC)
NOW = Validators('"a"', ('"a"', '"a-gzip"'), CHANGED, True)
SECOND = timedelta(seconds=1)


def date_of(offset: int) -> str:
    return http_date(CHANGED + offset * SECOND)


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"a"', [(False, "a")]),
        ('W/"a"', [(True, "a")]),
        ('"a", W/"b" , "c"', [(False, "a"), (True, "b"), (False, "c")]),
        ('"a,b"', [(False, "a,b")]),
        ('""', [(False, "")]),
        ("a", [(False, "a")]),
        ("a, b", [(False, "a"), (False, "b")]),
        ("", []),
        (",,", []),
    ],
)
def test_tags_are_read_as_they_are_written(header: str, tags: list[tuple[bool, str]]) -> None:
    assert tags_of(header) == tags


@pytest.mark.parametrize(
    ("conditions", "reads", "writes"),
    [
        (Conditions(), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_match='"a"'), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_match='"a-gzip"'), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_match="*"), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_match='W/"a"'), Outcome.FAILED, Outcome.FAILED),
        (Conditions(if_match='"b"'), Outcome.FAILED, Outcome.FAILED),
        (Conditions(if_match=""), Outcome.FAILED, Outcome.FAILED),
        (Conditions(if_unmodified_since=date_of(0)), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_unmodified_since=date_of(-1)), Outcome.FAILED, Outcome.FAILED),
        (Conditions(if_unmodified_since="x"), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_match='"a"', if_unmodified_since=date_of(-1)), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_match='"b"', if_unmodified_since=date_of(9)), Outcome.FAILED, Outcome.FAILED),
        (Conditions(if_none_match='"a"'), Outcome.NOT_MODIFIED, Outcome.FAILED),
        (Conditions(if_none_match='W/"a"'), Outcome.NOT_MODIFIED, Outcome.FAILED),
        (Conditions(if_none_match="*"), Outcome.NOT_MODIFIED, Outcome.FAILED),
        (Conditions(if_none_match='"b"'), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_none_match='"a-gzip"'), Outcome.PROCEED, Outcome.FAILED),
        (Conditions(if_modified_since=date_of(0)), Outcome.NOT_MODIFIED, Outcome.PROCEED),
        (Conditions(if_modified_since=date_of(-1)), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_modified_since=date_of(9)), Outcome.NOT_MODIFIED, Outcome.PROCEED),
        (Conditions(if_none_match='"b"', if_modified_since=date_of(9)), Outcome.PROCEED, Outcome.PROCEED),
        (Conditions(if_none_match='"a"', if_modified_since=date_of(-9)), Outcome.NOT_MODIFIED, Outcome.FAILED),
        (Conditions(if_match='"b"', if_none_match='"a"'), Outcome.FAILED, Outcome.FAILED),
        (Conditions(if_match='"a"', if_none_match='"a"'), Outcome.NOT_MODIFIED, Outcome.FAILED),
    ],
)
def test_conditions_are_taken_in_the_order_of_the_rfc(conditions: Conditions, reads: Outcome, writes: Outcome) -> None:
    assert conditions.evaluate(NOW, reads=True) is reads
    assert conditions.evaluate(NOW, reads=False) is writes


@pytest.mark.parametrize(
    ("conditions", "outcome"),
    [
        (Conditions(if_match="*"), Outcome.FAILED),
        (Conditions(if_match='"a"'), Outcome.FAILED),
        (Conditions(if_none_match="*"), Outcome.PROCEED),
        (Conditions(if_none_match='"a"'), Outcome.PROCEED),
    ],
)
def test_where_there_is_nothing_no_tag_matches(conditions: Conditions, outcome: Outcome) -> None:
    assert conditions.evaluate(None, reads=False) is outcome


def test_while_the_second_is_not_over_no_date_hides_the_page() -> None:
    still_open = Validators('"a"', ('"a"',), CHANGED, False)
    for offset in (-1, 0, 1, 99):
        condition = Conditions(if_modified_since=date_of(offset))
        assert condition.evaluate(still_open, reads=True) is Outcome.PROCEED
    assert stated(CHANGED, False) < CHANGED.replace(microsecond=0) == stated(CHANGED, True)


def test_a_date_said_before_the_second_was_over_never_hides_what_came_after() -> None:
    said = http_date(stated(CHANGED, False))
    later = Validators('"b"', ('"b"',), CHANGED + timedelta(microseconds=1), True)
    assert Conditions(if_modified_since=said).evaluate(later, reads=True) is Outcome.PROCEED


HEADER = (
    st.none()
    | st.text(max_size=60)
    | st.sampled_from(['"a"', "*", date_of(0), "Sun, 06 Nov 99999999999999 08:49:37 GMT", "1 Jan 99999 1:1:1 +999999"])
)


@given(HEADER, HEADER, HEADER, HEADER, st.booleans())
def test_any_headers_have_an_outcome(match: str, unmodified: str, none_match: str, modified: str, reads: bool) -> None:
    assert Conditions(match, unmodified, none_match, modified).evaluate(NOW, reads=reads) in Outcome


@given(st.none() | st.text(max_size=80))
def test_any_accept_encoding_chooses_one_that_is_offered(header: str | None) -> None:
    assert accepted_encoding(header, ("gzip", "identity")) in ("gzip", "identity")
    assert accepted_encoding(header, ("identity",)) == "identity"


def test_a_date_is_written_as_an_imf_fixdate() -> None:
    assert http_date(CHANGED) == "Mon, 06 May 2024 07:08:09 GMT"


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_a_date_is_written_as_the_standard_library_writes_it(moment: datetime) -> None:
    assert http_date(moment) == format_datetime(moment.replace(microsecond=0), usegmt=True)
