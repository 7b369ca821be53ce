"""A write happens once or not at all, its marks stand around COMMIT, and only what surely left nothing is run again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from service.db import transaction
from service.db.connection import Connection
from service.db.errors import (
    ConnectionLost,
    DatabaseError,
    Duplicate,
    OutcomeUnknown,
    ReadOnly,
    StorageFull,
    TryAgain,
)
from service.db.transaction import ATTEMPTS, FIRST_PAUSE, Written, transact


@dataclass
class Record:
    """What was said to the server and to the marks, in order; `fails` says what a text is answered with."""

    fails: dict[str, list[BaseException]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    number: int = 7
    server_start: int = 11

    def answer(self, text: str) -> None:
        self.said.append(text)
        if self.fails.get(text):
            raise self.fails[text].pop(0)

    # As a pool and its one connection.

    @asynccontextmanager
    async def lend(self, *, fresh: bool = False) -> AsyncIterator["Record"]:
        self.said.append("fresh" if fresh else "lent")
        yield self

    def begin(self) -> None:
        self.answer("START TRANSACTION")

    async def send(self, text: str) -> None:
        self.answer(text)

    def close(self) -> None:
        self.said.append("closed")

    # As its marks.

    def sending(self, connection: int, server_start: int) -> None:
        self.said.append(f"sending {connection} {server_start}")

    def refused(self) -> None:
        self.said.append("refused")

    def unknown(self) -> None:
        self.said.append("unknown")

    def committed(self, stamp: int) -> None:
        self.said.append(f"committed {stamp}")

    async def write(self) -> Any:
        async def work(connection: Connection) -> Written[str]:
            self.answer("work")
            return Written("done", 5)

        return await transact(self, work, lambda: self)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which takes time; chance always says one."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(transaction, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(transaction, "random", SimpleNamespace(random=lambda: 1.0))
    return made


WHOLE = ["START TRANSACTION", "work", "sending 7 11", "COMMIT", "committed 5"]


async def test_the_marks_stand_around_commit(pauses: list[float]) -> None:
    record = Record()
    assert await record.write() == "done"
    assert record.said == ["lent", *WHOLE]
    assert pauses == []


@pytest.mark.parametrize(
    "error", [Duplicate("uq"), DatabaseError("?"), ReadOnly("?"), ValueError(), asyncio.CancelledError()]
)
async def test_work_that_fails_is_undone_and_not_tried_again(error: BaseException) -> None:
    record = Record({"work": [error]})
    with pytest.raises(type(error)):
        await record.write()
    assert record.said == ["lent", "START TRANSACTION", "work", "ROLLBACK"]


@pytest.mark.parametrize("where", ["START TRANSACTION", "work"])
async def test_a_lost_race_is_run_again_as_a_whole(where: str, pauses: list[float]) -> None:
    record = Record({where: [TryAgain(), TryAgain(), TryAgain()]})
    assert await record.write() == "done"
    assert record.said.count("work") == (4 if where == "work" else 1)
    assert record.said.count("ROLLBACK") == record.said.count("lent") - 1 == 3
    assert record.said[-6:] == ["lent", *WHOLE]
    assert pauses == [FIRST_PAUSE * 2, FIRST_PAUSE * 4, FIRST_PAUSE * 8]


async def test_it_is_run_four_times_at_most() -> None:
    record = Record({"work": [TryAgain()] * 9})
    with pytest.raises(TryAgain):
        await record.write()
    assert record.said.count("work") == ATTEMPTS == 4


async def test_it_is_not_run_again_when_patience_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([100.0, 100.0 + transaction.PATIENCE, 100.1 + transaction.PATIENCE])
    monkeypatch.setattr(transaction, "time", SimpleNamespace(monotonic=lambda: next(times)))
    record = Record({"work": [TryAgain()] * 9})
    with pytest.raises(TryAgain):
        await record.write()
    assert record.said.count("work") == 2


async def test_a_connection_that_was_dead_is_replaced_once() -> None:
    record = Record({"START TRANSACTION": [ConnectionLost()], "ROLLBACK": [ConnectionLost()]})
    assert await record.write() == "done"
    assert record.said == ["lent", "START TRANSACTION", "ROLLBACK", "closed", "fresh", *WHOLE]


async def test_a_second_connection_that_breaks_is_the_end() -> None:
    record = Record({"work": [ConnectionLost(), ConnectionLost(), ConnectionLost()]})
    with pytest.raises(ConnectionLost):
        await record.write()
    assert record.said.count("work") == 2


async def test_a_commit_that_lost_a_race_is_taken_back_and_run_again() -> None:
    record = Record({"COMMIT": [TryAgain()]})
    assert await record.write() == "done"
    assert record.said == ["lent", *WHOLE[:4], "refused", "ROLLBACK", "lent", *WHOLE]


async def test_a_commit_that_may_not_be_is_taken_back() -> None:
    record = Record({"COMMIT": [ReadOnly("?")]})
    with pytest.raises(ReadOnly):
        await record.write()
    assert record.said == ["lent", *WHOLE[:4], "refused", "ROLLBACK"]


@pytest.mark.parametrize("error", [ConnectionLost("gone"), StorageFull("?"), DatabaseError("?")])
async def test_a_commit_without_a_clear_answer_is_unknown_and_never_repeated(error: DatabaseError) -> None:
    record = Record({"COMMIT": [error]})
    with pytest.raises(OutcomeUnknown, match=str(error).replace("?", r"\?")):
        await record.write()
    assert record.said == ["lent", *WHOLE[:4], "closed", "unknown"]


async def test_a_commit_that_is_cancelled_is_unknown_too() -> None:
    record = Record({"COMMIT": [asyncio.CancelledError()]})
    with pytest.raises(asyncio.CancelledError):
        await record.write()
    assert record.said == ["lent", *WHOLE[:4], "closed", "unknown"]
