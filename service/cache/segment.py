"""The shared memory behind the generations: counters of all workers on this host, each written by one process only.

Layout, all in native unsigned 64-bit words:

    header      magic, layout, slots, epoch
    directory   TABLES names of 64 bytes
    slots       for each: pid, its start time, then COMMITS records of a COMMIT in flight
                (connection, start of the server, bit set of tables)
    tables      for each: started[slots], finished[slots], stamp[slots]

It is a file of fixed name in memory (/dev/shm). Every process that uses it holds a shared lock on it, so a new master
attaches to a living segment, and only one that finds no holder makes it anew, with a new epoch.
"""

import fcntl
import mmap
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MAGIC = 0x4845_5244_424F_4F4B
LAYOUT = 1
WORD = 8
HEADER = 4
TABLES = 64
NAME = 64
COMMITS = 256
COMMIT = 3
SLOT = 2 + COMMITS * COMMIT
PER_TABLE = 3


class SegmentError(Exception):
    """The shared memory cannot be used."""


def started_at(pid: int) -> int:
    """When process `pid` began, in clock ticks since boot; 0 when there is none (proc_pid_stat(5), field 22)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    fields = stat.rpartition(b")")[2].split()
    return 0 if fields[0] in (b"Z", b"X") else int(fields[19])


class Segment:
    """An attached segment: words to read and write, and where they are."""

    def __init__(self, path: Path, slots: int) -> None:
        self.path = path
        with self._directory_lock():
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            alone = self._is_alone()
            if alone:
                self._make(slots)
            fcntl.flock(self._file, fcntl.LOCK_SH)
            self.memory = mmap.mmap(self._file, os.fstat(self._file).st_size)
        self.words = memoryview(self.memory).cast("Q")
        if self.words[0] != MAGIC or self.words[1] != LAYOUT:
            raise SegmentError(f"{path} belongs to another version: stop what uses it first")
        self.slots = self.words[2]
        self.epoch = self.words[3]
        self._tables: dict[str, int] = {}
        self._first_slot = HEADER + TABLES * NAME // WORD
        self._first_table = self._first_slot + self.slots * SLOT

    def _is_alone(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _make(self, slots: int) -> None:
        words = HEADER + TABLES * NAME // WORD + slots * SLOT + TABLES * PER_TABLE * slots
        os.ftruncate(self._file, 0)
        try:
            os.posix_fallocate(self._file, 0, words * WORD)
        except OSError as error:
            raise SegmentError(f"no room for {words * WORD} bytes at {self.path}") from error
        with mmap.mmap(self._file, words * WORD) as memory, memoryview(memory).cast("Q") as view:
            view[2], view[3] = slots, secrets.randbits(64)
            view[1], view[0] = LAYOUT, MAGIC

    @contextmanager
    def _directory_lock(self) -> Iterator[None]:
        # One lock for all segments of a folder: unlike them it stays, since a lock that is unlinked locks nothing.
        path = self.path.with_name(f"herdbook-{os.getuid()}.lock")
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def slot_at(self, slot: int) -> int:
        """The first word of `slot`."""
        return self._first_slot + slot * SLOT

    def table_at(self, table: int) -> int:
        """The first word of the counters of `table`: started, finished, stamp, each `slots` long."""
        return self._first_table + table * PER_TABLE * self.slots

    def table(self, name: str) -> int:
        """The number of the table `name`, given to it now if it has none; SegmentError when there is no room."""
        if name not in self._tables:  # it never changes, so the lock is asked for once
            self._tables[name] = self._enter(name)
        return self._tables[name]

    def _enter(self, name: str) -> int:
        wanted = name.encode("ascii").ljust(NAME, b"\0")
        with self._directory_lock():
            for table in range(TABLES):
                at = HEADER * WORD + table * NAME
                held = self.memory[at : at + NAME]
                if held == wanted:
                    return table
                if not held.strip(b"\0"):
                    self.memory[at : at + NAME] = wanted
                    return table
        raise SegmentError(f"more than {TABLES} tables")

    def claim(self) -> int | None:
        """Take a slot for this process, its counters carried on; None when there is none to be had.

        A dead owner's slot is to be had once nothing it began is in flight any more (see `claim_dead`).
        """
        return self._take(lambda pid, slot: not pid or (self._is_dead(slot) and not self.in_flight(slot)))

    def claim_dead(self) -> int | None:
        """Take the slot of a process that died without giving it back, to clear it up; None when there is none."""
        return self._take(lambda pid, slot: bool(pid) and self._is_dead(slot))

    def _take(self, wanted: Callable[[int, int], bool]) -> int | None:
        with self._directory_lock():
            for slot in range(self.slots):
                at = self.slot_at(slot)
                if wanted(self.words[at], slot):
                    self.words[at], self.words[at + 1] = os.getpid(), started_at(os.getpid())
                    return slot
        return None

    def _is_dead(self, slot: int) -> bool:
        at = self.slot_at(slot)
        return started_at(self.words[at]) != self.words[at + 1]

    def in_flight(self, slot: int) -> list[int]:
        """The numbers of the commit records of `slot` that are in use."""
        at = self.slot_at(slot) + 2
        return [record for record in range(COMMITS) if self.words[at + record * COMMIT]]

    def release(self, slot: int) -> None:
        """Give `slot` back; its counters stay for whoever takes it next."""
        with self._directory_lock():
            self.words[self.slot_at(slot)] = 0

    def owners(self) -> list[int]:
        """The pids that hold a slot now."""
        held = (self.words[self.slot_at(slot)] for slot in range(self.slots))
        return [pid for pid in held if pid]

    def close(self) -> None:
        """Let go of the segment; who goes last takes its file away."""
        self.words.release()
        self.memory.close()
        with self._directory_lock():
            if self._is_alone():
                self.path.unlink(missing_ok=True)
                self.poller_lock.unlink(missing_ok=True)
            os.close(self._file)

    @property
    def poller_lock(self) -> Path:
        """The file whose lock the poller of this host holds."""
        return self.path.with_name(f"{self.path.name}.poller")
