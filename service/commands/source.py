"""A file or standard input as a stream of bytes, whose reader can be told to stop while it waits for more."""

import io
import os
import select
import stat
import sys
from pathlib import Path
from typing import Any, BinaryIO

from service.commands.failure import BAD_ARGUMENTS, CommandError

STANDARD_INPUT = "-"
LOOK = 0.2  # seconds between two looks at whether it is to stop
AT_ONCE = 1024 * 1024


class Source(io.RawIOBase):
    """The bytes of `name`; `size` is None where nobody knows it (a pipe)."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._file = sys.stdin.fileno() if name == STANDARD_INPUT else _opened(Path(name))
        self._is_ours = name != STANDARD_INPUT
        facts = os.fstat(self._file)
        self.size = facts.st_size if stat.S_ISREG(facts.st_mode) else None
        self.name = name if name == STANDARD_INPUT else os.path.realpath(name)
        self.stopped = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what is there; nothing once it is stopped."""
        while not self.stopped:
            if select.select([self._file], [], [], LOOK)[0]:
                return os.readv(self._file, [buffer])
        return 0

    def close(self) -> None:
        """Close what was opened here."""
        if not self.closed and self._is_ours:
            os.close(self._file)
        super().close()

    def reread(self) -> BinaryIO:
        """The same, to be read from its beginning as often as one likes; CommandError where that cannot be."""
        if self.size is None:
            raise CommandError(f"{self.name} is no file that can be read twice", BAD_ARGUMENTS)
        return os.fdopen(os.dup(self._file), "rb", AT_ONCE)

    def buffered(self) -> io.BufferedReader:
        """The same, to be read line by line."""
        return io.BufferedReader(self, AT_ONCE)


def _opened(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}", BAD_ARGUMENTS) from None
    if stat.S_ISDIR(os.fstat(file).st_mode):
        os.close(file)
        raise CommandError(f"{path} is a folder", BAD_ARGUMENTS)
    return file
