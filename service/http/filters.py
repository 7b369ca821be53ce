"""Filters of a list: which a column takes by its kind, and what they are to the list statement."""

from collections.abc import Mapping
from datetime import datetime

from service.db.statements import Scalar, Value
from service.http.problems import Problem
from service.http.values import day, flag, invalid, moment, whole
from service.records.queries import Filters
from service.resources.fields import BIGINT
from service.resources.resource import Kind, Resource

MOST_VALUES = 200
LONGEST_SEARCH = 255
RANGES = ("gte", "gt", "lte", "lt")
SUFFIXES = {
    Kind.NUMBER: ("ne", "in", "null", *RANGES),
    Kind.DAY: ("ne", "in", *RANGES),
    Kind.MOMENT: RANGES,
    Kind.TEXT: ("ne", "in"),
    Kind.FLAG: ("ne", "in"),
}


def filters_of(resource: Resource, asked: Mapping[str, str], whole_view: bool) -> Filters:
    """The filters among the parameters asked for; Problem for one that cannot be, or that the asker may not use."""
    filters: dict[str, Value] = {}
    for name, text in asked.items():
        column = name.partition("__")[0]
        kind = resource.all_filters.get(column)
        if kind is None or text == "":
            continue
        if not whole_view and column not in resource.visible:
            raise Problem("ADMIN_ROLE_REQUIRED", details={"parameter": name})
        conditions = _conditions(kind, name, text)
        if filters.keys() & conditions.keys():
            raise invalid(name, "se dio dos veces", "it was given twice")
        filters |= conditions
    return tuple(sorted(filters.items()))


def _conditions(kind: Kind, name: str, text: str) -> dict[str, Value]:
    """The list statement's parameters for one filter."""
    column, _, suffix = name.partition("__")
    if suffix == "null":
        return {name: flag(name, text)}
    if suffix in RANGES:
        return {name: _one(kind, name, text)}
    if kind is Kind.MOMENT:
        start, span = moment(name, text)
        end = start + min(span, datetime.max - start)
        return {f"{column}__gte": _sql_time(start), f"{column}__lt": _sql_time(end)}
    texts = text.split(",") if suffix or "," in text else [text]
    if len(texts) > MOST_VALUES:
        raise invalid(name, f"máximo {MOST_VALUES} valores", f"at most {MOST_VALUES} values")
    values = tuple(sorted({_one(kind, name, one.strip()) for one in texts}, key=str))
    return {f"{column}__ne" if suffix == "ne" else column: values}


def _one(kind: Kind, name: str, text: str) -> Scalar:
    if kind is Kind.NUMBER:
        return whole(name, text, -BIGINT, BIGINT)
    if kind is Kind.FLAG:
        return flag(name, text)
    if kind is Kind.DAY:
        return day(name, text)
    if kind is Kind.MOMENT:
        return _sql_time(moment(name, text)[0])
    if len(text) > LONGEST_SEARCH or "\0" in text:
        raise invalid(name, f"máximo {LONGEST_SEARCH} caracteres", f"at most {LONGEST_SEARCH} characters")
    return text


def _sql_time(instant: datetime) -> str:
    return instant.isoformat(" ", "microseconds")
