"""Whether the service lives, is ready, and can do all of its work: /livez, /readyz and /health."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import orjson
from aiohttp import hdrs, web

from service import __version__
from service.db.database import Database
from service.db.errors import AccessDenied, DatabaseError, ReadOnly, StorageFull
from service.db.statements import Statements
from service.http.routing import both
from service.ops.watch import Watch
from service.records.times import rfc3339, utc_now

HEALTHY = "healthy"
PATIENCE = 3.0  # seconds
LEAST_ROOM = 64 * 1024 * 1024
RECENT = 60.0  # seconds for which a refusal of the database's is told
REFUSALS = {
    ReadOnly: "read-only",
    AccessDenied: "a right is missing",
    StorageFull: "no room left",
}


class Health:
    """Asks the database at each call, and says how long this worker has run; `folder` is that of the service's data."""

    def __init__(self, statements: Statements, database: Database, watch: Watch, folder: Path) -> None:
        self._ping = statements.get("server/ping")
        self._try_write = statements.get("ledger/try_write")
        self._database = database
        self._watch = watch
        self._folder = folder
        self._started = time.monotonic()

    def routes(self, base: str) -> list[web.RouteDef]:
        """/health, at the root and below `base`; /livez and /readyz at the root."""
        return [
            *both(hdrs.METH_GET, "/health", self.health),
            *both(hdrs.METH_GET, f"{base}/health", self.health),
            *both(hdrs.METH_GET, "/livez", self.livez),
            *both(hdrs.METH_GET, "/readyz", self.readyz),
        ]

    async def livez(self, request: web.Request) -> web.Response:
        """200: the worker answers, which is all that is asked; restart it where it does not."""
        return _said(200, {"success": True, "status": "alive"})

    async def readyz(self, request: web.Request) -> web.Response:
        """200 while the database answers, else 503: send requests elsewhere."""
        reason = await self._unreachable()
        if reason is None:
            return _said(200, {"success": True, "status": "ready"})
        return _said(503, {"success": False, "status": "not ready", "reasons": [f"database: {reason}"]})

    async def health(self, request: web.Request) -> web.Response:
        """200 while all is well, 200 degraded and why where something is not, 503 without a database."""
        unreachable = await self._unreachable()
        services = {
            "database": await self._database_state() if unreachable is None else f"unhealthy: {unreachable}",
            "ledger_watch": f"not read for {self._watch.staleness:.1f} s" if self._watch.is_late else HEALTHY,
            "disk": self._disk_state(),
        }
        reasons = [f"{name}: {state}" for name, state in services.items() if state != HEALTHY]
        status = "unhealthy" if unreachable is not None else "degraded" if reasons else HEALTHY
        said = {
            "success": unreachable is None,
            "status": status,
            "services": services,
            "reasons": reasons,
            "staleness_seconds": round(self._watch.staleness, 3),
            "timestamp": rfc3339(utc_now()),
            "uptime_seconds": round(time.monotonic() - self._started, 1),
            "version": __version__,
            "worker": os.getpid(),
        }
        return _said(200 if unreachable is None else 503, said)

    async def _unreachable(self) -> str | None:
        """Why the database does not answer a question without a table; None where it does."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._database.read(self._ping)
        except (DatabaseError, TimeoutError) as error:
            return type(error).__name__
        return None

    async def _database_state(self) -> str:
        """HEALTHY, or what the database refuses: now, or to this worker within RECENT seconds."""
        try:
            async with asyncio.timeout(PATIENCE):
                if (await self._database.read(self._ping)).rows[0][0] != b"0":
                    return REFUSALS[ReadOnly]
                await self._database.read(self._try_write)
        except (DatabaseError, TimeoutError) as error:
            return REFUSALS.get(type(error), f"refuses a write: {type(error).__name__}")  # type: ignore[arg-type]
        seen = self._database.pool.failed_at
        now = time.monotonic()
        return next((said for kind, said in REFUSALS.items() if now - seen.get(kind, -RECENT) < RECENT), HEALTHY)

    def _disk_state(self) -> str:
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return HEALTHY  # no data folder, so nothing is kept in it
        room = disk.f_bavail * disk.f_frsize
        return HEALTHY if room >= LEAST_ROOM else f"{room // 1024 // 1024} MiB left"


def _said(status: int, said: Mapping[str, object]) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(said),
        headers={hdrs.CONTENT_TYPE: "application/json", hdrs.CACHE_CONTROL: "no-store"},
    )
