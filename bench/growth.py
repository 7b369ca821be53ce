"""What grows with the table: every way to read and to write at several sizes, `python -m bench.growth`, `make growth`.

One MariaDB holds a farm of each size, one worker serves each with its cache off, so that every answer is asked of the
database. A question is asked of the sizes in turn; the table shows the milliseconds of the smallest and how many times
as long the others take: the median of the rounds. It fails where something grew past MOST that should not grow.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench import farm as farms
from bench.answers import log_in
from bench.client import Client
from bench.fill import fill
from bench.growth_questions import QUESTIONS, Question, Size, prepared
from bench.machine import BenchError, Cores
from bench.report import machine_line
from bench.served import served
from service.db.blocking import connect

SIZES = "10000,1000000,10000000"
SAMPLE = "1000"  # animals that a farm begins with, and their breeds, diseases and people
MOST = 2.0  # times as long as at the smallest size: what noise may make of 1
SLOW = 0.2  # seconds from which a question is asked once a round
Found = list[float | None]  # seconds of each round; None: refused as too slow

NO_CACHE = {"HERDBOOK_CACHE_MB": "0", "HERDBOOK_MEMO": "0", "HERDBOOK_SAMPLE_ANIMALS": SAMPLE}


def once(question: Question, size: Size) -> float | None:
    """Seconds of one answer; None where it was given up as too slow, which only what may grow may be."""
    answer = size.client.ask(*question.asks(size))
    if answer.status == 503 and question.grows:
        return None
    if answer.status >= 300:
        raise BenchError(f"{question.name}: answered {answer.status}: {answer.body[:300].decode()}")
    if question.after is not None:
        question.after(size, answer.json["data"])
    return answer.seconds


def measured(question: Question, sizes: list[Size], rounds: int, asks: int) -> list[Found]:
    """The median of each round at each size, which take turns."""
    first = [once(question, size) for size in sizes]
    times = [1 if seconds is None or seconds > SLOW else asks for seconds in first]
    found: list[Found] = [[] for _ in sizes]
    for _ in range(rounds):
        for size, several, rows in zip(sizes, times, found, strict=True):
            answers = [once(question, size) for _ in range(several)]
            told = [seconds for seconds in answers if seconds is not None]
            rows.append(statistics.median(told) if told else None)
    return found


def ratio(small: Found, large: Found) -> float | None:
    """How many times as long: the median of the rounds, each against the same round of the smallest size."""
    pairs = [one / other for one, other in zip(large, small, strict=True) if one is not None and other is not None]
    return statistics.median(pairs) if pairs else None


def line(question: Question, found: list[Found]) -> tuple[str, bool]:
    """The row of the table, and whether nothing grew that should not."""
    small = [seconds for seconds in found[0] if seconds is not None]
    ratios = [ratio(found[0], large) for large in found[1:]]
    cells = [question.name, f"{statistics.median(small) * 1e3:.1f}" if small else "too slow"]
    cells += ["too slow" if one is None else f"{one:.2f}" for one in ratios]
    good = bool(question.grows) or all(one is not None and one <= MOST for one in ratios)
    return "| " + " | ".join([*cells, question.grows if good else "**should not**"]) + " |", good


def head(sizes: list[int]) -> str:
    """The first two rows of the table."""
    cells = ["", f"{sizes[0]:,} animals: ms", *(f"{size:,}: times" for size in sizes[1:]), "why it may grow"]
    return "| " + " | ".join(cells) + " |\n|---|" + "--:|" * len(sizes) + "---|"


def make(stack: ExitStack, folder: Path, animals: int, own: farms.Farm, cores: Cores) -> Size:
    """A farm of that size, filled where it is not there yet, and a worker that serves it."""
    url = own.own.with_name(f"{farms.OWN}_{animals}")
    with connect(own.own) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {url.name}")
    target = stack.enter_context(served(url, folder / str(animals), cores.service, **NO_CACHE))
    if farms.animals_in(url) < animals:
        started = time.monotonic()
        fill(url, animals)
        say(f"{animals:,} animals filled in {time.monotonic() - started:.0f} s")
    time.sleep(1)  # until the worker knows of what was written by hand
    return prepared(Client(target.port, log_in(target.port)), animals)


def say(text: str) -> None:
    """Tell how far it is, beside the table."""
    print(f"growth: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 where something grew that should not."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--sizes", default=SIZES, help=f"numbers of animals, the smallest first (default {SIZES})")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--asks", type=int, default=5, help="answers of a round; one where that takes long")
    parser.add_argument("--buffer-pool", default="4G", help="memory of InnoDB (default 4G holds 10,000,000 animals)")
    parser.add_argument("--only", default="", help="only questions with one of these words, with commas")
    parser.add_argument("--data", type=Path, help="folder for the farms, to be kept; else they are removed")
    chosen = parser.parse_args(arguments)
    wanted = [int(size) for size in chosen.sizes.split(",")]
    words = [word.strip() for word in chosen.only.split(",")]
    cores = Cores.choose()
    os.sched_setaffinity(0, {cores.load})
    folder = chosen.data or Path(tempfile.mkdtemp(prefix="herdbook-growth-"))
    good = True
    try:
        with ExitStack() as stack:
            options = (f"--innodb-buffer-pool-size={chosen.buffer_pool}",)
            own = stack.enter_context(farms.running(folder / "mariadb", options))
            sizes = [make(stack, folder, animals, own, cores) for animals in wanted]
            print(f"{machine_line()}; InnoDB buffer pool {chosen.buffer_pool}\n\n{head(wanted)}", flush=True)
            for question in QUESTIONS:
                if any(word in question.name for word in words):
                    text, fine = line(question, measured(question, sizes, chosen.rounds, chosen.asks))
                    good &= fine
                    print(text, flush=True)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    finally:
        if chosen.data is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
