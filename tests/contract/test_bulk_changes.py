"""Many rows changed, stored or deleted at once: all of them or none."""

from typing import Any

import pytest


async def test_each_row_gets_the_fields_it_brings(farm: Any, route: str) -> None:
    rows = [await farm.create(route) for _ in range(3)]
    wanted = {row["id"]: await farm.new(route) for row in rows}
    changes = [{"id": row_id, name: value} for row_id, body in wanted.items() for name, value in [lone_field(body)]]
    answer = await farm("PATCH", f"/{route}/bulk", json=changes)
    assert answer.status == 200, answer.body
    assert [row["id"] for row in answer.data] == [row["id"] for row in rows]
    for row, change in zip(answer.data, changes, strict=True):
        assert change.items() <= {**row, **{name: change[name] for name in change if name == "password"}}.items()
    assert answer.meta["updated"] == 3


def lone_field(body: dict[str, Any]) -> tuple[str, Any]:
    """A field of `body` that may be changed alone."""
    names = ("name", "record", "fullname", "notes", "status")
    name = next(name for name in names if name in body)
    return name, body[name]


async def test_a_missing_row_stops_all(farm: Any) -> None:
    row = await farm.create("species")
    changes = [{"id": row["id"], "name": "never this"}, {"id": 2**62, "name": "nor this"}]
    answer = await farm("PATCH", "/species/bulk", json=changes)
    assert answer.status == 422
    assert [(one["index"], one["field"]) for one in answer.details["rows"]] == [(1, "id")]
    assert (await farm.get(f"/species/{row['id']}")).data["name"] == row["name"]


@pytest.mark.parametrize("bad", [None, "1", 0, True, {}])
async def test_an_id_that_is_none_is_named(farm: Any, bad: Any) -> None:
    answer = await farm("PATCH", "/species/bulk", json=[{"id": bad, "name": "x"}])
    assert (answer.status, answer.details["rows"][0]["field"]) == (422, "id")
    answer = await farm("DELETE", "/species/bulk", json=[bad])
    assert (answer.status, answer.details["rows"][0]["field"]) == (422, "id")


async def test_an_id_given_twice_is_named(farm: Any) -> None:
    row = await farm.create("species")
    answer = await farm("DELETE", "/species/bulk", json=[row["id"], row["id"]])
    assert (answer.status, answer.details["rows"][0]["index"]) == (422, 1)


async def test_many_are_deleted_with_a_tombstone_each(farm: Any, route: str) -> None:
    rows = [await farm.create(route) for _ in range(3)]
    since = (await farm.get(f"/{route}", "limit=1")).meta["as_of"]
    ids = [row["id"] for row in rows]
    answer = await farm("DELETE", f"/{route}/bulk", json=ids)
    assert (answer.status, answer.data) == (200, {"deleted_ids": ids})
    assert sorted((await farm.get(f"/{route}", {"since": since})).meta["deleted"]) == sorted(ids)


async def test_one_that_others_refer_to_stops_all(farm: Any) -> None:
    free, breed = await farm.create("species"), await farm.create("breeds")
    answer = await farm("DELETE", "/species/bulk", json=[free["id"], breed["species_id"]])
    assert (answer.status, answer.code) == (409, "HAS_DEPENDENCIES")
    assert answer.details["dependencies"][0]["table"] == "breeds"
    assert (await farm.get(f"/species/{free['id']}")).status == 200


async def test_taken_rows_are_left_out_where_asked(farm: Any) -> None:
    taken, new = await farm.create("species"), await farm.new("species")
    answer = await farm("POST", "/species/bulk", {"on_conflict": "ignore"}, json=[{"name": taken["name"]}, new, new])
    assert answer.status == 201, answer.body
    assert [row["name"] for row in answer.data] == [new["name"]]
    assert (answer.meta["inserted"], answer.meta["skipped"]) == (1, 2)


async def test_taken_rows_are_changed_where_asked(farm: Any) -> None:
    taken, new = await farm.create("diseases"), await farm.new("diseases")
    change = {**new, "name": taken["name"]}
    answer = await farm("POST", "/diseases/bulk", {"on_conflict": "update"}, json=[change, new])
    assert answer.status == 201, answer.body
    assert (answer.meta["inserted"], answer.meta["updated"]) == (1, 1)
    assert (await farm.get(f"/diseases/{taken['id']}")).data["symptoms"] == new["symptoms"]


async def test_changing_what_is_there_is_for_an_administrator(farm: Any) -> None:
    for answer in (
        await farm("POST", "/species/bulk", {"on_conflict": "update"}, json=[], who="instructor"),
        await farm("PATCH", "/species/bulk", json=[], who="instructor"),
        await farm("DELETE", "/species/bulk", json=[], who="instructor"),
    ):
        assert (answer.status, answer.code) == (403, "ADMIN_ROLE_REQUIRED")


async def test_nothing_comes_back_where_nothing_is_wanted(farm: Any, route: str) -> None:
    minimal = {"Prefer": "return=minimal"}
    created = await farm("POST", f"/{route}", json=await farm.new(route), headers=minimal)
    assert (created.status, created.body) == (201, b"")
    assert created.headers["Preference-Applied"] == "return=minimal"
    path = created.headers["Location"].removeprefix("/api/v1")
    name, value = lone_field(await farm.new(route))
    changed = await farm("PATCH", path, json={name: value}, headers=minimal)
    assert (changed.status, changed.body) == (204, b"")
    deleted = await farm("DELETE", path, headers=minimal)
    assert (deleted.status, deleted.body) == (204, b"")
    uploaded = await farm("POST", f"/{route}/bulk", json=[await farm.new(route)], headers=minimal)
    assert (uploaded.status, uploaded.body) == (201, b"")
