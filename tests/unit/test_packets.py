"""An answer is read whole however its bytes come, and what is no answer is never taken for one."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.db import packets
from service.db.packets import Answer, AnswerReader, Disorder, Result, command

Row = tuple[bytes | None, ...]
CLOSED = b"\xfe\x00\x00\x02\x00"


def length(number: int) -> bytes:
    if number < 251:
        return bytes([number])
    size, mark = (2, b"\xfc") if number < 1 << 16 else (3, b"\xfd") if number < 1 << 24 else (8, b"\xfe")
    return mark + number.to_bytes(size, "little")


def value(one: bytes | None) -> bytes:
    return b"\xfb" if one is None else length(len(one)) + one


def numbered(contents: Sequence[bytes], first: int = 1) -> bytes:
    whole = b""
    for content in contents:
        while True:
            part, content = content[: packets.MOST], content[packets.MOST :]
            whole += len(part).to_bytes(3, "little") + bytes([first & 0xFF]) + part
            first += 1
            if len(part) < packets.MOST:
                break
    return whole


def table(width: int, rows: Sequence[Row], end: bytes = CLOSED) -> list[bytes]:
    columns = [b"\x03def" + bytes(20)] * width
    return [length(width), *columns, CLOSED, *(b"".join(map(value, row)) for row in rows), end]


def read(data: bytes, sizes: Iterator[int], reader: AnswerReader | None = None) -> Answer | None:
    reader = reader or AnswerReader()
    answer = None
    while data and answer is None:
        size = next(sizes)
        answer = reader.feed(data[:size])
        data = data[size:]
    assert answer is None or not data
    return answer


def at_once() -> Iterator[int]:
    while True:
        yield 1 << 30


def bytewise() -> Iterator[int]:
    while True:
        yield 1


ROWS = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.just(width),
        st.lists(st.tuples(*[st.none() | st.binary(max_size=300)] * width), max_size=5),
    )
)


@given(ROWS, st.lists(st.integers(1, 50), min_size=1))
def test_rows_are_read_alike_however_the_bytes_are_cut(shape: tuple[int, list[Row]], cuts: list[int]) -> None:
    width, rows = shape
    data = numbered(table(width, rows))

    def cut() -> Iterator[int]:
        yield from cuts
        yield 1 << 30

    for sizes in (at_once(), bytewise(), cut()):
        answer = read(data, sizes)
        assert answer is not None
        assert answer.outcome == Result(tuple(rows), len(rows), 0)
        assert answer.status == 2


# Most rows of a page are as long as the one before, value for value; now and then one is not, or is as long in all.
ALIKE = st.integers(1, 3).flatmap(
    lambda width: st.tuples(
        st.just(width),
        st.lists(
            st.tuples(
                st.tuples(*[st.none() | st.sampled_from([0, 1, 5, 26, 250, 251, 252, 300])] * width),
                st.integers(1, 300),
                st.integers(0, 255),
            ),
            max_size=5,
        ),
    )
)


@given(ALIKE, st.lists(st.integers(1, 5_000), min_size=1))
def test_runs_of_rows_of_one_shape_are_read_as_each_by_itself(shape: tuple[int, list[Any]], cuts: list[int]) -> None:
    width, runs = shape
    rows: list[Row] = [
        tuple(None if size is None else bytes([first + at & 0xFF]) * size for size in sizes)
        for sizes, times, first in runs
        for at in range(times)
    ]
    data = numbered(table(width, rows))

    def cut() -> Iterator[int]:
        yield from cuts
        yield 1 << 30

    for sizes in (at_once(), cut()):
        answer = read(data, sizes)
        assert answer is not None
        assert answer.outcome == Result(tuple(rows), len(rows), 0)


@pytest.mark.parametrize("at", range(20))
@pytest.mark.parametrize("what", ["its number", "the length of its value", "its length"])
def test_one_that_is_wrong_in_a_run_is_found(what: str, at: int) -> None:
    rows: list[Row] = [(b"1234", b"5")] * 20
    whole = bytearray(numbered(table(2, rows)))
    place = len(numbered(table(2, []))) - len(CLOSED) - 4 + at * 11
    whole[place + {"its length": 0, "its number": 3, "the length of its value": 4}[what]] ^= 1
    with pytest.raises(Disorder):
        read(bytes(whole), at_once())


@pytest.mark.parametrize("size", [0, 250, 251, 252, 65_535, 65_536, 100_000])
def test_a_value_may_be_as_long_as_it_is(size: int) -> None:
    answer = read(numbered(table(2, [(b"x" * size, b"y")])), at_once())
    assert answer is not None
    assert isinstance(answer.outcome, Result)
    assert answer.outcome.rows == ((b"x" * size, b"y"),)


@pytest.mark.parametrize("size", [37, 38, 39, 40, 41, 78, 79, 80, 81, 200])
def test_a_packet_that_is_too_long_goes_on_in_the_next(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST", 40)
    for sizes in (at_once(), bytewise()):
        answer = read(numbered(table(1, [(b"x" * size,), (b"y",)])), sizes)
        assert answer is not None
        assert answer.outcome == Result(((b"x" * size,), (b"y",)), 2, 0)


@pytest.mark.parametrize("size", [10, 38, 39, 40, 79, 80, 200])
def test_a_statement_that_is_too_long_goes_on_in_the_next_packet(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST", 40)
    text = b"x" * size
    sent, number = command(text)
    assert sent == numbered([b"\x03" + text], 0)
    assert number == 1 + (size + 1) // 40


def test_a_write_tells_what_it_touched_and_whether_the_server_warned() -> None:
    answer = read(numbered([b"\x00" + length(70_000) + length(300) + b"\x01\x00\x05\x00"]), at_once())
    assert answer == Answer(Result((), 70_000, 5), 1)
    warned = read(numbered(table(1, [(b"1",)], b"\xfe\x02\x00\x22\x00")), at_once())
    assert warned == Answer(Result(((b"1",),), 1, 2), 0x22)


@pytest.mark.parametrize("rows", [0, 3])
def test_an_error_stands_in_the_place_of_the_answer_or_of_its_end(rows: int) -> None:
    error = b"\xff" + (1213).to_bytes(2, "little") + "#40001Sí".encode()
    contents = table(1, [(b"1",)] * rows, error) if rows else [error]
    answer = read(numbered(contents), bytewise())
    assert answer is not None
    assert answer.status is None
    assert isinstance(answer.outcome, pymysql.err.OperationalError)
    assert answer.outcome.args == (1213, "Sí")


def test_an_error_without_a_state_is_read_too() -> None:
    answer = read(numbered([b"\xff\x10\x04Too many connections"]), at_once())
    assert answer is not None
    assert isinstance(answer.outcome, Exception)
    assert answer.outcome.args == (1040, "Too many connections")


def test_answers_that_come_together_are_read_one_after_the_other() -> None:
    reader = AnswerReader()
    first, second = numbered([b"\x00\x00\x00\x03\x00\x00\x00"]), numbered(table(1, [(b"5",)]))
    answer = reader.feed(first + second)
    assert answer is not None
    assert answer.status == 3
    assert not reader.is_empty
    reader.begin(1)
    assert reader.feed(b"") == Answer(Result(((b"5",),), 1, 0), 2)
    assert reader.is_empty


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("another number", numbered([b"\x00\x00\x00\x02\x00\x00\x00"], 2)),
        ("a number left out", numbered([b"\x01"], 1) + numbered([b"\x03def"], 3)),
        ("an empty packet", numbered([b""])),
        ("a number that is cut", numbered([b"\xfd\x01"])),
        ("more than a number", numbered([b"\x01\x01"])),
        ("a file that is asked for", numbered([b"\xfb/etc/passwd"])),
        ("an end that is cut", numbered([b"\x00\x00\x00\x02"])),
        ("a second answer", numbered([b"\x00\x00\x00\x0a\x00\x00\x00"])),
        ("a column too many", numbered([b"\x01", b"\x03def", b"\x03def"])),
        ("a value that is cut", numbered([b"\x01", b"\x03def", CLOSED, b"\x05four"])),
        ("a value too many", numbered([b"\x01", b"\x03def", CLOSED, b"\x01a\x01b"])),
        ("a value too few", numbered([b"\x02", b"\x03def", b"\x03def", CLOSED, b"\x01a"])),
        ("a length that is none", numbered([b"\x01", b"\x03def", CLOSED, b"\x01"[:0] + b"\xfc\x01"])),
    ],
)
def test_what_is_no_answer_is_told_from_one(what: str, data: bytes) -> None:
    with pytest.raises(Disorder):
        read(data, at_once())


def test_disorder_is_a_connection_that_is_lost() -> None:
    assert issubclass(Disorder, OSError)
    assert not issubclass(Disorder, asyncio.TimeoutError)
