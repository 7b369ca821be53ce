"""Updates and deletions of single rows: those that wait for one another are one transaction, each with its own outcome.

In a transaction that holds the table's ledger row they follow each other as they would alone; one that is refused has
changed nothing, and the others go on. What a constraint refused is done again by itself, to be explained.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from service.cache.page import Page
from service.db.database import Connection, Work, Written
from service.db.errors import DatabaseError, Refused
from service.records.errors import RecordsError
from service.records.rows import Row
from service.records.together import Together
from service.records.validation import Values
from service.records.viewer import Viewer

Precondition = Callable[[Page | None], bool]
Outcome = Row | None
MOST_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Change:
    """One row's update, or its deletion where nothing is `stored`; `values`: what the client gave."""

    viewer: Viewer
    row_id: int
    values: Values
    stored: Values | None
    precondition: Precondition | None


class NothingChanged(Exception):
    """Every change of a transaction was refused."""


@dataclass(frozen=True)
class Steps:
    """`begin` takes the table's turn, `make` makes a change in it, `commit` commits a work, `alone` does all of it."""

    begin: Callable[[Connection], Awaitable[Any]]
    make: Callable[[Connection, Change], Awaitable[Written[Outcome]]]
    commit: Callable[[Work[list[Outcome | Exception]]], Awaitable[list[Outcome | Exception]]]
    alone: Callable[[Change], Awaitable[Outcome]]


class Changes:
    """The changes of one table."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._waiting: Together[Change, Outcome] = Together(self._make_all, MOST_TOGETHER, lanes=1)

    async def do(self, change: Change) -> Outcome:
        """The row as it is after its update, None after its deletion; raises what refused it."""
        return await self._waiting.do(change)

    async def _make_all(self, changes: Sequence[Change]) -> Sequence[Outcome | Exception]:
        outcomes: Sequence[Outcome | Exception | None] = [Refused("")] * len(changes)
        if len(changes) > 1:
            outcomes = await self._together(changes)
        return [
            await self._alone(change) if isinstance(outcome, Refused) else outcome
            for change, outcome in zip(changes, outcomes, strict=True)
        ]

    async def _together(self, changes: Sequence[Change]) -> Sequence[Outcome | Exception]:
        outcomes: list[Outcome | Exception] = []

        async def work(connection: Connection) -> Written[list[Outcome | Exception]]:
            outcomes.clear()  # it is run again when it has lost a race
            await self._steps.begin(connection)
            last = None
            for change in changes:
                try:
                    last = await self._steps.make(connection, change)
                except (Refused, RecordsError) as error:
                    outcomes.append(error)
                else:
                    outcomes.append(last.outcome)
            if last is None:
                raise NothingChanged
            return Written(outcomes, last.stamp)

        try:
            return await self._steps.commit(work)
        except NothingChanged:
            return outcomes
        except DatabaseError as error:
            if type(error) is not DatabaseError:
                raise
            return [Refused("")] * len(changes)  # whose statement failed is found out by each alone

    async def _alone(self, change: Change) -> Outcome | Exception:
        try:
            return await self._steps.alone(change)
        except (RecordsError, DatabaseError) as error:
            return error
