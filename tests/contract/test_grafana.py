"""The dashboard for Grafana asks for metrics, labels and values that /metrics gives, and leaves none of them out."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.ops.families import FAMILIES, Kind

DASHBOARD = Path(__file__).resolve().parents[2] / "docs" / "grafana" / "herdbook.json"
TOKEN = "prometheus-reads-with-this"
# What Prometheus adds to every series, and what a histogram has of itself.
ADDED = {"job", "instance", "le"}


@pytest.fixture(scope="module")
def panels() -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return said


def questions(panels: list[dict[str, Any]]) -> list[str]:
    """What every panel asks of Prometheus."""
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.fixture
async def given(aiohttp_client: Any, farm: Any, tmp_path: Path) -> dict[str, set[str]]:
    """The samples that /metrics has after a few requests: name → its labels."""
    settings = replace(farm.settings, metrics_token=TOKEN, data_dir=tmp_path, pool_size=2, pool_overflow=2)
    client = await aiohttp_client(await create_app(settings))
    await client.get("/api/v1/species")
    await client.post("/api/v1/users/public", json={})
    text = await (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_every_metric_asked_for_is_given(given: dict[str, set[str]], panels: list[dict[str, Any]]) -> None:
    # Errors have a series once there was one.
    known = given.keys() | {f"{one.name}_total" for one in FAMILIES if one.kind is Kind.COUNT}
    for question in questions(panels):
        asked = set(re.findall(r"herdbook_\w+", question))
        assert asked
        assert asked <= known, question


async def test_every_label_asked_for_is_one_of_its_metric(
    given: dict[str, set[str]], panels: list[dict[str, Any]]
) -> None:
    of_family = {f"{one.name}_total": set(one.labels) for one in FAMILIES}
    for panel in panels:
        for target in panel["targets"]:
            names = re.findall(r"herdbook_\w+", target["expr"])
            labels = set.union(*(given.get(name, set()) | of_family.get(name, set()) for name in names)) | ADDED
            grouped = {one for group in re.findall(r"by \(([^)]*)\)", target["expr"]) for one in group.split(", ")}
            matched = set(re.findall(r"[{,](\w+)=~?\"", target["expr"]))
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert grouped | matched | shown <= labels, target


def test_every_family_is_on_the_dashboard(panels: list[dict[str, Any]]) -> None:
    asked = {name for question in questions(panels) for name in re.findall(r"herdbook_\w+", question)}
    shown_elsewhere = {
        "herdbook_cache_shared_fills",
        "herdbook_cache_entries",
        "herdbook_cache_pages",
        "herdbook_memo_hits",
        "herdbook_memo_heads",
        "herdbook_ledger_version",
        "herdbook_witness_pages",
        "herdbook_witness_compared",
        "herdbook_audits",
    }
    missing = {one.name for one in FAMILIES if not any(name.startswith(one.name) for name in asked)}
    assert missing == shown_elsewhere


def test_panels_do_not_overlap_and_have_numbers_of_their_own(panels: list[dict[str, Any]]) -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(panels) == len({panel["id"] for panel in panels})
