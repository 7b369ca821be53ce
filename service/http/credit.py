"""Why an asker was let in, and for how long that holds without asking again."""

from dataclasses import dataclass

from aiohttp import web

from service.cache.generations import Scope


@dataclass(frozen=True, slots=True)
class Credit:
    """Why the asker was let in: true until `expires` (epoch seconds) while `scope` gives `token`."""

    expires: float
    scope: Scope
    token: bytes


CREDIT = web.RequestKey("credit", Credit)
