"""Whether the service can do its work: /health."""

import os
import time

import orjson
from aiohttp import hdrs, web

from service import __version__
from service.db.database import Database
from service.db.errors import DatabaseError
from service.db.statements import Statements
from service.http.routing import both
from service.ops.watch import Watch
from service.records.reader import rfc3339, utc_now


class Health:
    """Asks the database at each call, and says how long this worker has run."""

    def __init__(self, statements: Statements, database: Database, watch: Watch) -> None:
        self._ping = statements.get("server/ping")
        self._database = database
        self._watch = watch
        self._started = time.monotonic()

    def routes(self, base: str) -> list[web.RouteDef]:
        """/health, at the root and below `base`."""
        return [
            *both(hdrs.METH_GET, "/health", self.health),
            *both(hdrs.METH_GET, f"{base}/health", self.health),
        ]

    async def health(self, request: web.Request) -> web.Response:
        """200 while all is well, 200 degraded without writes or without a timely watch of the ledger, else 503."""
        try:
            result = await self._database.read(self._ping)
            database = "read-only" if result.rows[0][0] != b"0" else "healthy"
        except DatabaseError as error:
            database = f"unhealthy: {type(error).__name__}"
        ledger = f"not read for {self._watch.staleness:.1f} s" if self._watch.is_late else "healthy"
        well = database in ("healthy", "read-only")
        status = "unhealthy" if not well else "healthy" if database == ledger else "degraded"
        said = {
            "success": well,
            "status": status,
            "services": {"database": database, "ledger_watch": ledger},
            "timestamp": rfc3339(utc_now()),
            "uptime_seconds": round(time.monotonic() - self._started, 1),
            "version": __version__,
            "worker": os.getpid(),
        }
        return web.Response(
            status=200 if well else 503,
            body=orjson.dumps(said),
            headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
        )
