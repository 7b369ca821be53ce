"""A lean HTTP/1.1 client on one keep-alive connection, which notes when each request began and its answer had come."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson


class Answer(NamedTuple):
    """What came back: header names in small letters; `start` and `end` in time.monotonic_ns()."""

    status: int
    headers: dict[str, str]
    body: bytes
    start: int
    end: int

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return orjson.loads(self.body)

    @property
    def worker(self) -> int:
        """The process that answered."""
        return int(self.headers["x-herdbook-worker"])


class NoAnswer(Exception):
    """The connection broke, or no answer came in time: what became of the request is not known."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(f"no answer after {(end - start) / 1e9:.3f} s")
        self.start = start
        self.end = end


@dataclass
class Connection:
    """One connection, made at the first request and again after it broke; one request at a time."""

    host: str
    port: int
    token: str
    seconds: float = 40.0
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to one request on /api/v1; NoAnswer when there is none."""
        content = b"" if body is None else orjson.dumps(body)
        lines = [f"{method} /api/v1{path} HTTP/1.1", "Host: herdbook", f"Authorization: Bearer {self.token}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        sent = "\r\n".join([*lines, "", ""]).encode() + content
        start = time.monotonic_ns()
        try:
            async with asyncio.timeout(self.seconds):
                status, given, received = await self._exchange(sent)
        except (OSError, EOFError, TimeoutError) as error:
            await self.close()
            raise NoAnswer(start, time.monotonic_ns()) from error
        except asyncio.CancelledError:
            await self.close()
            raise
        end = time.monotonic_ns()
        if given.get("connection", "").lower() == "close":
            await self.close()
        return Answer(status, given, received, start, end)

    async def _exchange(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
        self._writer.write(sent)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *others = head[:-4].split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in others)}
        length = int(headers.get("content-length", 0))
        status = int(first.split(" ", 2)[1])
        body = await self._reader.readexactly(length) if length and status != 304 else b""
        return status, headers, body

    async def close(self) -> None:
        """End the connection, if there is one."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                return
