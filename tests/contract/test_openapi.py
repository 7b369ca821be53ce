"""The description says what the application does: every route, every parameter, every field of a row."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from multidict import MultiDict
from specimens import RESOURCES, ROUTES

from service.http.openapi.operation import Operation
from service.http.params import KNOWN, SPELLINGS, UNSEEN, parse_list
from service.http.problems import Problem
from service.resources.resource import Resource

# Values that a parameter takes, by the type its schema names.
SAMPLES = {"integer": "1", "boolean": "true", "array": "", "string": ""}


@pytest.fixture(scope="session")
async def description(farm: Any) -> dict[str, Any]:
    """What /openapi.json says."""
    answer = await farm.get("//openapi.json", who=None)
    said: dict[str, Any] = answer.json
    return said


def routed(app: Any) -> set[tuple[str, str]]:
    """Method and path of every route, without HEAD, redirects, second spellings and the files of the pages."""
    return {
        (route.method, route.resource.canonical.rstrip("/") or "/")
        for route in app.router.routes()
        if route.method not in ("HEAD", "*", "OPTIONS")
        and not re.match(r"/((docs|clients|ops)/.*|worker)\.", route.resource.canonical)
    }


def described(description: dict[str, Any]) -> set[tuple[str, str]]:
    """Method and path of every operation."""
    return {(method.upper(), path) for path, methods in description["paths"].items() for method in methods}


def values(part: Any, key: str) -> Iterator[Any]:
    """Every value that stands under `key`, however deep."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from values(value, key)


def parameters(description: dict[str, Any], method: str, path: str) -> dict[str, dict[str, Any]]:
    """The parameters of an operation, by name, their references followed."""
    shared = description["components"]["parameters"]
    given = description["paths"][path][method].get("parameters", [])
    found = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in given]
    return {one["name"]: one for one in found}


async def test_every_route_is_described(farm: Any, description: dict[str, Any]) -> None:
    assert sorted(routed(farm.asking.app) - described(description)) == []


async def test_everything_described_is_routed(farm: Any, description: dict[str, Any]) -> None:
    assert sorted(described(description) - routed(farm.asking.app)) == []


async def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    for reference in values(description, "$ref"):
        found: Any = description
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]


async def test_every_link_names_an_operation(description: dict[str, Any]) -> None:
    linked = {link["operationId"] for links in values(description, "links") for link in links.values()}
    assert linked <= set(values(description["paths"], "operationId"))


async def test_every_operation_has_a_name_of_its_own(description: dict[str, Any]) -> None:
    names = [one["operationId"] for methods in description["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(names)


async def test_no_component_is_left_over(description: dict[str, Any]) -> None:
    for kind in ("schemas", "parameters", "headers"):
        used = {
            one.rpartition("/")[2] for one in values(description, "$ref") if one.startswith(f"#/components/{kind}/")
        }
        assert set(description["components"][kind]) - used == set()


@pytest.mark.parametrize("part", ["", "InPart"])
async def test_a_row_has_the_fields_described(
    library: Any, description: dict[str, Any], route: str, resource: Resource, part: str
) -> None:
    (row,) = (await library.get(f"/{route}", {"limit": 1, "include_relations": "true"})).data
    schema = description["components"]["schemas"][f"{resource.record.__name__}{part}"]
    assert set(row) == set(schema["properties"])


async def test_a_secret_is_written_only(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert schemas["UserNew"]["properties"]["password"]["writeOnly"] is True
    assert "password" not in schemas["User"]["properties"]


async def test_every_parameter_described_is_taken(description: dict[str, Any], route: str, resource: Resource) -> None:
    for name, said in parameters(description, "get", f"/api/v1/{route}").items():
        if said["in"] == "query":
            value = SAMPLES[said["schema"]["type"]]
            parse_list(resource, MultiDict({name: value}).items(), whole_view=True, lenient=False)


async def test_every_parameter_taken_is_described(description: dict[str, Any], route: str, resource: Resource) -> None:
    told = parameters(description, "get", f"/api/v1/{route}")
    assert set(KNOWN) | UNSEEN | set(resource.all_filters) | set(resource.unseen) <= told.keys()
    spelled = json.dumps(list(told.values()))
    assert [name for name in (*SPELLINGS, *resource.aliases) if f"`{name}`" not in spelled] == []


async def test_a_suffix_described_is_taken_and_no_other(
    description: dict[str, Any], route: str, resource: Resource
) -> None:
    told = parameters(description, "get", f"/api/v1/{route}")
    for column in resource.all_filters:
        for suffix in ("in", "ne", "null", "gte", "gt", "lte", "lt"):
            name = f"{column}__{suffix}"
            try:
                parse_list(resource, [(name, "")], whole_view=True, lenient=False)
            except Problem:
                assert name not in told
            else:
                assert name in told


async def test_who_may_ask_is_described(farm: Any, description: dict[str, Any]) -> None:
    for method, path in sorted(described(description)):
        asked = "HEAD" if path.endswith("/events") else method  # a stream would not end
        answer = await farm(asked, "/" + re.sub(r"\{\w+\}", "1", path), who=None)
        needed = description["paths"][path][method.lower()]["security"] != []
        assert (answer.status == 401) == needed, (method, path, answer.status)


async def test_the_description_is_a_page_with_validators(farm: Any) -> None:
    answer = await farm.get("//openapi.json", who=None)
    again = await farm.get("//openapi.json", who=None, headers={"If-None-Match": answer.headers["ETag"]})
    assert (answer.status, again.status, again.body) == (200, 304, b"")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_an_operation_says_which_problems_follow_from_what_it_takes() -> None:
    operation = Operation("POST", "/api/v1/x/{id}/y", "x", "Do x", {}, body={}, refusals=(409,))
    assert operation.problems == (400, 409, 413, 415, 422, 429, 503)
    assert operation.identifier == "post-x-id-y"


def test_all_resources_are_described(description: dict[str, Any]) -> None:
    assert {f"/api/v1/{route}" for route in ROUTES} <= description["paths"].keys()
    assert {one.record.__name__ for one in RESOURCES.values()} <= description["components"]["schemas"].keys()
