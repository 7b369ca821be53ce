"""Coherence with the whole database: every read is held against the ledger as it is after the read was asked for.

One validating query serves all who were waiting when it began, so its cost is shared under load. Exact for any writer
on any host, and for SQL by hand; a read costs a round trip to the database, or a part of one.
"""

import asyncio
from collections.abc import Mapping, Sequence

from service.cache.generations import Scope
from service.db.database import Database
from service.db.statements import Statements
from service.records.times import microseconds, moment_of

STAMP = 26  # bytes of a DATETIME(6) as the server writes it


class LedgerScope:
    """Some tables of the ledger."""

    width = STAMP

    def __init__(self, ledger: "LedgerWatch", tables: Sequence[str]) -> None:
        self._ledger = ledger
        self._tables = tables

    def token(self) -> bytes | None:
        """None: nothing is known without asking."""
        return None

    async def settle(self) -> bytes | None:
        """The times of the tables' last changes; None where one has no ledger row."""
        stamps = await self._ledger.stamps()
        found = [stamps.get(table) for table in self._tables]
        return None if None in found else b"".join(stamp for stamp in found if stamp is not None)

    def known(self) -> int:
        """The time that the latest answered query gave for the first table."""
        return microseconds(moment_of(self._ledger.latest.get(self._tables[0])))


class LedgerWatch:
    """Asks for the stamps of all tables, once for all who wait."""

    def __init__(self, statements: Statements, database: Database) -> None:
        self._statement = statements.get("ledger/stamps")
        self._database = database
        self._next: asyncio.Task[Mapping[str, bytes]] | None = None
        self._turn = asyncio.Lock()
        self.latest: Mapping[str, bytes] = {}

    def scope(self, tables: Sequence[str]) -> Scope:
        """The tables that a page depends on, for its tokens."""
        return LedgerScope(self, tables)

    async def stamps(self) -> Mapping[str, bytes]:
        """When each table last changed, by a query that begins after this call."""
        if self._next is None:
            self._next = asyncio.create_task(self._ask())
        return await asyncio.shield(self._next)

    async def _ask(self) -> Mapping[str, bytes]:
        async with self._turn:
            self._next = None  # who comes from here on must be told by the next query
            result = await self._database.read(self._statement)
        self.latest = {(name or b"").decode(): stamp or b"" for name, stamp in result.rows}
        return self.latest
