"""What a query string asks for: two spellings of one question are one value."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.params import parse_list, parse_since
from service.http.problems import Problem
from service.http.values import moment
from service.records.queries import ListQuery, SinceQuery, search_values
from service.resources.animals import RESOURCE as ANIMALS
from service.resources.users import RESOURCE as USERS


def ask(*given: tuple[str, str], **rest: Any) -> ListQuery:
    return parse_list(ANIMALS, given, whole_view=True, lenient=False, **rest)


def since(text: str) -> SinceQuery:
    return parse_since(ANIMALS, [("since", text)], lenient=False)


def refused(*given: tuple[str, str]) -> Problem:
    with pytest.raises(Problem) as problem:
        ask(*given)
    return problem.value


def test_nothing_asked_is_the_first_page_newest_change_first() -> None:
    assert ask() == ListQuery(1, 50, (("updated_at", True), ("id", True)))


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ([("sort_by", "weight")], (("weight", False), ("id", False))),
        ([("sort_by", "-weight")], (("weight", True), ("id", True))),
        ([("sort_by", "weight"), ("sort_order", "desc")], (("weight", True), ("id", True))),
        ([("sort_order", "asc")], (("updated_at", False), ("id", False))),
        ([("sort_by", "weight,-record")], (("weight", False), ("record", True), ("id", True))),
        ([("sort_by", "weight,-id,record")], (("weight", False), ("id", True))),
        ([("sort_by", "id")], (("id", False),)),
        ([("ordering", "-created_at"), ("sort_by", "id")], (("created_at", True), ("id", True))),
        ([("sort_by", "weight,weight")], (("weight", False), ("id", False))),
        ([("sort_by", " weight , ")], (("weight", False), ("id", False))),
    ],
)
def test_the_order_ends_in_the_id(given: list[tuple[str, str]], order: Any) -> None:
    assert ask(*given).order == order


def test_filters_are_read_by_their_kind_and_sorted() -> None:
    query = ask(("weight__gte", "5"), ("sex", "Macho,Hembra"), ("birth_date", "2024-02-29"), ("idFather__null", "no"))
    assert query.filters == (
        ("birth_date", (date(2024, 2, 29),)),
        ("idFather__null", False),
        ("sex", ("Hembra", "Macho")),
        ("weight__gte", 5),
    )


def test_a_value_given_twice_counts_once() -> None:
    assert ask(("weight", "5,5,05")).filters == (("weight", (5,)),)


@pytest.mark.parametrize(
    "name", ["weight__null", "sex__gte", "sex__like", "id", "password", "weight__gte__lte", "__ne"]
)
def test_a_comparison_that_a_column_has_not_is_unknown(name: str) -> None:
    problem = refused((name, "1"))
    assert problem.code == "UNKNOWN_PARAMETER"
    assert problem.details["parameter"] == name
    assert problem.details["nearest"]


def test_more_than_three_columns_are_refused() -> None:
    assert refused(("sort_by", "weight,record,birth_date,created_at")).code == "INVALID_PARAMETER"


def test_who_does_not_see_whole_rows_sorts_by_id_and_by_what_is_seen() -> None:
    def order(*given: tuple[str, str]) -> Any:
        return parse_list(USERS, given, whole_view=False, lenient=False).order

    assert order() == (("id", True),)
    assert order(("sort_by", "email")) == (("id", True),)
    assert order(("sort_by", "fullname")) == (("fullname", False), ("id", False))


@pytest.mark.parametrize(
    ("text", "instant", "span"),
    [
        ("2024-01-02", datetime(2024, 1, 2), timedelta(days=1)),
        ("2024-01-02T03:04", datetime(2024, 1, 2, 3, 4), timedelta(seconds=1)),
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5), timedelta(seconds=1)),
        ("2024-01-02T03:04:05.5Z", datetime(2024, 1, 2, 3, 4, 5, 500_000), timedelta(milliseconds=100)),
        ("2024-01-02T03:04:05.678Z", datetime(2024, 1, 2, 3, 4, 5, 678_000), timedelta(milliseconds=1)),
        ("2024-01-02T03:04:05.678901Z", datetime(2024, 1, 2, 3, 4, 5, 678_901), timedelta(microseconds=1)),
        ("2024-01-02T03:04:05.678901999Z", datetime(2024, 1, 2, 3, 4, 5, 678_901), timedelta(microseconds=1)),
        ("2024-01-02T03:04:05+01:00", datetime(2024, 1, 2, 2, 4, 5), timedelta(seconds=1)),
        ("2024-01-02T03:04:05 01:00", datetime(2024, 1, 2, 2, 4, 5), timedelta(seconds=1)),
        ("2024-01-02T03:04:05-0130", datetime(2024, 1, 2, 4, 34, 5), timedelta(seconds=1)),
    ],
)
def test_a_moment_is_read_with_the_span_it_may_mean(text: str, instant: datetime, span: timedelta) -> None:
    assert moment("since", text) == (instant, span)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_a_full_time_makes_the_round_trip(instant: datetime) -> None:
    text = instant.isoformat(timespec="microseconds") + "Z"
    assert moment("since", text) == (instant, timedelta(microseconds=1))
    assert since(text).since == instant


@given(st.text(max_size=40))
def test_any_other_text_is_a_moment_or_a_problem(text: str) -> None:
    try:
        instant, span = moment("since", text)
    except Problem:
        return
    assert isinstance(instant, datetime)
    assert span > timedelta(0)


def test_a_time_that_was_cut_begins_just_before_it() -> None:
    just_before = timedelta(microseconds=1)
    assert since("2024-01-02T03:04:05.678Z").since == datetime(2024, 1, 2, 3, 4, 5, 678_000) - just_before
    assert since("2024-01-02").since == datetime(2024, 1, 2) - just_before
    assert since("2024-01-02T03:04:05.678000Z").since == datetime(2024, 1, 2, 3, 4, 5, 678_000)


def test_the_written_form_of_a_question_asks_the_same() -> None:
    query = ask(
        ("page", "3"), ("limit", "7"), ("sort_by", "-weight,record"), ("sex", "Macho,Hembra"), ("idFather__null", "1"),
        ("created_at__gte", "2024-01-01"), ("search", "a&b=c d%"), ("fields", "record"), ("include_relations", "1"),
    )  # fmt: skip
    assert ask(("page", "3"), *parse_qsl(query.rest())) == query


@pytest.mark.parametrize(
    ("search", "values"),
    [
        ("50%", {"search": "%50\\%%", "search_number": None, "search_day": None}),
        ("a_b\\", {"search": "%a\\_b\\\\%", "search_number": None, "search_day": None}),
        ("2025", {"search": "%2025%", "search_number": 2025, "search_day": "2025%"}),
        ("2025-03", {"search": "%2025-03%", "search_number": None, "search_day": "2025-03%"}),
        ("-7", {"search": "%-7%", "search_number": -7, "search_day": None}),
        ("٣", {"search": "%٣%", "search_number": None, "search_day": None}),
    ],
)
def test_a_search_becomes_a_pattern_a_number_and_a_date(search: str, values: Any) -> None:
    assert search_values(search) == values
