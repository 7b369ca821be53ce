"""/metrics tells of all workers of a host whichever answers, also of the killed, and of what watches them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from service_process import ROOT, ServiceProcess

ROUTE = {"method": "GET", "route": "/api/v1/diseases", "status": "200"}


@pytest.fixture(scope="module")
def service(make_database: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with ServiceProcess(make_database(), tmp_path_factory.mktemp("service"), workers=2) as service:
        yield service


def figure(service: ServiceProcess, name: str, **labels: str) -> float:
    """The sum of the samples of this name that have these labels."""
    return sum(
        one.value
        for family in text_string_to_metric_families(service.get("/metrics").decode())
        for one in family.samples
        if one.name == name and labels.items() <= one.labels.items()
    )


def counted(service: ServiceProcess) -> float:
    return figure(service, "herdbook_http_requests_total", **ROUTE)


def test_every_worker_tells_the_sum_and_it_never_goes_back(service: ServiceProcess) -> None:
    before = last = counted(service)
    for number in range(40):
        service.get("/api/v1/diseases?limit=3")
        now = counted(service)
        assert last <= now <= before + number + 1
        last = now
    # Whoever is not asked keeps its counts within a second.
    service.wait_until(lambda: counted(service) == before + 40)
    assert figure(service, "herdbook_workers") == 2


def test_what_a_killed_worker_has_counted_is_carried_on(service: ServiceProcess) -> None:
    before = counted(service)
    for _ in range(20):
        service.get("/api/v1/diseases?limit=3")
    service.wait_until(lambda: counted(service) == before + 20)
    (victim, *_) = service.worker_pids()
    os.kill(victim, signal.SIGKILL)
    service.wait_for_workers(but_not=victim)
    assert counted(service) == before + 20
    assert figure(service, "herdbook_workers") == 2


def test_the_witness_and_the_audit_count_what_they_find(service: ServiceProcess) -> None:
    pages, audits = figure(service, "herdbook_witness_pages_total"), figure(service, "herdbook_audits_total")
    assert audits >= 1  # that of the start
    for arguments in (["audit"], ["audit", "--watch", "1"]):
        run(service, *arguments)
    assert figure(service, "herdbook_witness_pages_total") > pages
    assert figure(service, "herdbook_witness_compared_total") > 0
    assert figure(service, "herdbook_witness_breaches_total") == 0
    assert figure(service, "herdbook_audits_total") == audits + 1
    assert figure(service, "herdbook_audit_differences_total") == 0


def run(service: ServiceProcess, *arguments: str) -> None:
    """A command beside the running service."""
    done = subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=Path(ROOT),
        env=service._environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
