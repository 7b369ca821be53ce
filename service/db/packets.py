"""Answers of MariaDB parsed from bytes as they come: what a statement gave, its values left as the server wrote them.

Pure: no socket, no loop. It knows COM_QUERY's answers in the text protocol without CLIENT_DEPRECATE_EOF, which is what
aiomysql asks for (MariaDB's Client/Server Protocol, "Packet", "OK_Packet", "ERR_Packet", "Result Set Packets").
"""

from dataclasses import dataclass

import pymysql

HEADER = 4
RUN = 4  # packets of one length, where it pays to look for a run of them
LONGEST_RUN = 256  # of them: else short runs in a long answer would each be looked for to its end
MOST = 0xFFFFFF  # bytes of a packet; what is longer goes on in the next
COM_QUERY = b"\x03"
OK, EOF, ERROR, FILE, NULL = 0x00, 0xFE, 0xFF, 0xFB, 0xFB
TWO_BYTES = 0xFC  # of length are behind this
NUMBERS = 2 * bytes(range(256))
SHORTEST_ROW_LIKE_EOF = 9  # a row that begins with 0xFE has eight bytes of length behind it
IN_TRANSACTION = 0x0001
MORE_RESULTS = 0x0008
NO_BACKSLASH_ESCAPES = 0x0200

Row = tuple[bytes | None, ...]


class Disorder(OSError):
    """What came is no answer to what was asked: nothing more can be told apart on this connection."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one statement gave: its rows, how many it touched, and whether the server warned."""

    rows: tuple[Row, ...]
    affected: int
    warnings: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's whole answer: a result, or the error in its place; `status` is None with an error."""

    outcome: Result | pymysql.err.OperationalError
    status: int | None


def command(text: bytes) -> tuple[bytes, int]:
    """The packets that ask for `text`, and the number that the answer's first packet must have."""
    payload = COM_QUERY + text
    if len(payload) < MOST:
        return len(payload).to_bytes(3, "little") + b"\0" + payload, 1
    parts = [payload[at : at + MOST] for at in range(0, len(payload) + 1, MOST)]  # the last is short, or empty
    numbered = (len(part).to_bytes(3, "little") + bytes([at & 0xFF]) + part for at, part in enumerate(parts))
    return b"".join(numbered), len(parts) & 0xFF


class AnswerReader:
    """Reads answers one after the other; each is told to begin with the number of its first packet."""

    __slots__ = ("_columns", "_have", "_is_in_rows", "_kept", "_long", "_need", "_number", "_rows", "_width")

    def __init__(self) -> None:
        self._kept: list[bytes] = []  # what has come and is not yet enough
        self._have = 0
        self._need = 0
        self.begin(1)

    def begin(self, number: int) -> None:
        """Another answer begins, whose first packet has this number."""
        self._number = number
        self._long = b""
        self._width = 0
        self._columns = 0
        self._is_in_rows = False
        self._rows: list[Row] = []

    @property
    def is_empty(self) -> bool:
        """Nothing is kept of what has come."""
        return not self._kept

    def feed(self, data: bytes) -> Answer | None:
        """The answer, once it is whole; Disorder for bytes that are none. `feed(b"")` goes on with what is kept."""
        if self._kept:
            self._kept.append(data)
            self._have += len(data)
            if self._have < self._need:
                return None
            data = b"".join(self._kept)
            self._kept = []
        at, end = 0, len(data)
        while True:
            if end - at < HEADER:
                self._keep(data[at:], HEADER)
                return None
            length = data[at] | data[at + 1] << 8 | data[at + 2] << 16
            start = at + HEADER
            if end - start < length:
                self._keep(data[at:], HEADER + length)
                return None
            may_run = self._is_in_rows and not self._long and length < MOST
            if may_run and data.startswith(data[at : at + 3], at + RUN * (HEADER + length)):
                run = _run(data, at, end, self._number, self._width)
                if run is not None:
                    rows, at = run
                    self._rows += rows
                    self._number = self._number + len(rows) & 0xFF
                    continue
            if data[at + 3] != self._number:
                raise Disorder(f"packet {data[at + 3]} came where {self._number} was due")
            self._number = self._number + 1 & 0xFF
            at = start + length
            if length == MOST:
                self._long += data[start:at]
                continue
            answer = self._take_long(data[start:at]) if self._long else self._take(data, start, at)
            if answer is not None:
                self._keep(data[at:], HEADER)
                return answer

    def _keep(self, data: bytes, need: int) -> None:
        if data:
            self._kept, self._have, self._need = [data], len(data), need

    def _take_long(self, end_of_packet: bytes) -> Answer | None:
        packet, self._long = self._long + end_of_packet, b""
        return self._take(packet, 0, len(packet))

    def _take(self, data: bytes, start: int, end: int) -> Answer | None:
        """One packet: data[start:end]. The answer, where it was the last of one."""
        if start == end:
            raise Disorder("an empty packet came")
        kind = data[start]
        if kind == ERROR:
            return Answer(_error(data[start + 1 : end]), None)
        if self._is_in_rows:
            if kind == EOF and end - start < SHORTEST_ROW_LIKE_EOF:
                rows = tuple(self._rows)
                return _result(rows, len(rows), data[start + 1 : start + 3], data[start + 3 : start + 5])
            self._rows.append(_row(data, start, end, self._width))
        elif not self._width:
            return self._begin_result(data, start, end)
        elif self._columns:
            self._columns -= 1  # what a column is called and made of, nobody here asks
        elif kind == EOF:
            self._is_in_rows = True
        else:
            raise Disorder("a column more than there are")
        return None

    def _begin_result(self, data: bytes, start: int, end: int) -> Answer | None:
        kind = data[start]
        if kind == OK:
            affected, at = _number(data, start + 1, end)
            _, at = _number(data, at, end)
            return _result((), affected, data[at + 2 : at + 4], data[at : at + 2])
        if kind == FILE:
            raise Disorder("the server asks for a file")
        self._width, at = _number(data, start, end)
        if at != end or not self._width:
            raise Disorder("no answer begins like this")
        self._columns = self._width
        return None


def _result(rows: tuple[Row, ...], affected: int, warnings: bytes, status: bytes) -> Answer:
    if len(warnings) + len(status) != 4:
        raise Disorder("an answer ends too early")
    flags = int.from_bytes(status, "little")
    if flags & MORE_RESULTS:
        raise Disorder("one statement has two answers")
    return Answer(Result(rows, affected, int.from_bytes(warnings, "little")), flags)


def _error(content: bytes) -> pymysql.err.OperationalError:
    number = int.from_bytes(content[:2], "little")
    message = content[8:] if content[2:3] == b"#" else content[2:]
    return pymysql.err.OperationalError(number, message.decode("utf-8", "replace"))


def _row(data: bytes, start: int, end: int, width: int) -> Row:
    """The `width` values in data[start:end], each after its length."""
    values: list[bytes | None] = []
    at = start
    for _ in range(width):
        length = data[at] if at < end else NULL + 4
        at += 1
        if length < NULL:
            values.append(data[at : at + length])
            at += length
        elif length == NULL:
            values.append(None)
        else:
            length, at = _number(data, at - 1, end)
            values.append(data[at : at + length])
            at += length
    if at != end:
        raise Disorder("a row is not as long as its values")
    return tuple(values)


def _run(data: bytes, at: int, end: int, number: int, width: int) -> tuple[list[Row], int] | None:
    """The rows of one shape that begin at data[at], each as long as the first, value for value, and where they end.

    What makes a row is compared for all of them at once, which takes a tenth of the time of one after the other. None
    where that does not hold: then each is looked at by itself.
    """
    step = HEADER + int.from_bytes(data[at : at + 3], "little")
    count = min((end - at) // step, LONGEST_RUN)

    def alike(place: int, size: int) -> int:
        """Of how many rows, from the first on, the `size` bytes from `place` are the first one's."""
        most = count
        for one in range(place, place + size):
            every = data[one : at + count * step : step]
            most = min(most, len(every) - len(every.lstrip(every[:1])))
        return most

    count = alike(at, 3)
    shape: list[tuple[int, int]] = []  # of each value, where it begins in the first row, and its size; -1: NULL
    place = at + HEADER
    for _ in range(width):
        first = data[place] if place < at + step else ERROR
        prefix = 3 if first == TWO_BYTES else 1
        if first > TWO_BYTES or place + prefix > at + step:
            return None
        count = alike(place, prefix)
        size = -1 if first == NULL else first if prefix == 1 else data[place + 1] | data[place + 2] << 8
        shape.append((place + prefix, size))
        place += prefix + max(size, 0)
    if place != at + step or data[at + 3 : at + count * step : step] != NUMBERS[number : number + count]:
        return None
    stop = count * step
    values = [
        [None] * count if size < 0 else [data[one : one + size] for one in range(begin, begin + stop, step)]
        for begin, size in shape
    ]
    return list(zip(*values, strict=True)), at + stop


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The length-encoded number at data[at], and where it ends."""
    if at >= end:
        raise Disorder("a packet ends too early")
    first = data[at]
    if first < NULL:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
    if not size or at + 1 + size > end:
        raise Disorder("a number is not whole")
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size
