"""Signals that ask the service to end, noticed only where it can be stopped in order.

An exception raised by a handler comes at any line: in a finalizer, where Python swallows it, between
the start of a process and the note of it, or inside a library that takes it for an error of its own.
So the handler only makes a note, and whoever waits looks at it.
"""

import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from types import FrameType
from typing import TypeVar

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_SECONDS = 0.05

T = TypeVar("T")


class StopRequested(BaseException):
    """A signal asked the service to end. No Exception, so that nothing on the way catches it."""


class StopSignals:
    """The signals that this process got and that ask it to end."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """From now on they are noted, and end nothing by themselves."""
        for number in _STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                signal.signal(number, self._note)

    def pause(self, seconds: float) -> None:
        """Sleep; raises StopRequested as soon as a signal came, or where one came before."""
        deadline = time.monotonic() + seconds
        while not self.requested and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
        if self.requested:
            raise StopRequested

    def outcome(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, or StopRequested where a signal comes first.

        The work is then left to itself in its thread, which ends with the process: it must be such
        that it may be cut short anywhere, as what the database rolls back is.
        """
        future: Future[T] = Future()
        Thread(target=_run, args=(work, future), daemon=True).start()
        while not future.done():
            self.pause(_LOOK_SECONDS)
        return future.result()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True


def _run(work: Callable[[], T], future: "Future[T]") -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
