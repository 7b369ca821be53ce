"""The kinds of field that records have: what a body may say for each, and the reason given when it may not."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

BIGINT = 2**63 - 1
INT = 2**31 - 1
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2})?)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_CONTROL = re.compile(CONTROL)
_CLASSES = (
    re.compile(r"[a-z]"),
    re.compile(r"[A-Z]"),
    re.compile(r"[0-9]"),
    re.compile(r"[^A-Za-z0-9]"),
)


def _whole(value: Any) -> Any:
    """An integer, also as digits in a string or as 5.0; never a boolean."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "not a number")
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _no_control(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("control_character", "control character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("lone_surrogate", "lone surrogate") from None
    return value


def _day(value: Any) -> Any:
    """A date as YYYY-MM-DD; the time of day that some clients send after it is dropped."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value[:10]
    if isinstance(value, date):
        return value
    raise PydanticCustomError("date_parsing", "not a date")


def _not_future(value: date) -> date:
    if value > datetime.now(UTC).date():
        raise PydanticCustomError("date_future", "in the future")
    return value


def _email(value: str) -> str:
    value = value.strip().lower()
    if not _EMAIL.fullmatch(value):
        raise PydanticCustomError("email", "not an address")
    return value


def _password(value: str) -> str:
    if sum(bool(kind.search(value)) for kind in _CLASSES) < 3:
        raise PydanticCustomError("password_weak", "too weak")
    return value


Text = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(_no_control)]
Text40 = Annotated[Text, Field(max_length=40)]
Text50 = Annotated[Text, Field(max_length=50)]
Text100 = Annotated[Text, Field(max_length=100)]
Text120 = Annotated[Text, Field(max_length=120)]
Text255 = Annotated[Text, Field(max_length=255)]
Note255 = Annotated[str, StringConstraints(strict=True, max_length=255), AfterValidator(_no_control)]
Note = Annotated[str, StringConstraints(strict=True, max_length=16_000), AfterValidator(_no_control)]
Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Id = Annotated[Whole, Field(ge=1, le=BIGINT)]
PositiveInt = Annotated[Whole, Field(ge=1, le=INT)]
Digits = Annotated[Whole, Field(ge=1, le=BIGINT)]
Day = Annotated[date, BeforeValidator(_day)]
PastDay = Annotated[Day, AfterValidator(_not_future)]
Flag = Annotated[bool, Field(strict=True)]
Email = Annotated[
    str,
    StringConstraints(strict=True, max_length=120),
    AfterValidator(_no_control),
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
]
Password = Annotated[
    str,
    StringConstraints(strict=True, min_length=8, max_length=128),
    AfterValidator(_password),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]
