"""POST /bulk: all rows or none, and every bad one named."""

from typing import Any

import pytest
from specimens import RESOURCES
from test_lists import stored


async def bodies(farm: Any, route: str, count: int = 5) -> list[dict[str, Any]]:
    return [await farm.new(route) for _ in range(count)]


async def test_all_rows_are_stored_and_answered_in_their_order(farm: Any, route: str) -> None:
    given = await bodies(farm, route)
    answer = await farm.post(f"/{route}/bulk", given)
    assert (answer.status, answer.json["success"]) == (201, True)
    names = farm.specimens[route].columns & given[0].keys()
    assert [{name: row[name] for name in names} for row in answer.data] == [
        {name: body[name] for name in names} for body in given
    ]
    listed = {row["id"]: row for row in (await farm.get(f"/{route}", "limit=1000")).data}
    assert [listed[row["id"]] for row in answer.data] == answer.data
    assert answer.ids == sorted(answer.ids)


async def test_the_rows_of_an_upload_change_one_after_the_other(farm: Any, route: str) -> None:
    start = (await farm.get(f"/{route}", "limit=1")).meta["as_of"]
    answer = await farm.post(f"/{route}/bulk", await bodies(farm, route))
    stamps = [row["updated_at"] for row in answer.data]
    assert len(set(stamps)) == 5
    assert stamps == sorted(stamps)
    delta = await farm.get(f"/{route}", {"since": start})
    assert delta.ids == answer.ids
    metadata = (await farm.get(f"/{route}/metadata")).data
    assert (metadata["total_count"], metadata["last_modified"]) == (len(stored(farm, route)), stamps[-1])


@pytest.mark.parametrize("bad_at", [0, 2, 4])
async def test_one_bad_row_and_none_is_stored(farm: Any, route: str, bad_at: int) -> None:
    before = stored(farm, route)
    given = await bodies(farm, route)
    name = next(name for name, info in RESOURCES[route].record.model_fields.items() if info.is_required())
    given[bad_at][name] = None
    answer = await farm.post(f"/{route}/bulk", given)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert [(one["index"], one["field"]) for one in answer.details["rows"]] == [(bad_at, name)]
    assert answer.details["rows"][0]["reason"]
    assert stored(farm, route) == before


async def test_every_bad_row_is_named_with_every_bad_field(farm: Any, route: str) -> None:
    given: list[Any] = await bodies(farm, route)
    required = [name for name, info in RESOURCES[route].record.model_fields.items() if info.is_required()]
    given[1], given[3] = {}, "no object"
    given[4] = {**given[4], required[0]: []}
    answer = await farm.post(f"/{route}/bulk", given)
    named = [(one["index"], one["field"]) for one in answer.details["rows"]]
    assert [index for index, _ in named] == sorted(index for index, _ in named)
    assert sorted(named) == sorted([*((1, name) for name in required), (3, "body"), (4, required[0])])


async def test_a_row_that_stands_twice_in_the_upload_is_named(farm: Any, route: str) -> None:
    before = stored(farm, route)
    given = await bodies(farm, route)
    given[3] = dict(given[1])
    answer = await farm.post(f"/{route}/bulk", given)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert {one["index"] for one in answer.details["rows"]} == {3}
    assert {one["reason"] for one in answer.details["rows"]} == {"está repetido en la carga"}
    assert stored(farm, route) == before


async def test_a_row_that_is_there_already_is_named(farm: Any, route: str) -> None:
    given = await bodies(farm, route)
    assert (await farm.post(f"/{route}", given[2])).status == 201
    before = stored(farm, route)
    answer = await farm.post(f"/{route}/bulk", given)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert {(one["index"], one["reason"]) for one in answer.details["rows"]} == {(2, "ya existe")}
    assert stored(farm, route) == before


async def test_the_same_upload_twice_is_refused_row_by_row(farm: Any, route: str) -> None:
    given = await bodies(farm, route, 3)
    assert (await farm.post(f"/{route}/bulk", given)).status == 201
    answer = await farm.post(f"/{route}/bulk", given)
    assert {one["index"] for one in answer.details["rows"]} == {0, 1, 2}


@pytest.mark.parametrize(
    ("route", "field"),
    [("breeds", "species_id"), ("animals", "breeds_id"), ("animals", "idFather"), ("animal-diseases", "disease_id")],
)
async def test_missing_references_are_named_row_by_row(farm: Any, route: str, field: str) -> None:
    given = await bodies(farm, route)
    given[0][field] = given[4][field] = 987_654_321
    answer = await farm.post(f"/{route}/bulk", given)
    assert [(one["index"], one["field"]) for one in answer.details["rows"]] == [(0, field), (4, field)]


async def test_faults_of_rules_and_of_the_database_are_named_together(farm: Any) -> None:
    taken = await farm.create("species")
    answer = await farm.post("/species/bulk", [{"name": ""}, {"name": taken["name"]}, {"name": "a new one of these"}])
    assert [one["index"] for one in answer.details["rows"]] == [0, 1]


async def test_keys_that_no_field_has_are_dropped_and_named_once(farm: Any, route: str) -> None:
    given = [{**body, "notes_": 1, "id": 77} for body in await bodies(farm, route, 2)]
    answer = await farm.post(f"/{route}/bulk", given)
    assert answer.status == 201
    assert answer.meta["ignored"] == ["notes_", "id"]


async def test_an_empty_upload_is_an_empty_answer(farm: Any, route: str) -> None:
    before = (await farm.get(f"/{route}/metadata")).data
    answer = await farm.post(f"/{route}/bulk", [])
    assert (answer.status, answer.data) == (201, [])
    assert (await farm.get(f"/{route}/metadata")).data == before


@pytest.mark.parametrize("body", [{}, {"rows": []}, None, 1, "x"])
async def test_an_upload_that_is_no_array_is_refused(farm: Any, route: str, body: Any) -> None:
    answer = await farm.post(f"/{route}/bulk", body)
    assert (answer.status, answer.code) == (400, "INVALID_JSON")


async def test_more_rows_than_an_upload_may_have_are_refused(farm: Any, route: str) -> None:
    answer = await farm.post(f"/{route}/bulk", [{}] * (RESOURCES[route].bulk_limit + 1))
    assert (answer.status, answer.code) == (413, "PAYLOAD_TOO_LARGE")


async def test_ten_thousand_rows_are_one_upload(open_farm: Any) -> None:
    async with open_farm() as farm:
        answer = await farm.post("/species/bulk", [{"name": f"species {n}"} for n in range(10_000)])
        assert answer.status == 201
        assert len(answer.data) == len({row["updated_at"] for row in answer.data}) == 10_000
        assert (await farm.get("/species/metadata")).data["total_count"] == 10_000
        page = await farm.get("/species", "limit=1000")
        assert page.ids == [row["id"] for row in reversed(answer.data[-1000:])]
