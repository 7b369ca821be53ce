"""What a query string asks for, as one hashable value: two spellings of a question are the same question.

Pure: nothing here knows a request, a cache or a statement.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from service.http.filters import LONGEST_SEARCH, SUFFIXES, filters_of
from service.http.problems import Problem
from service.http.values import FALSE, invalid, moment, unknown, whole
from service.records.bulk import OnConflict
from service.records.cursor import Cursor, CursorError
from service.records.queries import (
    DEFAULT_LIMIT,
    DEFAULT_SINCE_LIMIT,
    MOST_ROWS,
    ListQuery,
    RowQuery,
    SinceQuery,
)
from service.resources.resource import Resource

SPELLINGS = {
    "page_size": "limit",
    "per_page": "limit",
    "q": "search",
    "sort": "sort_by",
    "order": "sort_order",
    "sort_dir": "sort_order",
    "dir": "sort_order",
}
UNSEEN = frozenset({"cache_bust", "_ts", "search_type", "prefer_cache", "offline_fallback", "export"})
KNOWN = (
    "page",
    "limit",
    "cursor",
    "sort_by",
    "sort_order",
    "ordering",
    "search",
    "fields",
    "include_relations",
    "since",
    "wait",
)
MOST_WAIT = 25  # seconds: proxies and browsers often end a request after thirty
ROW_PARAMETERS = ("include_relations", "fields")


def parse_list(resource: Resource, given: Iterable[tuple[str, str]], *, whole_view: bool, lenient: bool) -> ListQuery:
    """The list that the parameters ask for; Problem for a bad one. `whole_view`: the asker may see every field."""
    given = list(given)
    with _as_spelled(resource, given):
        return _parse_list(resource, given, whole_view, lenient)


def _parse_list(resource: Resource, given: Iterable[tuple[str, str]], whole_view: bool, lenient: bool) -> ListQuery:
    asked, ignored = _known(resource, given, lenient)
    limit, capped = _limit(asked, DEFAULT_LIMIT)
    order, unsortable = _order(resource, asked, whole_view)
    filters = filters_of(resource, asked, whole_view)
    search = (asked.get("search") or "").strip()
    if len(search) > LONGEST_SEARCH or "\0" in search:
        raise invalid("search", f"máximo {LONGEST_SEARCH} caracteres", f"at most {LONGEST_SEARCH} characters")
    parse_wait(asked.items())  # well-formed also where it counts for nothing
    query = ListQuery(
        page=whole("page", asked.get("page") or "1", 1, 10**9),
        limit=limit,
        order=order,
        filters=filters,
        search=search or None,
        fields=_fields(asked),
        relations=wants_relations(asked.get("include_relations", "")),
        ignored=tuple(ignored + unsortable + (["wait"] if "wait" in asked and "since" not in asked else [])),
        capped=capped,
    )
    return _after_cursor(resource, query, asked.get("cursor"))


def parse_since(resource: Resource, given: Iterable[tuple[str, str]], *, lenient: bool) -> SinceQuery:
    """The delta that the parameters ask for; filters and sorts have no meaning there and are named in `ignored`."""
    given = list(given)
    parse_list(resource, given, whole_view=True, lenient=lenient)  # also what counts for nothing must be well-formed
    asked, ignored = _known(resource, given, lenient)
    limit, capped = _limit(asked, DEFAULT_SINCE_LIMIT)
    since, span = moment("since", asked["since"])
    others = [name for name in asked if name not in ("since", "limit", "page", "wait")]
    # A time cut to less than microseconds means any time from it on: what changed at the very time is given again.
    exclusive = span == timedelta(microseconds=1)
    return SinceQuery(
        since=since if exclusive or since.year < 2 else since - timedelta(microseconds=1),
        limit=limit,
        ignored=tuple(ignored + others),
        capped=capped,
    )


def parse_wait(given: Iterable[tuple[str, str]]) -> int:
    """The seconds that a delta may wait for something new; 0 where none are given."""
    return whole("wait", dict(given).get("wait") or "0", 0, MOST_WAIT)


def parse_row(resource: Resource, given: Iterable[tuple[str, str]], *, lenient: bool) -> RowQuery:
    """What of a row the parameters ask for: its relations, some of its fields. Problem for an unknown one."""
    asked: dict[str, str] = {}
    for name, value in given:
        if name in ROW_PARAMETERS:
            asked[name] = value
        elif name not in UNSEEN and name not in resource.unseen and not lenient:
            raise unknown(name, ROW_PARAMETERS)
    return RowQuery(wants_relations(asked.get("include_relations", "")), _fields(asked))


def _known(resource: Resource, given: Iterable[tuple[str, str]], lenient: bool) -> tuple[dict[str, str], list[str]]:
    """The parameters by their proper names, and those that were ignored."""
    asked: dict[str, str] = {}
    ignored: list[str] = []
    for spelled, value in given:
        name = _proper(resource, spelled)
        if name in UNSEEN or name in resource.unseen:
            continue
        if not _is_parameter(resource, name):
            if not lenient:
                raise unknown(spelled, _known_names(resource))
            ignored.append(spelled)
        elif name in asked and asked[name] != value:
            raise invalid(spelled, "se dio dos veces", "it was given twice")
        else:
            asked[name] = value
    return asked, ignored


def _proper(resource: Resource, spelled: str) -> str:
    """The proper name of a parameter."""
    name, suffix, operator = spelled.partition("__")
    return SPELLINGS.get(name, resource.aliases.get(name, name)) + suffix + operator


@contextmanager
def _as_spelled(resource: Resource, given: Iterable[tuple[str, str]]) -> Iterator[None]:
    """What is wrong with a parameter is told under the name that the client gave it."""
    try:
        yield
    except Problem as problem:
        spelled = {_proper(resource, name): name for name, _ in given}
        name = problem.details.get("parameter")
        if name in spelled:
            problem.details["parameter"] = problem.values["parameter"] = spelled[name]
        raise


def _is_parameter(resource: Resource, name: str) -> bool:
    column, separator, suffix = name.partition("__")
    kind = resource.all_filters.get(column)
    if kind is None:
        return name in KNOWN
    if suffix == "null":
        return column in resource.nullable
    return not separator or suffix in SUFFIXES[kind]


def _known_names(resource: Resource) -> list[str]:
    known = [*KNOWN, *resource.all_filters, *SPELLINGS, *resource.aliases]
    return known + [f"{column}__{one}" for column, kind in resource.all_filters.items() for one in SUFFIXES[kind]]


def _fields(asked: Mapping[str, str]) -> tuple[str, ...]:
    """The fields asked for, ids always among them; none: all."""
    named = [name.strip() for name in asked.get("fields", "").split(",") if name.strip()]
    return tuple(sorted({*named, "id"})) if named else ()


def _limit(asked: dict[str, str], default: int) -> tuple[int, bool]:
    limit = whole("limit", asked.get("limit") or str(default), 1, 10**9)
    return min(limit, MOST_ROWS), limit > MOST_ROWS


def _order(
    resource: Resource, asked: dict[str, str], whole_view: bool
) -> tuple[tuple[tuple[str, bool], ...], list[str]]:
    """The sort keys, ids last, and the names that cannot be sorted by."""
    direction = (asked.get("sort_order") or "").strip().lower()
    if direction not in ("", "asc", "desc"):
        raise invalid("sort_order", "debe ser asc o desc", "it must be asc or desc")
    spelled = asked.get("ordering") or asked.get("sort_by") or ""
    default = "updated_at" if whole_view else "id"
    order: dict[str, bool] = {}
    unsortable = []
    for part in filter(None, (part.strip() for part in spelled.split(","))):
        name = resource.aliases.get(part.lstrip("-+"), part.lstrip("-+"))
        if name in resource.sorts_for(whole_view):
            order.setdefault(name, part.startswith("-") or (direction == "desc"))
        else:
            unsortable.append(part)
    if len(order) > 3:
        raise invalid("sort_by", "máximo tres columnas", "at most three columns")
    if not order:
        order = {default: direction != "asc"}
    if "id" not in order:
        order["id"] = list(order.values())[-1]
    keys = tuple(order.items())
    return keys[: [name for name, _ in keys].index("id") + 1], unsortable


def conflict_rule(given: Mapping[str, str]) -> OnConflict:
    """What the only parameter of a bulk insert says: on_conflict."""
    for name in given:
        if name != "on_conflict" and name not in UNSEEN:
            raise unknown(name, ["on_conflict"])
    rule = given.get("on_conflict", "error")
    if rule not in list(OnConflict):
        raise invalid("on_conflict", "debe ser error, ignore o update", "it must be error, ignore or update")
    return OnConflict(rule)


def wants_relations(text: str) -> bool:
    """Whether include_relations asks for them: by a true word, or by their names."""
    return bool(text) and text.strip().lower() not in FALSE


def _after_cursor(resource: Resource, query: ListQuery, text: str | None) -> ListQuery:
    if not text:
        return query
    try:
        cursor = Cursor.decode(text, query.order, query.filters, query.search)
    except CursorError as error:
        raise invalid("cursor", *error.reasons) from None
    if not cursor.fits(resource.kind_of(column) for column, _ in query.order):
        raise invalid("cursor", "no es un cursor", "it is no cursor")
    return replace(query, page=1, cursor=cursor)
