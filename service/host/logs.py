"""Log lines as text or as JSON: one line a record whatever is in it, and no secret in any."""

import logging
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

FORMATS = ("text", "json")
HIDDEN = "(hidden)"
SHORTEST = 6  # a shorter secret is found in ordinary words
# Tokens and hashes that the service makes or reads, wherever they stand.
_TOKENS = re.compile(
    r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*|\$argon2[\w$=,+/.-]+|\$2[abxy]\$\S{20,}|(?:scrypt|pbkdf2):[\w:.$=+/-]+"
)
# What ends a line or steers a terminal.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Redaction:
    """Puts HIDDEN in the place of each of `secrets`, and of all that looks like a token or a hash."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        whole = sorted({re.escape(one) for one in secrets if one and len(one) >= SHORTEST}, key=len, reverse=True)
        self._secrets = re.compile("|".join(whole)) if whole else None

    def __call__(self, text: str) -> str:
        """`text` without them."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        return _TOKENS.sub(HIDDEN, text)


class TextLines(logging.Formatter):
    """Time, level, logger and message; the lines of a traceback begin with white space, so none looks like a record."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, and those of its traceback."""
        head = f"{_time(record)} {record.levelname.lower()} {record.name}: {record.getMessage()}"
        lines = [head, *(f"    | {line}" for line in _traceback(self, record).splitlines())]
        return "\n".join(_printable(self._redact(line)) for line in lines)


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, process, and what the record says in `fields`."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        said: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": os.getpid(),
            **getattr(record, "fields", {}),
        }
        if traceback := _traceback(self, record):
            said["exception"] = traceback
        shown = {key: self._redact(_unicode(one)) if isinstance(one, str) else one for key, one in said.items()}
        # orjson leaves the controls beyond ASCII as they are; some programs end a line at them.
        return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", orjson.dumps(shown, default=str).decode())


def formatter(form: str, secrets: Iterable[str | None]) -> logging.Formatter:
    """What writes records in `form`, one of FORMATS."""
    redact = Redaction(secrets)
    return JsonLines(redact) if form == "json" else TextLines(redact)


def log_to_stderr(lines: logging.Formatter) -> None:
    """Have every logger of this process write `lines` to standard error, which it has from now on to itself."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    root = logging.getLogger()
    root.handlers[:] = [handler]


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _traceback(lines: logging.Formatter, record: logging.LogRecord) -> str:
    return lines.formatException(record.exc_info) if record.exc_info else ""


def _printable(line: str) -> str:
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), _unicode(line))


def _unicode(text: str) -> str:
    """Bytes of a request that were no UTF-8 are shown as such."""
    return text.encode("utf-8", "backslashreplace").decode()
