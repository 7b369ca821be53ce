"""Rounds of load with random faults, for as long as wanted: `python tests/exactness/soak.py --minutes 30 --seed 7`.

After each round every answer is held against the history, and the service must be well; the first breach ends the run
with exit code 1. `--every` is the mean of the seconds between two faults, 0 for none.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[at]) for at in (0, 1, 2)]

from faults import FAULTS, kill_database, under_load
from service_process import ServiceProcess

from service.db.private import PrivateMariaDB


@dataclass
class Totals:
    """What was done and held."""

    reads: int = 0
    writes: int = 0
    faults: int = 0

    def __str__(self) -> str:
        return f"{self.reads} reads, {self.writes} writes, {self.faults} faults"

    def add(self, other: "Totals") -> None:
        """Count what `other` counts."""
        self.reads += other.reads
        self.writes += other.writes
        self.faults += other.faults


async def one_round(service: ServiceProcess, server: PrivateMariaDB, seed: int, seconds: float, every: float) -> Totals:
    """Ask for so many seconds; gives what was done. AssertionError for whatever does not hold."""
    random, done = Random(f"faults {seed}"), []
    async with under_load(service, seed, write_share=random.choice((0.1, 0.2, 0.5)), count=16) as recorder:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            await asyncio.sleep(random.expovariate(1 / every) if every else seconds)
            if every and time.monotonic() < deadline:
                # The database less often than the workers: nothing is asked of the caches while it is away.
                fault = random.choice([one for one in FAULTS if one is not kill_database or random.random() < 0.3])
                await fault(service, server, random)
                done.append(fault.__name__)
    # Whatever was answered: 404s are reads, and writes that found no row.
    writes = sum(1 for one in recorder.told if one[3] == "write" and one[1] and "/" not in one[4])
    return Totals(sum(recorder.statuses.values()) - writes, writes, len(done))


def sizes(service: ServiceProcess) -> str:
    """Resident MiB, open descriptors and threads of each worker."""
    said = []
    for pid in service.worker_pids():
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        said.append(
            f"{int(status['VmRSS'].split()[0]) // 1024} MiB/{descriptors} fd/{status['Threads'].strip()} threads"
        )
    return ", ".join(said)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30, help="of a round")
    parser.add_argument("--every", type=float, default=10, help="mean seconds between two faults; 0: no faults")
    wanted = parser.parse_args()
    deadline, totals = time.monotonic() + wanted.minutes * 60, Totals()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-soak-")))
        server = stack.enter_context(PrivateMariaDB(folder / "mariadb", 200, database="herdbook_soak"))
        service = stack.enter_context(ServiceProcess(server.start(), folder))
        seed = wanted.seed
        with asyncio.Runner() as runner:
            while time.monotonic() < deadline:
                # A token lasts half an hour; each round begins with a new one.
                service.log_in()
                try:
                    done = runner.run(one_round(service, server, seed, wanted.seconds, wanted.every))
                except AssertionError as breach:
                    print(f"seed {seed}: {breach}", flush=True)
                    print(service.log()[-4000:], file=sys.stderr)
                    print(f"BREACH in the round of --seed {seed}, after {totals}", flush=True)
                    return 1
                totals.add(done)
                print(f"seed {seed}: {done}; in all {totals}; {sizes(service)}", flush=True)
                seed += 1
    print(f"no breach: {totals}, rounds of seeds {wanted.seed} to {seed - 1}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
