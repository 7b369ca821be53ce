"""No read is older than the last answered write: held against the recorded history of four workers under load."""

import asyncio
from collections.abc import Callable

from checker import check
from load import CLIENTS, Recorder, make_clients, recorded
from service_process import ServiceProcess

OPERATIONS = 50_000
A_FEW = 5_000
StartService = Callable[..., ServiceProcess]


async def test_no_read_is_older_than_the_last_answered_write(start_service: StartService) -> None:
    service = start_service()
    recorder = await recorded(service, OPERATIONS)
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
