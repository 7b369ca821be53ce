"""The file that collects bad rows: NDJSON that can be mended and loaded, each row with its line and the reasons."""

import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from service.commands.failure import BAD_ARGUMENTS, CommandError
from service.commands.given import Given
from service.http.reasons import by_field
from service.records.errors import Fault


class RefusedRows:
    """Collects into the file `name`, readable by this user only; nothing where it is None."""

    def __init__(self, name: str | None) -> None:
        self.collects = name is not None
        self.size = 0
        self._file = -1 if name is None else _opened(Path(name))

    def begin(self, size: int) -> None:
        """Keep the first `size` bytes, which an earlier load has collected, and drop what came after them."""
        self.write(size, ())

    def write(self, size: int, rows: Sequence[tuple[Given, Sequence[Fault]]]) -> None:
        """Collect `rows` after the first `size` bytes, in place of whatever follows these."""
        self.size = size
        if not self.collects:
            return
        if os.fstat(self._file).st_size < size:
            raise CommandError("the file of bad rows is shorter than the earlier load left it")
        text = b"".join(_entry(row, faults) for row, faults in rows)
        os.ftruncate(self._file, size)
        while text:
            written = os.pwrite(self._file, text, self.size)
            self.size, text = self.size + written, text[written:]

    def close(self) -> None:
        """Close the file."""
        if self.collects:
            os.close(self._file)


def _entry(row: Given, faults: Sequence[Fault]) -> bytes:
    facts = {"_line": row.line, "_reasons": by_field(faults, "en")}
    if isinstance(row.value, dict):
        return orjson.dumps({**row.value, **facts}) + b"\n"
    return orjson.dumps({"_text": row.raw.decode(errors="replace").strip(), **facts}) + b"\n"


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written: {(error.strerror or str(error)).lower()}", BAD_ARGUMENTS
        ) from None
