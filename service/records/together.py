"""What waits together goes to the database together: one statement or one transaction for many requests.

Nobody is made to wait for company: what comes while nothing is under way goes at once, and what comes meanwhile goes
together when that ends. What has not yet been sent may be joined: its work begins after the request did.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from service.db.errors import PoolExhausted

MOST_WAITING = 1000

I = TypeVar("I")  # noqa: E741
O = TypeVar("O")  # noqa: E741


class Together(Generic[I, O]):
    """Gathers items, `most` at a time and `lanes` gatherings under way at once.

    `work` gives an outcome or an exception for each item, in their order; where it raises, every one of them has failed
    in that way.
    """

    def __init__(
        self, work: Callable[[Sequence[I]], Awaitable[Sequence[O | Exception]]], most: int, lanes: int
    ) -> None:
        self._work = work
        self._most = most
        self._free = lanes
        self._waiting: list[tuple[I, asyncio.Future[O]]] = []
        self._runs: set[asyncio.Task[None]] = set()

    async def do(self, item: I) -> O:
        """The outcome of `item`, which is done also when its caller goes away. PoolExhausted past MOST_WAITING."""
        if len(self._waiting) >= MOST_WAITING:
            raise PoolExhausted(f"{len(self._waiting)} requests wait together already")
        future: asyncio.Future[O] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._go_on()
        return await future

    def _go_on(self) -> None:
        """Start a gathering with the next turn of the loop, so that what else this turn brings can join it."""
        if self._free and self._waiting:
            self._free -= 1
            run = asyncio.create_task(self._run())
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

    async def _run(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._do_all(taken)
        finally:
            self._free += 1
            self._go_on()

    async def _do_all(self, taken: Sequence[tuple[I, asyncio.Future[O]]]) -> None:
        try:
            outcomes = await self._work([item for item, _ in taken])
        except BaseException as error:
            for _, future in taken:
                _settle(future, error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            _settle(future, outcome)


def _settle(future: asyncio.Future[O], outcome: O | BaseException) -> None:
    if future.done():
        return
    if isinstance(outcome, asyncio.CancelledError):
        future.cancel()
    elif isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
