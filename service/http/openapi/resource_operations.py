"""What every resource answers, made from what it declares."""

from collections.abc import Iterator
from typing import Any

from service.http.openapi.answers import (
    JSON,
    LIST_META,
    WRITTEN_META,
    answered,
    envelope,
    readable,
)
from service.http.openapi.operation import Access, Operation, Schema
from service.http.openapi.parameters import CONDITIONS, GUARDS, list_parameters, shared
from service.http.openapi.schemas import ID, MOMENT, reference
from service.resources.resource import Resource

_METADATA: Schema = {
    "type": "object",
    "properties": {"total_count": {"type": "integer"}, "last_modified": MOMENT, "etag": {"type": "string"}},
    "required": ["total_count", "last_modified", "etag"],
}
_DELETED: Schema = {"type": "object", "properties": {"deleted_id": ID}, "required": ["deleted_id"]}
_MERGE_PATCH = "application/merge-patch+json"


def resource_operations(resource: Resource, base: str) -> Iterator[Operation]:
    """Its operations, as service.http.resource_handlers routes them."""
    path, label = f"{base}/{resource.route}", resource.label.english
    read = Access.TOKEN if resource.private else Access.ANYONE
    create = Access.ADMIN if resource.by_viewer else Access.TOKEN
    change = Access.TOKEN if resource.by_viewer else Access.ADMIN

    def operation(method: str, where: str, summary: str, success: dict[int, Schema], **more: Any) -> Operation:
        return Operation(method, path + where, resource.route, summary, success, **more)

    rows = {"type": "array", "items": reference(resource, "InList")}
    row, changes = reference(resource), reference(resource, "Changes")
    written = envelope(row, WRITTEN_META)
    bulk_new = {"type": "array", "items": reference(resource, "New"), "maxItems": resource.bulk_limit}
    by_id = (shared("id"),)

    yield operation(
        "GET",
        "",
        f"A page of {label} rows, or with `since` what changed",
        readable("A page.", envelope(rows, LIST_META), ("Link", "X-Total-Count", "X-Has-More")),
        access=read,
        parameters=list_parameters(resource),
        refusals=(400, 410, 412, 422),
    )
    yield operation(
        "POST",
        "",
        f"Create a {label}",
        {201: answered("The new row.", written, ("Location",))},
        access=create,
        body={JSON: reference(resource, "New")},
        refusals=(409, 507),
    )
    yield operation(
        "GET",
        "/metadata",
        "How many rows there are, and when they last changed",
        readable("The metadata.", envelope(_METADATA)),
        access=read,
        parameters=CONDITIONS,
        refusals=(412,),
    )
    yield operation(
        "POST",
        "/bulk",
        f"Create up to {resource.bulk_limit:,} rows, all or none",
        {201: answered("The new rows.", envelope({"type": "array", "items": row}, {"type": "object"}))},
        access=create,
        body={JSON: bulk_new},
        refusals=(409, 507),
        description="Where a row cannot be stored, none is, and 422 names index, field and reason of every bad one.",
    )
    yield operation(
        "GET",
        "/{id}",
        f"One {label}",
        readable("The row.", envelope(row)),
        access=read,
        parameters=(*by_id, shared("include_relations"), *CONDITIONS, *GUARDS),
        refusals=(404, 412, 422),
    )
    for method, kinds in (("PUT", (JSON,)), ("PATCH", (JSON, _MERGE_PATCH))):
        yield operation(
            method,
            "/{id}",
            f"Set the fields given of a {label}",
            {200: answered("The row as it is now.", written)},
            access=change,
            parameters=(*by_id, *GUARDS),
            body={kind: changes for kind in kinds},
            refusals=(404, 409, 412, 507),
        )
    yield operation(
        "DELETE",
        "/{id}",
        f"Delete a {label} that no row refers to",
        {200: answered("It is gone.", envelope(_DELETED))},
        access=Access.ADMIN,
        parameters=(*by_id, *GUARDS),
        refusals=(404, 409, 412, 507),
    )
