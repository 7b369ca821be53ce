"""A file read batch by batch, in constant memory, that can be taken up again where an earlier load has come to."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

from service.commands.failure import BAD_ARGUMENTS, CommandError
from service.commands.given import CsvRows, Given, NdjsonRows
from service.commands.json_rows import JsonRows
from service.resources.resource import Resource

FORMATS = ("csv", "ndjson", "json")
SUFFIXES = {"csv": "csv", "ndjson": "ndjson", "jsonl": "ndjson", "json": "json"}
BATCH_BYTES = 4 * 1024 * 1024
SKIP = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: bytes, and a digest of them all."""

    position: int
    digest: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows in a file's order, and the place in it before and after them."""

    rows: list[Given]
    begins: Place
    ends: Place


def format_of(name: str, asked: str | None) -> str:
    """The format that was asked for, or the one that the file's name says; CommandError where neither does."""
    found = asked or SUFFIXES.get(name.rpartition(".")[2].lower())
    if found is None:
        raise CommandError(f"the name {name} does not say the format: --format {'|'.join(FORMATS)}", BAD_ARGUMENTS)
    return found


class Reading:
    """The rows of `file`, which has the form `form`, at most `most` in a batch."""

    def __init__(self, file: io.BufferedReader, form: str, resource: Resource, most: int) -> None:
        self._file = file
        self._most = most
        self._hash = hashlib.blake2b(digest_size=32)
        self._position = 0
        self._form: CsvRows | NdjsonRows | JsonRows
        match form:
            case "csv":
                self._form = CsvRows(file, resource)
            case "ndjson":
                self._form = NdjsonRows(file)
            case _:
                self._form = JsonRows(file)
        self._head = self._form.begin()
        self._rows: Iterator[Given] | None = None

    @property
    def place(self) -> Place:
        """How far the batches given so far go."""
        return Place(self._position, self._hash.hexdigest())

    def go_on_from(self, place: Place) -> None:
        """Pass over what was read before; CommandError where the file does not begin with that."""
        if place.position == 0:
            return
        self._take(self._head)
        line = 1 + self._head.count(b"\n")
        while (left := place.position - self._position) > 0 and (piece := self._file.read(min(SKIP, left))):
            self._take(piece)
            line += piece.count(b"\n")
        if self.place != place:
            raise CommandError(
                f"the file does not begin with the {place.position} bytes that were loaded of it before:"
                " without --resume it is loaded from its beginning"
            )
        self._rows = (
            self._form.rows(line, is_first=False) if isinstance(self._form, JsonRows) else self._form.rows(line)
        )

    def next(self) -> Batch | None:
        """The next batch; None at the end. CommandError where the file cannot be read on."""
        begins, size = self.place, 0
        if self._rows is None:
            self._take(self._head)
            self._rows = self._form.rows(1 + self._head.count(b"\n"))
        rows: list[Given] = []
        for row in self._rows:
            rows.append(row)
            size += len(row.raw)
            if row.raw and (len(rows) >= self._most or size >= BATCH_BYTES):
                break
        if not rows:
            return None
        self._take(b"".join(row.raw for row in rows))
        return Batch(rows, begins, self.place)

    def _take(self, data: bytes) -> None:
        self._hash.update(data)
        self._position += len(data)
