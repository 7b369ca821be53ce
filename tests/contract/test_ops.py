"""What the service says of itself: its health, and what its cache does."""

import logging
from dataclasses import replace
from typing import Any

import pytest
from by_hand import changes_by_hand_are_known

from service.app import create_app
from service.parts import PARTS
from service.settings import Settings


@pytest.fixture
async def client(aiohttp_client: Any, farm: Any) -> Any:
    """A client of an application of its own on the farm's database."""
    small: Settings = replace(farm.settings, pool_size=2, pool_overflow=2)
    client = await aiohttp_client(await create_app(small))
    await changes_by_hand_are_known(client.app)
    return client


@pytest.mark.parametrize("path", ["/health", "/health/", "/api/v1/health", "/api/v1/health/"])
async def test_health_names_the_services(client: Any, path: str) -> None:
    answer = await client.get(path)
    said = await answer.json()
    assert (answer.status, said["success"], said["status"]) == (200, True, "healthy")
    assert said["services"] == {"database": "healthy", "ledger_watch": "healthy", "disk": "healthy"}
    assert {"timestamp", "uptime_seconds", "version"} <= said.keys()


async def test_health_without_a_database_is_503(client: Any) -> None:
    database = client.app[PARTS].database
    before, database.pool._door._connect = database.pool._door._connect, _unreachable
    try:
        while database.pool._idle:
            database.pool._idle.pop().close()
        answer = await client.get("/health")
        said = await answer.json()
        assert (answer.status, said["success"], said["status"]) == (503, False, "unhealthy")
    finally:
        database.pool._door._connect = before


async def _unreachable() -> Any:
    from service.db.errors import Unreachable

    raise Unreachable("no answer")


async def test_cache_stats_are_for_an_administrator(client: Any, farm: Any) -> None:
    assert (await client.get("/debug/cache-stats")).status == 401
    token = {"Authorization": f"Bearer {farm.asking.tokens['apprentice']}"}
    assert (await client.get("/debug/cache-stats", headers=token)).status == 403
    token = {"Authorization": f"Bearer {farm.asking.tokens['admin']}"}
    said = await (await client.get("/debug/cache-stats", headers=token)).json()
    assert {"hits", "misses", "hit_rate", "evictions", "bytes", "entries"} <= said["cache"]["tables"]["species"].keys()


async def test_hits_and_misses_are_counted_for_each_table(client: Any) -> None:
    stats = client.app[PARTS].cache.table("species").stats
    before = (stats.hits, stats.misses)
    for _ in range(3):
        assert (await client.get("/api/v1/species?limit=7")).status == 200
    assert (stats.hits, stats.misses) == (before[0] + 2, before[1] + 1)


async def test_a_write_clears_the_pages_of_its_table_and_says_so(
    client: Any, farm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = {"Authorization": f"Bearer {farm.asking.tokens['admin']}"}
    for page in (1, 2):
        await client.get(f"/api/v1/species?limit=5&page={page}")
    with caplog.at_level(logging.INFO, "herdbook.cache"):
        answer = await client.post("/api/v1/species", json=await farm.new("species"), headers=token)
        assert answer.status == 201
    assert "Cache cleared for species: 2 entries invalidated" in caplog.messages


async def test_an_administrator_may_ask_past_the_cache(client: Any, farm: Any) -> None:
    stats = client.app[PARTS].cache.table("species").stats
    token = {"Authorization": f"Bearer {farm.asking.tokens['admin']}", "Cache-Control": "no-store"}
    before = (stats.hits, stats.misses)
    assert (await client.get("/api/v1/species?limit=9", headers=token)).status == 200
    assert (stats.hits, stats.misses) == before


async def health(client: Any) -> dict[str, Any]:
    """What /health says, which must be 200."""
    answer = await client.get("/health")
    assert answer.status == 200
    said: dict[str, Any] = await answer.json()
    return said


async def test_it_lives_and_is_ready(client: Any) -> None:
    for path, status in (("/livez", "alive"), ("/readyz", "ready"), ("/livez/", "alive"), ("/readyz/", "ready")):
        answer = await client.get(path)
        assert (answer.status, (await answer.json())["status"]) == (200, status)


async def test_without_a_database_it_lives_and_is_not_ready(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = client.app[PARTS].database.pool
    monkeypatch.setattr(pool._door, "_connect", _unreachable)
    while pool._idle:
        pool._idle.pop().close()
    assert (await client.get("/livez")).status == 200
    answer = await client.get("/readyz")
    assert (answer.status, (await answer.json())["reasons"]) == (503, ["database: Unreachable"])


async def test_a_full_disk_is_told_of(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.ops.health.LEAST_ROOM", 1 << 62)
    said = await health(client)
    assert said["status"] == "degraded"
    assert said["reasons"][0].startswith("disk: ")
    assert said["reasons"][0].endswith(" MiB left")


async def test_a_watch_that_is_late_is_told_of(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(client.app[PARTS].watch), "staleness", property(lambda _: 99.0))
    said = await health(client)
    assert (said["status"], said["reasons"]) == ("degraded", ["ledger_watch: not read for 99.0 s"])
    assert said["staleness_seconds"] == 99.0
