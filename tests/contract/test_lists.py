"""Lists: every page, in every order, says exactly which rows there are."""

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from specimens import RESOURCES, ROUTES

from service.parts import PARTS
from service.resources.resource import Resource

SORTS = [(route, column) for route, one in RESOURCES.items() for column in one.all_sorts]


def stored(farm: Any, route: str) -> list[dict[str, Any]]:
    """The rows of the table, read by hand, in order of id."""
    rows: list[dict[str, Any]] = farm.sql(f"SELECT * FROM `{RESOURCES[route].table}` ORDER BY id")
    return rows


def arranged(rows: list[dict[str, Any]], *keys: tuple[str, bool]) -> list[int]:
    """Their ids, sorted by `keys` (column, whether it descends), the last key first to be applied."""
    for column, descends in reversed(keys):
        rows = sorted(rows, key=lambda row: _comparable(row[column]), reverse=descends)
    return [row["id"] for row in rows]


def _comparable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


async def test_a_page_has_fifty_rows_newest_change_first(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}")
    assert answer.ids == arranged(stored(library, route), ("updated_at", True), ("id", True))[:50]
    assert answer.json["success"] is True
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_the_pagination_says_where_the_page_stands(library: Any, route: str) -> None:
    total = len(stored(library, route))
    answer = await library.get(f"/{route}", {"page": 2, "limit": 25})
    pagination = answer.meta["pagination"]
    assert pagination.pop("next_cursor")
    assert pagination == {
        "page": 2,
        "limit": 25,
        "total_items": total,
        "total_pages": -(-total // 25),
        "has_next_page": True,
        "has_previous_page": True,
    }
    assert answer.headers["X-Total-Count"] == str(total)


async def test_a_page_after_the_last_is_empty(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}", {"page": 1_000_000_000, "limit": 1000})
    assert answer.data == []
    assert answer.meta["pagination"]["has_next_page"] is False
    assert answer.meta["pagination"]["next_cursor"] is None


async def test_a_limit_over_a_thousand_is_a_thousand_and_said_so(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}", "limit=10000")
    assert answer.meta["limit_capped"] is True
    assert answer.meta["pagination"]["limit"] == 1000
    assert len(answer.ids) == len(stored(library, route))
    assert "limit_capped" not in (await library.get(f"/{route}", "limit=1000")).meta


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=1.5", "page=0", "page=1e3"])
async def test_a_limit_or_page_that_is_no_count_is_refused_by_name(library: Any, query: str) -> None:
    answer = await library.get("/species", query)
    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")
    assert answer.details["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("by", ["page", "cursor"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize(("route", "column"), SORTS)
async def test_walking_all_pages_gives_every_row_once_in_order(
    library: Any, route: str, column: str, direction: str, by: str
) -> None:
    rows = await library.asking.pages(f"/{route}", {"sort_by": column, "sort_order": direction, "limit": 17}, by=by)
    down = direction == "desc"
    assert [row["id"] for row in rows] == arranged(stored(library, route), (column, down), ("id", down))


@pytest.mark.parametrize("by", ["page", "cursor"])
async def test_several_sort_keys_each_have_a_direction(library: Any, resource: Resource, route: str, by: str) -> None:
    first = (*resource.sorts, "created_at")[0]
    query = {"sort_by": f"-created_at,{first},-id", "limit": 9}
    keys = [("created_at", True), (first, False), ("id", True)]
    rows = await library.asking.pages(f"/{route}", query, by=by)
    assert [row["id"] for row in rows] == arranged(stored(library, route), *dict(keys).items())


@pytest.mark.parametrize("spelled", ["ordering=-created_at,-id", "sort_by=-created_at", "sort=created_at&order=desc"])
async def test_a_descending_order_has_three_spellings(library: Any, route: str, spelled: str) -> None:
    assert (await library.get(f"/{route}", spelled)).ids == arranged(
        stored(library, route), ("created_at", True), ("id", True)
    )[:50]


async def test_a_cursor_of_another_order_is_refused(library: Any, route: str) -> None:
    cursor = (await library.get(f"/{route}", "limit=5")).meta["pagination"]["next_cursor"]
    for other in ("sort_by=id", "sort_order=asc", "search=0", "created_at__gte=2020-01-01"):
        answer = await library.get(f"/{route}", f"limit=5&cursor={cursor}&{other}")
        assert (answer.status, answer.code, answer.details["parameter"]) == (400, "INVALID_PARAMETER", "cursor")


@pytest.mark.parametrize("forged", ["x", "W10", "%00", "bnVsbA", "eyJhIjoxfQ", "é", "A" * 5000, "WyIiXQ", "..", "a=b"])
async def test_a_forged_cursor_is_refused(library: Any, route: str, forged: str) -> None:
    answer = await library.get(f"/{route}", {"cursor": forged})
    if forged == "%00":
        answer = await library.get(f"/{route}", f"cursor={forged}")
    assert (answer.status, answer.code, answer.details["parameter"]) == (400, "INVALID_PARAMETER", "cursor")


async def test_a_cursor_goes_on_where_its_last_row_was_deleted(farm: Any, route: str) -> None:
    made = [(await farm.create(route))["id"] for _ in range(4)]
    first = await farm.get(f"/{route}", "limit=2")
    assert first.ids == [made[3], made[2]]
    assert (await farm("DELETE", f"/{route}/{made[2]}")).status == 200
    second = await farm.get(f"/{route}", {"limit": 2, "cursor": first.meta["pagination"]["next_cursor"]})
    assert second.ids == [made[1], made[0]]


async def test_a_cursor_page_counts_nothing_it_would_have_to_read(library: Any, route: str) -> None:
    query = {"limit": 3, "created_at__gte": "2000-01-01"}
    first = await library.get(f"/{route}", query)
    second = await library.get(f"/{route}", {**query, "cursor": first.meta["pagination"]["next_cursor"]})
    assert second.meta["pagination"]["total_items"] is None
    assert second.meta["pagination"]["page"] is None
    assert second.meta["pagination"]["has_previous_page"] is True


def links(answer: Any) -> dict[str, str]:
    """RFC 8288: rel → target."""
    return {rel: target for target, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["Link"])}


async def test_the_links_lead_through_all_pages_with_all_that_was_asked(library: Any, route: str) -> None:
    query = "limit=25&sort_by=-id&fields=id,created_at&include_relations=true&created_at__gte=2000-01-01"
    answer = await library.get(f"/{route}", query)
    first, ids, shapes = answer, [], set()
    while True:
        ids += answer.ids
        shapes |= {tuple(sorted(row)) for row in answer.data}
        target = links(answer).get("next")
        if target is None:
            break
        answer = await library.get(f"//{target.lstrip('/')}")
    assert ids == arranged(stored(library, route), ("id", True))
    assert len(shapes) == 1
    assert (await library.get(f"//{links(answer)['first'].lstrip('/')}")).body == first.body
    assert links(answer)["last"] == links(first)["last"]
    asked = dict(parse_qsl(urlsplit(links(first)["next"]).query))
    assert asked["include_relations"] == "true"


async def test_the_links_of_cursor_pages_lead_on_by_cursor(library: Any, route: str) -> None:
    cursor = (await library.get(f"/{route}", "limit=25")).meta["pagination"]["next_cursor"]
    answer = await library.get(f"/{route}", {"limit": 25, "cursor": cursor})
    following = await library.get(f"//{links(answer)['next'].lstrip('/')}")
    everything = arranged(stored(library, route), ("updated_at", True), ("id", True))
    assert answer.ids + following.ids == everything[25:75]


async def test_the_page_as_of_is_where_a_delta_goes_on(library: Any, route: str) -> None:
    as_of = (await library.get(f"/{route}")).meta["as_of"]
    since = await library.get(f"/{route}", {"since": as_of})
    assert (since.data, since.meta["deleted"], since.meta["next_since"]) == ([], [], as_of)


SPELLINGS = [
    ("limit", "7", ("page_size", "per_page")),
    ("search", "00001", ("q",)),
    ("sort_by", "created_at", ("sort", "ordering")),
    ("sort_order", "asc", ("order", "sort_dir", "dir")),
]


@pytest.mark.parametrize(("name", "value", "spellings"), SPELLINGS)
async def test_each_spelling_of_a_parameter_asks_the_same(
    library: Any, route: str, name: str, value: str, spellings: tuple[str, ...]
) -> None:
    canonical = await library.get(f"/{route}", {name: value})
    assert canonical.body != (await library.get(f"/{route}")).body
    for spelling in spellings:
        assert (await library.get(f"/{route}", {spelling: value})).body == canonical.body


@pytest.mark.parametrize(
    "spelled",
    [
        "limit=7&cache_bust=1",
        "limit=7&_ts=1732500000000",
        "page_size=7",
        "per_page=7&search_type=x",
        "limit=7&prefer_cache=true&offline_fallback=1",
        "limit=%37",
        "&limit=7&&",
        "limit=7&page=1",
        "page=&limit=7",
        "limit=007",
        "limit=7&sort_by=updated_at&sort_order=desc",
        "limit=7&search=&q=",
        "limit=7&created_at=",
        "limit=7&include_relations=false",
        "limit=7&limit=7",
    ],
)
async def test_an_odd_spelling_makes_no_cache_entry_of_its_own(library: Any, route: str, spelled: str) -> None:
    plain = await library.get(f"/{route}", "limit=7")
    cache = library.asking.app[PARTS].cache.table(RESOURCES[route].table)
    entries, hits = len(cache.entries), cache.stats.hits
    assert (await library.get(f"/{route}", spelled)).body == plain.body
    assert (len(cache.entries), cache.stats.hits) == (entries, hits + 1)


ALIASES = [(route, alias, column) for route, one in RESOURCES.items() for alias, column in one.aliases.items()]


@pytest.mark.parametrize(("route", "alias", "column"), ALIASES)
async def test_each_alias_of_a_column_filters_alike(library: Any, route: str, alias: str, column: str) -> None:
    value = next(row[column] for row in stored(library, route) if row[column] is not None)
    proper = await library.get(f"/{route}", {column: value})
    assert proper.ids
    assert (await library.get(f"/{route}", {alias: value})).body == proper.body
    assert (await library.get(f"/{route}", {f"{alias}__in": value})).body == proper.body


UNSEEN = [(route, name) for route, one in RESOURCES.items() for name in one.unseen]


@pytest.mark.parametrize(("route", "name"), UNSEEN)
async def test_a_parameter_for_other_tables_is_accepted_without_effect(library: Any, route: str, name: str) -> None:
    assert (await library.get(f"/{route}", {name: "3"})).body == (await library.get(f"/{route}")).body


@pytest.mark.parametrize(
    ("spelled", "nearest"),
    [
        ("limt", "limit"),
        ("serch", "search"),
        ("created_at__gt_", "created_at__gt"),
        ("curser", "cursor"),
        ("sortby", "sort_by"),
    ],
)
async def test_an_unknown_parameter_is_refused_with_the_nearest_known(
    library: Any, route: str, spelled: str, nearest: str
) -> None:
    answer = await library.get(f"/{route}", {spelled: "1"})
    assert (answer.status, answer.code) == (400, "UNKNOWN_PARAMETER")
    assert answer.details == {"parameter": spelled, "nearest": nearest}
    assert spelled in answer.json["message"]
    assert nearest in answer.json["message"]


@pytest.mark.parametrize("prefer", ["handling=lenient", "respond-async, Handling = lenient", "handling=lenient; x=1"])
async def test_a_lenient_client_has_its_unknown_parameters_ignored_and_named(
    library: Any, route: str, prefer: str
) -> None:
    answer = await library.get(f"/{route}", "limt=3&limit=3", headers={"Prefer": prefer})
    assert len(answer.data) == 3
    assert answer.meta["ignored"] == ["limt"]


@pytest.mark.parametrize(
    "column", ["createdAt", "gender", "is_adult", "password", "id; DROP TABLE user", "species.name"]
)
async def test_a_sort_that_cannot_be_falls_back_and_is_named(library: Any, route: str, column: str) -> None:
    answer = await library.get(f"/{route}", {"sort_by": column, "sort_order": "desc"})
    assert answer.ids == (await library.get(f"/{route}")).ids
    assert answer.meta["ignored"] == [column]


async def test_a_parameter_given_twice_with_two_values_is_refused(library: Any, route: str) -> None:
    for query in ("limit=3&limit=4", "limit=3&per_page=4", "search=a&q=b"):
        assert (await library.get(f"/{route}", query)).code == "INVALID_PARAMETER"


async def test_only_the_fields_asked_for_are_given_and_always_the_id(library: Any, route: str) -> None:
    whole = {row["id"]: row for row in (await library.get(f"/{route}", "limit=1000")).data}
    answer = await library.get(f"/{route}", "limit=1000&fields=created_at,no_such_field")
    assert answer.data == [{"id": row["id"], "created_at": whole[row["id"]]["created_at"]} for row in answer.data]
    assert len(answer.data) == len(whole)


async def test_rows_are_written_as_the_front_end_reads_them(library: Any, resource: Resource, route: str) -> None:
    rows = {row["id"]: row for row in (await library.get(f"/{route}", "limit=1000")).data}
    for there in stored(library, route):
        row = rows[there["id"]]
        for name, value in there.items():
            if name == "password":
                assert name not in row
            elif isinstance(value, datetime):
                assert row[name] == value.isoformat(timespec="microseconds") + "Z"
            elif isinstance(value, date):
                assert row[name] == value.isoformat()
            elif name == "status" and isinstance(value, int):
                assert row[name] is bool(value)
            else:
                assert row[name] == value
                assert type(row[name]) is type(value)


@pytest.mark.parametrize("route", ROUTES)
async def test_a_trailing_slash_answers_alike(library: Any, route: str) -> None:
    assert (await library.get(f"/{route}/")).body == (await library.get(f"/{route}")).body
