"""A TCP proxy before the service that can lose the next answer, or refuse everybody."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class CutProxy:
    """Forwards to `host`:`port`. `away`: every connection is ended at once; `lose_next`: the request whose first bytes
    these are is passed on and carried out, but its answer never arrives.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self.away = False
        self.lose_next: bytes | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def has_lost(self) -> bool:
        """Whether the answer to lose is lost."""
        return self.lose_next is None

    def go_away(self) -> None:
        """End every connection, and take no further one."""
        self.away = True
        for task in self._tasks:
            task.cancel()

    def come_back(self) -> None:
        """Take connections again."""
        self.away = False

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._forward(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.away:
            return
        answers, further = await asyncio.open_connection(*self._to)
        back = asyncio.create_task(_pump(answers, writer))
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(65536):
                    further.write(data)
                    if self.lose_next is not None and data.startswith(self.lose_next):
                        self.lose_next = None
                        back.cancel()
                        await asyncio.gather(back, return_exceptions=True)
                        await answers.read(65536)
                        return
        finally:
            back.cancel()
            further.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
