"""Serves an application through handlers of our own: what aiohttp refuses by itself is told as a problem, too."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from service.http.limits import HEAD_SIZES
from service.http.problems import Asked, Problem, language_of, respond
from service.http.traces import new_trace

MOST_FIELDS = HEAD_SIZES["max_headers"]
LINGER = 0.3  # seconds

MakeHandler = Callable[..., RequestHandler]


class ProblemHandler(RequestHandler):
    """aiohttp's protocol, whose refusals have the one shape that every failure has.

    `when_lost`: what is to be told when the client goes while it is being answered; aiohttp itself tells nobody.
    """

    __slots__ = ("when_lost",)

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.when_lost: Callable[[], None] | None = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        if self.when_lost is not None:
            self.when_lost()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be read as a request, or whose handling failed; the connection is closed."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer is on its way already")
        problem = _unreadable(exc) if status == HTTPStatus.BAD_REQUEST else Problem("INTERNAL_ERROR")
        if problem.code == "INTERNAL_ERROR":
            self.log_exception("a request could not be handled", exc_info=exc)
        language = language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
        response = respond(problem, Asked(request.path, language, new_trace().trace_id))
        response.force_close()
        return response


def _unreadable(error: BaseException | None) -> Problem:
    """Why aiohttp did not take the bytes for a request."""
    if isinstance(error, LineTooLong):
        if error.args[1] == HEAD_SIZES["max_line_size"]:
            return Problem("URI_TOO_LONG", limit=f"{error.args[1]} bytes")
        return Problem("HEADERS_TOO_LARGE", limit=f"{error.args[1]} bytes")
    if "Too many headers" in str(error):
        return Problem("HEADERS_TOO_LARGE", limit=(f"{MOST_FIELDS} campos", f"{MOST_FIELDS} fields"))
    return Problem("MALFORMED_REQUEST")


class _Server(web.Server):
    """aiohttp's server with handlers of another class."""

    def __init__(self, make: MakeHandler, server: web.Server) -> None:
        super().__init__(
            server.request_handler,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
            loop=server._loop,
            **server._kwargs,
        )
        self._make = make

    def __call__(self) -> RequestHandler:
        return self._make(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application; `make` makes the handler of each connection."""

    def __init__(self, app: web.Application, make: MakeHandler = ProblemHandler, **keywords: Any) -> None:
        super().__init__(app, **keywords)
        self._make = make

    async def cleanup(self) -> None:
        """End in order: whoever was let in before the door was closed may still ask, and is answered."""
        for site in list(self.sites):
            await site.stop()
        if self.server is not None:
            await asyncio.sleep(LINGER)
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        return _Server(self._make, await super()._make_server())
