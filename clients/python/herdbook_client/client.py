"""Every request of Herdbook's resources as a call: lists, rows, deltas, writes; safe to use from many tasks."""

import json
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp

from herdbook_client.answers import Answer, Delta, Page, Row
from herdbook_client.login import Credentials, Login
from herdbook_client.retry import Patience
from herdbook_client.store import AnswerStore
from herdbook_client.transport import Query, Request, Transport

LARGEST_PAGE = 1000
ANSWER_SECONDS = 30.0


class Client:
    """A client of the Herdbook at `server` (http://127.0.0.1:8081); use it as an asynchronous context.

    `store` keeps answers by their tags; `language` ("es" or "en") is that of messages.
    """

    def __init__(
        self,
        server: str,
        *,
        store: AnswerStore | None = None,
        patience: Patience | None = None,
        language: str = "en",
    ) -> None:
        self._server = server
        self._store = store or AnswerStore()
        self._patience = patience or Patience()
        self._language = language

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), headers={"Accept-Language": self._language}
        )
        self._login = Login(Transport(self._session, self._server, self._patience))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    # Who asks.

    async def log_in(self, name: str | int, password: str) -> Row:
        """The user who has logged in, by identification or email."""
        return await self._login.log_in(Credentials(str(name), password))

    async def log_out(self) -> None:
        """End the session."""
        await self._login.log_out()

    async def me(self) -> Row:
        """The user who is logged in, as they are now. Refused with 401 for nobody."""
        answer = await self._read("/auth/me")
        user: Row = answer.data["user"]
        return user

    @property
    def is_logged_in(self) -> bool:
        """Whether it asks as somebody."""
        return self._login.asker != ""

    # Reading: what has not changed comes from the store.

    async def list(self, resource: str, **query: object) -> Page:
        """One page, asked for as docs/http.md says: limit=50, search="…", status="Vivo", weight__gte=300."""
        return Page.of(await self._read(f"/{resource}", query))

    async def pages(self, resource: str, **query: object) -> AsyncIterator[Page]:
        """Every page, by cursor: in the order of ids unless another sort is asked for."""
        asked: dict[str, object] = {"limit": LARGEST_PAGE, "sort_by": "id", "sort_order": "asc"} | query
        while True:
            page = await self.list(resource, **asked)
            yield page
            if page.next_cursor is None:
                return
            asked["cursor"] = page.next_cursor

    async def get(self, resource: str, row_id: int, **query: object) -> Row:
        """One row. Refused with 404 where there is none."""
        row, _ = await self.get_tagged(resource, row_id, **query)
        return row

    async def get_tagged(self, resource: str, row_id: int, **query: object) -> tuple[Row, str]:
        """One row, and the tag that `if_match` of a write takes."""
        answer = await self._read(f"/{resource}/{row_id}", query)
        return answer.data, answer.headers["etag"]

    async def metadata(self, resource: str) -> Row:
        """`total_count`, `last_modified` and `etag` of the table."""
        found: Row = (await self._read(f"/{resource}/metadata")).data
        return found

    async def changes(self, resource: str, since: str, *, limit: int = LARGEST_PAGE, wait: int = 0) -> Delta:
        """What changed after `since`, waited for up to `wait` seconds. SinceTooOld where that is no longer known."""
        query = _query({"since": since, "limit": limit, "wait": wait or None})
        request = Request("GET", f"/{resource}", query, repeatable=True, seconds=ANSWER_SECONDS + wait)
        return Delta.of(await self._login.send(request))

    # Writing.

    async def create(self, resource: str, body: Row, *, key: str | None = None) -> Row:
        """The new row. It is stored once, however often it must be sent: `key` is its Idempotency-Key."""
        row: Row = (await self._write("POST", f"/{resource}", body, key=key or str(uuid4()))).data
        return row

    async def create_many(
        self, resource: str, bodies: Sequence[Row], *, on_conflict: str = "error", key: str | None = None
    ) -> Sequence[Row]:
        """Up to 10,000 new rows, all or none."""
        path = f"/{resource}/bulk?{urlencode({'on_conflict': on_conflict})}"
        rows: list[Row] = (await self._write("POST", path, bodies, key=key or str(uuid4()))).data
        return rows

    async def update(self, resource: str, row_id: int, fields: Row, *, if_match: str | None = None) -> Row:
        """The whole row after `fields` were set. Refused with 412 where it is not the one that `if_match` names."""
        row: Row = (await self._write("PATCH", f"/{resource}/{row_id}", fields, if_match=if_match)).data
        return row

    async def delete(self, resource: str, row_id: int, *, if_match: str | None = None) -> None:
        """Delete a row. Refused with 404 where there is none, 409 where others refer to it."""
        await self._write("DELETE", f"/{resource}/{row_id}", None, if_match=if_match)

    async def _read(self, path: str, query: dict[str, object] | None = None) -> Answer:
        request = Request("GET", path, _query(query or {}), repeatable=True)
        asker, address = self._login.asker, f"{self._language} {self._server}{path}?{urlencode(request.query)}"
        kept = self._store.find(asker, address)
        answer = await self._login.send(request if kept is None else request.having(If_None_Match=kept[0]))
        if answer.status == 304 and kept is not None:
            return Answer(200, {**answer.headers, "etag": kept[0]}, kept[1])
        if "etag" in answer.headers:
            self._store.keep(asker, address, answer.headers["etag"], answer.body)
        return answer

    async def _write(
        self, method: str, path: str, body: Any, *, key: str | None = None, if_match: str | None = None
    ) -> Answer:
        given = {"Content-Type": "application/json", "Idempotency-Key": key, "If-Match": if_match}
        headers = {name: value for name, value in given.items() if value is not None}
        content = None if body is None else json.dumps(body).encode()
        return await self._login.send(Request(method, path, (), content, headers, repeatable=key is not None))


def _query(asked: dict[str, object]) -> Query:
    """Parameters as text: booleans in small letters, None left out."""
    texts = {
        name: str(one).lower() if isinstance(one, bool) else str(one) for name, one in asked.items() if one is not None
    }
    return tuple(texts.items())
