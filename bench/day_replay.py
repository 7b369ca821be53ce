"""Sends the visits of a day, as many at once as are asked for, each on a connection of its own, in the order of time.

A person's device keeps the entity tag of each answer and asks with it the next time, as a browser does; it keeps the
time of its copy of each table, and asks for what came after.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from bench.day_plan import Step, Visit
from bench.day_truth import Possible, Writes, version_told
from bench.machine import BenchError

SHARED_VIEW = frozenset({"species", "breeds", "diseases", "animals", "animal-diseases"})
SECONDS = aiohttp.ClientTimeout(total=60)


@dataclass
class Device:
    """What one person's browser or phone knows."""

    identification: int
    user_id: int
    since: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    tags: dict[str, tuple[str, int | None]] = field(default_factory=dict)  # by path: the tag, the version it stands for
    mine: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Outcome:
    """What came of the day."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    reads: Counter[str] = field(default_factory=Counter)  # by kind
    unmodified: Counter[str] = field(default_factory=Counter)  # 304s by kind
    asked_with_tag: int = 0
    held: int = 0  # reads held against the last answered write
    stale: list[str] = field(default_factory=list)
    writes: Writes = field(default_factory=Writes)
    possible: Possible = field(default_factory=Possible)


class Replay:
    """One day against the service at `base`."""

    def __init__(self, base: str, devices: Sequence[Device], password: str, at_once: int) -> None:
        self._base = base
        self._devices = devices
        self._password = password
        self._places = asyncio.Semaphore(at_once)
        self.outcome = Outcome()

    async def run(self, visits: Sequence[Visit]) -> Outcome:
        """All visits; BenchError when an answer was none."""
        try:
            async with asyncio.TaskGroup() as group:
                for visit in visits:
                    await self._places.acquire()
                    group.create_task(self._visit(visit))
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        return self.outcome

    async def _visit(self, visit: Visit) -> None:
        device = self._devices[visit.person]
        try:
            async with device.lock, aiohttp.ClientSession(timeout=SECONDS) as session:
                if not device.headers and visit.steps[0].kind != "login":
                    await self._send(session, device, Step("login", "POST", "auth", "/login"))
                for step in visit.steps:
                    await self._send(session, device, step)
        finally:
            self._places.release()

    async def _send(self, session: aiohttp.ClientSession, device: Device, step: Step) -> None:
        path = f"/{step.route}{step.rest}"
        if "{mine}" in path:
            if not device.mine[step.route]:
                return
            path = path.replace("{mine}", str(device.mine[step.route][-1]))
        path = path.replace("{since}", device.since.get(step.route, ""))
        if step.method == "GET":
            await self._read(session, device, step, path)
        else:
            await self._write(session, device, step, path)

    async def _read(self, session: aiohttp.ClientSession, device: Device, step: Step, path: str) -> None:
        kept, headers = device.tags.get(path), dict(device.headers)
        if kept is not None:
            headers["If-None-Match"] = kept[0]
            self.outcome.asked_with_tag += 1
        row_id = int(path.split("/")[2].partition("?")[0]) if step.kind == "detail" else None
        least, gone = self.outcome.writes.least(step.route, step.kind, row_id), self.outcome.writes.gone_now()
        status, tag, body = await self._ask(session, step, path, headers, None)
        self.outcome.reads[step.kind] += 1
        if status == 304 and kept is not None:
            self.outcome.unmodified[step.kind] += 1
            version = kept[1]
        else:
            version = version_told(step.kind, body)
            self._hold_rows(path, step.route, body, gone)
        device.tags[path] = (tag, version)
        if version is not None:
            self.outcome.held += 1
            if version < least:
                self.outcome.stale.append(f"{path} is of {version}, a write before it of {least}")
        if step.kind in ("delta", "prefetch") and status == 200:
            device.since[step.route] = body["meta"].get("next_since") or body["meta"]["as_of"]
        view = None if step.route in SHARED_VIEW else device.user_id
        self.outcome.possible.read(step.route, (view, path), tag, self.outcome.writes)

    def _hold_rows(self, path: str, route: str, body: Any, gone: frozenset[tuple[str, int]]) -> None:
        rows = body["data"] if isinstance(body["data"], list) else ()
        if any((route, row["id"]) in gone for row in rows):
            self.outcome.stale.append(f"{path} holds a row that was deleted before")

    async def _write(self, session: aiohttp.ClientSession, device: Device, step: Step, path: str) -> None:
        body = step.body
        if step.kind == "login":
            body = {"identification": device.identification, "password": self._password}
        elif step.route == "animal-diseases" and body is not None:
            body = {**body, "instructor_id": device.user_id}
        status, _, answer = await self._ask(session, step, path, device.headers, body)
        if step.kind == "login":
            # Bearer, and its own headers: what the browser of a phone sends each time.
            device.headers = {"Authorization": f"Bearer {answer['access_token']}", "Accept-Encoding": "gzip"}
            return
        if status == 409:  # the same diagnosis twice
            return
        self.outcome.writes.answered(step.route, answer["data"])
        if step.kind == "create":
            device.mine[step.route].append(answer["data"]["id"])
        elif step.kind == "delete":
            device.mine[step.route].pop()

    async def _ask(
        self, session: aiohttp.ClientSession, step: Step, path: str, headers: dict[str, str], body: Any
    ) -> tuple[int, str, Any]:
        started = time.perf_counter()
        async with session.request(step.method, self._base + path, headers=headers, json=body) as response:
            read = await response.read()
        self.outcome.seconds[step.kind].append(time.perf_counter() - started)
        if response.status not in (200, 201, 304, 409):
            raise BenchError(f"{step.method} {path} was answered {response.status}: {read[:300]!r}")
        return response.status, response.headers.get("ETag", ""), orjson.loads(read) if read else {}
