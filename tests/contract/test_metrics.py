"""/metrics: what it counts, for whom, and that no client can make it grow."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from by_hand import changes_by_hand_are_known
from prometheus_client.parser import text_string_to_metric_families
from raw import serving

from service.app import create_app
from service.db import errors
from service.db.errors import DatabaseError
from service.ops.families import FAMILIES
from service.parts import PARTS
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "prometheus-reads-with-this"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def own(farm: Any, tmp_path: Any) -> Settings:
    """Settings of an application with a data folder of its own on the farm's database."""
    settings: Settings = replace(farm.settings, pool_size=2, pool_overflow=2, data_dir=tmp_path, metrics_token=TOKEN)
    return settings


@pytest.fixture
async def client(aiohttp_client: Any, own: Settings) -> Any:
    """A client of that application."""
    client = await aiohttp_client(await create_app(own))
    await changes_by_hand_are_known(client.app)
    return client


def samples_of(text: str) -> Samples:
    """Every sample of an exposition by its name and labels."""
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


async def samples(client: Any) -> Samples:
    """What /metrics says now."""
    answer = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200
    return samples_of(await answer.text())


def of(found: Samples, name: str, **labels: str) -> float:
    """One sample; 0 where there is none."""
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


async def test_it_is_for_the_token_and_for_an_administrator(client: Any, farm: Any) -> None:
    for bearer, status in (
        (None, 401),
        ("not-the-token-of-the-setting", 401),
        (farm.asking.tokens["apprentice"], 403),
        (farm.asking.tokens["instructor"], 403),
        (farm.asking.tokens["admin"], 200),
        (TOKEN, 200),
    ):
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        for path in ("/metrics", "/metrics/"):
            answer = await client.get(path, headers=headers)
            assert answer.status == status, bearer
            assert answer.headers["Cache-Control"] == "no-store"


async def test_without_a_token_set_none_opens_it(aiohttp_client: Any, own: Settings) -> None:
    client = await aiohttp_client(await create_app(replace(own, metrics_token=None)))
    for bearer in ("", "None", TOKEN):
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {bearer}"})).status == 401


async def test_the_token_opens_nothing_else(client: Any) -> None:
    for path in ("/api/v1/users", "/api/v1/animals", "/debug/cache-stats"):
        assert (await client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})).status == 401


async def test_both_formats_of_prometheus_are_given(client: Any) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    plain = await client.get("/metrics", headers=headers)
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    opened = await client.get("/metrics", headers={**headers, "Accept": "application/openmetrics-text;version=1.0.0"})
    assert opened.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert (await opened.text()).endswith("# EOF\n")


async def test_every_family_is_declared_with_its_help(client: Any) -> None:
    text = await (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text()
    told = {family.name: family.documentation for family in text_string_to_metric_families(text)}
    assert {one.name: one.says for one in FAMILIES}.items() <= told.items()


def test_every_family_and_every_kind_of_error_is_in_the_docs() -> None:
    text = (ROOT / "docs" / "running.md").read_text("utf-8")
    named = set(re.findall(r"`((?:herdbook)?_[a-z_]+)`", text))
    stems = {one.removesuffix("_total") for one in named}
    assert [one.name for one in FAMILIES if not any(one.name.endswith(stem) for stem in stems)] == []
    kinds = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, DatabaseError)}
    assert {kind for kind in kinds if f"`{kind}`" not in text} == set()


async def test_requests_are_counted_by_route_and_status(client: Any) -> None:
    before = await samples(client)
    for path, told in (("/api/v1/species?limit=3", 200), ("/api/v1/species/987654321", 404), ("/nowhere/1", 404)):
        assert (await client.get(path)).status == told
    after = await samples(client)
    for route, status in (("/api/v1/species", "200"), ("/api/v1/species/{id}", "404"), ("none", "404")):
        labels = {"method": "GET", "route": route, "status": status, "answered_by": "application"}
        name = "herdbook_http_requests_total"
        assert of(after, name, **labels) == of(before, name, **labels) + 1
        name, labels = "herdbook_http_request_duration_seconds_count", {"method": "GET", "route": route}
        assert of(after, name, **labels) == of(before, name, **labels) + 1


async def test_a_hundred_odd_paths_and_methods_make_no_more_series(client: Any) -> None:
    await client.get("/odd/0")
    await client.request("BREW0", "/api/v1/species")
    before = await samples(client)
    for number in range(1, 100):
        await client.get(f"/odd/{number}?x={number}")
        await client.request(f"BREW{number}", "/api/v1/species")
        await client.get("/api/v1/species", params={"search": f"cow {number}"})
    after = await samples(client)
    new = {key for key in after.keys() - before.keys() if key[0].startswith("herdbook_http_requests")}
    assert len(new) <= 2  # the list of species, and /metrics itself


async def test_hits_misses_entries_and_bytes_are_told_for_each_table(client: Any) -> None:
    for _ in range(3):
        await client.get("/api/v1/species?limit=7")
    found = await samples(client)
    assert of(found, "herdbook_cache_hits_total", table="species") == 2
    assert of(found, "herdbook_cache_misses_total", table="species") == 1
    assert of(found, "herdbook_cache_entries", table="species") == 1
    assert of(found, "herdbook_cache_bytes", table="species") > 100
    assert of(found, "herdbook_cache_evictions_total", table="species") == 0


async def test_what_the_memo_answers_is_counted_under_its_route(own: Settings) -> None:
    head = b"GET /api/v1/species?limit=4 HTTP/1.1\r\nHost: farm\r\n\r\n"
    metrics = f"GET /metrics HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    async with serving(own, memo=True) as served, served.connect() as connection:
        for _ in range(5):
            assert (await connection.ask(head)).status == 200
        found = samples_of((await connection.ask(metrics)).body.decode())
    labels = {"method": "GET", "route": "/api/v1/species", "status": "200"}
    assert of(found, "herdbook_http_requests_total", answered_by="memo", **labels) == 4
    assert of(found, "herdbook_http_requests_total", answered_by="application", **labels) == 1
    assert of(found, "herdbook_memo_hits_total") == 4
    assert of(found, "herdbook_memo_heads") == 1


async def test_connections_and_those_that_were_cut_are_told(own: Settings) -> None:
    metrics = f"GET /metrics HTTP/1.1\r\nHost: farm\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    async with serving(own, memo=True) as served, served.connect() as first, served.connect() as second:
        too_long = b"GET /api/v1/species HTTP/1.1\r\nHost: farm\r\n" + 90 * (b"X-Long: " + 500 * b"x" + b"\r\n")
        assert (await first.ask(too_long)).status == 431
        found = samples_of((await second.ask(metrics)).body.decode())
    assert of(found, "herdbook_client_connections_cut_total", reason="head size") == 1
    assert of(found, "herdbook_client_connections") >= 1


async def test_the_pool_its_refusals_and_the_errors_of_the_database_are_told(client: Any) -> None:
    database, statements = client.app[PARTS].database, client.app[PARTS].statements
    async with database.pool.lend() as connection:
        with pytest.raises(DatabaseError):
            async with database.pool.lend() as other:
                await other.send("SELECT nothing FROM nowhere")
        found = await samples(client)
        assert of(found, "herdbook_pool_connections", state="in_use") >= 1
        assert (await connection.run(statements.get("server/ping"))).rows
    assert of(found, "herdbook_pool_limit") == 4
    assert of(found, "herdbook_pool_waiting") == 0
    assert of(found, "herdbook_database_errors_total", kind="DatabaseError") == 1


async def test_a_write_counts_in_generation_and_ledger(client: Any, farm: Any) -> None:
    before = await samples(client)
    headers = {"Authorization": f"Bearer {farm.asking.tokens['admin']}"}
    assert (await client.post("/api/v1/species", json=await farm.new("species"), headers=headers)).status == 201
    after = await samples(client)
    for name in ("herdbook_ledger_version", "herdbook_ledger_rows", "herdbook_generation_writes_total"):
        assert of(after, name, table="species") > of(before, name, table="species"), name
    assert of(after, "herdbook_ledger_staleness_seconds") < 60


async def test_without_a_database_the_rest_is_told(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    database = client.app[PARTS].database

    async def unreachable(*_: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(database, "read", unreachable)
    found = await samples(client)
    assert of(found, "herdbook_pool_limit") == 4
    assert not any(name == "herdbook_ledger_version" for name, _ in found)


async def test_no_room_for_the_counts_is_survived(client: Any, own: Settings, caplog: pytest.LogCaptureFixture) -> None:
    folder = own.data_dir / "metrics"
    figures = client.app[PARTS].figures
    (kept,) = [path for path in folder.glob("*.json") if path.stem != "gone"]
    partial = kept.with_suffix(".partial")
    partial.mkdir()  # as good as a disk without room: the file cannot be written
    for _ in range(3):
        figures.keep()
    assert (await client.get("/api/v1/species?limit=2")).status == 200
    assert of(await samples(client), "herdbook_pool_limit") == 4
    assert len([text for text in caplog.messages if "cannot be kept" in text]) == 1
    partial.rmdir()


async def test_no_secret_is_in_it(client: Any, farm: Any, own: Settings) -> None:
    await client.get("/api/v1/animals", headers={"Authorization": f"Bearer {farm.asking.tokens['admin']}"})
    text = await (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text()
    for secret in (TOKEN, own.secret_key, own.database.password, farm.asking.tokens["admin"]):
        assert secret
        assert secret not in text
