"""A farm served as in earnest, on a port, and a client that sends bytes as they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web
from by_hand import changes_by_hand_are_known

from service.app import create_app, create_runner
from service.http.memo_handler import MemoHandler
from service.parts import PARTS
from service.settings import Settings


@dataclass
class RawAnswer:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class RawConnection:
    """One connection; sends what it is told and reads answers by their length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send `data` as it is."""
        self.writer.write(data)
        await self.writer.drain()

    async def read(self, *, bodiless: bool = False) -> RawAnswer:
        """The next answer."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            status = int(first.split()[1])
            length = 0 if bodiless or status == 304 else int(headers.get("content-length", 0))
            return RawAnswer(status, headers, await self._reader.readexactly(length))

    async def ask(self, data: bytes, *, bodiless: bool = False) -> RawAnswer:
        """Send, and read one answer."""
        await self.send(data)
        return await self.read(bodiless=bodiless)

    async def read_all(self) -> bytes:
        """Everything until the service closes the connection."""
        async with asyncio.timeout(20):
            try:
                return await self._reader.read()
            except ConnectionResetError:
                return b""

    async def ended(self) -> bool:
        """Whether the service has closed the connection."""
        async with asyncio.timeout(10):
            return await self._reader.read(1) == b""


@dataclass
class RawFarm:
    """A served application."""

    runner: web.AppRunner
    port: int

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[RawConnection]:
        """A connection to it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield RawConnection(reader, writer)
        finally:
            writer.close()

    @property
    def memo_hits(self) -> int:
        """How many answers the memo gave; 0 where there is none."""
        make: Any = getattr(self.runner, "_make", None)
        memo = make.args[0] if getattr(make, "func", None) is MemoHandler else None
        return 0 if memo is None else int(memo.hits)


@asynccontextmanager
async def serving(settings: Settings, *, memo: bool) -> AsyncIterator[RawFarm]:
    """The application of `settings` on a free port, with or without the memo of heads."""
    app = await create_app(replace(settings, memo=memo, pool_size=2, pool_overflow=4))
    runner = create_runner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await changes_by_hand_are_known(app)
    try:
        yield RawFarm(runner, runner.addresses[0][1])
    finally:
        await runner.cleanup()


__all__ = ["PARTS", "RawAnswer", "RawConnection", "RawFarm", "serving"]
