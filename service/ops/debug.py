"""What the cache does: /debug/cache-stats, for an Administrador, or for anyone where a development setting says so."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from aiohttp import hdrs, web

from service.cache.generations import Generations
from service.cache.lru import PageCache
from service.db.database import Database
from service.http.asker import Asker
from service.http.guard import Guard
from service.ops.watch import Watch


@dataclass(frozen=True, slots=True)
class Heard:
    """How many listen to the feed now, and how many requests wait for changes."""

    listeners: Callable[[], int]
    waiting: Callable[[], int]


class Debug:
    """The numbers of this worker."""

    def __init__(
        self,
        cache: PageCache,
        generations: Generations,
        database: Database,
        watch: Watch,
        guard: Guard,
        heard: Heard,
        asker: Asker,
        *,
        is_open: bool,
    ) -> None:
        self._cache = cache
        self._generations = generations
        self._database = database
        self._watch = watch
        self._guard = guard
        self._heard = heard
        self._asker = asker
        self._is_open = is_open

    def routes(self) -> list[web.RouteDef]:
        """/debug/cache-stats."""
        return [web.RouteDef(hdrs.METH_GET, "/debug/cache-stats", self.cache_stats, {})]

    async def cache_stats(self, request: web.Request) -> web.Response:
        """Hits, misses, evictions and size of each table, and the state of pool, connections, generations and watch."""
        if not self._is_open:
            await self._asker.admin(request)
        said = {
            "worker": os.getpid(),
            "cache": self._cache.report(),
            "pool": self._database.pool.stats(),
            "connections": self._guard.stats(),
            "tasks": len(asyncio.all_tasks()),
            "generations": {
                "epoch": f"{self._generations.segment.epoch:016x}",
                "slot": self._generations.slot,
                "slots": self._generations.segment.slots,
                "workers": self._generations.segment.owners(),
                "commits_of_unknown_outcome": len(self._generations.orphans),
            },
            "watch": {
                "is_poller": self._watch.is_poller,
                "seconds_since_poll": round(self._watch.staleness, 3),
                "changes_by_hand": self._watch.found_by_hand,
            },
            "feed": {"listeners": self._heard.listeners(), "waiting": self._heard.waiting()},
        }
        return web.Response(
            body=orjson.dumps(said, option=orjson.OPT_INDENT_2),
            headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
        )
