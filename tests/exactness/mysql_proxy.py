"""A proxy before MariaDB that knows where a statement begins, so that a test can break exactly the one it means.

It reads the headers of the client's packets: three bytes of length and one of sequence, which is 0 for a command; the
first byte of a command says which, and 3 is a query's (MariaDB's Client/Server Protocol, "COM_QUERY").
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

HEADER = 4
QUERY = 3
DEADLOCK = 1213
ANSWERED = 0.02  # seconds; what was sent before the statement that is broken has its answers by then


class Fault(Enum):
    """What becomes of one statement."""

    CUT_BEFORE = auto()  # the connection breaks before the server has it
    CUT_AFTER = auto()  # the server has it, and the connection breaks before the answer
    SILENT_BEFORE = auto()  # nothing goes on, until the client gives up
    SILENT_AFTER = auto()  # the server has it, and its answer never comes
    HALF = auto()  # the answer begins, and breaks off in the middle of a packet
    DEADLOCK = auto()  # the answer is an error after which a transaction may be run again
    ERROR = auto()  # the answer is the plan's error
    DISORDER = auto()  # the answer is a packet that cannot come now
    GARBAGE = auto()  # the answer is a packet that means nothing


@dataclass
class Plan:
    """`fault` for the statements that `wanted` says, `times` times; `hold`: the server's side stays until let_go()."""

    wanted: Callable[[str], bool]
    fault: Fault
    times: int = 1
    hold: bool = False
    error: int = DEADLOCK
    broken: list[str] = field(default_factory=list)

    @property
    def fired(self) -> int:
        """How many it has broken."""
        return len(self.broken)


@dataclass
class Proxy:
    """Passes everything on but what a plan says.

    `greeting`: what whoever connects is told in place of the server's greeting; nothing, for ever, where it is empty.
    """

    server: Path
    path: Path
    plan: Plan | None = None
    seen: list[str] = field(default_factory=list)
    accepted: int = 0
    greeting: bytes | None = None
    _let_go: asyncio.Event = field(default_factory=asyncio.Event)
    _links: set[asyncio.Task[None]] = field(default_factory=set)

    def break_next(self, text: str, fault: Fault, *, times: int = 1, hold: bool = False, error: int = DEADLOCK) -> Plan:
        """Break the next statements that begin with `text`."""
        self._let_go.clear()
        self.plan = Plan(lambda sent: sent.lstrip().startswith(text), fault, times, hold, error)
        return self.plan

    def break_nth(self, number: int, fault: Fault, *, times: int = 1, error: int = DEADLOCK) -> Plan:
        """Break the `number`-th statement from now on, from 1, and the following ones if `times` is more."""
        self._let_go.clear()
        first = len(self.seen) + number
        self.plan = Plan(lambda _: len(self.seen) >= first, fault, times, error=error)
        return self.plan

    def let_go(self) -> None:
        """The server is told of the connections that were held."""
        self.plan = None
        self._let_go.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        """Serve on `path` for the block."""
        listener = await asyncio.start_unix_server(self._accept, self.path)
        try:
            yield self
        finally:
            self.let_go()
            listener.close()
            for link in self._links:
                link.cancel()
            await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        answers: asyncio.Task[None] | None = None
        self.accepted += 1
        try:
            if self.greeting is not None:
                if self.greeting:
                    writer.write(_packet(0, self.greeting))
                else:
                    await reader.read()  # until the client has had enough
                return
            from_server, to_server = await asyncio.open_unix_connection(self.server)
            answers = asyncio.create_task(_pass_on(from_server, writer))
            try:
                await self._pass_packets(reader, writer, to_server, answers)
            finally:
                to_server.close()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            if answers is not None:
                answers.cancel()
            writer.close()
            self._links.discard(task)

    async def _pass_packets(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        to_server: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        while True:
            header = await reader.readexactly(HEADER)
            content = await reader.readexactly(int.from_bytes(header[:3], "little"))
            plan = self._planned(header, content)
            fault = plan.fault if plan else None
            if fault is not None:
                await asyncio.sleep(ANSWERED)
            if plan is not None and fault in (Fault.DEADLOCK, Fault.ERROR):
                writer.write(_packet(1, b"\xff" + plan.error.to_bytes(2, "little") + b"#40001an error, as planned"))
                continue
            if fault in (Fault.DISORDER, Fault.GARBAGE):
                writer.write(_packet(99 if fault is Fault.DISORDER else 1, b"\xfd\x01"))
                continue
            if fault is Fault.HALF:
                writer.write(_packet(1, b"\xff" + b"x" * 100)[:20])
            if fault in (Fault.CUT_AFTER, Fault.SILENT_AFTER):
                answers.cancel()
            if fault in (None, Fault.CUT_AFTER, Fault.SILENT_AFTER):
                to_server.write(header + content)
                await to_server.drain()
            if fault in (Fault.SILENT_BEFORE, Fault.SILENT_AFTER):
                while await reader.read(1024):
                    pass
            if plan is not None:
                writer.close()
                if plan.hold:
                    await self._let_go.wait()
                return

    def _planned(self, header: bytes, content: bytes) -> Plan | None:
        if header[3] != 0 or content[:1] != bytes([QUERY]):
            return None
        text = content[1:].decode(errors="replace")
        self.seen.append(text)
        plan = self.plan
        if plan is None or plan.fired >= plan.times or not plan.wanted(text):
            return None
        plan.broken.append(text)
        return plan


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while received := await reader.read(65536):
            writer.write(received)
            await writer.drain()
    writer.close()


def _packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number]) + content
