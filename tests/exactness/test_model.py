"""The generation protocol is exact in every order of its steps, and no part of it is spare.

`pytest tests/exactness/test_model.py -k deadly -rP` prints the shortest story of each mutant.
"""

import gc
from collections.abc import Iterator

import pytest
from model import (
    UNREAD,
    Counters,
    Farm,
    Protocol,
    Token,
    search,
    what_was_answered,
    what_was_committed,
)

PROTOCOL = Protocol()

FARMS = {
    "1 reader, 2 writers": Farm(),
    "2 readers, 2 writers": Farm(readers=2, slot_by_slot=True),
}
ONE_WORKER_WRITES = {"2 readers, 2 writers of one worker": Farm((0, 0), (0, 0), readers=2)}

# What must have happened somewhere, or the search has proved less than it seems to.
EVENTS = (
    "counts started",
    "COMMIT done",
    "COMMIT refused",
    "takes started back",
    "loses its connection in COMMIT",
    "no longer listed",
    "counts finished",
    "is written",
    "dies",
    "rolled back",
    "taken over",
    "in flight",
    "waits",
    "without storing",
    "misses",
    "stores",
    "hits",
)


def sums_differ(counters: Counters) -> bool:
    """As `pairs_differ`, but only the sums over all slots are compared."""
    return UNREAD not in counters and sum(counters[::2]) != sum(counters[1::2])


def total(counters: Counters) -> Token:
    return (sum(counters[::2]),)


HARMLESS = {
    # only longer in flight
    "started before the statement": PROTOCOL._replace(
        write=("enter", "start", "lock", "send", "learn", "finish", "answer")
    ),
    # The writes of a table have one order, so their number says as much as the vector: at least
    # the sum of *finished* were over before the query, at most that of *started* before the hit.
    "sums for vectors": PROTOCOL._replace(in_flight=sums_differ, token=total),
    # The protocol takes none. Taking one keeps some pages from being stored, which is no gain.
    "a second look before the store": PROTOCOL._replace(second_look=True),
    # whoever reads between the two asks the database
    "finished after the answer": PROTOCOL._replace(
        write=("lock", "enter", "start", "send", "learn", "answer", "finish")
    ),
}

# The smallest farm that shows the breach makes the shortest story.
ALONE = Farm((0,), (0,))
PAIR = Farm((0,), (0,), readers=2)

# Those marked (c) break only the checker's third rule: every writer that was answered is heeded,
# but after one reader was told of a write, another is given the page from before it.
DEADLY = {
    "started after COMMIT was sent": (  # (c)
        PROTOCOL._replace(write=("lock", "enter", "send", "start", "learn", "finish", "answer")),
        PAIR,
    ),
    "finished before COMMIT returned": (
        PROTOCOL._replace(write=("lock", "enter", "start", "send", "finish", "learn", "answer")),
        ALONE,
    ),
    "the token taken after the query": (PROTOCOL._replace(token_before_query=False), ALONE),
    "a hit without comparing tokens": (PROTOCOL._replace(hit_compares_tokens=False), ALONE),
    "joining the query of another token": (PROTOCOL._replace(join_compares_tokens=False), PAIR),
    "a slot reset to zero": (PROTOCOL._replace(slot_is_carried_on=False), ALONE),
    "take-back after an unknown COMMIT": (  # (c)
        PROTOCOL._replace(when_unknown=("take back",)),
        ALONE,
    ),
    "two writers on one slot": (PROTOCOL, Farm((0, 1), (0, 0))),
    "entered in flight after COMMIT was sent": (  # (c)
        PROTOCOL._replace(write=("lock", "start", "send", "enter", "learn", "finish", "answer")),
        PAIR,
    ),
}


@pytest.fixture(autouse=True, scope="module")
def _no_garbage_collector() -> Iterator[None]:
    """States hold no cycles, and walking through all of them again and again takes its time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", FARMS | ONE_WORKER_WRITES)
def test_the_protocol_is_exact_and_its_cache_always_comes_back(name: str) -> None:
    farm = (FARMS | ONE_WORKER_WRITES)[name]
    result = search(PROTOCOL, farm, what_was_committed)
    assert not result.story, f"\n{result}"
    assert result.stuck == 0
    events = (*EVENTS, "joins the query") if farm.readers > 1 else EVENTS
    assert [event for event in events if not any(event in line for line in result.lines)] == []


@pytest.mark.parametrize("farm", FARMS)
@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_variation_is_as_exact(name: str, farm: str) -> None:
    result = search(HARMLESS[name], FARMS[farm], what_was_committed)
    assert not result.story, f"\n{result}"
    assert result.stuck == 0


@pytest.mark.parametrize("name", DEADLY)
def test_a_deadly_mutant_is_caught(name: str) -> None:
    protocol, farm = DEADLY[name]
    result = search(protocol, farm, what_was_answered)
    print(f"{name}, after {result.states} states:\n{result}")
    assert result.story, "no order of the steps leads to a stale answer"


def test_a_deadly_mutant_has_a_story_that_can_be_read() -> None:
    protocol, farm = DEADLY["a hit without comparing tokens"]
    story = search(protocol, farm, what_was_answered).story
    told = story.index("writer 0 answers that version 1 is written")
    assert story[told + 1 :] == [
        "reader 0 stores, and answers with version 0",
        "reader 0 reads started of slot 0: 1",
        "reader 0 reads finished of slot 0: 1",
        "reader 0 hits, and answers with version 0",
    ]
