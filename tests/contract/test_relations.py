"""include_relations: the shapes that the front end reads, alike in a list and in a detail."""

from typing import Any

import pytest
from specimens import RESOURCES

ANIMAL = {"id", "record", "sex", "status"}
ONE: dict[tuple[str, str], set[str]] = {
    ("breeds", "species"): {"id", "name"},
    ("animals", "breed"): {"id", "name", "species_id"},
    ("animals", "father"): ANIMAL,
    ("animals", "mother"): ANIMAL,
    ("animal-diseases", "animal"): ANIMAL,
    ("animal-diseases", "disease"): {"id", "name"},
    ("animal-diseases", "instructor"): {"id", "fullname", "role"},
}
MANY: dict[tuple[str, str], set[str]] = {
    ("users", "diseases"): {"id", "name"},
    ("species", "breeds"): {"id", "name"},
    ("breeds", "animals"): ANIMAL,
    ("diseases", "animals"): {"id", "animal_id", "record", "diagnosis_date", "status"},
    ("animals", "diseases"): {"id", "disease_id", "name", "diagnosis_date", "status"},
}
SIX = sorted({route for route, _ in ONE | MANY})


async def test_relations_come_with_the_row_and_only_when_asked_for(library: Any, route: str) -> None:
    names = set(RESOURCES[route].relations)
    with_them = (await library.get(f"/{route}", "limit=1000&include_relations=true")).data
    without = {row["id"]: row for row in (await library.get(f"/{route}", "limit=1000")).data}
    for row in with_them:
        assert {name: value for name, value in row.items() if name not in names} == without[row["id"]]
        assert names <= row.keys()


async def test_a_detail_has_the_relations_of_the_list_byte_for_byte(library: Any, route: str) -> None:
    for row in (await library.get(f"/{route}", "limit=5&include_relations=1")).data:
        detail = await library.get(f"/{route}/{row['id']}", "include_relations=true")
        listed = await library.get(f"/{route}", "limit=1000&include_relations=1")
        assert detail.data == row
        assert row_bytes(detail.body) in listed.body


def row_bytes(body: bytes) -> bytes:
    return body.partition(b'"data":')[2].removesuffix(b"}")


@pytest.mark.parametrize(("route", "name"), ONE)
async def test_a_relation_to_one_row_is_that_row_or_null(library: Any, route: str, name: str) -> None:
    rows = (await library.get(f"/{route}", "limit=1000&include_relations=true")).data
    column = {"father": "idFather", "mother": "idMother", "breed": "breeds_id"}.get(name, f"{name}_id")
    for row in rows:
        if row[column] is None:
            assert row[name] is None
        else:
            assert row[name].keys() == ONE[route, name]
            assert row[name]["id"] == row[column]
    assert any(row[name] for row in rows)


@pytest.mark.parametrize(("route", "name"), MANY)
async def test_a_relation_to_many_rows_is_a_list_in_order_of_id(library: Any, route: str, name: str) -> None:
    rows = (await library.get(f"/{route}", "limit=1000&include_relations=true")).data
    assert any(row[name] for row in rows)
    for row in rows:
        assert [one.keys() for one in row[name]] == [MANY[route, name]] * len(row[name])
        assert [one["id"] for one in row[name]] == sorted(one["id"] for one in row[name])


@pytest.mark.parametrize("said", ["1", "true", "yes", "TRUE", "breeds", "breeds,animals"])
async def test_relations_are_asked_for_by_a_true_word_or_by_name(library: Any, said: str) -> None:
    assert "breeds" in (await library.get("/species", {"include_relations": said})).data[0]


@pytest.mark.parametrize("said", ["0", "false", "no", ""])
async def test_relations_are_declined_by_a_false_word(library: Any, said: str) -> None:
    assert "breeds" not in (await library.get("/species", {"include_relations": said})).data[0]
    assert "breeds" not in (await library.get("/species/1", {"include_relations": said})).data


async def test_at_most_fifty_of_each_relation_are_given(farm: Any) -> None:
    species = (await farm.create("species"))["id"]
    bodies = [await farm.new("breeds", species_id=species) for _ in range(51)]
    made = (await farm.post("/breeds/bulk", bodies)).data
    listed = await farm.get("/species", "include_relations=true&limit=1000")
    detail = await farm.get(f"/species/{species}", "include_relations=true")
    given = next(row for row in listed.data if row["id"] == species)["breeds"]
    assert given == detail.data["breeds"]
    assert [one["id"] for one in given] == sorted(row["id"] for row in made)[:50]


async def test_a_write_to_a_related_table_is_seen_at_once(farm: Any) -> None:
    species = await farm.create("species")
    breed = await farm.create("breeds", species_id=species["id"])
    before = await farm.get(f"/breeds/{breed['id']}", "include_relations=true")
    assert before.data["species"] == {"id": species["id"], "name": species["name"]}
    assert (await farm("PUT", f"/species/{species['id']}", json={"name": "renamed species"})).status == 200
    after = await farm.get(f"/breeds/{breed['id']}", "include_relations=true")
    listed = await farm.get("/breeds", "include_relations=true&limit=1")
    assert after.data["species"]["name"] == "renamed species"
    assert listed.data[0]["species"]["name"] == "renamed species"
    assert after.headers["ETag"] != before.headers["ETag"]
