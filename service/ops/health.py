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
from service.records.reader import rfc3339, utc_now


class Health:
    """Asks the database at each call, and says how long this worker has run."""

    def __init__(self, statements: Statements, database: Database) -> None:
        self._ping = statements.get("server/ping")
        self._database = database
        self._started = time.monotonic()

    def routes(self, base: str) -> list[web.RouteDef]:
        """/health, at the root and below `base`."""
        return [
            *both(hdrs.METH_GET, "/health", self.health),
            *both(hdrs.METH_GET, f"{base}/health", self.health),
        ]

    async def health(self, request: web.Request) -> web.Response:
        """200 while the database answers and takes writes, 200 degraded while it only answers, else 503."""
        try:
            result = await self._database.read(self._ping)
            database = "read-only" if result.rows[0][0] != b"0" else "healthy"
        except DatabaseError as error:
            database = f"unhealthy: {type(error).__name__}"
        well = database in ("healthy", "read-only")
        said = {
            "success": well,
            "status": {"healthy": "healthy", "read-only": "degraded"}.get(database, "unhealthy"),
            "services": {"database": database},
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
