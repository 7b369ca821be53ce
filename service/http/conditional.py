"""Conditional requests as RFC 9110 section 13 orders them: pure functions of headers and validators."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

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
    """IMF-fixdate of `moment` (UTC), cut to the second."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def stated(last_modified: datetime, second_closed: bool) -> datetime:
    """What Last-Modified says.

    While the second of the last change is not over, another change may fall into it, so the one before is named:
    who asks with it later is given the page again.
    """
    whole = last_modified.replace(microsecond=0)
    return whole if second_closed else whole - timedelta(seconds=1)


def not_modified_since(header: str, last_modified: datetime, second_closed: bool) -> bool:
    """Whether If-Modified-Since `header` lets the page be left out; a date that is none never does."""
    try:
        since = parsedate_to_datetime(header)
    except ValueError:
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return second_closed and last_modified.replace(microsecond=0) <= since


def is_not_modified(
    if_none_match: str | None,
    if_modified_since: str | None,
    tag: str,
    last_modified: datetime,
    second_closed: bool,
) -> bool:
    """Whether a GET or HEAD is answered 304 (section 13.2.2, steps 3 and 4)."""
    if if_none_match is not None:
        return matches_weakly(if_none_match, tag)
    if if_modified_since is not None:
        return not_modified_since(if_modified_since, last_modified, second_closed)
    return False


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
