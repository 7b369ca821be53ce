"""Counts that several processes keep together for a window of time: in memory that they share by fork, without a lock.

A subject has a row of words in each of two tables, found by a keyed hash, and in a row each process has a word of its
own: the number of the window and the count in it. Nobody else writes that word, so no write is lost, and a word of
another window counts as nothing, so nothing is ever to be cleared. Two subjects may share a row, which then counts
both; the smaller of a subject's two rows is taken (a count-min sketch: Cormode and Muthukrishnan, 2005), so a count may
be too high, where thousands are counted at once, and is never too low.
"""

import mmap
import secrets
from hashlib import blake2b

ROWS = 32_768  # in each table
TABLES = 2
WORD = 8
COUNT_BITS = 32
COUNT = (1 << COUNT_BITS) - 1


class SharedCounts:
    """The counts of at most `columns` processes. Make it before they are forked; pages are taken when first used.

    At most TABLES * ROWS * columns * 8 bytes: 4 MiB for eight processes.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self._words = memoryview(mmap.mmap(-1, TABLES * ROWS * columns * WORD)).cast("Q")
        self._key = secrets.token_bytes(16)

    def add(self, subject: str, window: int, column: int) -> int:
        """Count one of `subject` in `window` by the process that `column` belongs to; how many it has from all now."""
        digest = blake2b(subject.encode(errors="surrogatepass"), key=self._key, digest_size=8).digest()
        halves = int.from_bytes(digest[:4]), int.from_bytes(digest[4:])
        return min(self._add(table * ROWS + half % ROWS, window, column) for table, half in enumerate(halves))

    def _add(self, row: int, window: int, column: int) -> int:
        start = row * self.columns
        held = self._words[start + column]
        count = (held & COUNT if held >> COUNT_BITS == window else 0) + 1
        self._words[start + column] = window << COUNT_BITS | min(count, COUNT)
        row_now = self._words[start : start + self.columns].tolist()
        return sum(word & COUNT for word in row_now if word >> COUNT_BITS == window)
