"""A page: the bytes of one answer with the validators that name them, and what it costs to keep."""

import gzip
import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from service.cache.generations import Scope

# Below this the header of a compressed body outweighs what it saves.
COMPRESS_FROM = 500
GZIP_LEVEL = 6


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What a cached page stands on: it is true while `scope` gives `token`, and on that `day` only (None: on any).

    `hit` counts a use of the page. `dependants`: who holds on to the page for its sake, by name, and what tells each of
    them that it is kept no longer.
    """

    scope: Scope
    token: bytes
    day: int | None
    hit: Callable[[], None]
    dependants: dict[bytes, Callable[[], None]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Page:
    """One answer's body (JSON, UTF-8), when it was last modified (UTC) and the headers that belong to it alone.

    `etag` is the strong tag of the identity encoding without its quotes; every encoding has a tag of its own
    (RFC 9110 section 8.8.3.3). By time.monotonic: `closes_at`, when the second of the last change is over, and `made`.
    `on_growth` is told the bytes that a further encoding adds. `basis`: None for a page that no cache keeps.
    """

    body: bytes
    last_modified: datetime
    closes_at: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    etag: str = field(init=False)
    made: float = field(init=False)
    on_growth: Callable[[int], None] | None = field(init=False, default=None)
    basis: Basis | None = field(init=False, default=None)
    _encoded: dict[str, bytes] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.made = time.monotonic()
        self.etag = hashlib.blake2b(self.body, digest_size=12).hexdigest()

    @property
    def second_closed(self) -> bool:
        """Whether the second of the last change is over: the page, while true, is the only one of that second."""
        return time.monotonic() >= self.closes_at

    def encoded(self, encoding: str) -> bytes:
        """The body in `encoding` ("identity" or "gzip"), made once."""
        if encoding == "identity":
            return self.body
        if encoding not in self._encoded:
            made = self._encoded[encoding] = gzip.compress(self.body, GZIP_LEVEL, mtime=0)
            if self.on_growth is not None:
                self.on_growth(sys.getsizeof(made))
        return self._encoded[encoding]

    def tag(self, encoding: str) -> str:
        """The quoted entity tag of the body in `encoding`."""
        return f'"{self.etag}"' if encoding == "identity" else f'"{self.etag}-{encoding}"'

    @property
    def encodings(self) -> tuple[str, ...]:
        """The encodings it is offered in, the best first."""
        return ("gzip", "identity") if len(self.body) >= COMPRESS_FROM else ("identity",)

    @property
    def weight(self) -> int:
        """Bytes of memory it holds, as sys.getsizeof counts them."""
        held = [self, self.body, self.etag, self.made, self.last_modified, self.headers, self._encoded]
        held += [part for pair in self.headers for part in pair]
        return sum(map(sys.getsizeof, held)) + sum(map(sys.getsizeof, self._encoded.values()))
