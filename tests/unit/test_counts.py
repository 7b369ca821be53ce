"""Counts that processes keep together: none is lost, none of before stays, and none is too low."""

import os
import random
from collections import Counter

from service.host.counts import SharedCounts

WINDOW = 29_000_000
PROCESSES = 4
EACH = 2000


def test_what_four_processes_count_is_counted_once_each() -> None:
    counts = SharedCounts(PROCESSES + 1)
    children = []
    for column in range(PROCESSES):
        pid = os.fork()
        if not pid:
            for _ in range(EACH):
                counts.add("address 192.0.2.1", WINDOW, column)
            os._exit(0)
        children.append(pid)
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0
    assert counts.add("address 192.0.2.1", WINDOW, PROCESSES) == PROCESSES * EACH + 1


def test_another_window_begins_with_nothing() -> None:
    counts = SharedCounts(2)
    for _ in range(3):
        counts.add("user 1", WINDOW, 0)
    assert counts.add("user 1", WINDOW + 1, 1) == 1
    assert counts.add("user 1", WINDOW + 1, 0) == 2


def test_a_count_is_never_too_low_and_seldom_too_high() -> None:
    counts, true, choice = SharedCounts(2), Counter[str](), random.Random(7)
    too_high = 0
    for _ in range(20_000):
        subject = f"user {choice.randrange(2000)}"
        true[subject] += 1
        counted = counts.add(subject, WINDOW, choice.randrange(2))
        assert counted >= true[subject]
        too_high += counted > true[subject]
    assert too_high < 1000  # about 0.4 % share both of their rows with others
