"""Waits until something holds."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

SECONDS = 60.0


async def until(condition: Callable[[], Any]) -> None:
    """Until `condition`, which may be asynchronous, holds; TimeoutError when it does not in a minute."""
    async with asyncio.timeout(SECONDS):
        while True:
            held = condition()
            if await held if inspect.isawaitable(held) else held:
                return
            await asyncio.sleep(0.05)
