"""Walks a table of a million rows by cursor while others write: `python -m bench.cursor_walk --rows 1000000`.

Every row that was there throughout must come exactly once, and the delta from the first page's `as_of` must then make
the copy equal to the table. It also prints what a page at nine tenths of the way costs beside the first.
"""

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench import farm as farms
from bench.answers import log_in
from bench.export_memory import FEW, fill
from bench.machine import Cores
from bench.targets import herdbook

LIMIT = 1000
WRITERS = 2
REPEATS = 15
Row = dict[str, Any]


class Walk:
    """One client that reads, and a few that write."""

    def __init__(self, session: aiohttp.ClientSession, base: str, seed: int) -> None:
        self._session = session
        self._base = base
        self._chance = random.Random(seed)
        self._over = asyncio.Event()
        self.touched: set[int] = set()
        self.writes = 0

    async def page(self, **query: str | int) -> dict[str, Any]:
        """One page, its rows and meta."""
        async with self._session.get(f"{self._base}/animals", params={"limit": LIMIT, **query}) as answer:
            said: dict[str, Any] = await answer.json()
            assert answer.status == 200, said
            return said

    async def read_all(self, first: dict[str, Any]) -> tuple[dict[int, Row], int]:
        """Every row by cursor from the first page on, and how many came twice."""
        rows: dict[int, Row] = {}
        twice, page = 0, first
        while True:
            twice += sum(row["id"] in rows and row["id"] not in self.touched for row in page["data"])
            rows |= {row["id"]: row for row in page["data"]}
            cursor = page["meta"]["pagination"]["next_cursor"]
            if cursor is None:
                return rows, twice
            page = await self.page(cursor=cursor)

    async def write(self, ids: list[int]) -> None:
        """Create, change and delete at random until the walk is over."""
        while not self._over.is_set():
            row_id = self._chance.choice(ids)
            self.touched.add(row_id)
            kind = self._chance.random()
            if kind < 0.6:
                await self._send("PUT", f"/animals/{row_id}", {"weight": self._chance.randint(1, 900)})
            elif kind < 0.8:
                await self._send("DELETE", f"/animals/{row_id}", None)
            else:
                record = f"walk {self._chance.getrandbits(64)}"
                body = {"record": record, "sex": "Macho", "birth_date": "2024-01-01", "weight": 1, "breeds_id": 1}
                await self._send("POST", "/animals", body)
            await asyncio.sleep(0.02)

    async def _send(self, method: str, path: str, body: Row | None) -> None:
        async with self._session.request(method, self._base + path, json=body) as answer:
            assert answer.status in (200, 201, 404, 409), await answer.text()
            self.writes += answer.status < 300

    def end(self) -> None:
        """Let the writers go home."""
        self._over.set()

    async def catch_up(self, rows: dict[int, Row], since: str) -> None:
        """Apply every change from `since` on."""
        while True:
            page = await self.page(since=since)
            for gone in page["meta"]["deleted"]:
                rows.pop(gone, None)
            rows |= {row["id"]: row for row in page["data"]}
            since = page["meta"]["next_since"]
            if not page["meta"]["has_more"]:
                return

    async def cost(self, **query: str | int) -> float:
        """Median seconds of a page that no cache has, told apart by a field that does not exist."""
        times = []
        for attempt in range(REPEATS):
            started = time.perf_counter()
            await self.page(limit=50, fields=f"id,record,none{attempt}x{len(query)}", **query)
            times.append(time.perf_counter() - started)
        return statistics.median(times)


async def walked(base: str, token: dict[str, str], ids: list[int], seed: int) -> bool:
    """Walk, and print what was found; whether all was as it must be."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(headers=token, timeout=timeout) as session:
        walk = Walk(session, base, seed)
        near = await walk.cost(sort_by="id", sort_order="asc")
        far = await walk.cost(sort_by="id", sort_order="asc", cursor=await _far_cursor(walk, len(ids)))
        before = await walk.page()
        writers = [asyncio.create_task(walk.write(ids)) for _ in range(WRITERS)]
        started = time.monotonic()
        copy, twice = await walk.read_all(before)
        seconds = time.monotonic() - started
        walk.end()
        await asyncio.gather(*writers)
        missing = set(ids) - walk.touched - copy.keys()
        await walk.catch_up(copy, before["meta"]["as_of"])
        table, _ = await walk.read_all(await walk.page())
    print(f"{len(copy):,} rows by cursor in {seconds:.0f} s beside {walk.writes} writes (seed {seed})")
    print(f"of the rows that stood still {len(missing)} were missed and {twice} came twice")
    print(f"after the delta the copy {'equals' if copy == table else 'differs from'} the table of {len(table):,} rows")
    print(f"a page at nine tenths of the way costs {far / near:.2f} times the first, of {near * 1e3:.1f} ms")
    return copy == table and not missing and not twice


async def _far_cursor(walk: Walk, rows: int) -> str:
    """A cursor at nine tenths of the way in the order of ids."""
    page = await walk.page(limit=1, sort_by="id", sort_order="asc", page=rows * 9 // 10)
    return str(page["meta"]["pagination"]["next_cursor"])


def main(arguments: list[str]) -> int:
    """Walk and print; 0, or 1 where a row was lost, came twice or differs."""
    parser = argparse.ArgumentParser(prog="python -m bench.cursor_walk", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many animals, at most a million (the default)")
    parser.add_argument("--seed", type=int, default=1, help="which rows the writers choose (default 1)")
    chosen = parser.parse_args(arguments)
    cores = Cores.choose()
    os.sched_setaffinity(0, {cores.load})
    with tempfile.TemporaryDirectory(prefix="herdbook-walk-") as name:
        folder = Path(name)
        with farms.running(folder / "mariadb") as farm, herdbook(farm, FEW, folder, cores) as target:
            fill(farm.own, chosen.rows)
            base, token = f"http://127.0.0.1:{target.port}/api/v1", log_in(target.port)
            good = asyncio.run(walked(base, dict(token), farms.animal_ids(farm.own), chosen.seed))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
