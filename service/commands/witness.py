"""The witness: reads pages through every worker while the service runs, and holds each against the database.

A cached page and one read past the cache must be equal byte for byte where both say that they are of the same time,
and none may be older than what the database had before it was asked for. A breach is a page that lies; in coherence
`host` one that is late by no more than the poll interval after a change by hand is none, but its lateness is reported.
"""

import asyncio
import logging
import random
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import orjson

from service.auth.tokens import Tokens
from service.db.database import Database, open_database
from service.db.errors import DatabaseError
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements
from service.host.folder import keep_secret
from service.ops import families as of
from service.ops.count_files import Counted, CountFiles
from service.records.times import moment_of
from service.resources import all_resources
from service.settings import Settings

log = logging.getLogger("herdbook.witness")

MOST_CONNECTIONS = 64
TELL_SECONDS = 1.0
PATIENCE = 1.0  # seconds beyond the poll interval within which a change by hand must show


@dataclass(slots=True)
class Verdict:
    """What was seen; `staleness` in seconds: the longest that a change was in the database and not in an answer."""

    pages: int = 0
    compared: int = 0
    workers: set[int] = field(default_factory=set)
    breaches: list[str] = field(default_factory=list)
    staleness: float = 0.0

    def counted(self) -> Counted:
        """The same for the metrics."""
        return Counted(
            {
                of.WITNESS_PAGES.key(): self.pages,
                of.WITNESS_COMPARED.key(): self.compared,
                of.WITNESS_BREACHES.key(): len(self.breaches),
            }
        )

    def line(self) -> str:
        """One line that says it."""
        return (
            f"{self.pages} pages read through {len(self.workers)} workers,"
            f" {self.compared} compared at the same version: "
            f"{len(self.breaches)} breaches, staleness at most {self.staleness * 1000:.0f} ms"
        )


class WitnessError(Exception):
    """The service cannot be watched; the message says why."""


def run(settings: Settings, seconds: float, seed: int) -> int:
    """Watch for `seconds`; prints what was seen, 0 without a breach, 1 with one, 2 where nothing can be seen."""
    try:
        verdict = asyncio.run(_watched(settings, seconds, seed))
    except (WitnessError, DatabaseError, aiohttp.ClientError, OSError) as error:
        print(f"the service cannot be watched: {error}")
        return 2
    for breach in verdict.breaches[:20]:
        print(f"breach: {breach}")
    print(f"{verdict.line()} (seed {seed})")
    return 1 if verdict.breaches else 0


async def _watched(settings: Settings, seconds: float, seed: int) -> Verdict:
    statements = Statements(SQL)
    database = open_database(settings.database, PoolLimits(size=1, overflow=1), statements)
    headers = {"Authorization": f"Bearer {await _token(settings, statements, database)}"}
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    try:
        connections = [Connection(f"http://{host}:{settings.port}", headers)]
        connections += await _one_for_each_worker(connections[0], settings.workers)
        witness = Witness(settings, statements, database, connections, random.Random(seed))
        telling = asyncio.create_task(_tell(settings, witness.verdict))
        try:
            return await witness.watch(seconds)
        finally:
            telling.cancel()
            await asyncio.wait([telling])
            for connection in connections:
                await connection.close()
    finally:
        await database.close()


async def _tell(settings: Settings, verdict: Verdict) -> None:
    """Keep what was seen among the metrics until cancelled, and once more then."""
    with suppress(OSError), CountFiles(settings.data_dir / "metrics") as files:
        try:
            while True:
                files.keep(verdict.counted())
                await asyncio.sleep(TELL_SECONDS)
        finally:
            files.keep(verdict.counted())


async def _token(settings: Settings, statements: Statements, database: Database) -> str:
    """An access token of our own for an Administrador, signed with the service's key."""

    def missing() -> str:
        raise WitnessError("the secret key is neither in HERDBOOK_SECRET_KEY nor in the data folder")

    key = settings.secret_key or keep_secret(settings.data_dir / "secret.key", missing)
    result = await database.read(statements.get("user/administrator"))
    if not result.rows:
        raise WitnessError("there is no active Administrador")
    row_id, identification, fullname, role, password = ((one or b"").decode() for one in result.rows[0])
    user = {"id": int(row_id), "identification": int(identification), "fullname": fullname, "role": role}
    tokens = Tokens(key)
    return tokens.issue(user, "access", secrets.token_hex(16), tokens.mark(password)).text


class Connection:
    """One keep-alive connection, hence one worker."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        self._base = base
        self._headers = headers
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=60), timeout=aiohttp.ClientTimeout(total=10)
        )
        self.worker = 0

    def another(self) -> "Connection":
        """A further connection to the same place."""
        return Connection(self._base, self._headers)

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Status and body."""
        async with self._session.get(self._base + path, headers={**self._headers, **headers}) as answer:
            return answer.status, await answer.read()

    async def find_worker(self) -> int:
        """The process id of the worker at the other end."""
        self.worker = int(orjson.loads((await self.get("/health"))[1])["worker"])
        return self.worker

    async def close(self) -> None:
        """Close it."""
        await self._session.close()


async def _one_for_each_worker(first: Connection, workers: int) -> list[Connection]:
    found = {await first.find_worker()}
    others: list[Connection] = []
    for _ in range(MOST_CONNECTIONS):
        if len(found) >= workers:
            break
        one = first.another()
        if await one.find_worker() in found:
            await one.close()
        else:
            found.add(one.worker)
            others.append(one)
    return others


class Witness:
    """Reads random pages and judges them."""

    def __init__(
        self,
        settings: Settings,
        statements: Statements,
        database: Database,
        connections: list[Connection],
        chance: random.Random,
    ) -> None:
        self._is_strict = settings.coherence == "database"
        self._bound = 0.0 if self._is_strict else settings.poll_ms / 1000 + PATIENCE
        self._ledger = statements.get("ledger/get", {"table_name"})
        self._database = database
        self._connections = connections
        self._chance = chance
        self.verdict = Verdict(workers={one.worker for one in connections})

    async def watch(self, seconds: float) -> Verdict:
        """Look at one page after the other for `seconds`."""
        resources = all_resources()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            resource = self._chance.choice(resources)
            connection = self._chance.choice(self._connections)
            path = (
                f"/api/v1/{resource.route}?limit={self._chance.choice((10, 20, 50))}&page={self._chance.randint(1, 3)}"
            )
            await self._look(connection, resource.table, path)
        return self.verdict

    async def _look(self, connection: Connection, table: str, path: str) -> None:
        before = await self._last_modified(table)
        cached = await self._timely(connection, path, before)
        if cached is None:
            return
        fresh = await self._page(connection, path, **{"Cache-Control": "no-store"})
        self.verdict.pages += 1
        if _as_of(fresh) == _as_of(cached):
            self.verdict.compared += 1
            if fresh != cached:
                self._breach(f"{path}: worker {connection.worker} keeps another page than the database gives")
        elif _as_of(fresh) < _as_of(cached):
            self._breach(f"{path}: worker {connection.worker} is ahead of the database")

    async def _timely(self, connection: Connection, path: str, before: datetime) -> bytes | None:
        """The page, once it is as new as the database was at `before`; None, and a breach, where it is too late."""
        asked = time.monotonic()
        while True:
            page = await self._page(connection, path)
            late = time.monotonic() - asked
            if _as_of(page) >= before:
                return page
            self.verdict.staleness = max(self.verdict.staleness, late)
            if late > self._bound:
                self._breach(f"{path}: worker {connection.worker} is {late:.3f} s behind the database")
                return None
            await asyncio.sleep(0.005)

    async def _page(self, connection: Connection, path: str, **headers: str) -> bytes:
        status, body = await connection.get(path, **headers)
        if status != 200:
            raise WitnessError(f"{path} is answered with {status}")
        return body

    async def _last_modified(self, table: str) -> datetime:
        result = await self._database.read(self._ledger, {"table_name": table})
        return moment_of(result.rows[0][1] if result.rows else None)

    def _breach(self, sentence: str) -> None:
        log.error("breach of exactness: %s", sentence)
        self.verdict.breaches.append(sentence)


def _as_of(page: bytes) -> datetime:
    meta: dict[str, Any] = orjson.loads(page)["meta"]
    return datetime.fromisoformat(meta["as_of"].removesuffix("Z"))
