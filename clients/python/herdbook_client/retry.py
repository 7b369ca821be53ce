"""How long to wait before a request is made again: longer each time, by chance, and never less than asked for."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time


@dataclass(frozen=True, slots=True)
class Patience:
    """A request is made again for up to `seconds` in all; waits double from `first` to `most` seconds."""

    seconds: float = 30.0
    first: float = 0.2
    most: float = 10.0
    chance: Callable[[float, float], float] = random.uniform

    def delay(self, attempt: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the `attempt`-th failure, from 0; `retry_after`: what the service asked for.

        Half of it is chance, so that those who failed together do not come back together.
        """
        longest = min(self.most, self.first * 2 ** min(attempt, 32))
        return max(retry_after or 0.0, self.chance(longest / 2, longest))


def retry_after(text: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, given as a number or as a date (RFC 9110 section 10.2.3)."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return None
