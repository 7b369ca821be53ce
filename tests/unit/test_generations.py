"""Generations: a token is told only while no COMMIT is in flight, and never comes back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.cache.generations import Generations
from service.cache.segment import COMMITS, TABLES, Segment, SegmentError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a segment is."""
    return tmp_path / "segment"


@pytest.fixture
def two(path: Path) -> tuple[Generations, Generations]:
    """Two workers on one segment."""
    return Generations(Segment(path, 4)), Generations(Segment(path, 4))


def write(one: Generations, table: str, stamp: int = 5) -> None:
    commit = one.commit([table])
    commit.sending(1, 1)
    commit.committed(stamp)


def test_a_write_changes_the_token_everywhere(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    tokens = [one.scope(["species"]).token() for one in two]
    assert tokens[0] == tokens[1] is not None
    write(mine, "species")
    for one in two:
        assert one.scope(["species"]).token() not in (None, tokens[0])
    assert other.scope(["species"]).token() == mine.scope(["species"]).token()


def test_while_a_commit_is_in_flight_there_is_no_token(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    before = other.scope(["species"]).token()
    commit = mine.commit(["species"])
    assert other.scope(["species"]).token() == before  # until COMMIT is sent the old pages are true
    commit.sending(1, 1)
    assert mine.scope(["species"]).token() is None
    assert other.scope(["species"]).token() is None
    commit.committed(7)
    assert other.scope(["species"]).token() not in (None, before)


def test_two_commits_in_flight_both_have_to_end(two: tuple[Generations, Generations]) -> None:
    first, second = (one.commit(["species"]) for one in two)
    first.sending(1, 1)
    second.sending(2, 1)
    first.committed(7)
    assert two[0].scope(["species"]).token() is None
    second.committed(8)
    assert two[0].scope(["species"]).token() is not None


def test_a_commit_that_was_refused_leaves_the_token_of_before(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    before = other.scope(["species"]).token()
    commit = mine.commit(["species"])
    commit.sending(1, 1)
    commit.refused()
    assert other.scope(["species"]).token() == before


def test_a_write_of_one_table_is_none_of_another(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    species, breeds = (other.scope([table]).token() for table in ("species", "breeds"))
    write(mine, "species")
    assert other.scope(["breeds"]).token() == breeds
    assert other.scope(["species"]).token() != species


def test_a_page_of_several_tables_depends_on_each(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    scope = other.scope(["breeds", "species"])
    seen = {scope.token()}
    for table in ("species", "breeds"):
        write(mine, table)
        seen.add(scope.token())
    assert len(seen) == 3
    assert None not in seen
    commit = mine.commit(["species"])
    commit.sending(1, 1)
    assert scope.token() is None


def test_the_first_tables_part_stands_first(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    scope = other.scope(["breeds", "species"])
    before = scope.token()
    write(mine, "species")
    after = scope.token()
    assert before is not None
    assert after is not None
    assert before[: scope.width] == after[: scope.width]
    assert before != after


def test_a_token_never_comes_back(two: tuple[Generations, Generations]) -> None:
    scope = two[0].scope(["species"])
    seen = {scope.token()}
    for number in range(500):
        write(two[number % 2], "species", number)
        seen.add(scope.token())
    assert len(seen) == 501


def test_an_unknown_outcome_stays_in_flight_until_it_is_resolved(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    before = other.scope(["species"]).token()
    commit = mine.commit(["species"])
    commit.sending(42, 9)
    commit.unknown()
    assert other.scope(["species"]).token() is None
    (one,) = mine.in_flight()
    assert (one.connection, one.server_start) == (42, 9)
    mine.resolve(one)
    assert mine.in_flight() == []
    assert other.scope(["species"]).token() not in (None, before)


async def test_who_waits_for_a_commit_gets_the_token_after_it(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    scope = other.scope(["species"])
    commit = mine.commit(["species"])
    commit.sending(1, 1)
    assert await scope.settle() is None  # a bounded wait
    commit.committed(3)
    assert await scope.settle() == scope.token()


def test_a_change_by_hand_is_seen_once_and_a_write_of_ours_is_none(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    write(mine, "species", 100)
    token = other.scope(["species"]).token()
    assert other.observe("species", 100) is False
    assert other.scope(["species"]).token() == token
    assert other.observe("species", 101) is True
    assert mine.scope(["species"]).token() not in (None, token)
    assert mine.observe("species", 101) is False


def test_what_a_new_segment_is_told_first_is_no_change_by_hand_and_counts_all_the_same(
    two: tuple[Generations, Generations],
) -> None:
    mine, other = two
    token = other.scope(["species"]).token()
    assert other.observe("species", 100) is False
    assert mine.scope(["species"]).token() not in (None, token)
    assert mine.observe("species", 101) is True


def test_nothing_is_observed_while_a_commit_is_in_flight(two: tuple[Generations, Generations]) -> None:
    mine, other = two
    commit = mine.commit(["species"])
    commit.sending(1, 1)
    assert other.observe("species", 50) is False
    commit.committed(50)
    assert other.observe("species", 50) is False


def test_more_workers_than_slots_are_refused(path: Path) -> None:
    held = [Generations(Segment(path, 2)) for _ in range(2)]
    with pytest.raises(SegmentError, match="too many workers"):
        Generations(Segment(path, 2))
    held[0].close()
    Generations(Segment(path, 2))


def test_a_slot_carries_its_counters_on(path: Path) -> None:
    keeper = Generations(Segment(path, 2))
    gone = Generations(Segment(path, 2))
    write(gone, "species")
    token = keeper.scope(["species"]).token()
    slot = gone.slot
    gone.close()
    next_one = Generations(Segment(path, 2))
    assert next_one.slot == slot
    assert keeper.scope(["species"]).token() == token
    write(next_one, "species")
    assert keeper.scope(["species"]).token() not in (None, token)


def test_a_new_segment_is_another_epoch_and_a_living_one_is_joined(path: Path) -> None:
    first = Segment(path, 4)
    joined = Segment(path, 16)
    assert (joined.epoch, joined.slots) == (first.epoch, 4)
    first.close()
    joined.close()
    assert Segment(path, 4).epoch != first.epoch


def test_what_a_killed_worker_left_is_cleared_up(path: Path) -> None:
    keeper = Generations(Segment(path, 4))
    before = keeper.scope(["species"]).token()
    program = (
        "import os, sys; from pathlib import Path;"
        "from service.cache.generations import Generations; from service.cache.segment import Segment;"
        "commit = Generations(Segment(Path(sys.argv[1]), 4)).commit(['species']);"
        "commit.sending(77, 5); os._exit(9)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", program, str(path)], cwd=root, check=False)
    assert keeper.scope(["species"]).token() is None
    adopted = keeper.adopt_dead()
    assert adopted is not None
    slot, records = adopted
    assert [(one.connection, one.server_start) for one in records] == [(77, 5)]
    keeper.bury(slot)
    assert keeper.scope(["species"]).token() not in (None, before)
    assert keeper.adopt_dead() is None
    assert keeper.segment.owners() == [os.getpid()]


def test_there_is_room_for_so_many_tables_and_commits_and_no_more(path: Path) -> None:
    one = Generations(Segment(path, 2))
    for number in range(TABLES):
        assert one.segment.table(f"table_{number}") == number
    assert one.segment.table("table_0") == 0
    with pytest.raises(SegmentError, match="tables"):
        one.segment.table("one_more")
    commits = [one.commit(["table_0"]) for _ in range(COMMITS + 1)]
    for number, commit in enumerate(commits[:-1]):
        commit.sending(number + 1, 1)
    with pytest.raises(SegmentError, match="in flight"):
        commits[-1].sending(999, 1)
    for commit in commits[:-1]:
        commit.committed(1)
    assert one.scope(["table_0"]).token() is not None
