"""Whatever moment a worker dies at, its slot ends as if its writes had ended, and no old token comes back."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.cache.generations import Generations
from service.cache.segment import COMMITS, Segment

TABLES = ("species", "breeds")
# The child does nothing that needs a thread of its parent.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Died(BaseException):
    """The worker was killed here."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the segment is."""
    return tmp_path / "segment"


@pytest.fixture
def survivor(path: Path) -> Iterator[Generations]:
    """A worker that lives on."""
    one = Generations(Segment(path, 4))
    for table in TABLES:
        one.segment.table(table)
    yield one
    one.close()


class Words:
    """The segment's words, of a worker that dies before its next `left` writes to them are done."""

    def __init__(self, words: memoryview, left: int) -> None:
        self._words = words
        self._left = left

    def __getitem__(self, at: int) -> int:
        return self._words[at]

    def __setitem__(self, at: int, value: int) -> None:
        if not self._left:
            raise Died
        self._left -= 1
        self._words[at] = value


def dies_after(path: Path, steps: int, work: Callable[[Generations], None]) -> bool:
    """Run `work` in a process that dies before it has written `steps` words; gives whether it died."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            generations = Generations(Segment(path, 4))
            words = generations.segment.words
            generations.segment.words = Words(words, steps)  # type: ignore[assignment]
            try:
                work(generations)
                code = 0
            except Died:
                code = 9
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 9)
    return code == 9


def write_and_take_back(generations: Generations) -> None:
    """One write of two tables that ends, and one that is refused."""
    tables = [generations.segment.table(name) for name in TABLES]
    generations.finish(tables, generations.begin(tables, 7, 1), 100)
    generations.take_back(tables, generations.begin(tables, 8, 1))


def bury_all(generations: Generations) -> None:
    """What the poller does once the server knows the connections no more."""
    while (adopted := generations.adopt_dead()) is not None:
        generations.bury(adopted[0])


@pytest.mark.parametrize("steps", range(24))
def test_a_worker_may_die_at_any_step_of_a_write(survivor: Generations, path: Path, steps: int) -> None:
    scope = survivor.scope(TABLES)
    seen = {scope.token()}
    dies_after(path, steps, write_and_take_back)
    # Before it is buried its commit is in flight or was never sent: the old token is good only if nothing was begun.
    bury_all(survivor)
    token = scope.token()
    assert token is not None
    newcomer = Generations(Segment(path, 4))
    assert not newcomer.segment.in_flight(newcomer.slot)
    assert scope.token() == token
    commit = newcomer.commit(TABLES)
    commit.sending(9, 1)
    assert scope.token() is None
    commit.committed(200)
    assert scope.token() not in seen | {token}
    newcomer.close()


@pytest.mark.parametrize("steps", [*range(8), COMMITS + 2, COMMITS + 3, COMMITS + 4, COMMITS + 5])
def test_the_poller_may_die_at_any_step_of_a_burial(survivor: Generations, path: Path, steps: int) -> None:
    scope = survivor.scope(TABLES)
    dies_after(path, 4, write_and_take_back)  # with its write begun and not ended
    assert scope.token() is None
    dies_after(path, steps, bury_all)
    newcomer = Generations(Segment(path, 4))  # whatever slot it takes
    bury_all(survivor)
    assert scope.token() is not None
    newcomer.close()


def test_a_worker_that_ends_within_a_commit_leaves_its_slot_to_be_cleared_up(survivor: Generations, path: Path) -> None:
    leaving = Generations(Segment(path, 4))
    slot = leaving.slot
    leaving.commit(TABLES).sending(7, 1)
    leaving.close()
    newcomer = Generations(Segment(path, 4))
    assert newcomer.slot != slot
    newcomer.close()
