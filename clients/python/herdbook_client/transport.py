"""One request, made again with growing waits while that is safe and an answer may still come."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import aiohttp

from herdbook_client.answers import Answer
from herdbook_client.errors import Refused, Unreachable, refusal
from herdbook_client.retry import Patience, retry_after

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. `repeatable`: doing it twice is doing it once; `seconds`: how long its answer may take."""

    method: str
    path: str
    query: Query = ()
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    seconds: float = 30.0

    def having(self, **headers: str) -> "Request":
        """The same with further headers, `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


class Transport:
    """Sends requests to one server."""

    def __init__(self, session: aiohttp.ClientSession, server: str, patience: Patience) -> None:
        self._session = session
        self._base = f"{server.rstrip('/')}/api/v1"
        self._patience = patience

    async def send(self, request: Request) -> Answer:
        """The answer, of a status below 400; Refused or Unreachable once patience is over or repeating is not safe."""
        over = asyncio.get_running_loop().time() + self._patience.seconds
        attempt = 0
        while True:
            try:
                return await self._once(request)
            except Refused as error:
                delay = self._patience.delay(attempt, error.retry_after)
                again = error.may_pass and (request.repeatable or error.nothing_was_done)
                if not again or asyncio.get_running_loop().time() + delay > over:
                    raise
            except Unreachable as error:
                delay = self._patience.delay(attempt)
                again = request.repeatable or not error.maybe_done
                if not again or asyncio.get_running_loop().time() + delay > over:
                    raise
            attempt += 1
            await asyncio.sleep(delay)

    async def _once(self, request: Request) -> Answer:
        try:
            async with self._session.request(
                request.method,
                self._base + request.path,
                params=request.query,
                data=request.body,
                headers=request.headers,
                timeout=aiohttp.ClientTimeout(total=request.seconds),
                allow_redirects=False,
            ) as response:
                body = await response.read()
                headers = {name.lower(): value for name, value in response.headers.items()}
                headers |= {f"cookie {name}": one.value for name, one in response.cookies.items()}
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(str(error), maybe_done=False) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(str(error) or "no answer in time", maybe_done=True) from error
        if response.status >= 400:
            raise refusal(response.status, body, retry_after(headers.get("retry-after")))
        return Answer(response.status, headers, body)
