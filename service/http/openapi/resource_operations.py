"""What every resource answers, made from what it declares."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from service.http.dependencies import MOST_IDS
from service.http.openapi.answers import (
    HEADERS,
    IGNORED,
    JSON,
    LIST_META,
    NOT_MODIFIED,
    WRITTEN_META,
    answered,
    envelope,
    linked,
    readable,
)
from service.http.openapi.operation import Access, Operation, Schema
from service.http.openapi.parameters import CONDITIONS, GUARDS, ONCE, list_parameters, query, shared, unseen
from service.http.openapi.schemas import ID, MOMENT, bulk_changes, id_given, reference
from service.http.resource_handlers import MOST_BULK
from service.records.bulk import OnConflict
from service.resources.resource import Resource

_METADATA: Schema = {
    "type": "object",
    "properties": {"total_count": {"type": "integer"}, "last_modified": MOMENT, "etag": {"type": "string"}},
    "required": ["total_count", "last_modified", "etag"],
}
_STATS: Schema = {
    "type": "object",
    "properties": {
        "total": {"type": "integer"},
        "recent_today": {"type": "integer"},
        "model_name": {"type": "string"},
    },
    "required": ["total", "recent_today", "model_name"],
}
_DEPENDENCY: Schema = {
    "type": "object",
    "properties": {
        "table": {"type": "string"},
        "count": {"type": "integer", "minimum": 1},
        "field": {"type": "string"},
        "cascade_delete": {"const": False},
        "message": {"type": "string"},
    },
    "required": ["table", "count", "field", "cascade_delete", "message"],
}
_DEPENDENCIES: Schema = {
    "type": "object",
    "properties": {
        "id": ID,
        "hasDependencies": {"type": "boolean"},
        "canDelete": {"type": "boolean"},
        "totalDependencies": {"type": "integer"},
        "message": {"type": "string"},
        "dependencies": {"type": "array", "items": _DEPENDENCY},
    },
    "required": ["id", "hasDependencies", "canDelete", "totalDependencies", "message", "dependencies"],
}
_BATCH: Schema = {
    "type": "object",
    "properties": {
        "results": {"type": "object", "additionalProperties": _DEPENDENCIES},
        "processed": {"type": "integer"},
        "found": {"type": "integer"},
    },
    "required": ["results", "processed", "found"],
}
_WANTED: Schema = {
    "type": "object",
    "properties": {"ids": {"type": "array", "items": id_given(ID), "minItems": 1, "maxItems": MOST_IDS}},
    "required": ["ids"],
}
_DELETED: Schema = {"type": "object", "properties": {"deleted_id": ID}, "required": ["deleted_id"]}
_IDS: Schema = {"type": "array", "items": ID}
_DELETED_ROWS: Schema = {"type": "object", "properties": {"deleted_ids": _IDS}, "required": ["deleted_ids"]}
_COUNTED: Schema = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("count", "inserted", "updated", "skipped"), {"type": "integer", "minimum": 0}),
        "ignored": IGNORED,
    },
    "required": ["count"],
}
_MINIMAL: Schema = {"description": "Done; the client asked for no body with `Prefer: return=minimal`."}
_ON_CONFLICT = query(
    "on_conflict",
    {"type": "string", "enum": list(OnConflict), "default": OnConflict.ERROR.value},
    "What becomes of a row whose unique value another row has: refuse all, leave that row out,"
    " or set its fields in the row that is there (for an Administrador).",
)
STREAMS = ("text/csv", "application/x-ndjson")
_OF_PAGES = ("ETag", "Last-Modified")
_MERGE_PATCH = "application/merge-patch+json"


def resource_operations(resource: Resource, base: str) -> Iterator[Operation]:
    """Its operations, as service.http.resource_handlers routes them."""
    yield from _reads(resource, base)
    yield from _dependencies(resource, base)
    yield from _details(resource, base)
    yield from _writes(resource, base)
    yield from _bulk(resource, base)


def _reads(resource: Resource, base: str) -> Iterator[Operation]:
    operation = _maker(resource, base, _access(resource))
    yield operation(
        "GET",
        "",
        f"A page of {resource.route}, or with `since` what changed",
        list_answer(resource),
        parameters=list_parameters(resource),
        refusals=(400, 410, 412, 422),
    )
    yield operation(
        "GET",
        "/metadata",
        "How many rows there are, and when they last changed",
        readable("The metadata.", envelope(_METADATA)),
        parameters=CONDITIONS,
        refusals=(412,),
    )
    yield operation(
        "GET",
        "/stats",
        "How many rows there are, and how many were created today (UTC)",
        readable("The numbers.", envelope(_STATS)),
        parameters=CONDITIONS,
        refusals=(412,),
    )


def _dependencies(resource: Resource, base: str) -> Iterator[Operation]:
    operation = _maker(resource, base, _access(resource))
    yield operation(
        "GET",
        "/{id}/dependencies",
        f"Which rows keep a {resource.label.english} from being deleted",
        readable("The dependencies.", envelope(_DEPENDENCIES)),
        parameters=(shared("id"), *CONDITIONS),
        refusals=(404, 412),
    )
    yield operation(
        "POST",
        "/batch-dependencies",
        f"The same for up to {MOST_IDS} rows",
        {200: answered("The dependencies by id.", envelope(_BATCH))},
        body={JSON: _WANTED},
    )


def _details(resource: Resource, base: str) -> Iterator[Operation]:
    operation = _maker(resource, base, _access(resource))
    yield operation(
        "GET",
        "/{id}",
        f"One {resource.label.english}",
        readable("The row, or the fields of it that were asked for.", envelope(reference(resource, "InPart"))),
        parameters=(
            *(shared(name) for name in ("id", "include_relations", "fields", "handling")),
            *unseen(resource.unseen),
            *CONDITIONS,
            *GUARDS,
        ),
        refusals=(400, 404, 412, 422),
    )


def _access(resource: Resource) -> Access:
    """Who may read it."""
    return Access.TOKEN if resource.private else Access.ANYONE


def list_answer(resource: Resource) -> dict[int, Schema]:
    """What a list is answered with: a page, or a stream of rows in another form."""
    rows = {"type": "array", "items": reference(resource, "InPart")}
    said = readable("A page.", envelope(rows, LIST_META), ("Link", "X-Total-Count", "X-Has-More"))
    page, stream = said[200], {"schema": {"type": "string"}}
    # A stream has a weak tag, and none after an upload by hand to a table without a ledger.
    optional = {name: {**HEADERS[name], "schema": {"type": "string"}, "required": False} for name in _OF_PAGES}
    page["content"] |= dict.fromkeys(STREAMS, stream)
    page["headers"] |= optional
    return {**said, 304: {**NOT_MODIFIED, "headers": {**NOT_MODIFIED["headers"], **optional}}}


def list_parameters_but(resource: Resource, column: str) -> tuple[Schema, ...]:
    """The parameters of the list without the filters of one column."""
    return tuple(one for one in list_parameters(resource) if one.get("name", "").partition("__")[0] != column)


def _writes(resource: Resource, base: str) -> Iterator[Operation]:
    operation = _maker(resource, base, Access.TOKEN)
    create = Access.ADMIN if resource.by_viewer else Access.TOKEN
    change = Access.TOKEN if resource.by_viewer else Access.ADMIN
    label, changes = resource.label.english, reference(resource, "Changes")
    written = envelope(reference(resource), WRITTEN_META)
    by_id = (shared("id"), *GUARDS, shared("If-None-Match"), shared("return"))
    yield operation(
        "POST",
        "",
        f"Create a {label}",
        {201: linked(answered("The new row.", written, ("Location",)), "/data/id", _by_id(resource))},
        access=create,
        parameters=ONCE,
        body={JSON: reference(resource, "New")},
        refusals=(409, 412, 507),
    )
    for method, kinds in (("PUT", (JSON,)), ("PATCH", (JSON, _MERGE_PATCH))):
        yield operation(
            method,
            "/{id}",
            f"Set the fields given of a {label}",
            {200: answered("The row as it is now.", written), 204: _MINIMAL},
            access=change,
            parameters=by_id,
            body=dict.fromkeys(kinds, changes),
            refusals=(404, 409, 412, 507),
        )
    yield operation(
        "DELETE",
        "/{id}",
        f"Delete a {label} that no row refers to",
        {200: answered("It is gone.", envelope(_DELETED)), 204: _MINIMAL},
        access=Access.ADMIN,
        parameters=by_id,
        refusals=(404, 409, 412, 507),
    )


def _bulk(resource: Resource, base: str) -> Iterator[Operation]:
    operation = _maker(resource, base, Access.ADMIN)
    rows: Schema = {"type": "array", "items": reference(resource)}
    yield operation(
        "POST",
        "/bulk",
        f"Create up to {resource.bulk_limit:,} {resource.route}, all or none",
        {201: answered("The new rows.", envelope(rows, _COUNTED))},
        access=Access.ADMIN if resource.by_viewer else Access.TOKEN,
        parameters=(_ON_CONFLICT, *ONCE),
        body={
            JSON: _array(reference(resource, "New"), resource.bulk_limit),
            **{kind: {"contentMediaType": kind} for kind in STREAMS},
        },
        refusals=(409, 507),
        description=_ALL_OR_NONE,
    )
    yield operation(
        "PATCH",
        "/bulk",
        f"Set the fields given of up to {resource.bulk_limit:,} {resource.route}, all or none",
        {200: answered("The rows as they are now.", envelope(rows, _COUNTED)), 204: _MINIMAL},
        parameters=(shared("return"),),
        body={JSON: _array(bulk_changes(resource), resource.bulk_limit)},
        refusals=(404, 409, 507),
        description=_ALL_OR_NONE,
    )
    yield operation(
        "DELETE",
        "/bulk",
        f"Delete up to {MOST_BULK:,} {resource.route}, all or none",
        {200: answered("They are gone.", envelope(_DELETED_ROWS, _COUNTED)), 204: _MINIMAL},
        parameters=(shared("return"),),
        body={JSON: _array(ID, MOST_BULK)},
        refusals=(404, 409, 507),
    )


_ALL_OR_NONE = "Where a row cannot be stored, none is, and 422 names index, field and reason of every bad one."


def _maker(resource: Resource, base: str, access: Access) -> Callable[..., Operation]:
    """Makes operations of this resource."""

    def make(method: str, where: str, summary: str, success: Mapping[int, Schema], **more: Any) -> Operation:
        path = f"{base}/{resource.route}{where}"
        return Operation(method, path, resource.route, summary, success, **{"access": access, **more})

    return make


def _by_id(resource: Resource) -> tuple[str, ...]:
    """The names of the operations on one row."""
    return tuple(f"{method}-{resource.route}-id" for method in ("get", "put", "patch", "delete"))


def _array(items: Schema, most: int) -> Schema:
    return {"type": "array", "items": items, "maxItems": most}
