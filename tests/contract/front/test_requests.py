"""What the farm's front end sends for each resource, in its own spelling, and the shapes that it reads."""

import re
from typing import Any

import pytest
from conftest import Farm
from specimens import RESOURCES

ROUTES = tuple(RESOURCES)
PAGINATION = {"page", "limit", "total_items", "total_pages", "has_next_page", "has_previous_page"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
DERIVED = {"animals": {"age_in_days", "age_in_months", "is_adult"}}
TABLES_LATER = ("fields", "food_types", "medications", "vaccines", "vaccinations", "treatments", "controls")
LATER = (  # tables and pages that come later: unknown paths like any other
    *(f"/{table}" for table in TABLES_LATER if table not in ROUTES),
    *(
        "/genetic-improvements",
        "/animal-fields",
        "/animal-images/1",
        "/analytics/dashboard/complete",
        "/analytics/alerts",
    ),
)
# Every parameter that it spells, on every resource.
LISTS = (
    "",
    *(f"limit={limit}" for limit in (10, 20, 50, 200, 1000, 10000)),
    "page=1&limit=10",
    "page_size=10",
    "per_page=10",
    "search=a",
    "q=a",
    "search=2025",
    "search=2025-03",
    "search=2025-03-01",
    "search=7&search_type=contains",
    "sort_by=id&sort_order=asc",
    "sort=created_at&order=desc",
    "sort_by=updated_at&sort_dir=asc",
    "sort_by=id&dir=desc",
    "ordering=-created_at",
    "sort_by=createdAt&sort_order=asc",
    "sort_by=gender",
    "include_relations=1",
    "include_relations=true",
    "include_relations=yes",
    "include_relations=breed,species",
    "fields=id,created_at,nothing",
    "cache_bust=1790000000000",
    "_ts=1790000000000",
    "prefer_cache=true&offline_fallback=true",
    "created_at=2026-01-01",
    "since=2026-01-01T00:00:00.000Z",
    "since=2026-01-01T00:00:00.000+00:00",
    "since=2026-01-01T00:00:00.000 00:00",
    "since=2026-01-01",
)
FILTERS = {
    "animals": (
        *("sex=Hembra", "sex=Hembra,Macho", "status=Vivo", "status=Vivo,Vendido", "breeds_id=1", "breed_id=1,2"),
        *("birth_date=2024-01-01", "weight=100", "idFather=1", "father_id=1", "idMother=1", "mother_id=1"),
        *("user_id=1&fields=id,record,user_id", "sort_by=record", "sort_by=birth_date", "sort_by=weight"),
    ),
    "breeds": ("species_id=1", "sort_by=name"),
    "species": ("sort_by=name",),
    "diseases": ("sort_by=name", "sort_by=symptoms"),
    "users": (
        "role=Instructor",
        "role=Instructor,Aprendiz",
        "status=true",
        "status=1",
        "sort_by=fullname",
        "sort_by=phone",
    ),
    "animal-diseases": (
        *("animal_id=1", "disease_id=1", "instructor_id=1", "status=x", "diagnosis_date=2024-01-01"),
        "sort_by=diagnosis_date",
    ),
}


def rows_of(farm: Farm, route: str) -> set[str]:
    """The fields of a whole row."""
    record = RESOURCES[route].record.model_fields.keys() - {"password"}
    return {"id", "created_at", "updated_at", *record, *DERIVED.get(route, set())}


@pytest.mark.parametrize("asked", LISTS)
@pytest.mark.parametrize("route", ROUTES)
async def test_every_list_is_answered(library: Farm, route: str, asked: str) -> None:
    answer = await library.get(f"/{route}", asked.replace(" ", "+"))
    assert answer.status == 200, answer.body
    assert answer.json["success"] is True
    assert isinstance(answer.data, list)
    if "since" in asked:
        assert {"deleted", "next_since", "has_more"} <= answer.meta.keys()
    else:
        assert answer.meta["pagination"].keys() >= PAGINATION
    slashed = await library.get(f"/{route}/", asked.replace(" ", "+"))
    assert (slashed.status, slashed.body) == (200, answer.body)


@pytest.mark.parametrize(("route", "asked"), [(route, asked) for route, all_of in FILTERS.items() for asked in all_of])
async def test_every_filter_and_sort_is_answered(library: Farm, route: str, asked: str) -> None:
    answer = await library.get(f"/{route}", asked)
    assert answer.status == 200, answer.body
    assert answer.meta["pagination"]["total_items"] >= len(answer.data)


@pytest.mark.parametrize("route", ROUTES)
async def test_a_row_goes_its_way(farm: Farm, route: str) -> None:
    """Create, read, edit, edit in part, look at its head, delete, miss."""
    body = await farm.new(route)
    made = await farm.post(f"/{route}", {**body, "notes_of_the_form": "dropped"})
    assert made.status == 201
    assert rows_of(farm, route) == made.data.keys()
    assert made.meta["ignored"] == ["notes_of_the_form"]
    assert TIME.fullmatch(made.data["created_at"])
    path = f"/{route}/{made.data['id']}"
    assert (await farm.get(path)).data == made.data
    edited = await farm("PUT", path, json=await farm.new(route))
    assert (edited.status, edited.data["id"]) == (200, made.data["id"])
    parted = await farm("PATCH", path, json={})
    assert (parted.status, parted.data["id"]) == (200, made.data["id"])
    head = await farm("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    gone = await farm("DELETE", path)
    assert (gone.status, gone.data) == (200, {"deleted_id": made.data["id"]})
    for answer in (await farm.get(path), await farm("DELETE", path), await farm("PUT", path, json={})):
        assert (answer.status, answer.json["success"]) == (404, False)


@pytest.mark.parametrize("route", ROUTES)
async def test_an_upload_is_a_bare_array_in_and_out(farm: Farm, route: str) -> None:
    answer = await farm.post(f"/{route}/bulk", [await farm.new(route) for _ in range(2)])
    assert (answer.status, len(answer.data)) == (201, 2)


@pytest.mark.parametrize("route", ROUTES)
async def test_metadata_and_heads_of_lists(library: Farm, route: str) -> None:
    said = await library.get(f"/{route}/metadata")
    assert said.data.keys() == {"total_count", "last_modified", "etag"}
    head = await library("HEAD", f"/{route}", "limit=10")
    assert (head.status, head.body) == (200, b"")


async def test_a_field_that_is_wrong_is_named(farm: Farm) -> None:
    refused = await farm.post("/species", {"name": ""})
    assert (refused.status, refused.code) == (422, "VALIDATION_ERROR")
    assert refused.details["validation_errors"].keys() == {"name"}


async def test_a_value_that_is_taken_is_named_twice(farm: Farm) -> None:
    taken = await farm.create("species")
    refused = await farm.post("/species", {"name": taken["name"]})
    assert refused.status == 409
    assert refused.details["validation_errors"].keys() == {"name"}
    assert refused.details["conflict"].keys() == {"field", "label", "value"}


async def test_what_is_referred_to_stays_and_says_dependencia(farm: Farm) -> None:
    breed = await farm.create("breeds")
    refused = await farm("DELETE", f"/species/{breed['species_id']}")
    assert refused.status == 409
    assert "dependencia" in refused.json["message"]


@pytest.mark.parametrize("path", LATER)
async def test_what_comes_later_is_an_unknown_path(library: Farm, path: str) -> None:
    answer = await library.get(path)
    assert (answer.status, answer.code) == (404, "ROUTE_NOT_FOUND")
    error: dict[str, Any] = answer.json["error"]
    assert error.keys() == {"code", "message", "details", "trace_id"}
