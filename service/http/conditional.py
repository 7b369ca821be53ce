"""Conditional requests as RFC 9110 section 13 orders them: pure functions of headers and validators."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum, auto

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TAG = re.compile(r'\s*(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"|([^",\s]+))\s*(?:,|$)')


def tags_of(header: str) -> list[tuple[bool, str]]:
    """The entity tags of an If-Match or If-None-Match: whether each is weak, and what stands between its quotes.

    A tag without quotes, which some clients send, is read as if it had them.
    """
    return [(bool(weak), quoted or bare) for weak, quoted, bare in _TAG.findall(header)]


def matches_weakly(header: str, tag: str) -> bool:
    """Whether If-None-Match `header` names `tag` (quoted), by weak comparison (section 8.8.3.2)."""
    return header.strip() == "*" or any(f'"{named}"' == tag for _, named in tags_of(header))


def matches_strongly(header: str, tags: tuple[str, ...]) -> bool:
    """Whether If-Match `header` names one of `tags` (quoted), by strong comparison."""
    return header.strip() == "*" or any(not weak and f'"{named}"' in tags for weak, named in tags_of(header))


def http_date(moment: datetime) -> str:
    """IMF-fixdate of `moment` (UTC), cut to the second (RFC 9110 section 5.6.7)."""
    at = moment.astimezone(UTC)
    date = f"{DAYS[at.weekday()]}, {at.day:02} {MONTHS[at.month - 1]} {at.year:04}"
    return f"{date} {at.hour:02}:{at.minute:02}:{at.second:02} GMT"


def stated(last_modified: datetime, second_closed: bool) -> datetime:
    """What Last-Modified says.

    While the second of the last change is not over, another change may fall into it, so the one before is named:
    who asks with it later is given the page again.
    """
    whole = last_modified.replace(microsecond=0)
    return whole if second_closed else whole - timedelta(seconds=1)


def _date(header: str) -> datetime | None:
    """The moment an HTTP date says (section 5.6.7); None for one that says none, which is then no condition."""
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def not_modified_since(header: str, last_modified: datetime, second_closed: bool) -> bool:
    """Whether If-Modified-Since `header` lets the page be left out; a date that is none never does."""
    since = _date(header)
    if since is None:
        return False
    return second_closed and last_modified.replace(microsecond=0) <= since


class Outcome(Enum):
    """What the conditions of a request make of it."""

    PROCEED = auto()
    NOT_MODIFIED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Validators:
    """What is there now: the tag that the request selects, those of every encoding, and when it was last modified."""

    selected: str
    tags: tuple[str, ...]
    last_modified: datetime
    second_closed: bool


@dataclass(frozen=True, slots=True)
class Conditions:
    """The four conditional headers of a request, None where it lacks one."""

    if_match: str | None = None
    if_unmodified_since: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Conditions":
        """Those of `headers`."""
        return cls(
            headers.get("If-Match"),
            headers.get("If-Unmodified-Since"),
            headers.get("If-None-Match"),
            headers.get("If-Modified-Since"),
        )

    @property
    def guard_writes(self) -> bool:
        """Whether a write depends on what is there."""
        guards = (self.if_match, self.if_unmodified_since, self.if_none_match)
        return any(one is not None for one in guards)

    def evaluate(self, now: Validators | None, *, reads: bool) -> Outcome:
        """What becomes of the request, in the order of section 13.2.2. `now`: None where there is nothing yet."""
        if self.if_match is not None:
            if now is None or not matches_strongly(self.if_match, now.tags):
                return Outcome.FAILED
        elif self.if_unmodified_since is not None and _modified_after(self.if_unmodified_since, now):
            return Outcome.FAILED
        if self.if_none_match is not None:
            tags = () if now is None else (now.selected,) if reads else now.tags
            if any(matches_weakly(self.if_none_match, tag) for tag in tags):
                return Outcome.NOT_MODIFIED if reads else Outcome.FAILED
        elif reads and now is not None and self._unmodified_since(now):
            return Outcome.NOT_MODIFIED
        return Outcome.PROCEED

    def _unmodified_since(self, now: Validators) -> bool:
        since = self.if_modified_since
        return since is not None and not_modified_since(since, now.last_modified, now.second_closed)


def _modified_after(header: str, now: Validators | None) -> bool:
    since = _date(header)
    return since is not None and (now is None or now.last_modified.replace(microsecond=0) > since)


def accepted_encoding(header: str | None, offered: tuple[str, ...]) -> str:
    """The first of `offered` that Accept-Encoding takes best (section 12.5.3); "identity" when nothing else fits."""
    if not header:
        return "identity"
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        try:
            weights[name.strip()] = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            weights[name.strip()] = 0.0

    def weight_of(encoding: str) -> float:
        rest = weights.get("*", 0.0)
        return weights.get(encoding, max(rest, 0.001) if encoding == "identity" else rest)

    return max(offered, key=weight_of) if any(weight_of(one) > 0 for one in offered) else "identity"
