"""What a page is kept by, and what it was filled on."""

from collections.abc import Hashable
from dataclasses import dataclass, field

from service.cache.generations import Scope


@dataclass(frozen=True, slots=True)
class Key:
    """Which answer: who asks (`segment`: a user's id; None: anyone), what they may see (`view`), what is asked."""

    segment: int | None
    view: Hashable
    request: Hashable
    shared: tuple[Hashable, Hashable] = field(init=False, repr=False, compare=False)  # the page's own key
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A fill looks a dozen times for it, and what is asked may be long.
        object.__setattr__(self, "shared", (self.view, self.request))
        object.__setattr__(self, "_hash", hash((self.segment, self.shared)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Ground:
    """What a page is filled on: its tables' token when its query began, and the day where the page depends on it."""

    scope: Scope
    scope_token: bytes
    day: int | None

    @property
    def token(self) -> bytes:
        """The token under which it is a hit."""
        return self.scope_token if self.day is None else self.scope_token + self.day.to_bytes(4, "big")

    @property
    def generation(self) -> bytes:
        """The part of the table itself."""
        return self.scope_token[: self.scope.width]
