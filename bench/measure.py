"""Measures one workload at all its targets, in rounds that take turns, so that a slow minute is everybody's."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import wrk
from bench.answers import Answer, checked, headers_for
from bench.farm import Farm, settle
from bench.machine import BenchError, Cores
from bench.report import Line, line_of
from bench.targets import ROOT, Target, environment, reference
from bench.workloads import Workload
from bench.wrk import Figures

# What may have been asked and not counted when a run ended, before the next one goes on in the circle of questions.
UNCOUNTED = 128
# Of fewer answers the mean size says nothing: a slow target may have given one page and one new row.
FEWEST = 200


@dataclass(frozen=True)
class Plan:
    """How the measuring is done: `seconds` a round, so many `rounds`, files in `folder`.

    `note`: what is said behind the name of each workload. With `beside`, what Herdbook is held against is measured too.
    """

    seconds: int
    rounds: int
    cores: Cores
    folder: Path
    token: Mapping[str, str]
    note: str = ""
    beside: bool = True


class Course:
    """One target under one workload, round after round."""

    def __init__(self, target: Target, workload: Workload, answer: Answer, headers: Mapping[str, str]) -> None:
        self.target = target
        self.figures: list[Figures] = []
        self.costs: list[float] = []  # microseconds of the target's processor time for each answer
        self._workload = workload
        self._expected = len(answer.whole)
        self._headers = headers
        self._start = 0

    def run(self, plan: Plan) -> None:
        """One round; BenchError when the answers were not of the size that was checked."""
        prefix = f"{self.target.child.pid}-{len(self.figures)}-{self._workload.script}-"
        arguments = self._workload.arguments(plan.folder, self._start, prefix)
        used = self.target.child.processor_time()
        try:
            figures = wrk.run(
                self.target.port,
                self._workload.path,
                self._workload.script,
                arguments,
                self._headers,
                core=plan.cores.load,
                connections=self._workload.connections,
                seconds=plan.seconds,
            )
        except BenchError as error:
            raise BenchError(f"{self.target.name}, {self._workload.name}: {error}") from None
        self._start += figures.requests + UNCOUNTED
        if (
            figures.requests >= FEWEST
            and abs(figures.bytes_each - self._expected) > self._workload.spread * self._expected + 16
        ):
            raise BenchError(
                f"{self.target.name}, {self._workload.name}: answers of {figures.bytes_each:.0f} bytes, "
                f"where {self._expected} were right"
            )
        self.figures.append(figures)
        self.costs.append((self.target.child.processor_time() - used) / max(1, figures.requests) * 1e6)


def measure(workload: Workload, own: Target, peers: Sequence[Target], farm: Farm, plan: Plan) -> list[Line]:
    """The lines of one workload: Herdbook, what it is held against, the peers."""
    workload.write(plan.folder)
    with ExitStack() as stack:
        answers = {}
        courses = []
        for target in (own, *peers):
            headers = headers_for(target, workload, plan.token)
            answers[target.name] = checked(target, workload, headers, f"check-{target.child.pid}-{workload.script}-")
            courses.append(Course(target, workload, answers[target.name], headers))
        for target in _references(workload, answers[own.name], plan, stack) if plan.beside else ():
            headers = {**plan.token, **({"If-None-Match": answers[own.name].tag} if workload.conditional else {})}
            plain = replace(workload, spread=1.0)  # its headers are fewer
            courses.insert(1, Course(target, plain, answers[own.name], headers))
        raw = _raw_statement(workload, farm, plan) if plan.beside else None
        raw_rates: list[float] = []
        for _ in range(plan.rounds):
            for course in courses:
                course.run(plan)
                settle(farm)
            if raw is not None:
                raw_rates.append(raw())
        lines = [
            line_of(
                workload.name + plan.note,
                course.target.name,
                course.figures,
                course.costs,
                course.target.child.memory(),
            )
            for course in courses
        ]
    if raw_rates:
        lines.insert(
            2,
            Line(
                workload.name + plan.note, "raw statement", median(raw_rates), tuple(raw_rates), None, None, None, None
            ),
        )
    return [lines[0], *(replace(line, ratio=lines[0].rate / line.rate if line.rate else None) for line in lines[1:])]


def _references(workload: Workload, answer: Answer, plan: Plan, stack: ExitStack) -> Iterator[Target]:
    """The bare servers that this workload is held against, giving the bytes that Herdbook gave."""
    body, whole = plan.folder / "answer.body", plan.folder / "answer.whole"
    body.write_bytes(answer.body)
    whole.write_bytes(answer.whole)
    if workload.reference == "protocol":
        bare = stack.enter_context(reference("bare_protocol", [str(whole)], plan.folder, plan.cores))
        yield replace(bare, name="bare protocol")
    bare = stack.enter_context(reference("bare_aiohttp", [str(answer.status), str(body)], plan.folder, plan.cores))
    yield replace(bare, name="bare aiohttp")


def _raw_statement(workload: Workload, farm: Farm, plan: Plan) -> Callable[[], float] | None:
    """Runs the workload's statement alone for a round and gives its rate; None for a workload without one."""
    if workload.reference in ("", "protocol"):
        return None
    # A bulk insert stamps its rows itself, without the triggers; the plain tables have none.
    url = farm.plain if workload.reference == "bulk" else farm.own
    values = workload.values_file(plan.folder)
    command = [
        sys.executable,
        "-m",
        "bench.references.raw_statement",
        workload.reference,
        str(plan.seconds),
        str(values),
    ]

    def run() -> float:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=plan.seconds + 60,
            cwd=ROOT,
            env=environment(DATABASE_URL=url.uri()),
            preexec_fn=lambda: os.sched_setaffinity(0, {plan.cores.service}),
        )
        if done.returncode:
            raise BenchError(f"the raw statement of {workload.name} failed:\n{done.stderr[-2000:]}")
        return float(done.stdout)

    return run
