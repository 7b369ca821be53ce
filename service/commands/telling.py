"""How a long command tells how far it is: a bar on a terminal, plain lines in a pipe, JSON lines for machines."""

import time
from typing import Any, TextIO

import orjson

BAR = 24
TERMINAL_SECONDS = 0.2
LINE_SECONDS = 5.0


class Telling:
    """Tells of `what`, whose end is `total` (None: not known), on `stream`; `output` gets the last word."""

    def __init__(self, what: str, total: int | None, output: TextIO, stream: TextIO, *, as_json: bool) -> None:
        self._what = what
        self._total = total
        self._output = output
        self._stream = stream
        self._as_json = as_json
        self._is_terminal = stream.isatty() and not as_json
        self._began = self._told = time.monotonic()
        self._first_rows = self._first_place = 0
        self._width = 0

    def begin(self, rows: int, place: int) -> None:
        """So much was done before, by another run."""
        self._first_rows, self._first_place = rows, place

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self._began

    def rate(self, rows: int) -> float:
        """Rows a second in this run."""
        return (rows - self._first_rows) / max(self.seconds, 0.001)

    def step(self, rows: int, place: int) -> None:
        """So many rows are done, and so much of the total; told when it is time to."""
        now = time.monotonic()
        if now - self._told < (TERMINAL_SECONDS if self._is_terminal else LINE_SECONDS):
            return
        self._told = now
        left = self._seconds_left(place)
        if self._as_json:
            self._line(
                {"event": "progress", "rows": rows, "rate": round(self.rate(rows)), "share": self._share(place)}
                | {"seconds_left": None if left is None else round(left)}
            )
        elif self._is_terminal:
            text = f"{self._what} {self._bar(place)}{rows:,} rows  {self.rate(rows):,.0f}/s{_clock(left)}"
            self._stream.write("\r" + text.ljust(self._width))
            self._stream.flush()
            self._width = len(text)
        else:
            self._stream.write(f"{self._what}: {rows:,} rows, {self.rate(rows):,.0f} a second{_clock(left)}\n")
            self._stream.flush()

    def end(self, sentence: str, facts: dict[str, Any]) -> None:
        """It is done: `sentence` for people, `facts` for machines."""
        self.clear()
        if self._as_json:
            self._line({"event": "done", **facts})
        else:
            print(sentence, file=self._output)

    def fail(self, message: str, facts: dict[str, Any]) -> None:
        """It cannot be done: for machines; people are told by who catches the error."""
        self.clear()
        if self._as_json:
            self._line({"event": "failed", "message": message, **facts})

    def clear(self) -> None:
        """Take the bar away."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0

    def _line(self, facts: dict[str, Any]) -> None:
        print(orjson.dumps(facts).decode(), file=self._output, flush=True)

    def _share(self, place: int) -> float | None:
        return round(min(1.0, place / self._total), 4) if self._total else None

    def _seconds_left(self, place: int) -> float | None:
        done = place - self._first_place
        return self.seconds * (self._total - place) / done if self._total and done > 0 else None

    def _bar(self, place: int) -> str:
        share = self._share(place)
        if share is None:
            return ""
        full = round(share * BAR)
        return f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}  "


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else f"  {int(seconds) // 60}:{int(seconds) % 60:02} left"
