"""The file of a backup: gzip around lines of JSON, the last of which holds a checksum of all before it.

The first line says the format, the schema and for each table its columns and its ledger row; then come for each table a
line `{"rows": table}` with a line for each row, and a line `{"tombstones": table}` with a line for each of those.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

import orjson

from service.commands.failure import CommandError

FORMAT = 1
LEVEL = 5  # of gzip
BATCH_LINES = 2000
BATCH_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a backup: its columns in the order of the rows, and its ledger row."""

    table: str
    columns: tuple[str, ...]
    row_count: int
    version: int
    last_modified: str
    deltas_from: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself."""

    schema: tuple[str, ...]
    tables: tuple[Table, ...]
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of one section: `kind` is rows or tombstones."""

    kind: str
    table: str
    lines: list[bytes]

    @property
    def array(self) -> str:
        """The lines as one JSON array."""
        return f"[{b','.join(self.lines).decode()}]"


class ArchiveWriter:
    """Writes a backup into `file`; the same contents always give the same bytes."""

    def __init__(self, file: IO[bytes], contents: Contents) -> None:
        self._gzip = gzip.GzipFile("", "wb", LEVEL, file, mtime=0)
        self._hash = hashlib.sha256()
        self._rows = 0
        head = {"herdbook": "backup", "format": FORMAT, "schema": contents.schema}
        self._line({**head, "tables": [asdict(table) for table in contents.tables]})

    def section(self, kind: str, table: str) -> None:
        """The lines that follow are `kind` (rows or tombstones) of `table`."""
        self._line({kind: table})

    def lines(self, text: bytes, count: int) -> None:
        """`count` lines, without the end of the last."""
        self._rows += count
        self._write(text + b"\n")

    def end(self) -> None:
        """Write the checksum; without it the file is taken for one that was cut."""
        self._line({"end": {"rows": self._rows, "sha256": self._hash.hexdigest()}})
        self._gzip.close()

    def _line(self, facts: dict[str, Any]) -> None:
        self._write(orjson.dumps(facts) + b"\n")

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._gzip.write(data)


class ArchiveReader:
    """Reads the backup in `file`, from its beginning as often as it is asked to."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name

    def checked(self) -> Contents:
        """Read the whole file; CommandError unless it is a backup, whole and as it was written."""
        digest, rows = hashlib.sha256(), 0
        contents: Contents | None = None
        for line in self._lines():
            if contents is None:
                contents = self._contents(line)
            elif line.startswith(b"["):
                rows += 1
            elif line.startswith(b'{"end"'):
                end = orjson.loads(line)["end"]
                if (end["rows"], end["sha256"]) != (rows, digest.hexdigest()):
                    raise CommandError(f"{self._name} is not as it was written: its checksum is another one")
                return Contents(contents.schema, contents.tables, rows)
            digest.update(line)
        raise CommandError(f"{self._name} is cut: its end is missing")

    def pieces(self) -> Iterator[Piece]:
        """The sections, in pieces of bounded size."""
        kind, table = "", ""
        lines: list[bytes] = []
        size = 0
        for number, line in enumerate(self._lines()):
            if line.startswith(b"["):
                lines.append(line.rstrip(b"\n"))
                size += len(line)
            if lines and (not line.startswith(b"[") or len(lines) >= BATCH_LINES or size >= BATCH_BYTES):
                yield Piece(kind, table, lines)
                lines, size = [], 0
            if number and not line.startswith(b"["):
                ((kind, table),) = orjson.loads(line).items()

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        try:
            yield from io.BufferedReader(gzip.GzipFile(fileobj=self._file, mode="rb"), 1024 * 1024)
        except EOFError:
            raise CommandError(f"{self._name} is cut: its end is missing") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise CommandError(f"{self._name} is no backup, or damaged ({error})") from None

    def _contents(self, line: bytes) -> Contents:
        try:
            said = orjson.loads(line)
            if said["herdbook"] != "backup":
                raise KeyError
            if said["format"] != FORMAT:
                raise CommandError(f"{self._name} has the format {said['format']}, which this Herdbook does not read")
            tables = tuple(Table(**{**one, "columns": tuple(one["columns"])}) for one in said["tables"])
            return Contents(tuple(said["schema"]), tables)
        except (ValueError, KeyError, TypeError):
            raise CommandError(f"{self._name} is no backup of Herdbook") from None


def columns_text(columns: Sequence[str]) -> str:
    """Columns as SQL names them; they come from a resource's own record."""
    return ", ".join(columns)


def paths_text(columns: Sequence[str]) -> str:
    """The same as columns of a JSON_TABLE over rows that are arrays."""
    return ", ".join(f"{column} TEXT PATH '$[{at}]'" for at, column in enumerate(columns))
