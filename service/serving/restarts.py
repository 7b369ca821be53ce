"""How often something may die before it is given up."""

import time
from collections import deque

from service.serving.announcements import say
from service.serving.errors import ServeError

MOST_RESTARTS = 5
RESTART_SECONDS = 60.0


class Restarts:
    """Counts how often something died of late."""

    def __init__(self, most: int = MOST_RESTARTS, seconds: float = RESTART_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._times: deque[float] = deque()

    def count(self, what: str) -> None:
        """One more restart of `what`. Raises ServeError where there were too many of late."""
        now = time.monotonic()
        while self._times and self._times[0] < now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._most:
            raise ServeError(f"{what} died more than {self._most} times in {self._seconds:.0f} seconds: giving up")
        self._times.append(now)
        say(f"{what} died; starting it again")
