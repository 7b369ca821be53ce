"""A page becomes an answer: its encoding chosen, its condition looked at, its headers written."""

from dataclasses import dataclass

from aiohttp import hdrs, web

from service.cache.page import Page
from service.http.conditional import Conditions, Outcome, Validators, accepted_encoding, http_date, stated
from service.http.memo import GIVEN, Given
from service.http.problems import Problem
from service.records.idempotency import Answer

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the answers of a resource say to caches on their way."""

    cache_control: str
    vary: str

    def by_form(self) -> "Policy":
        """The same where the answer is in the form that Accept asks for."""
        return Policy(self.cache_control, f"Accept, {self.vary}")


PUBLIC = Policy("public, no-cache", "Accept-Encoding")
PRIVATE = Policy("private, no-cache", "Authorization, Cookie, Accept-Encoding")


def answer(request: web.Request, page: Page, policy: Policy, content_type: str = JSON) -> web.Response:
    """200 with `page` in the encoding the client takes best, or 304 where it has that already (RFC 9110 section 13)."""
    asked = request.headers
    encoding = accepted_encoding(asked.get(hdrs.ACCEPT_ENCODING), page.encodings)
    headers: dict[str, str] = {
        hdrs.ETAG: page.tag(encoding),
        hdrs.LAST_MODIFIED: http_date(stated(page.last_modified, page.second_closed)),
        hdrs.CACHE_CONTROL: policy.cache_control,
        hdrs.VARY: policy.vary,
    }
    match Conditions.of(asked).evaluate(validators_of(page, encoding), reads=True):
        case Outcome.FAILED:
            raise Problem("PRECONDITION_FAILED")
        case Outcome.NOT_MODIFIED:
            request[GIVEN] = Given(page, b"")
            return web.Response(status=304, headers=headers)
    body = page.encoded(encoding)
    request[GIVEN] = Given(page, body)
    headers.update(page.headers)
    headers[hdrs.CONTENT_TYPE] = content_type
    if encoding != "identity":
        headers[hdrs.CONTENT_ENCODING] = encoding
    return web.Response(body=body, headers=headers)


def validators_of(page: Page, encoding: str = "identity") -> Validators:
    """What conditions are held against."""
    tags = tuple(page.tag(one) for one in ("identity", "gzip"))
    return Validators(page.tag(encoding), tags, page.last_modified, page.second_closed)


def created(status: int, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    """The answer to a write: JSON that nobody keeps."""
    return web.Response(
        status=status,
        body=body,
        headers={hdrs.CONTENT_TYPE: JSON, hdrs.CACHE_CONTROL: "no-store", **(headers or {})},
    )


def prefers_minimal(request: web.Request) -> bool:
    """Whether the client wants no row back: Prefer: return=minimal (RFC 7240 section 4.2)."""
    return "return=minimal" in request.headers.get("Prefer", "").replace(" ", "").lower()


def written(done: Answer) -> web.Response:
    """The answer to a write, fresh or kept from the first time its Idempotency-Key came."""
    headers: dict[str, str] = {}
    if done.location is not None:
        headers[hdrs.LOCATION] = done.location
    if done.replayed:
        headers["Idempotency-Replayed"] = "true"
    if done.body:
        return created(done.status, done.body, headers)
    headers |= {"Preference-Applied": "return=minimal", "Cache-Control": "no-store"}
    return web.Response(status=done.status, headers=headers)
