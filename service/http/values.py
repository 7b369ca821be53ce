"""Values of parameters: what their text says, or the problem that names the parameter and the reason."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from service.http.problems import Problem

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s*(Z|z|[+ -]\d{2}:?\d{2})?)?"
)
_TRUE = {"1", "true", "yes", "si", "sí", "on"}
FALSE = {"0", "false", "no", "off"}


def invalid(parameter: str, spanish: str, english: str) -> Problem:
    """The problem of a parameter whose value cannot be used."""
    return Problem(
        "INVALID_PARAMETER",
        details={"parameter": parameter},
        parameter=parameter,
        reason=(spanish, english),
    )


def whole(name: str, text: str, least: int, most: int) -> int:
    """The number that `text` says, from `least` to `most`."""
    if not re.fullmatch(r"-?[0-9]{1,19}", text.strip()) or not least <= int(text) <= most:
        raise invalid(
            name,
            f"debe ser un entero de {least} a {most}",
            f"it must be a whole number from {least} to {most}",
        )
    return int(text)


def flag(name: str, text: str) -> bool:
    """The boolean that `text` says."""
    lowered = text.strip().lower()
    if lowered not in _TRUE | FALSE:
        raise invalid(name, "debe ser true o false", "it must be true or false")
    return lowered in _TRUE


def day(name: str, text: str) -> date:
    """The date YYYY-MM-DD that `text` says."""
    try:
        if not _DAY.fullmatch(text.strip()):
            raise ValueError(text)
        return date.fromisoformat(text.strip())
    except ValueError:
        raise invalid(name, "debe ser una fecha AAAA-MM-DD", "it must be a date YYYY-MM-DD") from None


def moment(name: str, text: str) -> tuple[datetime, timedelta]:
    """The instant that `text` says (naive UTC) and how long the span is that it may mean: a day for a bare date."""
    found = _MOMENT.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        on, at, fraction, offset = found.groups()
        time = (at or "00:00") + (":00" if at is None or len(at) == 5 else "")
        instant = datetime.fromisoformat(f"{on}T{time}")
        if offset and offset not in "Zz":
            sign = -1 if offset[0] == "-" else 1
            digits = offset[1:].replace(":", "")
            instant -= sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    except (ValueError, OverflowError):
        raise invalid(
            name,
            "debe ser una fecha u hora RFC 3339",
            "it must be a date or an RFC 3339 date and time",
        ) from None
    digits = (fraction or "")[:6]
    instant += timedelta(microseconds=int(digits.ljust(6, "0")) if digits else 0)
    if at is None:
        return instant, timedelta(days=1)
    return instant, timedelta(microseconds=10 ** (6 - len(digits)))


def unknown(name: str, known: Sequence[str]) -> Problem:
    """The problem of a parameter that there is not; it names the nearest of those that there are."""
    nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return Problem(
        "UNKNOWN_PARAMETER",
        details={"parameter": name, "nearest": nearest},
        parameter=name,
        nearest=(f"; ¿quiso decir «{nearest}»?", f"; did you mean '{nearest}'?"),
    )
