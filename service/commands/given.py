"""The rows of a stream of CSV or NDJSON one after the other, in memory for one row: value, line and bytes of each."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from service.commands.failure import CommandError
from service.http.forms.csv_rows import Columns
from service.http.forms.csv_text import BYTE_ORDER_MARK, Line, MisplacedQuotes, parse
from service.records.errors import Fault, InvalidRows
from service.resources.resource import Resource

LONGEST = 1024 * 1024  # bytes of one row


@dataclass(frozen=True, slots=True)
class Given:
    """One row: the line (from 1) where it begins, what it says, or what keeps it from being read.

    `raw`: the bytes from the end of the row before; empty for all but the last of rows that can only be read together.
    """

    line: int
    value: object
    fault: Fault | None
    raw: bytes


class CsvRows:
    """Rows of CSV below a header line."""

    def __init__(self, file: io.BufferedReader, resource: Resource) -> None:
        self._file = file
        self._resource = resource
        self._columns: Columns | None = None

    def begin(self) -> bytes:
        """Read the header line; gives its bytes."""
        raw = _group(self._file, 1)
        try:
            header = next(parse(raw.removeprefix(BYTE_ORDER_MARK).decode()), Line(1, ()))
            self._columns = Columns(header, self._resource)
        except (UnicodeDecodeError, MisplacedQuotes):
            raise CommandError("line 1 is no header line of CSV in UTF-8") from None
        except InvalidRows as error:
            raise CommandError(f"line 1 names the column {error.faults[0].field} twice") from None
        return raw

    def rows(self, line: int) -> Iterator[Given]:
        """The rows from here on, which is `line`."""
        pending = b""
        while raw := _group(self._file, line):
            pending += raw
            found = self._of(raw, line)
            for at, (number, row, fault) in enumerate(found, 1):
                yield Given(number, row, fault, pending if at == len(found) else b"")
            pending = b"" if found else pending  # blank lines belong to the row after them
            line += raw.count(b"\n")

    def _of(self, raw: bytes, line: int) -> list[tuple[int, object, Fault | None]]:
        try:
            text = raw.decode()
            found = _plain(text) if b'"' not in raw else list(parse(text))
        except UnicodeDecodeError:
            return [(line, None, Fault(0, "", "encoding", {}))]
        except MisplacedQuotes:
            return [(line, None, Fault(0, "", "quoting", {}))]
        if self._columns is None:
            raise LookupError("the header is read before the rows")
        return [(line + one.number - 1, *self._columns.row(one)) for one in found]


def _plain(text: str) -> list[Line]:
    """A line without quotation marks."""
    bare = text.rstrip("\r\n")
    if "\r" in bare:
        return list(parse(text))
    return [Line(1, tuple(cell or None for cell in bare.split(",")))] if bare else []


def _group(file: io.BufferedReader, line: int) -> bytes:
    """The next line, with those after it that its quotation marks keep to it; CommandError past LONGEST."""
    first = file.readline(LONGEST + 1)
    size, is_open = len(first), first.count(b'"') % 2 == 1
    if not is_open and size <= LONGEST:
        return first
    lines = [first]
    while is_open and size <= LONGEST and (more := file.readline(LONGEST + 1)):
        lines.append(more)
        size += len(more)
        is_open ^= more.count(b'"') % 2 == 1
    if size > LONGEST:
        what = "a quotation mark is not closed" if is_open else "it is too long"
        raise CommandError(f"line {line}: no row ends within {LONGEST} bytes ({what})")
    return b"".join(lines)


class NdjsonRows:
    """One JSON value a line."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def begin(self) -> bytes:
        """Nothing comes before the rows."""
        return b""

    def rows(self, line: int) -> Iterator[Given]:
        """The rows from here on, which is `line`; blank lines count as lines only."""
        pending = b""
        while raw := self._file.readline(LONGEST + 1):
            if len(raw) > LONGEST:
                raise CommandError(f"line {line}: no row ends within {LONGEST} bytes")
            text = raw.removeprefix(BYTE_ORDER_MARK) if line == 1 else raw
            pending += raw
            if text.strip():
                try:
                    yield Given(line, orjson.loads(text), None, pending)
                except orjson.JSONDecodeError:
                    yield Given(line, None, Fault(0, "", "json_line", {}), pending)
                pending = b""
            line += 1
