"""The operator's page in a browser: an Administrador logs in, plots are drawn and move; nobody else sees a figure."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from accessibility import violations
from browser import Tab, browser_tab
from specimens import PASSWORD

from service.http.files import FOREVER
from service.ops.page import STATIC

PLOTS = ("requests", "latency", "hit_rate", "bytes", "evictions", "pool", "staleness", "generations", "versions")
FORM = "document.getElementById('login')?.hidden === false"


async def log_in(tab: Tab, farm: Any, who: str) -> None:
    """Fill in the form and send it, as a person does."""
    row = farm.sql("SELECT identification FROM user WHERE id = %s", farm.people[who])[0]
    await until(tab, FORM)
    for name, value in (("identification", row["identification"]), ("password", PASSWORD)):
        await tab.evaluate(f"document.getElementById('{name}').value = {json.dumps(str(value))}")
    await tab.click("#login button")


async def until(tab: Tab, script: str, seconds: float = 60.0) -> Any:
    """The first value of `script` that is true."""
    async with asyncio.timeout(seconds):
        while True:
            if value := await tab.evaluate(script):
                return value
            await asyncio.sleep(0.1)


@pytest.fixture
async def tab() -> AsyncIterator[Tab]:
    async with browser_tab() as tab:
        yield tab


async def pixels(tab: Tab) -> str:
    """What is drawn in each plot, as JSON."""
    drawn = await tab.evaluate(
        "JSON.stringify([...document.querySelectorAll('#plots canvas')].map(one => one.toDataURL()))"
    )
    return str(drawn)


async def test_an_administrator_logs_in_and_plots_are_drawn_and_move(farm: Any, tab: Tab) -> None:
    where = str(farm.asking.client.make_url("/ops"))
    await tab.open(where)
    await until(tab, FORM)
    assert await violations(tab) == []
    await log_in(tab, farm, "admin")
    await until(tab, f"document.querySelectorAll('#plots canvas').length === {len(PLOTS)}")
    first = await pixels(tab)
    for number in range(3):
        assert (await farm.get("/species", f"limit={number + 1}")).status == 200
    await farm.create("species")
    for _ in range(2):
        seen = json.dumps(await tab.text("#status"))
        await until(tab, f"document.getElementById('status').innerText !== {seen}")
    # The axis of time moves with each look, so every plot has changed.
    pairs = zip(json.loads(first), json.loads(await pixels(tab)), strict=True)
    assert [number for number, (one, other) in enumerate(pairs) if one == other] == []
    described = json.loads(
        await tab.evaluate("JSON.stringify([...document.querySelectorAll('#plots canvas')].map(one => one.ariaLabel))")
    )
    assert len({text.split(":")[0] for text in described}) == len(PLOTS)
    assert await violations(tab) == []
    rows = json.loads(
        await tab.evaluate("JSON.stringify([...document.querySelectorAll('#rows th')].map(one => one.textContent))")
    )
    assert rows == sorted(["animal_diseases", "animals", "breeds", "diseases", "species", "user"])
    assert tab.complaints == []
    assert {one.split("/")[2] for one in tab.requests if not one.startswith("data:")} == {where.split("/")[2]}
    await tab.click("#leave")
    await until(tab, "!document.getElementById('login').hidden && document.getElementById('board').hidden")
    assert tab.complaints == []


async def test_it_speaks_spanish_and_english(farm: Any, tab: Tab) -> None:
    await tab.open(str(farm.asking.client.make_url("/ops")))
    await until(tab, FORM)
    seen = set()
    for _ in range(2):
        seen.add((await tab.evaluate("document.documentElement.lang"), await tab.text("#login h2")))
        await tab.click("#language")
    assert seen == {("es", "Entrar"), ("en", "Log in")}
    missing = await tab.evaluate(
        "import('/ops/files/words.js').then(({WORDS}) => JSON.stringify("
        "[Object.keys(WORDS.es).filter(key => !WORDS.en[key]), Object.keys(WORDS.en).filter(key => !WORDS.es[key])]))"
    )
    assert json.loads(missing) == [[], []]


async def test_it_fits_a_phone(farm: Any, tab: Tab) -> None:
    await tab.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    await tab.open(str(farm.asking.client.make_url("/ops")))
    await log_in(tab, farm, "admin")
    await until(tab, f"document.querySelectorAll('#plots canvas').length === {len(PLOTS)}")
    assert await tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert await violations(tab) == []
    assert tab.complaints == []


async def test_the_page_shows_nobody_else_a_figure(farm: Any, tab: Tab) -> None:
    for who, status in ((None, 401), ("apprentice", 403), ("instructor", 403), ("admin", 200)):
        assert (await farm.get("//ops/data", who=who)).status == status
    await tab.open(str(farm.asking.client.make_url("/ops")))
    await log_in(tab, farm, "apprentice")
    assert await until(tab, "document.getElementById('refused').textContent")
    assert await tab.evaluate("document.getElementById('board').hidden")


async def test_rates_and_quantiles_are_right(farm: Any, tab: Tab) -> None:
    await tab.open(str(farm.asking.client.make_url("/ops")))
    found = await tab.evaluate(
        "import('/ops/files/history.js').then(({hitRate, quantile, rate}) => JSON.stringify(["
        "quantile(0.5, [1, 2, 4], [0, 10, 0, 0]), quantile(0.95, [1, 2, 4], [50, 0, 50, 0]),"
        "quantile(0.99, [1, 2, 4], [0, 0, 0, 5]), quantile(0.5, [1], [0, 0]), quantile(1, [1, 2], [3, 1, 0]),"
        "rate(5, 25, 10), rate(25, 5, 10), rate(1, 2, 0), hitRate(3, 1), hitRate(0, 0)]))"
    )
    assert json.loads(found) == [1.5, pytest.approx(3.8), 4, None, 2, 2, None, None, 75, None]


async def test_what_it_shows_is_what_the_metrics_say(farm: Any) -> None:
    before = (await farm.get("//ops/data")).json
    await farm.get("/species", "limit=11")
    await farm.get("/species", "limit=11")
    await farm.create("species")
    after = (await farm.get("//ops/data")).json
    assert after["tables"]["species"]["hits"] >= before["tables"]["species"]["hits"] + 1
    for name in ("version", "generation"):
        assert after["tables"]["species"][name] > before["tables"]["species"][name]
    assert after["tables"]["species"]["rows"] == before["tables"]["species"]["rows"] + 1
    assert after["requests"]["application"] >= before["requests"]["application"] + 4
    assert sum(after["latency"]["classes"]) >= sum(before["latency"]["classes"]) + 4
    assert after["latency"]["seconds"] > before["latency"]["seconds"]
    assert after["workers"] >= 1
    assert after["pool"]["limit"] == 8


async def test_its_files_let_nothing_in_from_elsewhere(farm: Any) -> None:
    shell = (await farm.get("//ops", who=None)).body.decode()
    files = re.findall(r'(?:href|src)="(/[^"]+)"', shell)
    assert len(files) == 4
    for path in ("/ops", *files, *(f"/ops/files/{one.name}" for one in STATIC.glob("*.js"))):
        answer = await farm.get(f"/{path}", who=None)
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert not re.search(r"unsafe|http|\*", policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        kept_for_good = answer.headers["Cache-Control"] == FOREVER.cache_control
        assert kept_for_good is ("plotter-" in path)
        if "plotter-" not in path:
            assert not re.search(r"https?://|style=| on\w+=|<script>", answer.body.decode())


async def test_without_the_plotter_there_is_the_page(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.ops.page.PLOTTER", "a-package-that-nobody-has")
    from service.ops.page import OpsPage

    addresses = {route.path for route in OpsPage(None, None).routes()}  # type: ignore[arg-type]
    assert "/ops" in addresses
    assert not any("plotter-" in path for path in addresses)
