"""The watch of this host: one worker polls the ledger for changes made by hand, and clears up what dead workers left.

Whoever holds the lock beside the segment is the poller; when it dies, another worker takes over within one interval.
It writes into the lock's file when it last looked, so that every worker can tell how old that is, and looks in the
place of a poller that hangs.
"""

import asyncio
import fcntl
import logging
import os
import time

from service.cache.generations import Generations, InFlight
from service.cache.segment import SegmentError
from service.db.connection import Connection
from service.db.database import Database
from service.db.errors import DatabaseError
from service.db.statements import Statement, Statements
from service.records.times import EPOCH, moment_of

log = logging.getLogger("herdbook.watch")

WIDTH = 32  # bytes of the time in the lock's file, by time.monotonic, which all processes of a host share
LATE = 30  # intervals after which others look in the poller's place


class Watch:
    """Runs beside the requests of a worker; `interval` in seconds."""

    def __init__(self, statements: Statements, database: Database, generations: Generations, interval: float) -> None:
        self._stamps = statements.get("ledger/stamps")
        self._connections = statements.get("server/connections")
        self._start = statements.get("server/start")
        self._database = database
        self._generations = generations
        self._interval = interval
        self._lock = -1
        self._began = time.monotonic()
        self._connection: Connection | None = None
        self._burying: tuple[int, list[InFlight]] | None = None
        self._fails = False
        self.is_poller = False
        self.found_by_hand = 0

    async def run(self) -> None:
        """Look every interval until cancelled."""
        self._lock = os.open(self._generations.segment.poller_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                await self._look()
                await asyncio.sleep(self._interval)
        finally:
            os.close(self._lock)
            self._lock = -1
            if self._connection is not None:
                self._connection.close()

    @property
    def staleness(self) -> float:
        """Seconds since somebody on this host last looked, or since we began: changes by hand from before are known."""
        looked_at = os.pread(self._lock, WIDTH, 0) if self._lock >= 0 else b""
        return max(0.0, time.monotonic() - (float(looked_at) if looked_at else self._began))

    @property
    def is_late(self) -> bool:
        """Whether the poller has died or hangs, or cannot read the ledger."""
        return self.staleness > LATE * self._interval

    async def _look(self) -> None:
        try:
            if self._is_poller():
                await self._poll()
                await self._clear_up()
            if self._generations.orphans:
                await self._resolve_own()
            self._tell(fails=False)
        except (DatabaseError, SegmentError, OSError, ValueError) as error:
            # Whatever it is: a watch that ends would leave changes by hand unseen for ever.
            self._drop_connection()
            self._tell(fails=True, error=error)

    def _is_poller(self) -> bool:
        if not self.is_poller:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.is_poller = True
            except BlockingIOError:
                return self.is_late
        return True

    async def _poll(self) -> None:
        asked_at = time.monotonic()
        result = await self._run(self._stamps)
        for name, changed in result:
            table = (name or b"").decode()
            stamp = round((moment_of(changed) - EPOCH).total_seconds() * 1_000_000)
            if self._generations.observe(table, stamp):
                self.found_by_hand += 1
                log.info("%s was changed outside the service: its pages are void", table)
        os.pwrite(self._lock, f"{asked_at:<{WIDTH}.6f}".encode(), 0)

    async def _clear_up(self) -> None:
        """A dead worker's COMMITs are over when the server has let go of its connections."""
        if self._burying is None:
            self._burying = self._generations.adopt_dead()
        if self._burying is None:
            return
        slot, records = self._burying
        if records and any(await self._under_way(records)):
            return
        self._generations.bury(slot)
        self._burying = None
        log.info("slot %d of a dead worker is cleared up", slot)

    async def _resolve_own(self) -> None:
        records = self._generations.in_flight()
        for one, is_under_way in zip(records, await self._under_way(records), strict=True):
            if not is_under_way:
                self._generations.resolve(one)

    async def _under_way(self, records: list[InFlight]) -> list[bool]:
        """For each, whether the server may still be working on it."""
        start = int(float((await self._run(self._start))[0][0] or 0))
        held = {int(row[0] or 0) for row in await self._run(self._connections)}
        return [one.server_start == start and one.connection in held for one in records]

    async def _run(self, statement: Statement) -> tuple[tuple[bytes | None, ...], ...]:
        # The poller has a connection of its own: it must see the ledger also when the pool is exhausted.
        if self._connection is None or not self._connection.clean:
            self._connection = await self._database.open_one()
        return (await self._connection.run(statement)).rows

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self, *, fails: bool, error: Exception | None = None) -> None:
        if fails != self._fails:
            self._fails = fails
            log.warning("the ledger cannot be read: %s", error) if fails else log.info("the ledger is read again")
