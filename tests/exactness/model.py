"""Promises to try every order in which the steps of the generation protocol can happen.

The protocol lets a worker answer from memory and never with old data: see "Exactness" in the
design. Here it is cut into steps that happen at once; `search` visits every state that any order
of them reaches. It goes breadth first, so the first breach it meets has the shortest story.

There is one table. Its version is the number of writes that have taken effect. Each writer writes
once; readers read without end; a worker of writers may die at any moment. All readers are on one
worker. It is one thread: while a reader looks at the counters, only other processes move.

The breach looked for is the one that `checker.py` looks for in histories: an answer older than
something that a writer or a reader had been told when the asking began (`what_was_answered`). The
protocol keeps more than that: no answer is older than what had taken effect (`what_was_committed`).
This needs no model of readers elsewhere, who can at most have been told just that.

Left out, since they add states and nothing else:
- publishing the version: no reader of the cache looks at it;
- answers on their way: one that arrives at once forbids the most to all who ask later;
- connections that the server still lists though their transaction is over: they only delay steps
  whose every delay is tried anyway;
- joining a query that the server has not begun: it tells no more than a query of one's own.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

Program = tuple[str, ...]
Counters = tuple[int, ...]  # started and finished of slot 0, of slot 1, ...
Token = tuple[int, ...]
Pair = tuple[int, int]

UNREAD = -1  # a counter that the reader has not looked at yet

# What is left to do for the writers of a worker that died.
DEAD, DEAD_BEFORE_ENTRY = ("dead",), ("dead before its entry",)


def pairs_differ(counters: Counters) -> bool:
    """Whether a slot has a write in flight, as far as its counters have been read."""
    pairs = zip(counters[::2], counters[1::2], strict=True)
    return any(UNREAD not in pair and pair[0] != pair[1] for pair in pairs)


def vector(counters: Counters) -> Token:
    """The token of counters that are equal in pairs: the vector of *started*."""
    return counters[::2]


class Protocol(NamedTuple):
    """What everyone does. The defaults are the protocol; a mutant has one field changed."""

    write: Program = ("lock", "enter", "start", "send", "learn", "finish", "answer")
    when_refused: Program = ("take back",)
    when_unknown: Program = ("outlast", "finish")
    slot_is_carried_on: bool = True
    in_flight: Callable[[Counters], bool] = pairs_differ
    token: Callable[[Counters], Token] = vector
    token_before_query: bool = True
    hit_compares_tokens: bool = True
    join_compares_tokens: bool = True
    second_look: bool = False


class Farm(NamedTuple):
    """Who takes part: the worker and the slot of each writer, and how many readers."""

    writer_workers: tuple[int, ...] = (0, 1)
    writer_slots: tuple[int, ...] = (0, 1)
    readers: int = 1
    slot_by_slot: bool = False  # whether readers end with one slot before they turn to the next


class Writer(NamedTuple):
    todo: Program
    session: str = "open"  # on the server: open, locked, sent, committed, refused or ended
    version: int = 0  # that its write made

    def holds_row(self) -> bool:
        return self.session in ("locked", "sent")


class Reader(NamedTuple):
    at: str = "idle"  # or: counters, in flight, token, page
    floor: int = 0  # an older answer is a breach
    seen: tuple[int, ...] = ()  # the counters, then the token made of them
    page: int = 0  # its version


class State(NamedTuple):
    version: int  # of the table
    answered: int  # the highest version that anybody has been told
    counters: Counters
    cached: tuple[Token, int] | None  # a page: its token and its version
    writers: tuple[Writer, ...]
    readers: tuple[Reader, ...]


class Step(NamedTuple):
    line: str
    state: State
    is_breach: bool = False


Floor = Callable[[State], int]


def what_was_answered(state: State) -> int:
    return state.answered


def what_was_committed(state: State) -> int:
    return state.version


class Result(NamedTuple):
    states: int
    lines: set[str]  # everything that happened somewhere
    stuck: int  # states in which all writers are at rest and a slot still looks in flight
    story: list[str]  # how it came to a breach; empty where there is none

    def __str__(self) -> str:
        return "\n".join(f"{n:3} {line}" for n, line in enumerate(self.story, 1))


def search(protocol: Protocol, farm: Farm, floor: Floor) -> Result:
    """Visits every reachable state, or stops at the first answer that is below the floor."""
    halves = Halves(protocol, farm, floor)
    first = halves.numbers(
        State(
            version=0,
            answered=0,
            counters=(0, 0) * len(set(farm.writer_slots)),
            cached=None,
            writers=(Writer(protocol.write),) * len(farm.writer_workers),
            readers=(Reader(),) * farm.readers,
        )
    )
    came_from: dict[Pair, tuple[Pair, str] | None] = {halves.key(first): None}
    lines: set[str] = set()
    stuck = 0
    queue = [first]
    for pair in queue:  # which grows meanwhile
        stuck += halves.is_stuck(pair)
        for line, after, is_breach in halves.steps(pair):
            lines.add(line)
            if is_breach:
                return Result(len(queue), lines, stuck, [*_story(came_from, halves, pair), line])
            key = halves.key(after)
            if key not in came_from:
                came_from[key] = (pair, line)
                queue.append(after)
    return Result(len(queue), lines, stuck, [])


def _story(came_from: dict[Pair, tuple[Pair, str] | None], halves: "Halves", pair: Pair) -> list[str]:
    lines = []
    while (origin := came_from[halves.key(pair)]) is not None:
        pair, line = origin
        lines.append(line)
    return lines[::-1]


class Numbers:
    """Equal things have one number."""

    def __init__(self) -> None:
        self.things: list[State] = []
        self._known: dict[State, int] = {}

    def __call__(self, thing: State) -> int:
        number = self._known.setdefault(thing, len(self.things))
        if number == len(self.things):
            self.things.append(thing)
        return number


class Halves:
    """States as pairs of numbers: of the writers' half, and of the readers'. What a half can do is found out once.

    Writers, the server and workers neither see nor change the cache and the readers; readers do not see writers. So
    few halves make up very many states.
    """

    def __init__(self, protocol: Protocol, farm: Farm, floor: Floor) -> None:
        self._protocol, self._farm, self._floor = protocol, farm, floor
        self._writing, self._reading, self._seen_by_readers = Numbers(), Numbers(), Numbers()
        self._stuck: dict[int, bool] = {}
        self._twins: dict[int, int] = {}
        self._outlooks: dict[int, int] = {}
        self._writers_steps: dict[int, list[tuple[str, int]]] = {}
        self._readers_steps: dict[Pair, list[tuple[str, int, int, bool]]] = {}

    def numbers(self, s: State) -> Pair:
        """The pair that stands for a state."""
        return self._writers_number(s), self._readers_number(s)

    def key(self, pair: Pair) -> Pair:
        """The same for states with the same future: it does not matter which reader is which."""
        writing, reading = pair
        if reading not in self._twins:
            s = self._reading.things[reading]
            self._twins[reading] = self._reading(s._replace(readers=tuple(sorted(s.readers))))
        return writing, self._twins[reading]

    def is_stuck(self, pair: Pair) -> bool:
        """Whether all writers are at rest and a slot still looks in flight."""
        writing, _ = pair
        if writing not in self._stuck:
            s = self._writing.things[writing]
            self._stuck[writing] = not any(writer.todo for writer in s.writers) and pairs_differ(s.counters)
        return self._stuck[writing]

    def steps(self, pair: Pair) -> Iterator[tuple[str, Pair, bool]]:
        """Everything that can happen next: what, to which state, and whether that is a breach."""
        writing, reading = pair
        if writing not in self._writers_steps:
            self._find_out_about_writers(writing)
        for line, after in self._writers_steps[writing]:
            yield line, (after, reading), False
        outlook = self._outlooks[writing]
        if (outlook, reading) not in self._readers_steps:
            self._find_out_about_readers(outlook, reading)
        for line, answered, after, is_breach in self._readers_steps[outlook, reading]:
            yield line, (self._told(writing, answered), after), is_breach

    def _find_out_about_writers(self, writing: int) -> None:
        s = self._writing.things[writing]
        found = writers_side(self._protocol, self._farm, s)
        self._writers_steps[writing] = [(step.line, self._writers_number(step.state)) for step in found]
        self._outlooks[writing] = self._seen_by_readers(s._replace(writers=()))

    def _find_out_about_readers(self, outlook: int, reading: int) -> None:
        seen, own = self._seen_by_readers.things[outlook], self._reading.things[reading]
        s = seen._replace(cached=own.cached, readers=own.readers)
        self._readers_steps[outlook, reading] = [
            (step.line, self._answered(step.state), self._readers_number(step.state), step.is_breach)
            for step in readers_side(self._protocol, self._farm, self._floor, s)
        ]

    def _told(self, writing: int, answered: int) -> int:
        s = self._writing.things[writing]
        return writing if s.answered == answered else self._writers_number(s._replace(answered=answered))

    def _writers_number(self, s: State) -> int:
        return self._writing(State(s.version, self._answered(s), s.counters, None, s.writers, ()))

    def _answered(self, s: State) -> int:
        """Where the floor is what was committed, nobody ever looks at what was answered."""
        return s.answered if self._floor is what_was_answered else 0

    def _readers_number(self, s: State) -> int:
        return self._reading(State(0, 0, (), s.cached, (), s.readers))


def writers_side(protocol: Protocol, farm: Farm, s: State) -> Iterator[Step]:
    """Everything that writers, the server and workers can do next."""
    for i in range(len(s.writers)):
        yield from writer_steps(protocol, farm, s, i)
        yield from server_steps(s, i)
    for worker in set(farm.writer_workers):
        yield from worker_steps(protocol, farm, s, worker)


def readers_side(protocol: Protocol, farm: Farm, floor: Floor, s: State) -> Iterator[Step]:
    """Everything that readers can do next."""
    has_the_thread = [i for i, reader in enumerate(s.readers) if reader.at == "counters"]
    for i in has_the_thread or range(len(s.readers)):
        yield from reader_steps(protocol, farm, floor, s, i)


def writer_steps(protocol: Protocol, farm: Farm, s: State, i: int) -> Iterator[Step]:
    """The next step of a writer's program, where it can be taken."""
    writer = s.writers[i]
    if not writer.todo:
        return
    step, todo = writer.todo[0], writer.todo[1:]
    then = writer._replace(todo=todo)
    started = 2 * farm.writer_slots[i]
    finished = started + 1
    match step:
        case "lock" if not any(other.holds_row() for other in s.writers):
            line = "locks the ledger row and runs its statement"
            yield _writer(s, i, line, then._replace(session="locked"))
        case "enter":
            yield _writer(s, i, "enters its connection as in flight", then)
        case "start":
            yield _writer(_counted(s, started, +1), i, "counts started", then)
        case "send":
            yield _writer(s, i, "sends COMMIT", then._replace(session="sent"))
        case "learn":
            yield from _outcomes(protocol, s, i)
        case "finish":
            yield _writer(_counted(s, finished, +1), i, "counts finished", then)
        case "answer":
            told = s._replace(answered=max(s.answered, writer.version))
            line = f"answers that version {writer.version} is written"
            yield _writer(told, i, line, Writer(todo, "ended"))
        case "take back":
            yield _writer(_counted(s, started, -1), i, "takes started back", then)
        case "outlast" if writer.session == "ended":
            yield _writer(s, i, "finds its connection no longer listed by the server", then)


def _outcomes(protocol: Protocol, s: State, i: int) -> Iterator[Step]:
    """What can come back for a COMMIT that was sent."""
    todo, session, version = s.writers[i]
    if session == "committed":
        yield _writer(s, i, "learns that its COMMIT was done", Writer(todo[1:], "ended", version))
    if session == "refused":
        then = Writer(protocol.when_refused, "ended")
        yield _writer(s, i, "learns that its COMMIT was refused", then)
    then = Writer(protocol.when_unknown, "sent" if session == "sent" else "ended")
    yield _writer(s, i, "loses its connection in COMMIT", then)


def server_steps(s: State, i: int) -> Iterator[Step]:
    """What the server does with a writer's transaction, whether or not the writer still listens."""
    todo, session, _ = s.writers[i]
    listens = "learn" in todo
    if session == "sent":
        new = s.version + 1
        then = Writer(todo, "committed", new) if listens else Writer(todo, "ended")
        yield _writer(s._replace(version=new), i, f"has its COMMIT done: version {new}", then)
        then = Writer(todo, "refused" if listens else "ended")
        yield _writer(s, i, "has its COMMIT refused", then)
    elif session == "locked" and not listens:
        yield _writer(s, i, "is rolled back", Writer(todo, "ended"))


def worker_steps(protocol: Protocol, farm: Farm, s: State, worker: int) -> Iterator[Step]:
    """A worker dies; its slot is taken over once the server lists none of its entries."""
    mine = [i for i, owner in enumerate(farm.writer_workers) if owner == worker]
    writers = list(s.writers)
    if writers[mine[0]].todo not in (DEAD, DEAD_BEFORE_ENTRY):
        for i in mine:
            fate = DEAD_BEFORE_ENTRY if "enter" in writers[i].todo else DEAD
            session = writers[i].session if writers[i].holds_row() else "ended"
            writers[i] = Writer(fate, session)
        yield Step(f"worker {worker} dies", s._replace(writers=tuple(writers)))
    elif not any(writers[i].todo == DEAD and writers[i].holds_row() for i in mine):
        for i in mine:
            writers[i] = writers[i]._replace(todo=())
        counters = list(s.counters)
        started = 2 * farm.writer_slots[mine[0]]
        if not protocol.slot_is_carried_on:
            counters[started] = 0
        counters[started + 1] = counters[started]
        after = s._replace(writers=tuple(writers), counters=tuple(counters))
        yield Step(f"the slot of worker {worker} is taken over", after)


def reader_steps(protocol: Protocol, farm: Farm, floor: Floor, s: State, i: int) -> Iterator[Step]:
    """The next steps of a reader, one for each way in which it can go on."""
    reader = s.readers[i]
    match reader.at:
        case "idle":
            begun = Reader("counters", floor(s), (UNREAD,) * len(s.counters))
            yield from _reads_a_counter(protocol, farm, s, i, begun)
        case "counters":
            yield from _reads_a_counter(protocol, farm, s, i, reader)
        case "in flight":
            yield _reader(s, i, "waits", Reader())  # to begin anew, which asks no less of it
            yield _answer(s, i, "asks the database without storing", s.version)
        case "token":
            yield from _looks_up(protocol, s, i)
        case "page":
            token = _token_to_store_under(protocol, s, reader)
            if token is None:
                yield _answer(s, i, "does not store", reader.page)
            else:
                stored = s._replace(cached=(token, reader.page))
                yield _answer(stored, i, "stores", reader.page)


def _reads_a_counter(protocol: Protocol, farm: Farm, s: State, i: int, reader: Reader) -> Iterator[Step]:
    seen = reader.seen
    first = seen.index(UNREAD)
    end = (first // 2 + 1) * 2 if farm.slot_by_slot else len(seen)
    for k in range(first, end):
        if seen[k] != UNREAD:
            continue
        now = seen[:k] + (s.counters[k],) + seen[k + 1 :]
        line = f"reads {('started', 'finished')[k % 2]} of slot {k // 2}: {now[k]}"
        if protocol.in_flight(now):
            yield _reader(s, i, f"{line}, so a write is in flight", Reader("in flight", reader.floor))
        elif UNREAD in now:
            yield _reader(s, i, line, Reader("counters", reader.floor, now))
        else:
            yield _reader(s, i, line, Reader("token", reader.floor, protocol.token(now)))


def _looks_up(protocol: Protocol, s: State, i: int) -> Iterator[Step]:
    """A hit; or a miss, which asks the database or joins a query whose snapshot is taken."""
    _, floor, token, _ = s.readers[i]
    if s.cached and (s.cached[0] == token or not protocol.hit_compares_tokens):
        yield _answer(s, i, "hits", s.cached[1])
        return
    # what it will answer is decided here, so this is where the floor is looked at
    line = f"misses, and its query sees version {s.version}"
    asked = _reader(s, i, line, Reader("page", 0, token, s.version))
    yield asked._replace(is_breach=s.version < floor)
    for j, other in enumerate(s.readers):
        if other.at == "page" and (other.seen == token or not protocol.join_compares_tokens):
            yield _answer(s, i, f"misses, joins the query of reader {j}", other.page)


def _token_to_store_under(protocol: Protocol, s: State, reader: Reader) -> Token | None:
    if protocol.token_before_query and not protocol.second_look:
        return reader.seen
    now = None if protocol.in_flight(s.counters) else protocol.token(s.counters)
    return now if now == reader.seen or not protocol.token_before_query else None


def _counted(s: State, k: int, by: int) -> State:
    return s._replace(counters=s.counters[:k] + (s.counters[k] + by,) + s.counters[k + 1 :])


def _writer(s: State, i: int, line: str, writer: Writer) -> Step:
    writers = s.writers[:i] + (writer,) + s.writers[i + 1 :]
    return Step(f"writer {i} {line}", State(*s[:4], writers, s.readers))


def _reader(s: State, i: int, line: str, reader: Reader) -> Step:
    readers = s.readers[:i] + (reader,) + s.readers[i + 1 :]
    return Step(f"reader {i} {line}", State(*s[:4], s.writers, readers))


def _answer(s: State, i: int, line: str, page: int) -> Step:
    told = s._replace(answered=max(s.answered, page))
    step = _reader(told, i, f"{line}, and answers with version {page}", Reader())
    return step._replace(is_breach=page < s.readers[i].floor)
