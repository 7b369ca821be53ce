"""The elements of one JSON array of any length, one after the other in memory for a few, by Python's own decoder."""

import io
import json
from collections.abc import Iterator

from service.commands.failure import CommandError
from service.commands.given import LONGEST, Given
from service.http.forms.csv_text import BYTE_ORDER_MARK

SPACES = " \t\r\n"
PIECE = 256 * 1024


class JsonRows:
    """The elements of the array in `file`."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._decoder = json.JSONDecoder(parse_constant=_no_number)
        self._text = ""
        self._at = 0  # what is before this place in the text was given
        self._line = 1  # of that place
        self._rest = b""  # the beginning of a character whose end has not come yet

    def begin(self) -> bytes:
        """Read up to the bracket that opens the array; gives these bytes."""
        head = b""
        while one := self._file.read(1):
            head += one
            bare = head.removeprefix(BYTE_ORDER_MARK).strip()
            if bare == b"[":
                return head
            if bare and not BYTE_ORDER_MARK.startswith(head):
                break
        raise CommandError("line 1: this is no JSON array; rows one on a line are NDJSON: --format ndjson")

    def rows(self, line: int, is_first: bool = True) -> Iterator[Given]:
        """The elements from here on, which is `line`; not `is_first`: after one that was read before."""
        self._line = line
        while (start := self._next(is_first)) is not None:
            value, start, end = self._value(start)
            raw = self._text[self._at : end]
            begins = self._line_of(start)
            self._line, self._at = self._line_of(end), end
            yield Given(begins, value, None, raw.encode())
            is_first = False

    def _next(self, is_first: bool) -> int | None:
        """Where the next element begins; None where the array ends."""
        at = self._past_spaces(self._at)
        sign = self._text[at : at + 1]
        if sign == "]":
            after = self._past_spaces(at + 1)
            if after < len(self._text):
                raise CommandError(f"line {self._line_of(after)}: something follows the array")
            return None
        if is_first:
            return at
        if sign != ",":
            raise CommandError(f"line {self._line_of(at)}: a comma or the end of the array is missing")
        return self._past_spaces(at + 1)

    def _past_spaces(self, at: int) -> int:
        while True:
            while at < len(self._text) and self._text[at] in SPACES:
                at += 1
            if at < len(self._text):
                return at
            gone, more = self._at, self._more()
            at -= gone
            if not more:
                return at

    def _value(self, start: int) -> tuple[object, int, int]:
        """The element that begins at `start`, and where it begins and ends once it is read."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, start)
                if end < len(self._text):  # else a number may go on in the next piece
                    return value, start, end
                reason = "the file ends within the array"
            except RecursionError:
                raise CommandError(f"line {self._line_of(start)}: a row is nested too deep") from None
            except ValueError as error:
                reason = getattr(error, "msg", str(error))
            is_too_long, gone, more = len(self._text) - start > LONGEST, self._at, self._more()
            start -= gone
            if is_too_long or not more:
                raise CommandError(f"line {self._line_of(start)}: a row is no JSON: {reason}")

    def _more(self) -> bool:
        """Read a piece more, and forget what was given."""
        piece = self._file.read1(PIECE)
        new = self._rest + piece
        try:
            text, self._rest = new.decode(), b""
        except UnicodeDecodeError as error:
            if not piece or error.start < len(new) - 3:
                raise CommandError(f"line {self._line_of(len(self._text))} is not UTF-8") from None
            text, self._rest = new[: error.start].decode(), new[error.start :]
        self._text, self._at = self._text[self._at :] + text, 0
        return bool(piece)

    def _line_of(self, at: int) -> int:
        return self._line + self._text.count("\n", self._at, at)


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")
