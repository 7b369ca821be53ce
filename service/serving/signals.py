"""Signals that ask the service to end, as an exception."""

import signal
from types import FrameType

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequested(BaseException):
    """A signal asked the service to end. No Exception, so that nothing on the way catches it."""


def raise_on_signals() -> None:
    """From now on each of them raises StopRequested."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise StopRequested

    for number in _STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
            signal.signal(number, stop)


def ignore_signals() -> None:
    """While things are being stopped, which is bounded, a second signal must not cut it short."""
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
