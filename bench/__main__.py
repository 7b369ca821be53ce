"""Measures Herdbook on this machine and prints the figures: `python -m bench`, or `make bench`."""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from bench import farm as farms
from bench import wrk
from bench.answers import log_in
from bench.machine import BenchError, Cores
from bench.measure import Plan, measure
from bench.report import Line, as_json, machine_line, table
from bench.stale import stale_reads
from bench.targets import PEERS, Target, herdbook, peer
from bench.workloads import all_workloads

EPILOG = """\
Everything runs on this machine and is ended at the end. One worker runs on the first core; the load
(wrk, one thread, 64 connections) and the database run on the last. Each figure is the median of rounds
in which the targets take turns. With --peers all is measured again with two workers of each on both
cores, and their stale reads are counted. docs/performance.md says what each workload is and what bounds it.

examples:
  python -m bench                                   100,000 animals, all workloads, about six minutes
  python -m bench --peers --json figures.json       the peers beside it, twice: half an hour
  python -m bench --animals 1000000 --data FOLDER
                                                    keep the farm in a folder, for the next run
  python -m bench --animals 5000 --seconds 1 --rounds 1
                                                    whether it runs at all
"""


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code: 0, or 1 when a figure could not be had."""
    chosen = _parser().parse_args(arguments)
    lines: list[Line] = []
    code = 0
    try:
        _run(chosen, lines)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        code = 1
    if lines:
        print(table(lines))
    if chosen.json is not None:
        kept = as_json(lines, chosen.animals, chosen.seconds, chosen.rounds)
        chosen.json.write_text(json.dumps(kept, indent=1) + "\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=(__doc__ or "").strip(),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--animals", type=int, default=100_000, help="how many there are (default 100000)")
    parser.add_argument("--seconds", type=int, default=3, help="length of a round (default 3, at most 60)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each target (default 3)")
    parser.add_argument(
        "--only", default="", metavar="WORDS", help="only workloads whose name contains one of these words, with commas"
    )
    parser.add_argument("--peers", action="store_true", help="measure the services of bench/peers too")
    parser.add_argument("--two", action="store_true", help="two workers on both cores as well, as with --peers")
    parser.add_argument(
        "--minutes", type=int, default=60, help="no workload is begun after so many minutes (default 60)"
    )
    parser.add_argument("--data", type=Path, help="folder for the farm, to be kept; else it is made anew and removed")
    parser.add_argument("--json", type=Path, help="file for all figures")
    return parser


def _run(chosen: argparse.Namespace, lines: list[Line]) -> None:
    """Measure, and add to `lines` each workload that is done."""
    if chosen.animals < 1000 or chosen.rounds < 1:
        raise BenchError("at least 1,000 animals and one round are needed")
    if find_spec("httptools") is None:
        raise BenchError("httptools is missing: pip install -r requirements-bench.txt")
    wrk.find_wrk()
    cores = Cores.choose()
    # The database and everything else that is not bound to the other core inherits this one.
    os.sched_setaffinity(0, {cores.load})
    _say(machine_line())
    deadline = time.monotonic() + 60 * chosen.minutes
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(chosen.data))
        farm = stack.enter_context(farms.running(folder / "mariadb"))
        _say(
            f"making a farm of {chosen.animals:,} animals" if not farms.animals_in(farm.own) else "using the farm kept"
        )
        for workers in (1, 2) if chosen.peers or chosen.two else (1,):
            with _targets(chosen, farm, folder, cores, workers) as (own, peers):
                _measure_all(chosen, _Bench(farm, folder, cores, own, peers, workers), lines, deadline)


@dataclass(frozen=True)
class _Bench:
    """All that is running: Herdbook and the peers with so many workers each, on this farm."""

    farm: farms.Farm
    folder: Path
    cores: Cores
    own: Target
    peers: list[Target]
    workers: int


@contextmanager
def _targets(
    chosen: argparse.Namespace, farm: farms.Farm, folder: Path, cores: Cores, workers: int
) -> Iterator[tuple[Target, list[Target]]]:
    with ExitStack() as stack:
        own = stack.enter_context(herdbook(farm, chosen.animals, folder, cores, workers))
        if workers == 1:
            farms.check_size(farm, chosen.animals)
            farms.copy_plain(farm)
        last = farms.last_id(farm)
        yield own, [stack.enter_context(peer(one, farm, folder, cores, workers)) for one in PEERS if chosen.peers]
    if chosen.data is not None:  # nobody asks any more
        farms.settle(farm)
        farms.forget_added(farm, last)


def _measure_all(chosen: argparse.Namespace, bench: _Bench, lines: list[Line], deadline: float) -> None:
    words = [word.strip() for word in chosen.only.split(",") if word.strip()]
    note = "" if bench.workers == 1 else f" ({bench.workers} workers)"
    for workload in all_workloads(bench.farm, chosen.animals):
        if words and not any(word in workload.name for word in words):
            continue
        if time.monotonic() > deadline:
            raise BenchError(f"more than {chosen.minutes} minutes: {workload.name}{note} and what follows was left out")
        started = time.monotonic()
        token = log_in(bench.own.port)
        plan = Plan(chosen.seconds, chosen.rounds, bench.cores, bench.folder, token, note, bench.workers == 1)
        measured = measure(workload, bench.own, bench.peers, bench.farm, plan)
        if bench.workers > 1 and workload.script == "mix":
            measured = _with_stale_reads(measured, [bench.own, *bench.peers], token, chosen.seconds * chosen.rounds)
        lines += measured
        _say(f"{workload.name}{note}: {time.monotonic() - started:.0f} s")


def _with_stale_reads(lines: list[Line], targets: list[Target], token: Mapping[str, str], seconds: int) -> list[Line]:
    """The same lines with the stale reads of each target, counted after the load."""
    counts = {one.name: stale_reads(one, token, seconds) for one in targets}
    return [replace(line, stale=counts[line.target]) for line in lines]


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield kept.absolute()
    else:
        with tempfile.TemporaryDirectory(prefix="herdbook-bench-") as folder:
            yield Path(folder)


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
