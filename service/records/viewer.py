"""Who asks for rows, as far as it decides what they see."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: `segment`, the user's id (None: anyone), and whether the whole of every row may be seen.

    `uncached`: the answer must come from the database, and does not go into the cache.
    """

    segment: int | None = None
    sees_all: bool = False
    uncached: bool = False


EVERYONE = Viewer()
