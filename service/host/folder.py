"""Locks and secrets kept in files: whole or not there at all, readable by this user only."""

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO


def try_lock(path: Path) -> IO[str] | None:
    """A lock on `path` held until the file returned is closed, or None where another has it."""
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def wait_for_lock(path: Path, seconds: float, pause: Callable[[float], None] = time.sleep) -> IO[str] | None:
    """As `try_lock`, after at most `seconds`; `pause` sleeps between two looks."""
    deadline = time.monotonic() + seconds
    while (lock := try_lock(path)) is None and time.monotonic() < deadline:
        pause(0.1)
    return lock


def keep_secret(path: Path, make: Callable[[], str]) -> str:
    """What the file `path` holds (mode 0600); at the first call that is what `make` gives."""
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    secret = make()
    write_private(path, secret + "\n")
    return secret


def write_private(path: Path, text: str) -> None:
    """Write `text` into `path` whole or not at all, readable by this user only."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
