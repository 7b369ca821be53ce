"""A session: its tokens, renewed when the service says that they are over."""

import asyncio
import json
from dataclasses import dataclass

from herdbook_client.answers import Answer, Row
from herdbook_client.errors import Refused
from herdbook_client.transport import Request, Transport


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who logs in; kept in memory, to log in again when a session has ended."""

    name: str
    password: str


class Login:
    """Bears the access token of one user; without one it asks as nobody."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._credentials: Credentials | None = None
        self._access: str | None = None
        self._refresh: str | None = None
        self._renewing = asyncio.Lock()

    @property
    def asker(self) -> str:
        """Who asks, as a name for what only they may see; empty for nobody."""
        return "" if self._credentials is None else self._credentials.name

    async def log_in(self, credentials: Credentials) -> Row:
        """The user who has logged in. Refused with 401 for a wrong name or password."""
        said = json.dumps({"identification": credentials.name, "password": credentials.password})
        answer = await self._post("/auth/login", said.encode())
        self._credentials = credentials
        self._take(answer)
        user: Row = answer.data["user"]
        return user

    async def log_out(self) -> None:
        """End the session, here and in the service."""
        bearer, self._credentials, self._access, self._refresh = self._access, None, None, None
        if bearer is not None:
            await self._post("/auth/logout", b"null", bearer)

    async def send(self, request: Request) -> Answer:
        """The answer to `request`, made as the user who is logged in; a session that is over is renewed once."""
        bearer = self._access
        try:
            return await self._transport.send(self._bearing(request, bearer))
        except Refused as error:
            if error.status != 401 or bearer is None:
                raise
            await self._renew(bearer)
        return await self._transport.send(self._bearing(request, self._access))

    def _bearing(self, request: Request, bearer: str | None) -> Request:
        return request if bearer is None else request.having(Authorization=f"Bearer {bearer}")

    async def _renew(self, old: str) -> None:
        """Another access token than `old`, by the refresh token or else by name and password."""
        async with self._renewing:
            if self._access != old:
                return
            if self._refresh is not None:
                try:
                    self._take(await self._post("/auth/refresh", b"null", self._refresh))
                    return
                except Refused as error:
                    if error.status != 401:
                        raise
            if self._credentials is not None:
                await self.log_in(self._credentials)

    async def _post(self, path: str, body: bytes, bearer: str | None = None) -> Answer:
        request = Request("POST", path, body=body, headers={"Content-Type": "application/json"}, repeatable=True)
        return await self._transport.send(self._bearing(request, bearer))

    def _take(self, answer: Answer) -> None:
        self._access = answer.data["access_token"]
        self._refresh = answer.headers.get("cookie refresh_token_cookie", self._refresh)
