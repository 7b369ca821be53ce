"""A day of the farm against four workers: `python -m bench.day`, `make day`.

200 people of three roles load the app, look, write and come back; docs/performance.md says what is assumed of them. It
prints what the caches spared and what any exact cache could have spared, the 304s, and how long each kind of request
took. It fails where an answer was older than a write that had been answered before it began.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

from bench import farm as farms
from bench.answers import log_in
from bench.client import Client
from bench.day_plan import TABLES, Day, Herd, Visit, roles
from bench.day_replay import Device, Outcome, Replay
from bench.machine import BenchError
from bench.report import machine_line
from bench.served import served
from bench.targets import PASSWORD
from service.auth.passwords import Passwords
from service.db.blocking import connect
from service.resources import all_resources
from service.settings import DatabaseURL

FIRST_IDENTIFICATION = 5_000_000_000
METRICS = "only-for-the-metrics-of-a-bench"
NIGHT_WRITES = 10
TELLING = 3.0  # seconds until every worker has told its counts
COUNT = re.compile(r'herdbook_cache_(hits|misses|shared_fills)_total\{table="(\w+)"\} (\S+)')
ROUTES = {one.table: one.route for one in all_resources()}
PEOPLE = """
INSERT INTO user (identification, fullname, password, email, phone, role)
VALUES (%s, %s, %s, %s, %s, %s)
"""
Counts = Counter[tuple[str, str]]  # (hits, misses or shared_fills; route)


def hire(url: DatabaseURL, people: int) -> list[tuple[int, int]]:
    """Enter so many persons, who all have PASSWORD; identification and id of each."""
    passwords = Passwords()
    hashed = asyncio.run(passwords.hash(PASSWORD))
    passwords.close()
    found = []
    with connect(url) as connection, connection.cursor() as cursor:
        for number, role in enumerate(roles(people)):
            name, identification = f"Persona {number}", FIRST_IDENTIFICATION + number
            cursor.execute(PEOPLE, (identification, name, hashed, f"p{number}@example.org", f"8{number}", role))
            found.append((identification, int(cursor.lastrowid)))
    return found


def night(client: Client, animals: int) -> list[dict[str, str]]:
    """A few writes before the day, and the times of copies that were made between them."""
    copies = []
    for number in range(NIGHT_WRITES):
        client.good("PUT", f"/animals/{animals - number}", {"weight": 100 + number})
        pages = {route: client.good("GET", f"/{route}?limit=1").json for route in TABLES}
        copies.append({route: page["meta"]["as_of"] for route, page in pages.items()})
    return copies


def counts(port: int) -> Counts:
    """What the caches of all workers have counted so far."""
    text = Client(port, {"Authorization": f"Bearer {METRICS}"}, base="").good("GET", "/metrics").body.decode()
    return Counter({(kind, ROUTES[table]): int(float(number)) for kind, table, number in COUNT.findall(text)})


def percentile(several: Sequence[float], part: float) -> float:
    """The value below which that part of them lies."""
    ordered = sorted(several)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _share(part: float, whole: float) -> str:
    return f"{part / whole * 100:.1f} %" if whole else ""


def tables_report(outcome: Outcome, counted: Counts) -> list[str]:
    """For each table: reads, how many of the look-ups hit, needed no statement, and could have needed none."""
    lines = [
        "| table | reads | writes | hit | no statement | any exact cache at the most |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    possible = outcome.possible
    reads, first, changed = Counter(possible.reads), Counter(possible.first), Counter(possible.changed)
    for each in (reads, first, changed):
        each["users"] += each.pop("auth", 0)
    routes = [route for route in ROUTES.values() if reads[route]]
    rows = [(route, [route]) for route in routes]
    for name, of in [*rows, ("**all**", routes)]:
        hits, misses, shared = (
            sum(counted[kind, route] for route in of) for kind in ("hits", "misses", "shared_fills")
        )
        asked = sum(reads[route] for route in of)
        must = sum(first[route] + changed[route] for route in of)
        written = sum(outcome.writes.counts[route] for route in of)
        cells = [name, f"{asked:,}", f"{written:,}", _share(hits, hits + misses), _share(hits + shared, hits + misses)]
        lines.append("| " + " | ".join([*cells, _share(asked - must, asked)]) + " |")
    return lines


def reasons_report(outcome: Outcome, counted: Counts) -> list[str]:
    """Why the look-ups were not all hits."""
    total = {kind: sum(n for (each, _), n in counted.items() if each == kind) for kind in ("hits", "misses")}
    shared = sum(n for (each, _), n in counted.items() if each == "shared_fills")
    looked, stated = total["hits"] + total["misses"], total["misses"] - shared
    first, changed, tables = (
        sum(each.values()) for each in (outcome.possible.first, outcome.possible.changed, outcome.possible.tables)
    )
    rows = (
        ("hit", total["hits"]),
        ("not this person's first hit, but the page was there: somebody else had asked", shared),
        ("a statement: nobody had ever asked that", first),
        ("a statement: the answer is another since a write", changed),
        ("a statement: the answer is the same, but its table has changed", tables),
        ("a statement: another worker has it, this one has not", stated - first - changed - tables),
    )
    lines = ["| look-ups of the caches | | |", "|---|--:|--:|"]
    return lines + [f"| {name} | {number:,} | {_share(number, looked)} |" for name, number in rows]


def kinds_report(outcome: Outcome) -> list[str]:
    """How many of each kind of request, how many of them 304, and how long they took."""
    lines = ["| request | number | 304 | p50 ms | p99 ms |", "|---|--:|--:|--:|--:|"]
    for kind, seconds in sorted(outcome.seconds.items(), key=lambda each: -len(each[1])):
        unmodified = _share(outcome.unmodified[kind], outcome.reads[kind]) if outcome.reads[kind] else ""
        p50, p99 = (percentile(seconds, part) * 1e3 for part in (0.5, 0.99))
        lines.append(f"| {kind} | {len(seconds):,} | {unmodified} | {p50:.1f} | {p99:.1f} |")
    return lines


def report(visits: Sequence[Visit], outcome: Outcome, counted: Counts, seconds: float) -> str:
    """Everything that the day showed."""
    reads, unmodified = sum(outcome.reads.values()), sum(outcome.unmodified.values())
    writes = sum(outcome.writes.counts.values())
    requests = sum(len(each) for each in outcome.seconds.values())
    head = (
        f"{len(visits):,} visits, {requests:,} requests in {seconds:.0f} s: {reads:,} reads, {writes:,} writes. "
        f"Of the reads {_share(outcome.asked_with_tag, reads)} came with a tag, {_share(unmodified, reads)} were "
        f"answered 304. Stale: {len(outcome.stale)} of {outcome.held:,} that were held against the writes."
    )
    parts = (tables_report(outcome, counted), reasons_report(outcome, counted), kinds_report(outcome))
    return "\n\n".join([head, *("\n".join(part) for part in parts)])


def main(arguments: list[str]) -> int:
    """Replay and print; 0, or 1 where an answer was stale."""
    parser = argparse.ArgumentParser(prog="python -m bench.day", description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--animals", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=12, help="visits under way at the same time")
    parser.add_argument("--writes", type=float, default=1.0, help="times as many writes as assumed (default 1)")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    settings = {
        "HERDBOOK_WORKERS": str(chosen.workers),
        "HERDBOOK_SAMPLE_ANIMALS": str(chosen.animals),
        "HERDBOOK_METRICS_TOKEN": METRICS,
        "HERDBOOK_LOGIN_ATTEMPTS": "0",
    }
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-day-")))
            farm = stack.enter_context(farms.running(folder / "mariadb"))
            cores = frozenset(os.sched_getaffinity(0))
            target = stack.enter_context(served(farm.own, folder, cores, **settings))
            client = Client(target.port, log_in(target.port))
            people = hire(farm.own, chosen.people)
            copies, chance = night(client, chosen.animals), Random(chosen.seed)
            totals = [client.good("GET", f"/{route}/metadata").json["data"]["total_count"] for route in TABLES[1:3]]
            visits = Day(Herd(chosen.animals, *totals), chosen.seed, chosen.writes).visits(chosen.people)
            devices = [Device(*person, since=dict(chance.choice(copies))) for person in people]
            replay = Replay(f"http://127.0.0.1:{target.port}/api/v1", devices, PASSWORD, chosen.at_once)
            time.sleep(TELLING)
            before, started = counts(target.port), time.monotonic()
            outcome = asyncio.run(replay.run(visits))
            seconds = time.monotonic() - started
            time.sleep(TELLING)
            counted = counts(target.port)
            counted.subtract(before)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"{machine_line()}; {chosen.workers} workers, {chosen.people} people, seed {chosen.seed}\n")
    print(report(visits, outcome, counted, seconds))
    print("\n".join(outcome.stale[:10]), file=sys.stderr)
    return 0 if not outcome.stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
