"""A cursor goes on exactly where a page ended, in exactly the list it came from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.records.cursor import Cursor, CursorError
from service.records.statements import after_text, decisive, order_text
from service.resources.resource import Kind

ORDER = (("name", False), ("id", False))
KEYS = st.tuples(
    st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.integers(1, 2**53),
)


@given(KEYS, st.none() | st.text(max_size=20))
def test_it_says_the_keys_it_was_given(keys: Any, search: str | None) -> None:
    text = Cursor(keys).encode(ORDER, (("a", 1),), search)
    assert Cursor.decode(text, ORDER, (("a", 1),), search) == Cursor(keys)
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("order", "filters", "search"),
    [
        ((("name", True), ("id", False)), (), None),
        ((("name", False), ("id", True)), (), None),
        ((("record", False), ("id", False)), (), None),
        (ORDER, (("a", 1),), None),
        (ORDER, (), "x"),
        (ORDER, (), ""),
    ],
)
def test_it_is_bound_to_sort_filters_and_search(order: Any, filters: Any, search: Any) -> None:
    text = Cursor(("x", 1)).encode(ORDER, (), None)
    with pytest.raises(CursorError) as refused:
        Cursor.decode(text, order, filters, search)
    assert all(refused.value.reasons)


@given(st.text(max_size=80))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(CursorError):
        Cursor.decode(text, ORDER, (), None)


@pytest.mark.parametrize(
    "keys", [("x", "y"), ("x", None), (1.5, 2), ("x" * 2000, 1), ([], 1), ("x", True), (True, 1), ({}, 1), ("x", 2.0)]
)
def test_keys_of_another_kind_are_refused(keys: Any) -> None:
    text = Cursor(keys).encode(ORDER, (), None)
    with pytest.raises(CursorError):
        Cursor.decode(text, ORDER, (), None)


Row = tuple[int, int, int]
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 50)), unique_by=lambda row: row[2], max_size=12
)


@given(ROWS, st.tuples(st.booleans(), st.booleans(), st.booleans()), st.data())
def test_the_condition_keeps_exactly_the_rows_that_come_later(
    rows: list[Row], down: tuple[bool, bool, bool], data: Any
) -> None:
    """The SQL text, read as Python, against the sorted list."""
    if not rows:
        return
    order = tuple(zip(("a", "b", "id"), down, strict=True))

    def rank(row: Row) -> tuple[int, ...]:
        return tuple(-value if descends else value for value, descends in zip(row, down, strict=True))

    boundary = data.draw(st.sampled_from(rows))
    text = after_text(order)
    for at in range(3):
        text = text.replace(f"%(after_{at})s", str(boundary[at]))
    condition = compile(text.replace("AND", "and").replace("OR", "or").replace(" = ", " == "), "after", "eval")
    kept = {row for row in rows if eval(condition, {"a": row[0], "b": row[1], "id": row[2]})}
    assert kept == {row for row in rows if rank(row) > rank(boundary)}


def test_the_order_is_written_with_every_direction() -> None:
    assert order_text((("a", True), ("id", False))) == "a DESC, id ASC"


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        ((("record", False), ("id", False)), (("record", False),)),
        ((("weight", True), ("record", False), ("id", False)), (("weight", True), ("record", False))),
        ((("weight", True), ("id", True)), (("weight", True), ("id", True))),
    ],
)
def test_what_follows_a_column_without_ties_decides_nothing(order: Any, kept: Any) -> None:
    assert decisive(order, frozenset({"record"})) == kept


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Kind.NUMBER, [0, -5, 2**63 - 1], [2**63, -(2**63), 2**64, "5", "", "1 OR 1=1"]),
        (Kind.FLAG, [0, 1], ["1", "TRUE"]),
        (Kind.DAY, ["2024-02-29", "0999-12-31"], ["2023-02-29", "2024-2-9", "20240229", "2024-02-29 ", "x", "", 5]),
        (
            Kind.MOMENT,
            ["2024-02-29 10:00:00.000001", "0001-01-01 00:00:00.000000"],
            ["2024-02-29", "2024-02-29T10:00:00.000001", "2024-02-29 10:00:00", "2024-02-29 25:00:00.000000", 5],
        ),
        (Kind.TEXT, ["", "' OR 1=1 -- ", "\0", "5"], [5]),
    ],
)
def test_keys_fit_only_columns_of_their_kind(kind: Kind, good: list[Any], bad: list[Any]) -> None:
    for key, fits in [*((key, True) for key in good), *((key, False) for key in bad)]:
        assert Cursor((key, 1)).fits((kind, Kind.NUMBER)) == fits, key
