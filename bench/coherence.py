"""What coherence with the whole database costs: `python -m bench.coherence`.

One list of 50 animals, cached, asked over 64 connections: of a worker with coherence `host`, of the same without its
memo of heads, and of one with coherence `database`, which asks the ledger before each answer. They take turns.
"""

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import farm as farms
from bench import wrk
from bench.answers import log_in
from bench.machine import BenchError, Cores
from bench.targets import Target, herdbook

PATH = "/api/v1/animals?page=1&limit=50"
CONNECTIONS = 64
SETTINGS: dict[str, dict[str, str]] = {
    "host": {},
    "host, no memo of heads": {"HERDBOOK_MEMO": "0"},
    "database": {"HERDBOOK_COHERENCE": "database"},
}


def rates(targets: dict[str, Target], cores: Cores, seconds: int, rounds: int) -> dict[str, float]:
    """The median of each target's answers a second."""
    found: dict[str, list[float]] = {name: [] for name in targets}
    tokens = {name: log_in(target.port) for name, target in targets.items()}
    for _ in range(rounds):
        for name, target in targets.items():
            figures = wrk.run(
                target.port,
                PATH,
                "same",
                (),
                tokens[name],
                core=cores.load,
                connections=CONNECTIONS,
                seconds=seconds,
            )
            found[name].append(figures.rate)
    return {name: statistics.median(several) for name, several in found.items()}


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 when a figure could not be had."""
    parser = argparse.ArgumentParser(prog="python -m bench.coherence", description=__doc__)
    parser.add_argument("--animals", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=3, help="of a run")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    try:
        cores = Cores.choose()
        os.sched_setaffinity(0, {cores.load})
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-coherence-")))
            farm = stack.enter_context(farms.running(folder / "mariadb"))
            targets = {}
            for number, (name, settings) in enumerate(SETTINGS.items()):
                own = folder / str(number)
                own.mkdir()
                targets[name] = stack.enter_context(herdbook(farm, chosen.animals, own, cores, 1, **settings))
            found = rates(targets, cores, chosen.seconds, chosen.rounds)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    for name, rate in found.items():
        print(f"coherence {name}: {rate:,.0f} answers a second, {rate / found['host']:.2f} of host's")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
