"""Lines of CSV become rows as the records take them; the header line says which cell is which field.

An empty cell is no value; in columns of text a quoted empty cell is an empty text. Numbers and dates are read by the
records.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from service.http.forms.csv_text import Line
from service.records.errors import Fault, InvalidRows
from service.resources.resource import Resource

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Columns:
    """The columns of one upload, named by its header line or their aliases; InvalidRows for a name that is repeated."""

    def __init__(self, header: Line, resource: Resource) -> None:
        self._names = _header(header)
        self._readers = [_KINDS.get(_kind(resource, name), _plain) for name in self._names]

    def row(self, line: Line) -> tuple[dict[str, Any], Fault | None]:
        """What the line says, and what is wrong with it: a Fault of row 0."""
        cells = zip(self._names, self._readers, line.cells, strict=False)
        row = {name: value for name, reader, cell in cells if (value := reader(cell)) is not None}
        if len(line.cells) == len(self._names):
            return row, None
        counts = {"given": len(line.cells), "wanted": len(self._names)}
        return row, at_line(Fault(0, "", "cells", counts), line.number)


def at_line(fault: Fault, line: int) -> Fault:
    """`fault` with the line (from 1) where its row begins."""
    return replace(fault, context={**fault.context, "line": line})


def _header(line: Line) -> tuple[str, ...]:
    names = tuple((cell or "").strip() for cell in line.cells)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidRows([at_line(Fault(0, name, "repeated", {}), line.number) for name in repeated])
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
