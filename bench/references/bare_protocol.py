"""The least that Python can do for a request: httptools parses it, and one ready answer is written.

Arguments: port, file with the whole answer (status line, headers, body). On uvloop.
"""

import asyncio
import sys
from pathlib import Path

import httptools
import uvloop


class Ready(asyncio.Protocol):
    """Writes `answer` for every request."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(self._answer)  # type: ignore[attr-defined]


async def serve(port: int, answer: bytes) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Ready(answer), "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
