"""Reads a stream of server-sent events as browsers do (HTML, section 9.2.6)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

SECONDS = 30.0


@dataclass(frozen=True)
class Event:
    """One message: its name, its data and the id that was the last when it came."""

    name: str
    data: Any
    id: str

    @property
    def said(self) -> tuple[str, str, int | None]:
        """Endpoint, action and id of the row."""
        return self.data["endpoint"], self.data["action"], self.data["id"]


class EventStream:
    """An open stream. `last_id` is what a browser would come back with."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.retry = 0
        self.last_id = ""
        self.comments: list[str] = []
        self._lines: list[str] = []

    async def next(self, seconds: float = SECONDS) -> Event:
        """The next event; TimeoutError when none comes, EOFError when the stream has ended."""
        async with asyncio.timeout(seconds):
            while True:
                block = await self._block()
                if (event := self._read(block)) is not None:
                    return event

    async def some(self, count: int) -> list[Event]:
        """The next `count` events."""
        return [await self.next() for _ in range(count)]

    async def opened(self) -> "EventStream":
        """This stream, once it has said from where to come back."""
        async with asyncio.timeout(SECONDS):
            while not self.retry:
                self._read(await self._block())
        return self

    async def comment(self) -> str:
        """The next comment."""
        async with asyncio.timeout(SECONDS):
            while not self.comments:
                self._read(await self._block())
        return self.comments.pop(0)

    async def ended(self) -> list[Event]:
        """What still comes until the stream ends; TimeoutError when it does not."""
        events = []
        try:
            while True:
                events.append(await self.next())
        except (EOFError, aiohttp.ClientError):
            return events

    async def _block(self) -> list[str]:
        while True:
            line = await self.response.content.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            text = line.decode().removesuffix("\n")
            if not text:
                block, self._lines = self._lines, []
                return block
            self._lines.append(text)

    def _read(self, block: list[str]) -> Event | None:
        name, data = "message", []
        for line in block:
            kind, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not kind:
                self.comments.append(value)
            elif kind == "retry":
                self.retry = int(value)
            elif kind == "id":
                self.last_id = value
            elif kind == "event":
                name = value
            elif kind == "data":
                data.append(value)
        return Event(name, json.loads("\n".join(data)), self.last_id) if data else None


@asynccontextmanager
async def event_stream(
    base: str, query: str = "", *, token: str | None = None, last_id: str | None = None, **headers: str
) -> AsyncIterator[EventStream]:
    """A stream of /api/v1/events at `base`, on a connection of its own."""
    sent = dict(headers)
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if last_id is not None:
        sent["Last-Event-ID"] = last_id
    endless = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=endless) as session,
        session.get(f"{base}/api/v1/events{query}", headers=sent) as response,
    ):
        assert response.status == 200, await response.text()
        yield await EventStream(response).opened()
