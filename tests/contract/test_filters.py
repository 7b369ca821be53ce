"""Filters and search: what a list leaves out, and that its total says so."""

import operator
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from specimens import RESOURCES
from test_lists import stored

from service.resources.resource import Kind

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
}
BY_KIND = {
    Kind.NUMBER: ("", "in", "ne", *OPERATORS),
    Kind.DAY: ("", "in", "ne", *OPERATORS),
    Kind.MOMENT: tuple(OPERATORS),
    Kind.TEXT: ("", "in", "ne"),
    Kind.FLAG: ("", "in", "ne"),
}
FILTERS = [
    (route, column, suffix)
    for route, one in RESOURCES.items()
    for column, kind in one.all_filters.items()
    for suffix in BY_KIND[kind]
]
NULLABLE = [(route, column) for route, one in RESOURCES.items() for column in sorted(one.nullable & set(one.filters))]


def written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


async def assert_only(farm: Any, route: str, query: Any, wanted: set[int]) -> None:
    answer = await farm.get(f"/{route}", [*query, ("limit", 1000)])
    assert set(answer.ids) == wanted
    assert answer.meta["pagination"]["total_items"] == len(wanted) == len(answer.ids)
    narrow = await farm.get(f"/{route}", [*query, ("limit", 1)])
    assert narrow.meta["pagination"]["total_items"] == len(wanted)
    assert narrow.headers["X-Total-Count"] == str(len(wanted))


@pytest.mark.parametrize(("route", "column", "suffix"), FILTERS)
async def test_a_filter_keeps_exactly_the_rows_it_names(library: Any, route: str, column: str, suffix: str) -> None:
    rows = stored(library, route)
    values = sorted({row[column] for row in rows if row[column] is not None})
    middle, name = values[len(values) // 2], f"{column}__{suffix}" if suffix else column
    if suffix in OPERATORS:
        wanted = {row["id"] for row in rows if row[column] is not None and OPERATORS[suffix](row[column], middle)}
        said = written(middle)
    else:
        chosen = {values[0]} if suffix == "ne" else {middle, values[0]} if suffix == "in" else {middle}
        said = ",".join(written(one) for one in sorted(chosen))
        wanted = {row["id"] for row in rows if (row[column] in chosen) != (suffix == "ne")}
    await assert_only(library, route, [(name, said)], wanted)


@pytest.mark.parametrize(
    ("route", "column"),
    [
        (route, column)
        for route, one in RESOURCES.items()
        for column, kind in one.filters.items()
        if kind is not Kind.FLAG
    ],
)
async def test_a_filter_takes_several_values_with_commas(library: Any, route: str, column: str) -> None:
    rows = stored(library, route)
    chosen = sorted({row[column] for row in rows if row[column] is not None})[:3:2]
    wanted = {row["id"] for row in rows if row[column] in chosen}
    await assert_only(library, route, [(column, ", ".join(map(written, chosen)))], wanted)
    await assert_only(library, route, [(column, ",".join(map(written, reversed(chosen))))], wanted)


@pytest.mark.parametrize("is_null", [True, False])
@pytest.mark.parametrize(("route", "column"), NULLABLE)
async def test_null_is_asked_for_by_a_suffix(library: Any, route: str, column: str, is_null: bool) -> None:
    wanted = {row["id"] for row in stored(library, route) if (row[column] is None) is is_null}
    assert wanted
    await assert_only(library, route, [(f"{column}__null", str(is_null).lower())], wanted)


async def test_filters_are_joined_by_and(library: Any) -> None:
    rows = stored(library, "animals")
    one = rows[7]
    wanted = {row["id"] for row in rows if (row["sex"], row["weight"]) == (one["sex"], one["weight"])}
    await assert_only(library, "animals", [("sex", one["sex"]), ("weight", one["weight"])], wanted)


async def test_a_day_of_creation_is_the_whole_day(library: Any, route: str) -> None:
    rows = stored(library, route)
    day = rows[0]["created_at"].date()
    wanted = {row["id"] for row in rows if row["created_at"].date() == day}
    await assert_only(library, route, [("created_at", day.isoformat())], wanted)


async def test_a_second_of_creation_is_the_whole_second(library: Any, route: str) -> None:
    rows = stored(library, route)
    second = rows[-1]["created_at"].replace(microsecond=0)
    wanted = {row["id"] for row in rows if row["created_at"].replace(microsecond=0) == second}
    await assert_only(library, route, [("created_at", second.isoformat() + "Z")], wanted)


async def test_two_conditions_on_one_column_that_exclude_each_other_are_never_dropped(library: Any) -> None:
    for query in (
        "status=Vivo&status__in=Muerto",
        "weight=1&weight__in=2",
        "created_at=2001-01-01&created_at__gte=2000-01-01",
    ):
        answer = await library.get("/animals", query)
        assert answer.status == 400 or answer.data == [], query


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("animals", "weight=heavy"),
        ("animals", "weight=1,"),
        ("animals", "weight__gte=1,2"),
        ("animals", "birth_date=01/02/2024"),
        ("animals", "birth_date=2024-02-30"),
        ("animals", "idFather__null=perhaps"),
        ("animals", "created_at__gte=yesterday"),
        ("animals", "breeds_id=99999999999999999999"),
        ("animals", "sex=" + "x" * 256),
        ("animals", "weight=" + ",".join(map(str, range(201)))),
        ("users", "status=maybe"),
        ("animal-diseases", "diagnosis_date__lt=2024"),
        ("species", "created_at=2024-13-01"),
        ("species", "created_at__lte=2024-01-01T25:00:00Z"),
        ("species", "search=" + "x" * 256),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_name(library: Any, route: str, query: str) -> None:
    answer = await library.get(f"/{route}", query)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")
    assert answer.details["parameter"] == query.partition("=")[0]
    assert query.partition("=")[0] in answer.json["message"]


@pytest.mark.parametrize(
    "edge",
    [
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
@pytest.mark.parametrize("name", ["created_at", "created_at__lte", "created_at__gte", "updated_at"])
async def test_the_edges_of_time_are_answered(library: Any, name: str, edge: str) -> None:
    assert (await library.get("/species", {name: edge})).status in (200, 400)


@pytest.mark.parametrize(
    ("route", "column"), [(r, c) for r, one in RESOURCES.items() for c, k in one.filters.items() if k is Kind.TEXT]
)
async def test_a_text_filter_that_matches_nothing_gives_an_empty_list(library: Any, route: str, column: str) -> None:
    await assert_only(library, route, [(column, "no' OR '1'='1")], set())


# Search.


async def test_search_finds_a_substring_of_any_text_column_whatever_its_case(library: Any, route: str) -> None:
    specimens = library.specimens[route]
    rows = stored(library, route)
    for name in specimens.text_fields:
        said = next(row[name] for row in rows if row[name])
        needle = said[1:].upper()
        wanted = {
            row["id"]
            for row in rows
            if any(needle.lower() in str(row[field]).lower() for field in specimens.text_fields if row[field])
            or any(
                needle.lower() in str(row[field]).lower()
                for field in ("email", "role", "sex", "status")
                if isinstance(row.get(field), str)
            )
        }
        assert wanted
        await assert_only(library, route, [("search", needle)], wanted)


@pytest.mark.parametrize(
    "mark", ["%", "_", "\\", "\\%", "%%", "'", '"', "\\'", "''", "%s", "%(id)s", "-- ", "/*", ";", "\n", "\t"]
)
async def test_search_takes_every_character_literally(farm: Any, route: str, mark: str) -> None:
    specimens = farm.specimens[route]
    name = specimens.text_field
    with_mark = await farm.create(route, **{name: f"a{mark}b {next(specimens.numbers)}"})
    without = await farm.create(route, **{name: f"axb {next(specimens.numbers)}"})
    found = await farm.get(f"/{route}", {"search": f"a{mark}b", "limit": 1000})
    assert with_mark["id"] in found.ids
    assert without["id"] not in found.ids
    for row in (with_mark, without):
        assert (await farm("DELETE", f"/{route}/{row['id']}")).status == 200


async def test_a_number_also_finds_numbers(library: Any) -> None:
    rows = stored(library, "animals")
    number = rows[20]["id"]
    found = set((await library.get("/animals", {"search": number, "limit": 1000})).ids)
    fields = ("id", "weight", "breeds_id", "idFather", "idMother")
    assert {row["id"] for row in rows if any(row[field] == number for field in fields)} <= found


@pytest.mark.parametrize("cut", [4, 7, 10])
@pytest.mark.parametrize(("route", "column"), [("animals", "birth_date"), ("animal-diseases", "diagnosis_date")])
async def test_the_beginning_of_a_date_finds_dates(library: Any, route: str, column: str, cut: int) -> None:
    rows = stored(library, route)
    day = rows[3][column].isoformat()[:cut]
    found = set((await library.get(f"/{route}", {"search": day, "limit": 1000})).ids)
    wanted = {row["id"] for row in rows if row[column].isoformat().startswith(day)}
    assert wanted
    assert wanted <= found


async def test_search_never_looks_at_passwords(library: Any) -> None:
    assert (await library.get("/users", {"search": "argon2"})).data == []
    assert (await library.get("/users", {"search": library.hashed[-12:]})).data == []


async def test_search_is_narrowed_by_filters_and_paged(library: Any) -> None:
    query = {"search": "record", "sex": "Hembra", "limit": 7}
    rows = await library.asking.pages("/animals", query, by="cursor")
    assert sorted(row["id"] for row in rows) == [
        row["id"] for row in stored(library, "animals") if row["sex"] == "Hembra"
    ]
