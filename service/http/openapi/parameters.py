"""The parameters that operations share, and those that follow from what a resource may be filtered by."""

from service.http.filters import LONGEST_SEARCH, MOST_VALUES, RANGES, SUFFIXES
from service.http.openapi.operation import Schema
from service.http.openapi.schemas import ID
from service.http.params import MOST_WAIT, SPELLINGS, UNSEEN
from service.records.queries import DEFAULT_LIMIT, MOST_ROWS
from service.resources.fields import BIGINT
from service.resources.resource import Kind, Resource

TEXT: Schema = {"type": "string", "maxLength": LONGEST_SEARCH, "pattern": r"^[^\x00]*$"}
# A parameter without a value counts as not given.
EMPTY: Schema = {"const": ""}
_FLAG: Schema = {"type": "string", "enum": ["true", "false", "1", "0", "yes", "no", "on", "off"]}
_TRUTH: Schema = {"type": "string", "enum": [*_FLAG["enum"], ""]}
_DAY: Schema = {"type": "string", "format": "date"}
_VALUES: dict[Kind, Schema] = {
    Kind.NUMBER: {"type": "integer", "minimum": -BIGINT, "maximum": BIGINT},
    Kind.DAY: {"type": "string", "anyOf": [{"format": "date"}, EMPTY]},
    Kind.MOMENT: {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}, EMPTY]},
    Kind.TEXT: TEXT,
    Kind.FLAG: _FLAG,
}
_MEANINGS = {
    "": "is one of these values",
    "in": "is one of these values (not together with the name alone)",
    "ne": "is none of these values",
    "null": "is null",
    "gte": "is this or more",
    "gt": "is more than this",
    "lte": "is this or less",
    "lt": "is less than this",
}
_SPAN = "is this time, or falls into this day, second or millisecond (not together with `__gte` and `__lt`)"


def query(name: str, schema: Schema, description: str, **more: object) -> Schema:
    """A query parameter; an array is written with commas."""
    said: Schema = {"name": name, "in": "query", "description": description, "schema": schema, **more}
    return {**said, "style": "form", "explode": False} if schema.get("type") == "array" else said


def path_id(name: str, description: str) -> Schema:
    """An id in the path."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": ID}


def header(name: str, description: str, schema: Schema | None = None) -> Schema:
    """A request header."""
    return {"name": name, "in": "header", "description": description, "schema": schema or {"type": "string"}}


def shared(name: str) -> Schema:
    """A reference to one of SHARED."""
    return {"$ref": f"#/components/parameters/{name}"}


def _spelled(name: str) -> str:
    others = [f"`{other}`" for other, proper in SPELLINGS.items() if proper == name]
    return f" Also spelt {', '.join(others)}." if others else ""


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema, "maxItems": MOST_VALUES}


SHARED: dict[str, Schema] = {
    "id": path_id("id", "The row's id."),
    "page": query("page", {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1}, "Which page."),
    "limit": query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 10**9, "default": DEFAULT_LIMIT},
        f"Rows on a page; more than {MOST_ROWS} is answered with {MOST_ROWS}, and `meta.limit_capped` says so."
        + _spelled("limit"),
    ),
    "cursor": query(
        "cursor",
        {"type": "string", "format": "cursor"},
        "Go on after a page: its `meta.pagination.next_cursor`. Good only with the same sort, filters and search.",
    ),
    "sort_order": query(
        "sort_order",
        {"type": "string", "enum": ["asc", "desc", ""]},
        "Whether the sort ascends or descends." + _spelled("sort_order"),
    ),
    "ordering": query("ordering", {"type": "string"}, "Another form of `sort_by`: `name`, or `-name` to descend."),
    "search": query(
        "search",
        TEXT,
        "Rows with this in one of their texts, whatever the case; a number also matches numbers,"
        " and `2025`, `2025-03` or a whole date matches dates." + _spelled("search"),
    ),
    "fields": query(
        "fields",
        {"type": "array", "items": {"type": "string"}},
        "Only these fields of each row; `id` is always kept, unknown names give nothing.",
    ),
    "since": query(
        "since",
        {"type": "string", "format": "date-time"},
        "Only what changed after this time, in the order of the changes, and in `meta.deleted` the ids that went;"
        " go on from `meta.next_since`. Of the other parameters only `limit` (default 1000) counts then.",
    ),
    "wait": query(
        "wait",
        {"type": "integer", "minimum": 0, "maximum": MOST_WAIT, "default": 0},
        "With `since`: where nothing is new, answer as soon as something is, or empty after so many seconds.",
    ),
    "include_relations": query(
        "include_relations", {"type": "string"}, "`true`: each row with what it relates to, at most 50 of each."
    ),
    "If-None-Match": header("If-None-Match", "Answer 304 if the body still has one of these tags."),
    "If-Modified-Since": header("If-Modified-Since", "Answer 304 if nothing changed since; If-None-Match goes first."),
    "If-Match": header("If-Match", "Go on only if the row still has one of these tags, else 412."),
    "If-Unmodified-Since": header("If-Unmodified-Since", "Go on only if nothing changed since, else 412."),
    "handling": header("Prefer", "`handling=lenient`: unknown parameters are ignored and named (RFC 7240)."),
    "return": header("Prefer", "`return=minimal`: answer without the row (RFC 7240)."),
    "Idempotency-Key": header(
        "Idempotency-Key",
        "The same key with the same body gets the first answer again, for 24 h; with another body 422.",
        {"type": "string", "minLength": 1, "maxLength": 255},
    ),
}
_EXPORT = query(
    "export",
    {"type": "string", "enum": ["csv", "ndjson", "json", ""]},
    "The form of the rows, as Accept says it too; in CSV and NDJSON the whole list, or with `page` or `limit` a part"
    " of any length. What changed (`since`) is told in JSON only.",
)
ONCE = (shared("Idempotency-Key"), shared("return"))
CONDITIONS = tuple(shared(name) for name in ("If-None-Match", "If-Modified-Since"))
GUARDS = tuple(shared(name) for name in ("If-Match", "If-Unmodified-Since"))


def list_parameters(resource: Resource) -> tuple[Schema, ...]:
    """Everything that GET /R takes."""
    before = [shared(name) for name in ("page", "limit", "cursor")]
    after = [shared(name) for name in ("search", "fields", "include_relations", "since", "wait", "handling")]
    sorting = [_sort_by(resource), shared("sort_order"), shared("ordering")]
    return (*before, *sorting, *after, *filters(resource), _EXPORT, *unseen(resource.unseen), *CONDITIONS)


def filters(resource: Resource) -> tuple[Schema, ...]:
    """One parameter for each filter, and for each suffix it takes."""
    return tuple(
        _filter(resource, column, kind, suffix)
        for column, kind in sorted(resource.all_filters.items())
        for suffix in ("", *SUFFIXES[kind])
        if suffix != "null" or column in resource.nullable
    )


def _filter(resource: Resource, column: str, kind: Kind, suffix: str) -> Schema:
    name = f"{column}__{suffix}" if suffix else column
    others = [f"`{other}`" for other, proper in resource.aliases.items() if proper == column and not suffix]
    spelled = f" Also spelt {', '.join(others)}." if others else ""
    meaning = _MEANINGS[suffix]
    if suffix == "null":
        schema = _TRUTH
    elif suffix in RANGES:
        schema = _VALUES[kind]
    elif kind is Kind.MOMENT:
        schema, meaning = _VALUES[kind], _SPAN
    else:
        schema = _list_of(_DAY if kind is Kind.DAY else _VALUES[kind])
    return query(name, schema, f"Rows whose {column} {meaning}.{spelled}")


def _sort_by(resource: Resource) -> Schema:
    names = ", ".join(f"`{name}`" for name in resource.all_sorts)
    said = (
        f"At most three of {names}, each with `-` before it to descend; ids break ties. A name that cannot be sorted by"
        " is named in `meta.ignored`. Default: the newest `updated_at` first."
    )
    return query("sort_by", {"type": "string"}, said + _spelled("sort_by"))


def unseen(further: tuple[str, ...] = ()) -> tuple[Schema, ...]:
    """The parameters that change nothing."""
    return tuple(
        query(name, {"type": "string"}, "Taken without effect, for clients that send it.", deprecated=True)
        for name in sorted({*UNSEEN, *further} - {"export"})
    )
