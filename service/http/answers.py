"""A page becomes an answer: its encoding chosen, its condition looked at, its headers written."""

from dataclasses import dataclass

from aiohttp import hdrs, web

from service.cache.page import Page
from service.http.conditional import accepted_encoding, http_date, is_not_modified, stated

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the answers of a resource say to caches on their way."""

    cache_control: str
    vary: str


PUBLIC = Policy("public, no-cache", "Accept-Encoding")
PRIVATE = Policy("private, no-cache", "Authorization, Cookie, Accept-Encoding")


def answer(request: web.Request, page: Page, policy: Policy) -> web.Response:
    """200 with `page` in the encoding the client takes best, or 304 where it has that already (RFC 9110 section 13)."""
    asked = request.headers
    encoding = accepted_encoding(asked.get(hdrs.ACCEPT_ENCODING), page.encodings)
    headers: dict[str, str] = {
        hdrs.ETAG: page.tag(encoding),
        hdrs.LAST_MODIFIED: http_date(stated(page.last_modified, page.second_closed)),
        hdrs.CACHE_CONTROL: policy.cache_control,
        hdrs.VARY: policy.vary,
    }
    if is_not_modified(
        asked.get(hdrs.IF_NONE_MATCH),
        asked.get(hdrs.IF_MODIFIED_SINCE),
        headers[hdrs.ETAG],
        page.last_modified,
        page.second_closed,
    ):
        return web.Response(status=304, headers=headers)
    headers.update(page.headers)
    headers[hdrs.CONTENT_TYPE] = JSON
    if encoding != "identity":
        headers[hdrs.CONTENT_ENCODING] = encoding
    return web.Response(body=page.encoded(encoding), headers=headers)


def created(status: int, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    """The answer to a write: JSON that nobody keeps."""
    return web.Response(
        status=status,
        body=body,
        headers={hdrs.CONTENT_TYPE: JSON, hdrs.CACHE_CONTROL: "no-store", **(headers or {})},
    )
