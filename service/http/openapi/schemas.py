"""The JSON Schemas of rows: what a resource's record says, as a client gives it and as an answer shows it."""

from copy import deepcopy
from typing import Any

from pydantic import TypeAdapter

from service.http.openapi.operation import Schema
from service.resources.fields import BIGINT, CONTROL
from service.resources.resource import Resource

PREFIX = "#/components/schemas/"
ID: Schema = {"type": "integer", "format": "int64", "minimum": 1, "maximum": BIGINT}
MOMENT: Schema = {"type": "string", "format": "date-time"}
PRINTABLE = f"^{CONTROL.replace('[', '[^', 1)}*$"
# pydantic writes a bound behind a validator of our own under its Python name.
_BOUNDS = {"ge": "minimum", "le": "maximum"}


def schemas_of(resource: Resource) -> dict[str, Schema]:
    """Its component schemas by name: the row, some of its fields, the new row and the changes to one."""
    name, new = resource.record.__name__, _given(resource)
    return {
        name: _row(resource),
        f"{name}InPart": _row_in_part(resource),
        f"{name}New": new,
        f"{name}Changes": {key: value for key, value in new.items() if key != "required"},
    }


def reference(resource: Resource, part: str = "") -> Schema:
    """A reference to one of them: "" the row, "InPart", "New" or "Changes"."""
    return {"$ref": f"{PREFIX}{resource.record.__name__}{part}"}


def bulk_changes(resource: Resource) -> Schema:
    """A row of PATCH /bulk: its id and the changes to it."""
    return {"allOf": [reference(resource, "Changes"), {"type": "object", "properties": {"id": ID}, "required": ["id"]}]}


def _fields(resource: Resource) -> dict[str, Schema]:
    """field → what its record says of it, without what says nothing to a client."""
    said = resource.record.model_json_schema()
    definitions = said.get("$defs", {})
    return {name: _plain(schema, definitions) for name, schema in said["properties"].items()}


def _plain(schema: Any, definitions: Schema) -> Any:
    if isinstance(schema, list):
        return [_plain(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {_BOUNDS.get(key, key): _plain(value, definitions) for key, value in schema.items() if key != "title"}


def _given(resource: Resource) -> Schema:
    """What a body may say: any further key is dropped and named in `meta.ignored`."""
    fields = {name: _lenient(schema) for name, schema in _fields(resource).items()}
    required = [name for name, info in resource.record.model_fields.items() if info.is_required()]
    return {"type": "object", "properties": fields, "required": required}


def id_given(number: Schema) -> Schema:
    """A positive number that may come as digits."""
    digits = len(str(number["maximum"])) - 2
    return {**number, "type": ["integer", "string"], "pattern": f"^0?[1-9][0-9]{{0,{digits}}}$"}


def _lenient(schema: Schema) -> Schema:
    """Numbers may come as digits; text has no control characters."""
    schema = deepcopy(schema)
    for one in schema.get("anyOf", [schema]):
        if one.get("type") == "integer":
            one |= id_given(one)
        elif one.get("type") == "string" and not {"enum", "format", "pattern"} & one.keys():
            one["pattern"] = PRINTABLE
    return schema


def _row(resource: Resource) -> Schema:
    """A whole row, and with include_relations what it relates to."""
    columns = {name: schema for name, schema in _fields(resource).items() if not schema.get("writeOnly")}
    for schema in columns.values():
        schema.pop("default", None)
    derived = {name: TypeAdapter(kind).json_schema() for name, kind in resource.derived.items()}
    properties: Schema = {"id": ID, **columns, **derived, "created_at": MOMENT, "updated_at": MOMENT}
    required = [name for name in properties if not resource.by_viewer or name in resource.brief]
    related = {name: {"type": ["object", "array", "null"]} for name in resource.relations}
    return {
        "type": "object",
        "properties": {**properties, **related},
        "required": required,
        "additionalProperties": False,
    }


def _row_in_part(resource: Resource) -> Schema:
    """The same, cut to what `fields` asks for; the id is always there."""
    return {**_row(resource), "required": ["id"]}
