"""aiohttp's protocol with what it lacks: time-outs for whoever sends or reads slowly, and bounds for what they hold.

Nothing is set up for a request but two attributes: the guard looks at each connection now and then (`look`) and tells
from aiohttp's own state what it is waiting for. So it is used with the versions whose private parts are known.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

from aiohttp import StreamReader, hdrs, web
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_request import BaseRequest

from service.http.addresses import address_of, customer_of
from service.http.guard import Guard
from service.http.hardening import NOSNIFF
from service.http.limits import LONGEST_HEAD, BodyTooSlow
from service.http.problems import CONTENT_TYPE, Asked, Problem, body_of, language_of, respond
from service.http.runner import ProblemHandler
from service.http.traces import new_trace

PRIVATE_PARTS = (
    "_current_request",
    "_force_close",
    "_close",
    "_keepalive_timeout",
    "_messages",
    "_next_keepalive_close_time",
    "_paused",
    "_reading_paused",
    "_request_count",
    "_waiter",
)
END = b"\r\n\r\n"
NEVER = 0.0
KERNEL_BUFFER = 256 * 1024  # bytes, which Linux doubles

Answering = Callable[[BaseRequest], Awaitable[web.StreamResponse]]


class GuardedHandler(ProblemHandler):
    """A connection that `guard` looks after.

    `_made`: when. `_unasked`: aiohttp's time to close it, which every answer moves, before there was one.
    `_head_since`, `_head_bytes`: the head that has begun to come. `_body`, `_body_since`, `_body_bytes`: the body of
    the last request. `_task`, `_request`, `_handled_since`: the request that is being answered. `_unread`,
    `_unread_since`: what the client had not taken when it last took some. `_leaving_since`: when it was refused. Times
    are by the guard's clock.
    """

    __slots__ = (
        "address",
        "is_late",
        "_guard",
        "_wire",
        "_made",
        "_unasked",
        "_head_since",
        "_head_bytes",
        "_body",
        "_body_since",
        "_body_bytes",
        "_task",
        "_request",
        "_handled_since",
        "_unread",
        "_unread_since",
        "_leaving_since",
    )

    def __init__(self, guard: Guard, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.address = ""
        self._guard = guard
        self._wire: asyncio.Transport | None = None
        self._made = self._unasked = self._head_since = self._body_since = self._handled_since = NEVER
        self._unread_since = self._leaving_since = NEVER
        self._head_bytes = self._body_bytes = self._unread = 0
        self._body: StreamReader = EMPTY_PAYLOAD
        self._task: asyncio.Task[Any] | None = None
        self._request: BaseRequest | None = None
        self.is_late = False

    # What comes.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let it in, or tell it why not."""
        wire = self._wire = cast(asyncio.Transport, transport)
        self._made = self._guard.clock
        peer = wire.get_extra_info("peername")
        self.address = customer_of(str(peer[0])) if isinstance(peer, tuple) else ""
        refusal = self._guard.admit(self)
        if refusal is None:
            _bound_kernel_buffer(wire)
            super().connection_made(wire)
            self._unasked = self._next_keepalive_close_time
        elif self._guard.is_leaving(self):
            self._refuse(refusal)
        else:
            self._force_close = True
            wire.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """It has ended."""
        self._guard.forget(self)
        self._wire = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; none when aiohttp itself asks for what it has kept back to be parsed."""
        if self._force_close or self._close:
            return
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            self._begin_body(data)
        elif not self._body.is_eof():
            self._body_bytes += len(data)
        elif data:
            self._head_since = self._head_since or self._guard.clock
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD and self._is_idle_between():
                self._cut("head size", Problem("HEADERS_TOO_LARGE", limit=f"{LONGEST_HEAD // 1024} KiB"))

    def _begin_body(self, data: bytes) -> None:
        """A head has come to its end; whatever stands behind it may be the beginning of the next."""
        now = self._guard.clock
        self._body = self._messages[-1][1] if self._messages else EMPTY_PAYLOAD
        self._body_since, self._body_bytes = now, 0
        cut = self._body is EMPTY_PAYLOAD and data and not data.endswith(END)
        self._head_since, self._head_bytes = (now if cut else NEVER), 0

    def _is_idle_between(self) -> bool:
        return self._waiter is not None and not self._waiter.done() and not self._messages

    # What is answered.

    async def _handle_request(
        self, request: BaseRequest, start_time: float | None, request_handler: Answering
    ) -> tuple[web.StreamResponse, bool]:
        if self._paused:  # the answers before this one are still to be read
            await self._drain_helper()
        self._task, self._request = asyncio.current_task(), request
        self._handled_since = self._guard.clock
        try:
            if self._guard.proxies and self._guard.limits.per_address:
                request_handler = self._counted(request_handler)
            return await super()._handle_request(request, start_time, request_handler)
        finally:
            self._task = self._request = None
            self.is_late = False

    def _counted(self, handler: Answering) -> Answering:
        async def counted(request: BaseRequest) -> web.StreamResponse:
            try:
                with self._guard.asking(address_of(request, self._guard.proxies)):
                    return await handler(request)
            except Problem as problem:
                language = language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
                return respond(problem, Asked(request.path, language, new_trace().trace_id))

        return counted

    def resume_writing(self) -> None:
        """The client has taken what it was behind with."""
        self._unread = 0
        super().resume_writing()

    def log_exception(self, *arguments: Any, **keywords: Any) -> None:
        """A body that broke off has been answered already, and is no mistake of ours."""
        if not isinstance(keywords.get("exc_info"), BodyTooSlow | web.RequestPayloadError):
            super().log_exception(*arguments, **keywords)

    # What the guard sees.

    def look(self, crowded: bool) -> int:
        """End it where it is past a limit; gives the bytes that its client has not taken yet."""
        if self._wire is None:
            return 0
        now = self._guard.clock
        if self._leaving_since:
            if now - self._leaving_since > self._guard.limits.farewell:
                self._wire.abort()
            return 0
        unread = self._wire.get_write_buffer_size()
        if self._is_unread(unread, now):
            self.abort("unread")
        elif not self._wire.is_closing():
            if self._task is not None:
                self._look_at_request(now)
            elif self._is_idle_between():
                self._look_between(now, crowded)
        return unread

    def abort(self, reason: str) -> None:
        """End it at once."""
        self._guard.cuts[reason] += 1
        if self._wire is not None:
            self._wire.abort()

    def _is_unread(self, unread: int, now: float) -> bool:
        limits = self._guard.limits
        if not unread or not self._unread or unread <= self._unread - limits.unread_progress:
            self._unread, self._unread_since = unread, now
            return False
        return now - self._unread_since > limits.unread

    def _look_at_request(self, now: float) -> None:
        limits = self._guard.limits
        if not self._body.is_eof():
            if self._reading_paused:  # it is we who do not read
                self._body_since += limits.sweep
            else:
                self._handled_since = now
                if self._is_slow(now - self._body_since) and self._body.exception() is None:
                    self._guard.cuts["body"] += 1
                    self._body.set_exception(BodyTooSlow())
        has_begun = self._request is not None and self._request.writer.output_size > 0
        if now - self._handled_since > limits.handler and not has_begun and self._task is not None:
            self._guard.cuts["handler"] += 1
            self.is_late = True
            self._task.cancel()

    def _is_slow(self, seconds: float) -> bool:
        limits = self._guard.limits
        return seconds > limits.body or (
            seconds > limits.body_grace and self._body_bytes < limits.body_rate * (seconds - limits.body_grace)
        )

    def _look_between(self, now: float, crowded: bool) -> None:
        limits = self._guard.limits
        if self._head_since:
            if now - self._head_since > limits.head:
                self._cut("head", Problem("REQUEST_TIMEOUT"))
        elif not self._request_count and self._next_keepalive_close_time == self._unasked:
            if now - self._made > limits.first_byte:
                self.abort("first byte")
        elif crowded:
            answered = self._next_keepalive_close_time - self._keepalive_timeout
            if self._loop.time() - answered > limits.crowded_idle:
                self.abort("crowded")

    # How it is refused.

    def _cut(self, reason: str, problem: Problem) -> None:
        self._guard.cuts[reason] += 1
        self._refuse(problem)

    def _refuse(self, problem: Problem) -> None:
        """Tell of `problem` and end: what still comes is thrown away, since a reset could overtake the answer."""
        if self._wire is None:  # it has gone by itself
            return
        self._force_close = True
        if self._waiter is not None:
            self._waiter.cancel()
        self._leaving_since = self._guard.clock
        self._wire.write(_told(problem))
        if self._wire.can_write_eof():
            self._wire.write_eof()


def _bound_kernel_buffer(transport: asyncio.Transport) -> None:
    """Keep the system from taking megabytes of answers that nobody reads out of our sight."""
    wire = transport.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)


def _told(problem: Problem) -> bytes:
    """The whole answer to a request that was never read."""
    body = body_of(problem, Asked("", "es", new_trace().trace_id))
    headers = {
        hdrs.DATE: formatdate(usegmt=True),
        hdrs.CONTENT_TYPE: CONTENT_TYPE,
        hdrs.CONTENT_LENGTH: str(len(body)),
        hdrs.CACHE_CONTROL: "no-store",
        hdrs.CONNECTION: "close",
        NOSNIFF[0]: NOSNIFF[1],
        **problem.headers,
    }
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
