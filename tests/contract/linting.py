"""Every answer that a contract test gets is held against the HTTP specifications, by httplint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from httplint.message import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels

Fields = Sequence[tuple[bytes, bytes]]
# Fields whose value decides what may be wrong with a message; of the others it is enough that they are there.
TELLING = frozenset(
    {
        b"accept-ranges",
        b"access-control-allow-origin",
        b"allow",
        b"cache-control",
        b"content-disposition",
        b"content-encoding",
        b"content-type",
        b"preference-applied",
        b"retry-after",
        b"transfer-encoding",
        b"vary",
        b"www-authenticate",
    }
)
# An error by name, and the end of the paths where it is none. The rows of an upload have no one address: without
# Location the request's own path stands for what was created (RFC 9110 section 15.3.2).
ALLOWED: Mapping[str, str] = {"CREATED_WITHOUT_LOCATION": "/bulk"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, as they went over the wire."""

    method: str
    path: str
    sent: Mapping[str, str]
    status: int
    fields: Fields
    body: bytes

    @property
    def shape(self) -> object:
        """What two exchanges have in common that are right or wrong alike."""
        told = frozenset((name.lower(), value if name.lower() in TELLING else b"") for name, value in self.fields)
        return self.method, self.status, self.path.endswith("/bulk"), frozenset(map(str.lower, self.sent)), told


@dataclass
class Linter:
    """Looks at each shape of exchange once."""

    seen: set[object] = field(default_factory=set)

    def check(self, exchange: Exchange) -> None:
        """Raise AssertionError for an answer that breaks a rule of HTTP."""
        if exchange.shape not in self.seen:
            self.seen.add(exchange.shape)
            found = faults(exchange)
            assert not found, f"{exchange.method} {exchange.path}: {found} in {exchange.status} {exchange.fields}"


def faults(exchange: Exchange) -> list[str]:
    """What is an error in the answer, by name and in words."""
    request = HttpRequestLinter()
    request.process_request_topline(exchange.method.encode(), exchange.path.encode(), b"1.1")
    request.process_headers(
        [(name.encode(), value.encode("utf-8", "replace")) for name, value in exchange.sent.items()]
    )
    response = HttpResponseLinter(_related=request, no_content=exchange.method == "HEAD")
    response.is_head_response = exchange.method == "HEAD"
    response.process_response_topline(b"1.1", str(exchange.status).encode())
    response.process_headers(list(exchange.fields))
    response.feed_content(exchange.body)
    response.finish_content(True)
    errors = [note for note in response.notes if note.level is levels.BAD]
    return [f"{type(note).__name__}: {note.summary}" for note in errors if not _is_allowed(exchange, note)]


def _is_allowed(exchange: Exchange, note: object) -> bool:
    where = ALLOWED.get(type(note).__name__)
    return where is not None and exchange.path.partition("?")[0].rstrip("/").endswith(where)
