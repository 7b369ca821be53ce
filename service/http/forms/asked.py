"""Which form a list is asked for in: by `export=`, else by the Accept header and its quality values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import hdrs, web

from service.http.forms import csv_text
from service.http.values import invalid
from service.records.shapes import ROW_END
from service.resources.resource import Resource


@dataclass(frozen=True, slots=True)
class Form:
    """A form other than JSON.

    `names` are its media types, the first the one it is sent as; `parameters` follow that; `head` is what comes before
    the rows; `body` gives rows (JSON objects with ROW_END between them) in this form, cut to some fields (none: all).
    """

    suffix: str
    names: tuple[str, ...]
    parameters: str
    head: Callable[[Sequence[str]], bytes]
    body: Callable[[bytes, Sequence[str], Sequence[str]], bytes]


def _csv_body(rows: bytes, columns: Sequence[str], _fields: Sequence[str]) -> bytes:
    return csv_text.lines(orjson.loads(b"[" + rows + b"]"), columns)


def _ndjson_body(rows: bytes, _columns: Sequence[str], fields: Sequence[str]) -> bytes:
    if not fields:
        return rows.replace(ROW_END, b"\n") + b"\n"
    kept = ({name: row[name] for name in row if name in fields} for row in orjson.loads(b"[" + rows + b"]"))
    return b"".join(orjson.dumps(row) + b"\n" for row in kept)


CSV = Form("csv", ("text/csv",), "; charset=utf-8; header=present", csv_text.header_line, _csv_body)
NDJSON = Form(
    "ndjson",
    ("application/x-ndjson", "application/ndjson", "application/jsonl"),
    "",
    lambda columns: b"",
    _ndjson_body,
)
FORMS = (CSV, NDJSON)
_JSON_NAMES = ("application/json",)


def asked_form(request: web.Request) -> Form | None:
    """The form that the request asks for; None for JSON. A delta (`since`) is JSON always: it names deletions too."""
    wanted = request.query.get("export", "")
    deltas = "since" in request.query
    forms = {"": None, "json": None} | ({} if deltas else {form.suffix: form for form in FORMS})
    if wanted not in forms:
        raise invalid("export", f"debe ser uno de: {_listed(forms)}", f"it must be one of: {_listed(forms)}")
    if wanted or deltas:
        return forms[wanted]
    return accepted_form(",".join(request.headers.getall(hdrs.ACCEPT, ())))


def _listed(forms: Mapping[str, object]) -> str:
    return ", ".join(name for name in forms if name)


def accepted_form(accept: str) -> Form | None:
    """The form that Accept takes best (RFC 9110 section 12.5.1); None for JSON, which wins a draw."""
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best, chosen = _quality(ranges, _JSON_NAMES), None
    for form in FORMS:
        quality = _quality(ranges, form.names)
        if quality > best:
            best, chosen = quality, form
    return chosen


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (one.strip().lower() for one in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return name, min(float(weight), 1.0)
    except ValueError:
        return name, 0.0


def _quality(ranges: Sequence[tuple[str, float]], names: Sequence[str]) -> float:
    """The weight of the most specific range that covers one of `names`."""
    for wanted in (*names, f"{names[0].partition('/')[0]}/*", "*/*"):
        weights = [weight for name, weight in ranges if name == wanted]
        if weights:
            return max(weights)
    return 0.0


def columns_of(resource: Resource, fields: Sequence[str], relations: bool) -> tuple[str, ...]:
    """The columns of its rows in their order, only `fields` of them where there are some."""
    shown = [name for name, info in resource.record.model_fields.items() if not _is_secret(info.json_schema_extra)]
    every = ("id", *shown, *resource.derived, "created_at", "updated_at", *(resource.relations if relations else ()))
    return tuple(name for name in every if not fields or name in fields)


def _is_secret(extra: Any) -> bool:
    return isinstance(extra, dict) and bool(extra.get("writeOnly"))
