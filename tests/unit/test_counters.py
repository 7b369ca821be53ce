"""What the generations write down: stamps, records of COMMITs, and how long they wait; and the segment's file."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from service.cache.generations import SETTLE_STEP, SETTLE_STEPS, Generations
from service.cache.segment import Segment, SegmentError, started_at

SLOTS = 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a segment is."""
    return tmp_path / "segment"


@pytest.fixture
def workers(path: Path) -> list[Generations]:
    """Three workers on one segment, with tables that others use as well."""
    three = [Generations(Segment(path, SLOTS)) for _ in range(3)]
    for table in ("before", "species", "after"):
        three[0].segment.table(table)
    return three


def write(one: Generations, *tables: str, stamp: int = 5) -> None:
    commit = one.commit(tables)
    commit.sending(1, 1)
    commit.committed(stamp)


def known(one: Generations, table: str) -> int:
    return one.scope([table]).known()


def test_the_latest_stamp_of_any_worker_is_known_to_all(workers: list[Generations]) -> None:
    for worker, stamp in zip(workers, (30, 50, 40), strict=True):
        write(worker, "species", stamp=stamp)
        write(worker, "before", stamp=stamp * 100)
        write(worker, "after", stamp=stamp * 1000)
    assert {known(one, "species") for one in workers} == {50}
    assert {known(one, "before") for one in workers} == {5000}
    assert {one.scope(["species", "after"]).known() for one in workers} == {50}
    write(workers[1], "species", stamp=45)
    assert known(workers[0], "species") == 50
    assert known(workers[0], "never") == 0


def test_a_change_by_hand_is_one_that_no_worker_knows(workers: list[Generations]) -> None:
    for worker, stamp in zip(workers, (30, 50, 40), strict=True):
        write(worker, "species", stamp=stamp)
        write(worker, "after", stamp=1000)
    for worker in workers:
        assert not worker.observe("species", 50)
    assert workers[2].observe("species", 51)
    assert known(workers[0], "species") == 51
    assert not workers[0].observe("species", 51)
    # While another worker's COMMIT of this table is in flight nothing is told; one of another table is no matter.
    commit = workers[1].commit(["species"])
    commit.sending(1, 1)
    assert not workers[0].observe("species", 60)
    commit.refused()
    commit = workers[1].commit(["before"])
    commit.sending(1, 1)
    assert workers[0].observe("species", 60)


def test_counts_of_writes_are_no_stamps_and_other_tables_stamps_are_not_its_own(workers: list[Generations]) -> None:
    for table, stamp in (("before", 9), ("species", 1), ("after", 9)):
        for _ in range(9):
            write(workers[0], table, stamp=stamp)
            write(workers[2], table, stamp=stamp)
    assert workers[1].observe("species", 2)
    assert known(workers[1], "species") == 2


@pytest.mark.parametrize("end", ["committed", "refused", "resolved"])
def test_a_record_is_free_when_its_commit_has_ended(workers: list[Generations], end: str) -> None:
    one = workers[1]
    commits = [one.commit(["species", "after"]) for _ in range(3)]
    for number, commit in enumerate(commits):
        commit.sending(70 + number, 9)
    assert one.segment.in_flight(one.slot) == [0, 1, 2]
    if end == "committed":
        commits[1].committed(4)
    elif end == "refused":
        commits[1].refused()
    else:
        commits[1].unknown()
        (orphan,) = one.in_flight()
        assert (orphan.slot, orphan.record, orphan.connection, orphan.server_start) == (one.slot, 1, 71, 9)
        one.resolve(orphan)
        assert one.orphans == set()
    assert one.segment.in_flight(one.slot) == [0, 2]
    assert all(other.segment.in_flight(other.slot) == [] for other in (workers[0], workers[2]))
    commits[0].committed(5)
    commits[2].committed(5)
    assert one.scope(["species", "after"]).token() is not None
    assert one.scope(["before"]).token() == bytes(8 * SLOTS)


async def test_who_waits_looks_every_millisecond_twenty_times(
    workers: list[Generations], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, pauses = workers[0].commit(["species"]), []
    scope = workers[1].scope(["species"])

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == ends_at:
            commit.committed(9)

    # Of that module alone: a task of another test that sleeps in the same loop would never yield again.
    monkeypatch.setattr("service.cache.generations.asyncio", SimpleNamespace(sleep=sleep))
    for ends_at in (1, 3, SETTLE_STEPS):
        pauses.clear()
        commit.sending(1, 1)
        assert await scope.settle() == scope.token() is not None
        assert pauses == [SETTLE_STEP] * ends_at
    ends_at = 0
    pauses.clear()
    commit.sending(1, 1)
    assert await scope.settle() is None
    assert pauses == [0.001] * 20


def test_a_worker_that_ends_gives_its_slot_back_unless_it_leaves_a_commit(workers: list[Generations]) -> None:
    workers[0].close()
    assert workers[2].segment.owners() == [os.getpid()] * 2
    commit = workers[1].commit(["species"])
    commit.sending(1, 1)
    workers[1].close()
    assert workers[2].segment.owners() == [os.getpid()] * 2
    assert workers[2].scope(["species"]).token() is None
    path = workers[2].segment.path
    workers[2].close()
    assert not path.exists()


def test_a_segment_that_is_let_go_holds_no_descriptor(path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    one = Segment(path, SLOTS)
    assert len(os.listdir("/proc/self/fd")) > before
    one.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert one.memory.closed


def test_the_last_to_go_takes_the_file_away(path: Path) -> None:
    first, last = Segment(path, SLOTS), Segment(path, SLOTS)
    assert path.stat().st_mode & 0o777 == 0o600
    first.poller_lock.touch()
    first.close()
    assert path.exists()
    last.close()
    assert not path.exists()
    assert not last.poller_lock.exists()
    assert list(path.parent.iterdir()) == [path.with_name(f"herdbook-{os.getuid()}.lock")]


def test_a_segment_that_nobody_holds_is_made_anew(path: Path) -> None:
    path.write_bytes(b"\xff" * 10**6)
    one = Segment(path, SLOTS)
    assert one.slots == SLOTS
    assert one.owners() == []
    assert not any(one.words[one.slot_at(0) :].tolist())
    assert path.stat().st_size == 8 * (one.table_at(63) + 3 * SLOTS)


@pytest.mark.parametrize("word", [0, 1])
def test_a_segment_of_another_version_is_refused(path: Path, word: int) -> None:
    one = Segment(path, SLOTS)
    one.words[word] += 1
    with pytest.raises(SegmentError, match="another version"):
        Segment(path, SLOTS)
    one.words[word] -= 1
    Segment(path, SLOTS)


def test_where_there_is_no_room_it_says_how_much_it_takes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    size = 8 * (Segment(path, SLOTS).table_at(63) + 3 * SLOTS)
    monkeypatch.setattr(os, "posix_fallocate", no_room)
    with pytest.raises(SegmentError, match=f"no room for {size} bytes"):
        Segment(path.with_name("another"), SLOTS)


def test_a_process_that_is_none_began_at_no_time() -> None:
    assert started_at(2**22 + 1) == 0
    assert started_at(os.getpid()) > 0
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert started_at(child) == 0  # ended, but not yet buried by its parent
    os.waitpid(child, 0)
