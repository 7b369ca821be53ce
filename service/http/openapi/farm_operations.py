"""The operations that only some resources have: the herd, its families, the breeds of a species, users in numbers."""

from collections.abc import Iterator, Mapping

from service.http.animal_paths import DEFAULT_GENERATIONS
from service.http.openapi.answers import envelope, readable
from service.http.openapi.operation import Access, Operation, Schema
from service.http.openapi.parameters import CONDITIONS, path_id, query, shared, unseen
from service.http.openapi.resource_operations import list_answer, list_parameters_but
from service.http.openapi.schemas import ID, PREFIX
from service.http.user_paths import PATHS
from service.records.herd import MOST_GENERATIONS, MOST_NODES
from service.resources.resource import Resource

_NUMBER: Schema = {"type": "integer", "minimum": 0}
_NUMBERS: Schema = {"type": "object", "additionalProperties": _NUMBER}


def farm_operations(resources: Mapping[str, Resource], base: str) -> Iterator[Operation]:
    """Its operations, as the modules service.http.*_paths route them; `resources` by route."""
    yield from _of_the_herd(base)
    yield from _of_breeds(resources["breeds"], base)
    yield from _of_users(base)


def _of_the_herd(base: str) -> Iterator[Operation]:
    yield Operation(
        "GET",
        f"{base}/animals/status",
        "animals",
        "How many animals there are, and how many of them live on the farm",
        readable("The numbers.", envelope(_exactly(dict.fromkeys(("total", "activos", "inactivos"), _NUMBER)))),
        access=Access.TOKEN,
        parameters=CONDITIONS,
        refusals=(412,),
    )
    for direction, summary in (
        ("ancestors", "From whom an animal descends"),
        ("descendants", "Who descends from an animal"),
    ):
        yield Operation(
            "GET",
            f"{base}/animals/tree/{direction}",
            "animals",
            summary,
            readable(f"The nearest {MOST_NODES:,} of the family.", envelope(_tree())),
            access=Access.TOKEN,
            parameters=(*_TREE_PARAMETERS, shared("fields"), shared("handling"), *unseen(), *CONDITIONS),
            refusals=(400, 404, 412),
        )


def _of_breeds(breeds: Resource, base: str) -> Iterator[Operation]:
    yield Operation(
        "GET",
        f"{base}/breeds/by-species/{{species_id}}",
        "breeds",
        "The breeds of a species: the list with that filter",
        list_answer(breeds),
        parameters=(path_id("species_id", "The id of the species."), *list_parameters_but(breeds, "species_id")),
        refusals=(400, 404, 410, 412, 422),
    )


def _of_users(base: str) -> Iterator[Operation]:
    for name, told in PATHS.items():
        numbers = {one: _NUMBERS if one == "roles" else _NUMBER for one in told}
        yield Operation(
            "GET",
            f"{base}/users/{name}",
            "users",
            f"The users in numbers: {', '.join(told)}",
            readable("The numbers.", envelope(_exactly(numbers))),
            access=Access.TOKEN,
            parameters=CONDITIONS,
            refusals=(412,),
        )


_TREE_PARAMETERS = (
    query("animal_id", ID, "Whose family.", required=True),
    query(
        "max_depth",
        {"type": "integer", "minimum": 0, "maximum": 10**9, "default": DEFAULT_GENERATIONS},
        f"How many generations; more than {MOST_GENERATIONS} are answered with {MOST_GENERATIONS}.",
    ),
)


def _exactly(properties: Mapping[str, Schema]) -> Schema:
    """An object with just these properties."""
    said = {"type": "object", "properties": dict(properties), "required": list(properties)}
    return {**said, "additionalProperties": False}


def _tree() -> Schema:
    edge = _exactly({"from": ID, "to": ID, "type": {"enum": ["father", "mother"]}})
    summary = {
        "direction": {"enum": ["ancestors", "descendants"]},
        "max_depth": _NUMBER,
        "truncated": {"type": "boolean"},
    }
    return _exactly(
        {
            "rootId": ID,
            "nodes": {"type": "object", "additionalProperties": {"$ref": f"{PREFIX}AnimalInPart"}},
            "edges": {"type": "array", "items": edge},
            "depth": _NUMBER,
            "counts": _exactly({"nodes": _NUMBER, "edges": _NUMBER}),
            "summary": _exactly(summary),
        }
    )
