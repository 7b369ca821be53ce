"""When a change made by hand is known to an application."""

import time

from aiohttp import web
from waiting import until

from service.parts import PARTS


async def changes_by_hand_are_known(app: web.Application) -> None:
    """Wait until the ledger was looked at once more: what it tells late would empty the cache under a test's hands."""
    watch, began = app[PARTS].watch, time.monotonic()
    await until(lambda: time.monotonic() - began > watch.staleness)
