"""What waits together goes together, and nobody waits for company."""

import asyncio
from collections.abc import Sequence

import pytest

from service.db.errors import PoolExhausted
from service.records import together
from service.records.together import Together


class Work:
    """Doubles numbers, once it may; `gatherings` are what came together."""

    def __init__(self) -> None:
        self.gatherings: list[list[int]] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.gatherings.append(list(items))
        await self.may_go_on.wait()
        return [ValueError(item) if item < 0 else 2 * item for item in items]


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_alone_goes_at_once() -> None:
    work = Work()
    work.may_go_on.set()
    assert await Together(work, most=8, lanes=1).do(3) == 6
    assert work.gatherings == [[3]]


async def test_what_comes_meanwhile_goes_together_at_most_so_many() -> None:
    work = Work()
    gather = Together(work, most=3, lanes=1)
    asked = [asyncio.create_task(gather.do(1))]
    await turns()
    asked += [asyncio.create_task(gather.do(number)) for number in range(2, 7)]
    await turns()
    assert work.gatherings == [[1]]
    work.may_go_on.set()
    assert await asyncio.gather(*asked) == [2, 4, 6, 8, 10, 12]
    assert work.gatherings == [[1], [2, 3, 4], [5, 6]]


async def test_each_has_its_own_outcome() -> None:
    work = Work()
    work.may_go_on.set()
    gather = Together(work, most=8, lanes=1)
    outcomes = await asyncio.gather(*(gather.do(number) for number in (1, -2, 3)), return_exceptions=True)
    assert outcomes[0] == 2
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] == 6


async def test_a_failure_of_the_work_is_everybodys() -> None:
    async def fail(items: Sequence[int]) -> Sequence[int]:
        raise ConnectionError(len(items))

    gather: Together[int, int] = Together(fail, most=8, lanes=1)
    outcomes = await asyncio.gather(gather.do(1), gather.do(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    work = Work()
    gather = Together(work, most=8, lanes=1)
    gone, stays = asyncio.create_task(gather.do(1)), asyncio.create_task(gather.do(2))
    await turns()
    gone.cancel()
    work.may_go_on.set()
    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await gather.do(5) == 10


async def test_the_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST_WAITING", 2)
    work = Work()
    gather = Together(work, most=1, lanes=1)
    asked = [asyncio.create_task(gather.do(0))]
    await turns()
    asked += [asyncio.create_task(gather.do(number)) for number in (1, 2)]
    await turns()
    with pytest.raises(PoolExhausted):
        await gather.do(3)
    work.may_go_on.set()
    assert await asyncio.gather(*asked) == [0, 2, 4]
