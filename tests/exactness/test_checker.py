"""The history checker finds every planted fault, and none where there is none."""

import json
from collections.abc import Iterator
from random import Random

import pytest
from checker import Breach, Kind, Operation, check, dumps, loads

TABLES = ("animals", "breeds")
KINDS: tuple[Kind, ...] = ("read", "read", "write")
START = [Operation("load", 0, 0, "write", table, 1) for table in TABLES]


def read(start: int, end: int, version: int, client: str = "r") -> Operation:
    return Operation(client, start, end, "read", "animals", version)


def write(start: int, end: int, version: int | None, client: str = "w") -> Operation:
    return Operation(client, start, end, "write", "animals", version)


def clean_history(random: Random, unknown: float = 0.2) -> list[Operation]:
    """What an exact service could have answered to six clients who wait for each answer.

    Each operation happens at one moment between its start and its end. A write of unknown outcome
    (the share of them is `unknown`) happens at any time after its start, or never.
    """
    moments = []
    for client in "abcdef":
        now = random.randrange(1, 20)
        for _ in range(12):
            start = now + random.randrange(5)
            moment = start + random.randrange(20)
            end = moment + random.randrange(20)
            kind = random.choice(KINDS)
            is_known = kind == "read" or random.random() > unknown
            at: int | None = moment if is_known else random.choice((start + random.randrange(300), None))
            operation = Operation(client, start, end, kind, random.choice(TABLES), None)
            moments.append((at, random.random(), is_known, operation))
            now = end + 1

    history = list(START)
    versions = dict.fromkeys(TABLES, 1)
    happens = [item for item in moments if item[0] is not None]
    for _, _, is_known, operation in sorted(happens):
        versions[operation.table] += operation.kind == "write"
        version = versions[operation.table] if is_known else None
        history.append(operation._replace(version=version))
    history += [operation for moment, _, _, operation in moments if moment is None]
    random.shuffle(history)
    return history


def by_the_letter(history: list[Operation]) -> Iterator[tuple[str, Operation]]:
    """The three rules, each read held against everything else: slow, and plain to see."""
    for r in (o for o in history if o.kind == "read"):
        others = [o for o in history if o.table == r.table]
        reads = [o for o in others if o.kind == "read"]
        writes = [o for o in others if o.kind == "write" and o.version is not None]
        had_started = [o for o in others if o.kind == "write" and o.start <= r.end]
        if any(o.end < r.start and o.known > r.known for o in writes):
            yield "stale", r
        if any(o.start > r.end and o.known <= r.known for o in writes) or not any(
            o.version is None or o.known >= r.known for o in had_started
        ):
            yield "invented", r
        if any(o.end < r.start and o.known > r.known for o in reads):
            yield "backwards", r


# Each kind of fault: which versions would be wrong for a read r among the other operations.


def stale(r: Operation, others: list[Operation]) -> list[int]:
    ended = [o.version for o in others if o.kind == "write" and o.version and o.end < r.start]
    return [version - 1 for version in ended if version > 1]


def not_yet_begun(r: Operation, others: list[Operation]) -> list[int]:
    return [o.version for o in others if o.kind == "write" and o.version and o.start > r.end]


def from_nowhere(r: Operation, others: list[Operation]) -> list[int]:
    started = [o for o in others if o.kind == "write" and o.start <= r.end]
    return [] if any(o.version is None for o in started) else [max(o.known for o in started) + 1]


def backwards(r: Operation, others: list[Operation]) -> list[int]:
    """Seen by no other rule: the newer version was read, but its write had not ended."""
    told = [o.known for o in others if o.kind == "read" and o.end < r.start]
    right = max([1, *(version + 1 for version in stale(r, others))])
    return [version - 1 for version in told if version > right]


FAULTS = {
    "stale": ("stale", stale),
    "not yet begun": ("invented", not_yet_begun),
    "from nowhere": ("invented", from_nowhere),
    "backwards": ("backwards", backwards),
}


def plant(random: Random, history: list[Operation], fault: str) -> tuple[int, Operation] | None:
    """A place in the history and the read with a wrong version to put there, if there is one."""
    places = []
    for place, r in enumerate(history):
        if r.kind == "read":
            others = [o for o in history if o.table == r.table and o is not r]
            places += [(place, version) for version in FAULTS[fault][1](r, others)]
    if not places:
        return None
    place, version = random.choice(places)
    return place, history[place]._replace(version=version)


@pytest.mark.parametrize("fault", FAULTS)
def test_fifty_planted_faults_of_each_kind_are_found(fault: str) -> None:
    rule, _ = FAULTS[fault]
    planted = 0
    random = Random(fault)
    while planted < 50:
        history = clean_history(random, unknown=0.05)
        place_and_read = plant(random, history, fault)
        if place_and_read is None:
            continue
        place, wrong = place_and_read
        history[place] = wrong
        found = [(breach.rule, breach.read) for breach in check(history)]
        assert (rule, wrong) in found
        planted += 1


def test_a_thousand_clean_histories_are_found_clean() -> None:
    for seed in range(1_000):
        assert check(clean_history(Random(seed))) == [], f"seed {seed}"


def test_it_agrees_with_the_rules_taken_by_the_letter() -> None:
    breaches = 0
    for seed in range(300):
        random = Random(seed)
        history = [
            o._replace(version=max(1, o.known + random.choice((-1, 1))))
            if o.kind == "read" and random.random() < 0.2
            else o
            for o in clean_history(random, unknown=random.choice((0, 0.05, 0.3)))
        ]
        found = sorted((breach.rule, breach.read) for breach in check(history))
        assert found == sorted(by_the_letter(history)), f"seed {seed}"
        breaches += len(found)
    assert breaches > 1_000


@pytest.mark.parametrize(
    ("rules", "operations"),
    [
        pytest.param([], [write(1, 3, 2), read(4, 5, 2)], id="new after the write"),
        pytest.param(["stale"], [write(1, 3, 2), read(4, 5, 1)], id="old after the write"),
        pytest.param([], [write(1, 9, 2), read(2, 8, 1), read(3, 7, 2)], id="old or new during it"),
        pytest.param([], [write(1, 3, 2), read(3, 5, 1)], id="a tie counts as during it"),
        pytest.param([], [write(3, 5, 2), read(1, 3, 2)], id="so does one with its start"),
        pytest.param(["invented"], [read(1, 2, 2), write(3, 5, 2)], id="new before the write"),
        pytest.param(["invented"], [write(1, 3, 2), read(2, 5, 3)], id="never written"),
        pytest.param([], [write(1, 3, None), read(8, 9, 2)], id="unknown, happened"),
        pytest.param([], [write(1, 3, None), read(8, 9, 1)], id="unknown, did not happen"),
        pytest.param(["invented"], [read(1, 2, 2), write(3, 5, None)], id="unknown, not begun"),
        pytest.param([], [read(1, 3, 2), write(3, 5, None)], id="unknown, begun in a tie"),
        pytest.param(
            ["invented"],
            [write(1, 3, None), read(4, 5, 2), write(6, 7, 2)],
            id="unknown, but the version was another's, not begun",
        ),
        pytest.param(
            ["backwards"],
            [write(1, 3, None), read(4, 5, 2), read(6, 7, 1)],
            id="unknown, happened and then did not",
        ),
        pytest.param(
            ["backwards"],
            [write(1, 9, 2), read(2, 3, 2, "one"), read(4, 5, 1, "another")],
            id="back to old during the write",
        ),
        pytest.param([], [write(1, 9, 2), read(2, 4, 2), read(3, 5, 1)], id="old beside new at one time"),
        pytest.param(["stale", "backwards"], [write(1, 2, 2), read(3, 4, 2), read(5, 6, 1)]),
    ],
)
def test_a_history_small_enough_to_see(rules: list[str], operations: list[Operation]) -> None:
    for history in (operations, operations[::-1]):
        assert [breach.rule for breach in check([*START, *history])] == rules


def test_tables_are_checked_apart() -> None:
    other = read(3, 4, 1)._replace(table="breeds")
    assert check([*START, write(1, 2, 2), other]) == []


def test_a_breach_names_both_operations() -> None:
    [breach] = check([*START, write(1, 3, 2, "ana"), read(4, 5, 1, "luis")])
    assert breach == Breach("stale", read(4, 5, 1, "luis"), write(1, 3, 2, "ana"), breach.explanation)
    assert str(breach) == (
        "stale: luis's read of animals version 1 (4 to 5) started after "
        "ana's write of animals version 2 (1 to 3) had ended"
    )


def test_a_history_without_its_start_is_noticed() -> None:
    [breach] = check([read(4, 5, 1)])
    assert breach.rule == "invented"
    assert breach.other is None
    assert breach.explanation.endswith("none had started")


@pytest.mark.parametrize("impossible", [read(5, 4, 1), read(4, 5, 1)._replace(version=None)])
def test_an_impossible_operation_is_refused(impossible: Operation) -> None:
    with pytest.raises(ValueError, match="r's read of animals"):
        check([*START, impossible])


def test_a_history_survives_its_file() -> None:
    history = clean_history(Random(1))
    lines = "".join(dumps(operation) for operation in history).splitlines(keepends=True)
    assert len(lines) == len(history)
    assert list(loads(lines)) == history


@pytest.mark.parametrize("broken", ['{"client": "r", "sta', "[]", "7", json.dumps({"client": "r"})])
def test_a_broken_line_is_named(broken: str) -> None:
    with pytest.raises(ValueError, match="line 2 "):
        list(loads([dumps(read(1, 2, 1)), broken]))
