"""No read is older than the last answered write: held against the recorded history of four workers under load."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from checker import check
from load import Recorder, make_clients
from service_process import ServiceProcess

OPERATIONS = 50_000
A_FEW = 5_000
CLIENTS = 16
MUTANTS = Path(__file__).parent / "mutants"
StartService = Callable[..., ServiceProcess]


async def record(service: ServiceProcess, operations: int = OPERATIONS, *, seed: int = 1) -> Recorder:
    """What sixteen clients are told in so many operations."""
    recorder = Recorder()
    recorder.begin(service.url)
    clients = make_clients((service.host, service.port, service.token), recorder, count=CLIENTS, seed=seed)
    try:
        await asyncio.gather(*(client.run(operations // CLIENTS) for client in clients))
    finally:
        for client in clients:
            await client.close()
    return recorder


async def test_no_read_is_older_than_the_last_answered_write(start_service: StartService) -> None:
    service = start_service()
    recorder = await record(service)
    history = recorder.history(service.url)
    breaches = check(history)
    assert not breaches, "\n".join(map(str, breaches[:10]))

    # It was the load that was meant: everything worked, was mixed, and came from four workers and their caches.
    assert sum(recorder.statuses.values()) >= OPERATIONS
    assert set(recorder.statuses) <= {200, 201, 304, 404, 409}, recorder.refused[:3]
    assert not recorder.refused
    assert len(recorder.workers) >= 4
    assert min(recorder.workers.values()) > OPERATIONS // 100
    written = [one for one in history if one.kind == "write" and one.end and "/" not in one.table]
    assert len(written) > OPERATIONS // 10
    assert {one.table for one in written} == {"species", "breeds", "animals", "diseases", "animal_diseases", "user"}
    assert recorder.statuses[304] > OPERATIONS // 20
    assert recorder.statuses[404] > 0
    hits = sum(said["cache"]["total"]["hits"] for said in service.cache_stats().values())
    assert hits > OPERATIONS // 20


async def test_in_coherence_with_the_database_writes_by_hand_count_at_once(start_service: StartService) -> None:
    service = start_service(HERDBOOK_COHERENCE="database", HERDBOOK_POLL_MS="60000")
    recorder = Recorder()
    recorder.begin(service.url)
    clients = make_clients((service.host, service.port, service.token), recorder, count=CLIENTS, write_share=0.1)
    asking = asyncio.gather(*(client.run(A_FEW // CLIENTS) for client in clients))
    by_hand = 0
    try:
        while not asking.done():
            await asyncio.to_thread(recorder.wrote_by_hand, service.url, 2 + by_hand % 4, f"by hand {by_hand}")
            by_hand += 1
        await asking
    finally:
        for client in clients:
            await client.close()
    assert by_hand > 50
    breaches = check(recorder.history(service.url))
    assert not breaches, "\n".join(map(str, breaches[:10]))
    hits = sum(said["cache"]["total"]["hits"] for said in service.cache_stats().values())
    assert hits > A_FEW // 25


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
    for seed in range(4):  # no more than the test above asks in all
        recorder = await record(service, A_FEW, seed=seed)
        found = {breach.rule for breach in check(recorder.history(service.url))}
        if found & rules:
            return
    pytest.fail(f"{mutant} was not found out")
