"""A service that is broken on purpose is found out by the load and the checker that find the whole one exact."""

from collections.abc import Callable
from pathlib import Path

import pytest
from checker import check
from load import recorded
from service_process import ServiceProcess

A_FEW = 1_000
MUTANTS = Path(__file__).parent / "mutants"
StartService = Callable[..., ServiceProcess]


@pytest.mark.parametrize(
    ("mutant", "rules"),
    [
        ("no_generation_check", {"stale", "backwards"}),
        ("token_after_query", {"stale", "backwards"}),
        ("finished_before_commit", {"stale", "backwards"}),
        ("started_after_commit", {"backwards"}),
    ],
)
async def test_a_service_broken_on_purpose_is_found_out(
    start_service: StartService, mutant: str, rules: set[str]
) -> None:
    service = start_service(imported_first=MUTANTS, EXACTNESS_MUTANT=mutant)
    for seed in range(20):  # no more than the whole service is asked in test_history.py
        recorder = await recorded(service, A_FEW, seed=seed)
        found = {breach.rule for breach in check(recorder.history(service.url))}
        if found & rules:
            return
    pytest.fail(f"{mutant} was not found out")
