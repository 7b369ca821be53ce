"""Writes a whole table as it is at one moment, in constant memory; the same rows always give the same bytes.

Rows stand in the order of their ids, with every column but the secret ones and without what is reckoned from the day.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import IO, Any

import orjson

from service.commands.failure import BAD_ARGUMENTS, DONE, CommandError
from service.commands.reading import SUFFIXES
from service.commands.records import Records, opened, resource_named
from service.commands.telling import Telling
from service.commands.written import written
from service.db.snapshot import Snapshots
from service.http.forms import csv_text
from service.records.export import Exports
from service.records.queries import ListQuery
from service.records.refusals import WHOLE_VIEW
from service.resources.resource import Resource
from service.settings import Settings

BY_ID = (("id", False),)
SECRET = "password"


@dataclass(frozen=True, slots=True)
class Options:
    """What is exported, and how."""

    resource: str
    form: str | None = None
    to: str | None = None
    fields: tuple[str, ...] = ()


def run(settings: Settings, options: Options) -> int:
    """Export; CommandError where it cannot be done."""
    return asyncio.run(_exported(settings, options))


async def _exported(settings: Settings, options: Options) -> int:
    resource = resource_named(options.resource)
    columns = _columns(resource, options.fields)
    form = options.form or SUFFIXES.get((options.to or "").rpartition(".")[2].lower()) or "csv"
    async with opened(settings) as records:
        with written(options.to) as file:
            telling = Telling(options.resource, None, sys.stderr, sys.stderr, as_json=False)
            rows = await _write(records, resource, columns, form, file, telling)
        telling.end(f"{options.resource}: {rows:,} rows in {telling.seconds:.1f} s", {})
    return DONE


def _columns(resource: Resource, asked: Sequence[str]) -> tuple[str, ...]:
    """The columns that are asked for, in that order; all of them where none are."""
    known = tuple(name for name in ("id", *resource.record.model_fields, "created_at", "updated_at") if name != SECRET)
    for name in asked:
        if name not in known:
            raise CommandError(f"there is no column {name} to export; there are {', '.join(known)}", BAD_ARGUMENTS)
    return tuple(asked) or known


async def _write(
    records: Records, resource: Resource, columns: Sequence[str], form: str, file: IO[bytes], telling: Telling
) -> int:
    exports = Exports(records.statements, records.database, Snapshots(records.statements, records.database))
    query = ListQuery(order=BY_ID)
    count = 0
    write = _FORMS[form](columns)
    async with (
        exports.open(records.reader(resource), WHOLE_VIEW, query, None) as export,
        aclosing(export.steps()) as steps,
    ):
        file.write(write.head)
        async for text in steps:
            rows = orjson.loads(b"[" + text + b"]")
            file.write(write.rows(rows, is_first=count == 0))
            count += len(rows)
            telling.step(count, count)
        file.write(write.foot)
    return count


class _Csv:
    foot = b""

    def __init__(self, columns: Sequence[str]) -> None:
        self.head = csv_text.header_line(columns)
        self._columns = columns

    def rows(self, rows: list[dict[str, Any]], *, is_first: bool) -> bytes:
        return csv_text.lines(rows, self._columns)


class _Ndjson:
    head = foot = b""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    def rows(self, rows: list[dict[str, Any]], *, is_first: bool) -> bytes:
        return b"".join(orjson.dumps({name: row[name] for name in self._columns}) + b"\n" for row in rows)


class _Json:
    head, foot = b"[", b"\n]\n"

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns

    def rows(self, rows: list[dict[str, Any]], *, is_first: bool) -> bytes:
        text = b",\n".join(orjson.dumps({name: row[name] for name in self._columns}) for row in rows)
        return (b"\n" if is_first else b",\n") + text


_FORMS: dict[str, type[_Csv] | type[_Ndjson] | type[_Json]] = {"csv": _Csv, "ndjson": _Ndjson, "json": _Json}
