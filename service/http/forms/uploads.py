"""The rows of an upload, whatever its form: a JSON array, CSV or NDJSON; each bad row is named with its line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import orjson
from aiohttp import web

from service.http.bodies import json_array
from service.http.forms.asked import CSV, NDJSON
from service.http.forms.csv_text import Line, MisplacedQuotes, parse
from service.http.problems import Problem
from service.records.errors import Fault, InvalidRows
from service.resources.resource import Resource

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF8 = ("utf-8", "utf8", "us-ascii")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Upload:
    """Rows as the records take them, and the line (from 1) where each begins; no lines for a JSON array."""

    rows: list[Any]
    lines: list[int] = field(default_factory=list)

    @contextmanager
    def naming_lines(self) -> Iterator[None]:
        """Within it, InvalidRows says the line of each fault too."""
        try:
            yield
        except InvalidRows as error:
            if not self.lines:
                raise
            raise InvalidRows([_at(fault, self.lines[fault.row]) for fault in error.faults]) from error


async def uploaded(request: web.Request, resource: Resource) -> Upload:
    """The rows in the body; 413 for more than the resource takes at once, 415 for another form or charset.

    InvalidRows names what cannot be read.
    """
    kind = request.content_type.lower()
    if kind not in (*CSV.names, *NDJSON.names):
        return Upload(await json_array(request, resource.bulk_limit))
    if (request.charset or "utf-8").lower() not in UTF8:
        raise Problem("UNSUPPORTED_MEDIA_TYPE", expected=f"{kind}; charset=utf-8")
    body = (await request.read()).removeprefix(BYTE_ORDER_MARK)
    upload = csv_rows(body, resource) if kind in CSV.names else ndjson_rows(body)
    if len(upload.rows) > resource.bulk_limit:
        raise Problem("PAYLOAD_TOO_LARGE", limit=(f"{resource.bulk_limit} filas", f"{resource.bulk_limit} rows"))
    return upload


def ndjson_rows(body: bytes) -> Upload:
    """One JSON value a line; blank lines count as lines only."""
    upload, faults = Upload([]), []
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            upload.rows.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            faults.append(_at(Fault(len(upload.lines), "", "json_line", {}), number))
            upload.rows.append(None)
        upload.lines.append(number)
    if faults:
        raise InvalidRows(faults)
    return upload


def csv_rows(body: bytes, resource: Resource) -> Upload:
    """One row a line below the header line, which names columns or their aliases; an empty cell is no value.

    In columns of text a quoted empty cell is an empty text. Numbers and dates are read by the records.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        number = body.count(b"\n", 0, error.start) + 1
        raise InvalidRows([_at(Fault(max(0, number - 2), "", "encoding", {}), number)]) from None
    upload, faults = Upload([]), []
    found = parse(text)
    try:
        columns = _header(next(found, Line(1, ())))
        readers = [_KINDS.get(_kind(resource, name), _plain) for name in columns]
        for line in found:
            if len(line.cells) != len(columns):
                counts = {"given": len(line.cells), "wanted": len(columns)}
                faults.append(_at(Fault(len(upload.lines), "", "cells", counts), line.number))
            cells = zip(columns, readers, line.cells, strict=False)
            read = ((name, reader(cell)) for name, reader, cell in cells)
            upload.rows.append({name: value for name, value in read if value is not None})
            upload.lines.append(line.number)
    except MisplacedQuotes as error:
        faults.append(_at(Fault(len(upload.lines), "", "quoting", {}), error.line))
    if faults:
        raise InvalidRows(faults)
    return upload


def _header(line: Line) -> tuple[str, ...]:
    names = tuple((cell or "").strip() for cell in line.cells)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidRows([_at(Fault(0, name, "repeated", {}), line.number) for name in repeated])
    return names


def _plain(cell: str | None) -> str | None:
    return cell or None


def _text(cell: str | None) -> str | None:
    return cell


def _flag(cell: str | None) -> bool | str | None:
    return _FLAGS.get((cell or "").strip().lower(), cell or None)


_KINDS: Mapping[type | None, Any] = {str: _text, bool: _flag}


def _kind(resource: Resource, name: str) -> type | None:
    """bool or str where the column is one of flags or free text."""
    info = resource.record.model_fields.get(resource.aliases.get(name, name))
    kinds = set() if info is None else set(_kinds(info.annotation))
    return bool if bool in kinds else str if str in kinds else None


def _kinds(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for one in get_args(annotation):
            yield from _kinds(one)
    elif origin is not Literal:
        yield annotation


def _at(fault: Fault, line: int) -> Fault:
    return replace(fault, context={**fault.context, "line": line})
