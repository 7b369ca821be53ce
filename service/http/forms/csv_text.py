"""Rows as CSV (RFC 4180) and back: UTF-8, a header line, CRLF; a null is an empty cell, an empty text is "".

Cells are written as they are, also those that begin with = + - or @, which a spreadsheet may take for a formula: data
that leaves and comes back must be the same. Who opens an export in a spreadsheet imports its columns as text.
(The csv module of Python 3.11 can neither write nor read the difference between a null and an empty text.)
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

LINE_END = "\r\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # at the beginning of a file, of CSV or of another form
_quoted = re.compile(r'[",\r\n]').search
_CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|\Z)')


def header_line(columns: Iterable[str]) -> bytes:
    """The first line: the columns' names."""
    return (",".join(_cell(name) for name in columns) + LINE_END).encode()


def lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """One line for each row; what a row lacks is as a null."""
    texts = [",".join([_cell(row.get(name)) for name in columns]) for row in rows]
    return "".join(text + LINE_END for text in texts).encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if not text or _quoted(text):
        return '"' + text.replace('"', '""') + '"'
    return text


class MisplacedQuotes(ValueError):
    """A quotation mark stands where none may; `line` (from 1) is where its row begins."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Line:
    """A row of cells and the line (from 1) where it begins; None for a cell that is empty and not quoted."""

    number: int
    cells: tuple[str | None, ...]


def parse(text: str) -> Iterator[Line]:
    """The rows of `text`, blank lines left out; MisplacedQuotes ends them, for where a row ends is not known then."""
    at, begins, line = 0, 1, 1
    cells: list[str | None] = []
    while at < len(text) or cells:
        found = _CELL.match(text, at)
        if found is None:
            raise MisplacedQuotes(begins)
        quoted, bare, end = found.groups()
        cells.append(bare or None if quoted is None else quoted.replace('""', '"'))
        at = found.end()
        line += quoted.count("\n") if quoted else 0
        if end == ",":
            continue
        if cells != [None]:
            yield Line(begins, tuple(cells))
        line += 1
        begins, cells = line, []
        if not end:
            return
