"""Waits until something holds."""

import asyncio
import inspect
import time
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


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """The same without a loop; AssertionError when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in {seconds:g} s"
        time.sleep(0.02)
