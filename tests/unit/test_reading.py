"""A file is read row by row as an upload is read whole, and can be taken up again at the end of any batch."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.commands.failure import CommandError
from service.commands.given import LONGEST
from service.commands.reading import Batch, Place, Reading, format_of
from service.commands.records import resource_named
from service.http.forms.csv_text import header_line, lines
from service.http.forms.uploads import csv_rows, ndjson_rows

DISEASES = resource_named("diseases")
NAMES = ("name", "symptoms", "details")
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(['"', "\r\n", ","])
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)), max_size=12)


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._data.read(min(len(buffer), self._most))
        buffer[: len(piece)] = piece
        return len(piece)


def reading(data: bytes, form: str, most: int = 5, piece: int = 7) -> Reading:
    return Reading(io.BufferedReader(Dribble(data, piece), 16), form, DISEASES, most)


def batches(one: Reading) -> list[Batch]:
    found = []
    while batch := one.next():
        found.append(batch)
    return found


def rows_of(all_batches: list[Batch]) -> list[Any]:
    return [row.value for batch in all_batches for row in batch.rows]


def written(rows: list[dict[str, Any]], form: str) -> bytes:
    if form == "csv":
        return header_line(NAMES) + lines(rows, NAMES)
    if form == "ndjson":
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


@given(ROWS, st.integers(1, 40))
def test_csv_and_ndjson_are_read_as_an_upload_is(rows: list[dict[str, Any]], piece: int) -> None:
    for form, whole in (("csv", lambda body: csv_rows(body, DISEASES)), ("ndjson", ndjson_rows)):
        body = written(rows, form)
        found = batches(reading(body, form, piece=piece))
        upload = whole(body)
        assert rows_of(found) == upload.rows
        assert [row.line for batch in found for row in batch.rows] == upload.lines


@given(ROWS, st.integers(1, 40))
def test_a_json_array_is_read_as_json(rows: list[dict[str, Any]], piece: int) -> None:
    assert rows_of(batches(reading(written(rows, "json"), "json", piece=piece))) == rows


@given(ROWS, st.sampled_from(["csv", "ndjson", "json"]), st.integers(1, 5))
def test_a_file_is_taken_up_again_at_the_end_of_any_batch(rows: list[dict[str, Any]], form: str, most: int) -> None:
    body = written(rows, form)
    found = batches(reading(body, form, most))
    for at, batch in enumerate(found):
        again = reading(body, form, most)
        again.go_on_from(batch.ends)
        assert batches(again) == found[at + 1 :]


def test_a_file_that_was_changed_before_the_place_is_not_taken_up_again() -> None:
    body = written([{"name": "a"}, {"name": "b"}, {"name": "c"}], "ndjson")
    place = batches(reading(body, "ndjson", 2))[0].ends
    again = reading(body.replace(b"a", b"x"), "ndjson", 2)
    with pytest.raises(CommandError, match="does not begin with the 28 bytes"):
        again.go_on_from(place)
    short = reading(body[:10], "ndjson", 2)
    with pytest.raises(CommandError, match="does not begin with"):
        short.go_on_from(Place(place.position, place.digest))


@pytest.mark.parametrize(
    ("form", "body", "line", "reason"),
    [
        ("csv", b'name\n"a\nb"\nx,y\n', 4, "cells"),
        ("csv", b"name\n\n\xff\n", 3, "encoding"),
        ("csv", b'name\na"b"c\n', 2, "quoting"),
        ("ndjson", b'{"name":"a"}\n\n{"name":\n', 3, "json_line"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_its_line(form: str, body: bytes, line: int, reason: str) -> None:
    bad = [row for batch in batches(reading(body, form)) for row in batch.rows if row.fault is not None]
    assert [(row.line, row.fault.reason) for row in bad if row.fault is not None] == [(line, reason)]


@pytest.mark.parametrize(
    ("form", "body", "says"),
    [
        ("csv", b"name,name\n", "line 1 names the column name twice"),
        ("csv", b"\xff\n", "line 1 is no header line"),
        ("csv", b'name\n"' + b"x" * LONGEST, "line 2: no row ends within 1048576 bytes .a quotation mark"),
        ("ndjson", b"x" * (LONGEST + 1), "line 1: no row ends within"),
        ("json", b'{"data": []}', "line 1: this is no JSON array"),
        ("json", b'[\n{"name": 1},\n{"name": }]', "line 3: a row is no JSON"),
        ("json", b'[\n{"name": 1}\n{"name": 2}]', "line 3: a comma or the end of the array is missing"),
        ("json", b'[{"name": 1}', "line 1: a row is no JSON: the file ends within the array"),
        ("json", b"[1, 2", "line 1: a row is no JSON: the file ends within the array"),
        ("json", b"[]\nx", "line 2: something follows the array"),
        ("json", b"[NaN]", "NaN is no number of JSON"),
        ("json", b'["' + b"\xff" * 9 + b'"]', "line 1 is not UTF-8"),
        ("json", b"[" * 100_000, "line 1: a row is nested too deep"),
    ],
)
def test_a_file_that_cannot_be_read_on_says_where_and_why(form: str, body: bytes, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        batches(reading(body, form, piece=4096))


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    for form in ("csv", "ndjson", "json"):
        body = b"\xef\xbb\xbf" + written([{"name": "a"}], form)
        (row,) = rows_of(batches(reading(body, form)))
        assert row["name"] == "a"


def test_the_name_of_a_file_says_its_format() -> None:
    assert [format_of(name, None) for name in ("a.csv", "b.ndjson", "c.JSONL", "d.json")] == [
        "csv",
        "ndjson",
        "ndjson",
        "json",
    ]
    assert format_of("-", "csv") == "csv"
    with pytest.raises(CommandError, match="does not say the format"):
        format_of("herd.txt", None)


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 9))
def test_a_row_of_json_is_named_by_the_line_where_it_begins(gaps: list[int], piece: int) -> None:
    body, lines_of, line = "[", [], 1
    for at, gap in enumerate(gaps):
        body += ("," if at else "") + "\n" * gap
        line += gap
        lines_of.append(line)
        body += '{"name":\n"x"}'
        line += 1
    found = batches(reading((body + "\n]\n").encode(), "json", piece=piece))
    assert [row.line for batch in found for row in batch.rows] == lines_of
