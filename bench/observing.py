"""What it costs that requests are counted, timed and traced: `python -m bench.observing`.

What is done for each request is done here many times over, on the core of the service; and a worker answers details of
one animal and lists of 100, none of them cached. Both are processor time, taken in turns in one run.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from bench import farm as farms
from bench.answers import checked, log_in
from bench.machine import BenchError, Cores
from bench.measure import Course, Plan
from bench.targets import Target, herdbook
from bench.workloads import Workload, all_workloads
from service.http.observing import Observer
from service.http.tally import Tally

WORKLOADS = ("details of random ids", "uncached list of 100")
TIMES = 20_000


async def nothing(_: web.Request) -> web.Response:
    """The handler, which is never asked."""
    return web.Response()


async def observed() -> float:
    """Microseconds for all that is done to observe one request."""
    app = web.Application()
    app.router.add_get("/api/v1/animals/{id:[0-9]+}", nothing)
    request = make_mocked_request("GET", "/api/v1/animals/7", app=app)
    request._match_info = await app.router.resolve(request)
    observer, response = Observer(Tally()), web.Response()
    begun = time.process_time()
    for _ in range(TIMES):
        observer.begin(request)
        await observer.announce(request, response)
        observer.end(request, response)
    return (time.process_time() - begun) / TIMES * 1e6


def on_core(core: int, cores: Cores) -> float:
    """The same, on this core."""
    os.sched_setaffinity(0, {core})
    try:
        return asyncio.run(observed())
    finally:
        os.sched_setaffinity(0, {cores.load})


def measure(workload: Workload, target: Target, plan: Plan) -> None:
    """Print what an answer costs, what observing costs, and the share."""
    workload.write(plan.folder)
    course = Course(target, workload, checked(target, workload, plan.token, "check-"), plan.token)
    each = []
    for _ in range(plan.rounds):
        course.run(plan)
        each.append(on_core(plan.cores.service, plan.cores))
    shares = [one / other for one, other in zip(each, course.costs, strict=True)]
    print(
        f"observing {workload.name}: {statistics.median(each):.2f} µs of {statistics.median(course.costs):.0f} µs "
        f"of processor time for an answer: {statistics.median(shares):.2%}",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 when a figure could not be had."""
    parser = argparse.ArgumentParser(prog="python -m bench.observing", description=__doc__)
    parser.add_argument("--animals", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=2, help="of a round")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args(arguments)
    try:
        cores = Cores.choose()
        os.sched_setaffinity(0, {cores.load})
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-observing-")))
            farm = stack.enter_context(farms.running(folder / "mariadb"))
            target = stack.enter_context(herdbook(farm, chosen.animals, folder, cores))
            plan = Plan(chosen.seconds, chosen.rounds, cores, folder, log_in(target.port))
            for workload in all_workloads(farm, chosen.animals):
                if workload.name in WORKLOADS:
                    measure(workload, target, plan)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
