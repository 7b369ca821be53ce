"""Signals that ask the service to end are noted, and end only what waits."""

import os
import signal
import time
from collections.abc import Iterator
from threading import Event

import pytest

from service.serving.signals import StopRequested, StopSignals

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def stop() -> Iterator[StopSignals]:
    before = {number: signal.signal(number, signal.SIG_DFL) for number in STOPS}
    stop = StopSignals()
    stop.listen()
    yield stop
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_ends_every_pause_from_then_on(stop: StopSignals, number: signal.Signals) -> None:
    stop.pause(0.001)
    os.kill(os.getpid(), number)
    assert stop.requested
    for _ in range(2):
        with pytest.raises(StopRequested):
            stop.pause(60)


def test_one_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = StopSignals()
        stop.listen()
        os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.requested
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_outcome_of_work_is_what_it_returns_or_raises(stop: StopSignals) -> None:
    assert stop.outcome(lambda: "done") == "done"
    with pytest.raises(ZeroDivisionError):
        stop.outcome(lambda: 1 // 0)


def test_work_is_left_to_itself_where_a_signal_comes_first(stop: StopSignals) -> None:
    let_go = Event()
    began = time.monotonic()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        let_go.wait(60)

    with pytest.raises(StopRequested):
        stop.outcome(work)
    let_go.set()
    assert time.monotonic() - began < 30
