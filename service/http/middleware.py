"""The one middleware: every failure leaves as a problem, the service's own mistakes are logged, and all is counted."""

import asyncio
import logging
import os

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from service.http.cookies import Cookies
from service.http.failures import problem_of
from service.http.limits import TooLate
from service.http.observing import LOGGED, Observer
from service.http.problems import Asked, Problem, language_of, respond
from service.http.rates import Rates
from service.http.strictness import require_http
from service.http.traces import trace_of

log = logging.getLogger("herdbook.http")

SAFE = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)
# After these it is not known where the next request begins, or not wanted.
LAST = frozenset({"MALFORMED_REQUEST", "REQUEST_TIMEOUT", "URI_TOO_LONG", "HEADERS_TOO_LARGE", "PAYLOAD_TOO_LARGE"})


def make_problems_middleware(debug: bool, cookies: Cookies, observer: Observer, rates: Rates) -> Middleware:
    """The middleware; with `debug` every answer names the worker that gave it.

    `cookies` deletes those of a session that is over; `observer` sees every request and its answer;
    `rates` refuses those that are too many. What the guard of
    connections has cancelled because it took too long is answered, too.
    """
    worker = str(os.getpid())

    @web.middleware
    async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        observer.begin(request)
        try:
            require_http(request)
            rates.of_address(request)
            response = await handler(request)
        except Exception as error:
            response = respond_to(request, error, cookies)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or not getattr(request.protocol, "is_late", False):
                raise
            task.uncancel()
            response = respond_to(request, TooLate(writes=request.method not in SAFE), cookies)
        if debug:
            response.headers["X-Herdbook-Worker"] = worker
        observer.end(request, response)
        return response

    return problems


def respond_to(request: web.Request, error: Exception, cookies: Cookies) -> web.Response:
    """The answer that tells of `error`; what no client caused is logged with the trace id that the client gets."""
    problem = problem_of(error) or Problem("INTERNAL_ERROR")
    if problem.code == "ROUTE_NOT_FOUND":
        problem = Problem("ROUTE_NOT_FOUND", path=request.path)
    language = language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
    asked = Asked(request.path, language, trace_of(request).trace_id)
    if problem.status >= 500:
        _log(request, problem, error, asked.trace_id)
    response = respond(problem, asked)
    if problem.code in LAST:
        response.force_close()
    cookies.take(response, problem.forgets)
    return response


def _log(request: web.Request, problem: Problem, error: Exception, trace_id: str) -> None:
    request[LOGGED] = True
    fields = {
        "method": request.method,
        "path": request.path,
        "status": problem.status,
        "code": problem.code,
        "reason": f"{type(error).__name__}: {error}",
        "trace_id": trace_id,
    }
    log.error(
        "%s %s: %s, %s (trace %s)",
        request.method,
        request.path,
        problem.code,
        fields["reason"],
        trace_id,
        exc_info=error if problem.code == "INTERNAL_ERROR" else None,
        extra={"fields": fields},
    )
