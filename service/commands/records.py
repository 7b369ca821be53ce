"""The records as a command works with them: the service's own readers and writers, without HTTP or a cache.

A command takes a slot in the shared memory like a worker, so that a service on this host sees its writes as exactly as
those of a worker. Where that memory cannot be had, the service's poller notices them.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.auth.passwords import Passwords
from service.cache.generations import Generations
from service.cache.lru import PageCache
from service.cache.segment import Segment, SegmentError
from service.commands.failure import BAD_ARGUMENTS, CommandError
from service.db.database import Database, open_database
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements
from service.ops.shared import shared_segment
from service.records.reader import ResourceReader
from service.records.writer import ResourceWriter
from service.resources import all_resources
from service.resources.resource import Resource
from service.settings import Settings

LIMITS = PoolLimits(size=2, overflow=2)


def resource_named(name: str) -> Resource:
    """The resource whose route or table is `name`; CommandError naming them all."""
    resources = all_resources()
    for one in resources:
        if name in (one.route, one.table):
            return one
    known = ", ".join(one.route for one in resources)
    raise CommandError(f"there is no resource {name}; there are {known}", BAD_ARGUMENTS)


class Seal:
    """Hashes passwords, and costs nothing where there are none."""

    def __init__(self) -> None:
        self._passwords: Passwords | None = None

    async def sealed(self, password: str) -> str:
        """The hash of `password`."""
        if self._passwords is None:
            self._passwords = Passwords()
        return await self._passwords.hash(password)

    def close(self) -> None:
        """End its threads."""
        if self._passwords is not None:
            self._passwords.close()


@dataclass(frozen=True, slots=True)
class Records:
    """What a command needs; `seen` says when a running service sees what it writes."""

    settings: Settings
    statements: Statements
    database: Database
    generations: Generations
    seal: "Seal"
    seen: str

    def reader(self, resource: Resource) -> ResourceReader:
        """The reads of `resource`."""
        return ResourceReader(resource, self.statements, self.database, self.generations.scope, PageCache(1, 1))

    def writer(self, resource: Resource) -> ResourceWriter:
        """The writes of `resource`."""
        return ResourceWriter(
            self.reader(resource),
            self.statements,
            self.database,
            self.generations,
            PageCache(1, 1),
            self.seal.sealed,
        )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Records]:
    """The records in the database of `settings`."""
    statements = Statements(SQL)
    database = open_database(settings.database, LIMITS, statements)
    seal = Seal()
    try:
        with tempfile.TemporaryDirectory(prefix="herdbook-") as folder:
            generations, seen = await _generations(settings, statements, database, Path(folder))
            try:
                yield Records(settings, statements, database, generations, seal, seen)
            finally:
                await database.close()
                generations.close()
    finally:
        seal.close()
        await database.close()


async def _generations(
    settings: Settings, statements: Statements, database: Database, folder: Path
) -> tuple[Generations, str]:
    """The generations of this host, or where they cannot be had some of our own, and what that means for a service."""
    later = f"a running service sees it within {settings.poll_ms} ms"
    try:
        generations = Generations(await shared_segment(settings, statements, database))
    except (SegmentError, OSError) as error:
        return Generations(Segment(folder / "herdbook", 1)), f"{later} ({error})"
    if len(generations.segment.owners()) > 1:
        return generations, "the running service sees it at once"
    return generations, f"no service runs here; one elsewhere sees it within {settings.poll_ms} ms"
