"""Log lines: one a record whatever is in it, JSON or text, and no secret in any."""

import json
import logging
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.host.logs import HIDDEN, formatter
from service.settings import Settings

SECRET = "k" * 31 + "/"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub"


def record(message: str, *arguments: object, fields: dict[str, Any] | None = None, error: bool = False) -> Any:
    """A record as a logger makes it."""
    trouble = None
    if error:
        try:
            raise ValueError(message)
        except ValueError:
            trouble = sys.exc_info()
    made = logging.LogRecord("herdbook.x", logging.WARNING, "x.py", 1, message, arguments, trouble)
    if fields is not None:
        made.fields = fields
    return made


@pytest.mark.parametrize("form", ["text", "json"])
@given(text=st.text(alphabet=st.characters(), max_size=40))
def test_nothing_in_a_record_splits_its_line(form: str, text: str) -> None:
    written = formatter(form, []).format(record("%s", text, fields={"path": text}))
    assert len(written.splitlines()) == 1
    written.encode("utf-8")


@pytest.mark.parametrize(
    "breaks", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x1b[2J", "\ud800"]
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_forged_record_is_seen_as_part_of_the_true_one(form: str, breaks: str) -> None:
    forged = f"lost{breaks}2026-01-01T00:00:00.000000Z error herdbook: all is well"
    head, *rest = formatter(form, []).format(record(forged, error=True)).splitlines()
    assert all(line.startswith("    | ") for line in rest)
    assert (len(rest) > 0) is (form == "text")
    assert form == "text" or "all is well" in json.loads(head)["message"]


def test_a_line_of_json_has_its_parts() -> None:
    line = json.loads(formatter("json", []).format(record("%d cows", 3, fields={"status": 200, "trace_id": "ab"})))
    assert (line["level"], line["logger"], line["message"]) == ("warning", "herdbook.x", "3 cows")
    assert (line["status"], line["trace_id"]) == (200, "ab")
    assert line["time"].endswith("Z")
    assert "exception" not in line
    failed = json.loads(formatter("json", []).format(record("lost", error=True)))
    assert "ValueError: lost" in failed["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("secret", [SECRET, TOKEN, HASH, "$2b$12$" + "a" * 53, "scrypt:32768:8:1$salt$0a1b2c3d"])
def test_no_secret_is_written(form: str, secret: str) -> None:
    lines = formatter(form, [SECRET])
    for one in (record("said %s", secret), record(secret, error=True), record("x", fields={"path": f"/a/{secret}"})):
        written = lines.format(one)
        assert secret not in written
        assert secret.replace("/", "\\/") not in written
    assert HIDDEN in lines.format(record("said %s", secret))


def test_the_secrets_of_the_settings_are_known() -> None:
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "mysql://farm:p%40ss-of-the-db@db/herdbook",
            "HERDBOOK_SECRET_KEY": SECRET,
            "HERDBOOK_ADMIN_PASSWORD": "of-the-admin",
            "HERDBOOK_METRICS_TOKEN": "of-prometheus-and-no-other",
        }
    )
    written = formatter("text", settings.secrets()).format(
        record("p@ss-of-the-db %s of-the-admin of-prometheus-and-no-other", SECRET)
    )
    assert written.endswith(": " + " ".join([HIDDEN] * 4))
