"""Counts reads that show a state from before a write that had been answered: what several workers must never give.

One client stores animals one after the other. Others read the first page meanwhile, each over connections of its own:
the total in an answer must be at least what it was when the last write was answered before the read was sent.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.machine import BenchError
from bench.targets import Target
from bench.workloads import ANIMALS, INSERTED

READERS = 16
PAGE = f"{ANIMALS}?page=1&limit=50"
HEADERS = {"Content-Type": "application/json"}


@dataclass
class Count:
    """`known`: the total after the last write that has been answered."""

    known: int = 0
    reads: int = 0
    stale: int = 0
    writes: int = 0


def stale_reads(target: Target, token: Mapping[str, str], seconds: float) -> tuple[int, int]:
    """How many reads were stale, of how many; BenchError where nothing was read or written."""
    count = asyncio.run(_watch(f"http://127.0.0.1:{target.port}", token, seconds))
    if not count.reads or not count.writes:
        raise BenchError(f"{target.name}: {count.reads} reads and {count.writes} writes while stale reads were counted")
    return count.stale, count.reads


async def _watch(base: str, token: Mapping[str, str], seconds: float) -> Count:
    count = Count()
    over = asyncio.Event()
    async with aiohttp.ClientSession(base, headers={**token, **HEADERS}) as first:
        count.known = await _total(first)
        clients = [_write(base, token, count, over), *(_read(base, token, count, over) for _ in range(READERS))]
        running = [asyncio.create_task(one) for one in clients]
        await asyncio.sleep(seconds)
        over.set()
        await asyncio.gather(*running)
    return count


async def _total(session: aiohttp.ClientSession) -> int:
    async with session.get(PAGE) as answer:
        said: dict[str, Any] = json.loads(await answer.read())
        return int(said["meta"]["pagination"]["total_items"])


async def _write(base: str, token: Mapping[str, str], count: Count, over: asyncio.Event) -> None:
    run = os.urandom(6).hex()
    async with aiohttp.ClientSession(base, headers={**token, **HEADERS}) as session:
        while not over.is_set():
            body = INSERTED.replace("@", f"stale-{run}-{count.writes}")
            async with session.post(ANIMALS, data=body) as answer:
                if answer.status != 201:
                    raise BenchError(f"a write was answered {answer.status}: {(await answer.text())[:200]}")
                await answer.read()
            count.writes += 1
            count.known += 1


async def _read(base: str, token: Mapping[str, str], count: Count, over: asyncio.Event) -> None:
    async with aiohttp.ClientSession(base, headers={**token, **HEADERS}) as session:
        while not over.is_set():
            known = count.known
            total = await _total(session)
            count.reads += 1
            count.stale += total < known
