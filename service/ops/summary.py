"""The figures as the operator's page shows them: by table, and over all routes."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from service.http.durations import BOUNDS
from service.ops import families as of
from service.ops.families import SEPARATOR, SUM, Family

Labels = tuple[str, ...]


def summary(figures: Mapping[str, float]) -> dict[str, Any]:
    """What /ops/data says; `at` in seconds since the epoch, durations in seconds, sizes in bytes."""
    return {
        "at": time.time(),
        "workers": figures.get(of.WORKERS.key(), 0),
        "requests": _requests(figures),
        "latency": _latency(figures),
        "tables": _tables(figures),
        "pool": {
            "in_use": figures.get(of.POOL.key("in_use"), 0),
            "idle": figures.get(of.POOL.key("idle"), 0),
            "limit": figures.get(of.POOL_LIMIT.key(), 0),
            "waiting": figures.get(of.POOL_WAITING.key(), 0),
            "refusals": figures.get(of.POOL_REFUSALS.key(), 0),
        },
        "staleness": figures.get(of.STALENESS.key(), 0),
        "by_hand": figures.get(of.BY_HAND.key(), 0),
        "breaches": figures.get(of.WITNESS_BREACHES.key(), 0),
        "memory": figures.get(of.MEMORY.key(), 0),
        "disk_free": figures.get(of.DISK_FREE.key(), 0),
    }


def _of(figures: Mapping[str, float], family: Family) -> Iterator[tuple[Labels, float]]:
    """Every series of a family: its labels and its value."""
    start = family.name + SEPARATOR
    for key, value in figures.items():
        if key.startswith(start):
            yield tuple(key[len(start) :].split(SEPARATOR)), value


def _requests(figures: Mapping[str, float]) -> dict[str, float]:
    said = {"application": 0.0, "memo": 0.0, "errors": 0.0}
    for (_method, _route, status, answered_by), value in _of(figures, of.REQUESTS):
        said[answered_by] += value
        said["errors"] += value if status >= "500" else 0
    return said


def _latency(figures: Mapping[str, float]) -> dict[str, Any]:
    """All routes together: how many took at most each bound but more than the one before, and how long in all."""
    by_class: dict[str, float] = {}
    for (_method, _route, what), value in _of(figures, of.DURATION):
        by_class[what] = by_class.get(what, 0) + value
    classes = [by_class.get(str(bound), 0) for bound in (*BOUNDS, "+Inf")]
    return {"bounds": BOUNDS, "classes": classes, "seconds": by_class.get(SUM, 0)}


def _tables(figures: Mapping[str, float]) -> dict[str, dict[str, float]]:
    families = {
        "hits": of.CACHE_HITS,
        "misses": of.CACHE_MISSES,
        "evictions": of.CACHE_EVICTIONS,
        "entries": of.CACHE_ENTRIES,
        "bytes": of.CACHE_BYTES,
        "rows": of.LEDGER_ROWS,
        "version": of.LEDGER_VERSION,
        "generation": of.GENERATION_WRITES,
    }
    names = sorted(table for (table,), _ in _of(figures, of.CACHE_HITS))
    return {table: {name: figures.get(one.key(table), 0) for name, one in families.items()} for table in names}
