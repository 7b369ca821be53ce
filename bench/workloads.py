"""What is asked: each workload as a script of wrk with its arguments, an answer to expect, and what bounds it."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

from bench import farm as farms
from bench.farm import Farm

ANIMALS = "/api/v1/animals"
DELTAS = 5000
DETAILS = 50_000
# More than twice what the caches hold, so that a page is gone long before its turn comes again.
LISTS = 2448
BULK = 1000
SORTS = ("updated_at", "created_at", "id", "birth_date")
INSERTED = '{"record":"bench-@","sex":"Hembra","birth_date":"2024-03-01","weight":320,"status":"Vivo","breeds_id":1}'
BULKED = INSERTED.replace("bench-@", "bench-@-%d")


@dataclass(frozen=True)
class Workload:
    """`script` and `files` are for wrk; `path`, `method` and `body` are one request of it, to be checked beforehand.

    `rows`: how many that answer holds in `data` (None: it is no array). `reference`: what it is held against beside
    the bare handler: "protocol", or the statement that raw_statement.py repeats, or nothing.
    """

    name: str
    script: str
    path: str
    reference: str
    method: str = "GET"
    status: int = 200
    rows: int | None = None
    body: str = ""
    lines: tuple[str, ...] = ()
    conditional: bool = False
    connections: int = 64
    spread: float = field(default=0.05, compare=False)  # how far the mean size of an answer may be from the checked one

    def arguments(self, folder: Path, start: int, prefix: str) -> list[str]:
        """What the script is given; `folder` holds the files that `write` made."""
        if self.script == "paths":
            return [str(folder / f"{self.name}.paths"), str(start)]
        if self.script == "bodies":
            return [str(folder / f"{self.name}.body"), self.path, prefix]
        if self.script == "mix":
            return [str(folder / f"{self.name}.paths"), str(folder / f"{self.name}.body"), ANIMALS, prefix]
        return []

    def write(self, folder: Path) -> None:
        """Make the files that the script and the raw statement read."""
        (folder / f"{self.name}.paths").write_text("".join(f"{line}\n" for line in self.lines))
        (folder / f"{self.name}.body").write_text(self.body)

    def values_file(self, folder: Path) -> Path:
        """What the raw statement takes its values from."""
        return folder / (f"{self.name}.paths" if self.lines else f"{self.name}.body")


def all_workloads(farm: Farm, animals: int) -> tuple[Workload, ...]:
    """Every workload on this farm: those that only read come first, bulk inserts last."""
    rows = min(100, animals // 2)
    pages = max(1, min(20, animals // 50))
    chance = random.Random(1)
    lists = _distinct_lists(rows, animals)
    deltas = tuple(
        f"{ANIMALS}?since={time}&limit={rows}" for time in farms.change_times(farm, min(DELTAS, animals // 2), rows)
    )
    details = tuple(f"{ANIMALS}/{chance.randint(1, animals)}" for _ in range(DETAILS))
    hot = tuple(f"{ANIMALS}?page={page}&limit=50" for page in range(1, pages + 1))
    bulk = "[" + ",".join(BULKED % number for number in range(BULK)) + "]"
    return (
        Workload("cached list of 50", "same", f"{ANIMALS}?page=1&limit=50", "protocol", rows=50),
        Workload("304 of that list", "same", f"{ANIMALS}?page=1&limit=50", "protocol", status=304, conditional=True),
        Workload("metadata", "same", f"{ANIMALS}/metadata", "protocol"),
        Workload("uncached list of 100", "paths", lists[0], "list", rows=None, lines=lists, spread=0.15),
        Workload("distinct deltas of 100", "paths", deltas[0], "since", rows=rows, lines=deltas),
        Workload("details of random ids", "paths", details[0], "detail", lines=details, spread=0.15),
        Workload("mix: 95 % of 20 pages, 5 % writes", "mix", hot[0], "", rows=50, lines=hot, body=INSERTED, spread=0.2),
        Workload("single insert", "bodies", ANIMALS, "insert", method="POST", status=201, body=INSERTED, spread=0.15),
        Workload(
            "bulk insert of 1,000",
            "bodies",
            f"{ANIMALS}/bulk",
            "bulk",
            method="POST",
            status=201,
            rows=BULK,
            body=bulk,
            connections=8,
            spread=0.15,
        ),
    )


def _distinct_lists(rows: int, animals: int) -> tuple[str, ...]:
    """Questions that no cache has the answer to: near the front, by every sort that has an index, in mixed order."""
    limits = range(max(1, rows - 4), rows + 5)
    pages = LISTS // (len(SORTS) * 2 * len(limits))
    pages = max(1, min(pages, animals // limits[-1]))
    asked = [
        f"{ANIMALS}?page={page}&limit={limit}&sort_by={column}&sort_order={direction}"
        for limit in limits
        for page in range(1, pages + 1)
        for column in SORTS
        for direction in ("desc", "asc")
    ]
    random.Random(2).shuffle(asked)
    return tuple(asked)


def rows_in(body: bytes) -> int | None:
    """How many rows an answer holds in `data`; None where that is no array."""
    data = json.loads(body)["data"]
    return len(data) if isinstance(data, list) else None
