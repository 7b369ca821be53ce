"""The figures of a whole run, as a table to read and as JSON to keep."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.wrk import Figures

MIB = 1024 * 1024


@dataclass(frozen=True)
class Line:
    """One workload at one target: medians of the rounds.

    `rate` answers a second, `p50` and `p99` milliseconds, `cost` microseconds of processor time for each answer,
    `memory` resident bytes of the worker; None: not measured. `rates` are those of each round. `ratio` is Herdbook's
    rate over this one. `stale`: of how many reads how many showed a state from before a write that had been answered.
    """

    workload: str
    target: str
    rate: float
    rates: tuple[float, ...]
    p50: float | None
    p99: float | None
    cost: float | None
    memory: int | None
    ratio: float | None = None
    stale: tuple[int, int] | None = None


def line_of(workload: str, target: str, rounds: Sequence[Figures], costs: Sequence[float], memory: int) -> Line:
    """The medians of `rounds` and of what their answers cost."""
    rates = tuple(one.rate for one in rounds)
    return Line(
        workload,
        target,
        median(rates),
        rates,
        median(one.p50 for one in rounds),
        median(one.p99 for one in rounds),
        median(costs),
        memory,
    )


def machine_line() -> str:
    """What the figures were measured on."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as facts:
        model = next((line.partition(":")[2].strip() for line in facts if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, Linux {platform.release()}"


def table(lines: Sequence[Line]) -> str:
    """The figures, a workload after the other, for a person."""
    titles = (
        "workload",
        "target",
        "per second",
        "p50 ms",
        "p99 ms",
        "CPU µs each",
        "RSS MiB",
        "Herdbook is",
        "stale reads",
    )
    rows = [titles]
    for at, line in enumerate(lines):
        is_first = at == 0 or lines[at - 1].workload != line.workload
        rows.append(
            (
                line.workload if is_first else "",
                line.target,
                _count(line.rate),
                _decimal(line.p50),
                _decimal(line.p99),
                "" if line.cost is None else f"{line.cost:,.0f}",
                "" if line.memory is None else f"{line.memory / MIB:.0f}",
                "" if line.ratio is None else f"× {line.ratio:.2f}",
                "" if line.stale is None else f"{line.stale[0]:,} of {line.stale[1]:,}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    return "\n".join(_aligned(row, widths) for row in rows)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.ljust(width) if at < 2 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _count(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def as_json(lines: Sequence[Line], animals: int, seconds: int, rounds: int) -> dict[str, object]:
    """The same figures with those of each round."""
    return {
        "machine": machine_line(),
        "animals": animals,
        "seconds": seconds,
        "rounds": rounds,
        "load_average": os.getloadavg(),
        "lines": [asdict(line) for line in lines],
    }
