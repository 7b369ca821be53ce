"""The counts of all processes of a host, each in a small file of its own: a count outlives its process.

A file belongs to a living process while the lock beside it is held. What the dead have counted is added up in one
further file, which also names whose counts are in it, so that a process that dies on the way leaves nothing counted
twice. Who reads does not wait: it reads again where that file changed meanwhile. So no sum ever goes back.
"""

import fcntl
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson

from service.host.folder import try_lock

LAYOUT = 1
GONE = "gone"
TRIES = 20


@dataclass(frozen=True, slots=True)
class Counted:
    """`counts` only rise; `states` are of one moment and end with their process."""

    counts: Mapping[str, float] = field(default_factory=dict)
    states: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Gone:
    counts: Mapping[str, float]
    names: frozenset[str]


class CountFiles:
    """The files in `folder`, and the one that is this process's own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = try_lock(self._path(self._name, "lock"))
        self._take_over()

    def keep(self, counted: Counted) -> None:
        """Write what this process has counted by now; OSError where there is no room."""
        self._write(self._name, {"counts": counted.counts, "states": counted.states})

    def read(self) -> tuple[Mapping[str, float], list[Counted]]:
        """The counts of all processes there ever were, added up, and what each living one says."""
        self._take_over()
        for _ in range(TRIES):
            gone = self._gone()
            said = {name: self._read(name) for name in self._names() if name not in gone.names}
            if self._gone() == gone:
                break
        living = [Counted(one["counts"], one["states"]) for one in said.values()]
        return _sum([gone.counts, *(one.counts for one in living)]), living

    def close(self) -> None:
        """The process counts no more: the next that looks takes its counts over."""
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_over(self) -> None:
        """Add up what the dead have counted, unless another process is at it."""
        turn = try_lock(self._path(GONE, "lock"))
        if turn is None:
            return
        with turn:
            gone, dead = self._gone(), [name for name in self._names() if self._is_dead(name)]
            new = [name for name in dead if name not in gone.names]
            if new:
                counts = _sum([gone.counts, *(self._read(name)["counts"] for name in new)])
                self._write(GONE, {"counts": counts, "names": dead})
            for name in dead:
                self._path(name, "json").unlink(missing_ok=True)
                self._path(name, "lock").unlink(missing_ok=True)

    def _is_dead(self, name: str) -> bool:
        try:
            file = os.open(self._path(name, "lock"), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(file)
        return True

    def _names(self) -> list[str]:
        return [path.stem for path in sorted(self._folder.glob("*.json")) if path.stem != GONE]

    def _gone(self) -> _Gone:
        said = self._read(GONE)
        return _Gone(said["counts"], frozenset(said["names"]))

    def _read(self, name: str) -> dict[str, Any]:
        nothing: dict[str, Any] = {"counts": {}, "states": {}, "names": []}
        with suppress(OSError, orjson.JSONDecodeError):
            said = orjson.loads(self._path(name, "json").read_bytes())
            if said.get("layout") == LAYOUT:
                return {**nothing, **said}
        return nothing

    def _write(self, name: str, said: Mapping[str, Any]) -> None:
        """Whole or not at all; not waited for on the disk, since a count that a power cut takes away is no loss."""
        partial = self._path(name, "partial")
        partial.write_bytes(orjson.dumps({"layout": LAYOUT, **said}))
        partial.rename(self._path(name, "json"))

    def _path(self, name: str, ending: str) -> Path:
        return self._folder / f"{name}.{ending}"


def _sum(many: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    total: dict[str, float] = {}
    for one in many:
        for key, value in one.items():
            total[key] = total.get(key, 0) + value
    return total
