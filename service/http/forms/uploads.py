"""The rows of an upload, whatever its form: a JSON array, CSV or NDJSON; each bad row is named with its line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from aiohttp import web

from service.http.bodies import json_array
from service.http.forms.asked import CSV, NDJSON
from service.http.forms.csv_rows import Columns, at_line
from service.http.forms.csv_text import BYTE_ORDER_MARK, Line, MisplacedQuotes, parse
from service.http.problems import Problem
from service.records.errors import Fault, InvalidRows
from service.resources.resource import Resource

UTF8 = ("utf-8", "utf8", "us-ascii")


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
            raise InvalidRows([at_line(fault, self.lines[fault.row]) for fault in error.faults]) from error


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
            faults.append(at_line(Fault(len(upload.lines), "", "json_line", {}), number))
            upload.rows.append(None)
        upload.lines.append(number)
    if faults:
        raise InvalidRows(faults)
    return upload


def csv_rows(body: bytes, resource: Resource) -> Upload:
    """One row a line below the header line (service.http.forms.csv_rows)."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        number = body.count(b"\n", 0, error.start) + 1
        raise InvalidRows([at_line(Fault(max(0, number - 2), "", "encoding", {}), number)]) from None
    upload, faults = Upload([]), []
    found = parse(text)
    try:
        columns = Columns(next(found, Line(1, ())), resource)
        for line in found:
            row, fault = columns.row(line)
            if fault is not None:
                faults.append(replace(fault, row=len(upload.lines)))
            upload.rows.append(row)
            upload.lines.append(line.number)
    except MisplacedQuotes as error:
        faults.append(at_line(Fault(len(upload.lines), "", "quoting", {}), error.line))
    if faults:
        raise InvalidRows(faults)
    return upload
