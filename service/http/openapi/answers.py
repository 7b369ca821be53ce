"""What operations answer: envelopes, headers and problems."""

from collections.abc import Iterable

from service.http.messages import CATALOGUE
from service.http.openapi.operation import Schema
from service.http.openapi.schemas import MOMENT

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
_TEXT: Schema = {"type": "string"}


def envelope(data: Schema, meta: Schema | None = None) -> Schema:
    """The schema of a success body around `data`."""
    said: Schema = {
        "type": "object",
        "properties": {"success": {"const": True}, "message": _TEXT, "data": data},
        "required": ["success", "message", "data"],
        "additionalProperties": False,
    }
    if meta is not None:
        said["properties"]["meta"] = meta
    return said


def answered(description: str, schema: Schema, headers: tuple[str, ...] = (), kind: str = JSON) -> Schema:
    """A response object; `headers` are names in HEADERS."""
    said: Schema = {"description": description, "content": {kind: {"schema": schema}}}
    if headers:
        said["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return said


def linked(answer: Schema, where: str, operations: Iterable[str]) -> Schema:
    """`answer`, whose body has at `where` (a JSON pointer) the id that these operations take."""
    taken = {"id": f"$response.body#{where}"}
    return {**answer, "links": {name: {"operationId": name, "parameters": taken} for name in operations}}


def readable(description: str, schema: Schema, headers: tuple[str, ...] = (), kind: str = JSON) -> dict[int, Schema]:
    """200 with validators, and 304 for who has it already."""
    return {
        200: answered(description, schema, (*VALIDATORS, *headers), kind),
        304: {"$ref": "#/components/responses/NotModified"},
    }


VALIDATORS = ("ETag", "Last-Modified", "Cache-Control", "Vary")
HEADERS: dict[str, Schema] = {
    "ETag": {"description": "Names these very bytes, for If-None-Match and If-Match.", "required": True},
    "Last-Modified": {"description": "When what is told last changed.", "required": True},
    "Cache-Control": {"description": "May be kept, but must be asked for again each time.", "required": True},
    "Vary": {"description": "The request headers that the answer depends on.", "required": True},
    "Link": {"description": "The first, previous, next and last page (RFC 8288)."},
    "X-Total-Count": {"description": "How many rows match on all pages.", "schema": {"type": "integer"}},
    "X-Has-More": {
        "description": "With `since`: whether there are more changes.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    "Location": {"description": "Where the new row is.", "required": True},
    "Retry-After": {"description": "After how many seconds to try again.", "schema": {"type": "integer"}},
    "Allow": {"description": "What this path takes.", "required": True},
    "WWW-Authenticate": {"description": "How to prove who asks (RFC 6750).", "required": True},
}
NOT_MODIFIED: Schema = {
    "description": "What the client has is what would be sent.",
    "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in VALIDATORS},
}
IGNORED: Schema = {"type": "array", "items": _TEXT, "description": "Keys or parameters that were not used."}
PAGINATION: Schema = {
    "type": "object",
    "properties": {
        "page": {"type": ["integer", "null"], "description": "null after a cursor."},
        "limit": {"type": "integer"},
        "total_items": {"type": ["integer", "null"], "description": "null where it was not counted: after a cursor."},
        "total_pages": {"type": ["integer", "null"]},
        "has_next_page": {"type": "boolean"},
        "has_previous_page": {"type": "boolean"},
        "next_cursor": {"type": ["string", "null"]},
    },
    "required": ["page", "limit", "total_items", "total_pages", "has_next_page", "has_previous_page", "next_cursor"],
}
LIST_META: Schema = {
    "type": "object",
    "properties": {
        "pagination": {"$ref": "#/components/schemas/Pagination"},
        "as_of": {**MOMENT, "description": "The `since` to go on from."},
        "deleted": {"type": "array", "items": {"type": "integer"}, "description": "With `since`: the ids that went."},
        "next_since": {**MOMENT, "description": "With `since`: where to go on."},
        "has_more": {"type": "boolean", "description": "With `since`: whether to go on at once."},
        "limit": {"type": "integer"},
        "limit_capped": {"const": True, "description": "The limit asked for was above the highest."},
        "ignored": IGNORED,
    },
    "required": ["as_of"],
}
WRITTEN_META: Schema = {"type": "object", "properties": {"ignored": IGNORED}}
PROBLEM: Schema = {
    "type": "object",
    "description": "What every failure looks like (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the problem is explained."},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": {**_TEXT, "description": "The path that was asked."},
        "success": {"const": False},
        "message": _TEXT,
        "error": {
            "type": "object",
            "properties": {
                "code": _TEXT,
                "message": _TEXT,
                "details": {"type": "object"},
                "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            },
            "required": ["code", "message", "details", "trace_id"],
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "success", "message", "error"],
}
_PROBLEM_HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def shared_headers() -> Schema:
    """The headers component; a header without a schema of its own is text."""
    return {name: {"schema": _TEXT, **said} for name, said in HEADERS.items()}


def shared_responses() -> Schema:
    """The responses component: one for each status of a problem, and 304."""
    statuses = sorted({entry.status for entry in CATALOGUE.values()})
    return {"NotModified": NOT_MODIFIED, **{f"Problem{status}": _problem(status) for status in statuses}}


def _problem(status: int) -> Schema:
    entries = {code: entry for code, entry in CATALOGUE.items() if entry.status == status}
    narrowed = {
        "properties": {
            "status": {"const": status},
            "error": {"properties": {"code": {"enum": sorted(entries)}}},
        }
    }
    said = "; ".join(f"{entry.titles[1]} (`{code}`)" for code, entry in entries.items())
    schema: Schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]}
    name = _PROBLEM_HEADERS.get(status)
    return answered(f"{said}.", schema, (name,) if name else (), PROBLEM_JSON)
