"""A client that keeps what came over the wire: status, headers and the very bytes of each answer."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from linting import Exchange, Linter
from multidict import CIMultiDictProxy
from yarl import URL

BASE = "/api/v1"
QUIET = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        assert self.status < 300, self.body
        return self.json["data"]

    @property
    def meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.json["meta"]
        return meta

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.data]

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def details(self) -> dict[str, Any]:
        details: dict[str, Any] = self.json["error"]["details"]
        return details


class Asking:
    """Asks one application; `tokens` are the bearer tokens of who asks, by name."""

    def __init__(self, client: TestClient[Any, Any], tokens: dict[str, str]) -> None:
        self.client = client
        self.tokens = tokens
        self.linter = Linter()

    @property
    def app(self) -> web.Application:
        app: web.Application = self.client.app
        return app

    async def __call__(
        self,
        method: str,
        path: str,
        query: str | Mapping[str, Any] | Iterable[tuple[str, Any]] = "",
        *,
        who: str | None = "admin",
        json: Any = ...,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask `path` below /api/v1 (with // at the root); a `query` that is text is sent as it stands."""
        where = path[1:] if path.startswith("//") else BASE + path
        text = (
            query
            if isinstance(query, str)
            else urlencode(list(dict(query).items() if isinstance(query, Mapping) else query))
        )
        sent = dict(headers or {})
        if who is not None:
            sent.setdefault("Authorization", f"Bearer {self.tokens[who]}")
        if json is not ...:
            sent.setdefault("Content-Type", "application/json")
            body = _json(json)
        url = URL(str(self.client.make_url("/")).rstrip("/") + where + (f"?{text}" if text else ""), encoded=True)
        data = BytesIO(body) if body is not None and len(body) > 1 << 20 else body
        async with self.client.session.request(method, url, headers=sent, data=data, allow_redirects=False) as response:
            answer = Answer(response.status, response.headers, await response.read())
            self.linter.check(Exchange(method, url.raw_path_qs, sent, answer.status, response.raw_headers, answer.body))
            return answer

    async def get(self, path: str, query: Any = "", **rest: Any) -> Answer:
        return await self("GET", path, query, **rest)

    async def post(self, path: str, json: Any, **rest: Any) -> Answer:
        return await self("POST", path, json=json, **rest)

    async def login(self, name: str, identification: int, password: str) -> None:
        """Log in for real and remember the token as `name`'s."""
        said = {"identification": identification, "password": password}
        answer = await self.post("/auth/login", said, who=None)
        assert answer.status == 200, answer.body
        self.tokens[name] = answer.json["access_token"]

    async def pages(self, path: str, query: Mapping[str, Any], *, by: str, **rest: Any) -> list[dict[str, Any]]:
        """All rows of a list, page after page: `by` "page" or "cursor"."""
        rows: list[dict[str, Any]] = []
        at: dict[str, Any] = {"page": 1} if by == "page" else {}
        while True:
            answer = await self.get(path, {**query, **at}, **rest)
            rows += answer.data
            pagination = answer.meta["pagination"]
            if not pagination["has_next_page"]:
                return rows
            at = {"page": at["page"] + 1} if by == "page" else {"cursor": pagination["next_cursor"]}


async def asking(app: web.Application) -> Asking:
    """An Asking of `app`, served on a port of its own; no header is sent that a test did not write."""
    client = TestClient(
        TestServer(app),
        auto_decompress=False,
        skip_auto_headers=QUIET,
        cookie_jar=DummyCookieJar(),
        raise_for_status=False,
    )
    await client.start_server()
    return Asking(client, {})


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
