"""How long the requests of one caller waited for the database; measured only where somebody asks for it."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Spent:
    """Seconds: `waited` for a connection, and `used` one."""

    waited: float = 0.0
    used: float = 0.0


SPENT: ContextVar[Spent | None] = ContextVar("spent", default=None)
