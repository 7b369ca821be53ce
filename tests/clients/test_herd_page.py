"""The herd page as a person uses it: log in, search, see what others change, work without a network and catch up."""

import json
import re
from collections.abc import AsyncIterator
from functools import partial

import pytest
from accessibility import violations
from browser import Browser, Tab, browser
from cut_proxy import CutProxy
from herdbook_client import Client
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess
from tables import table
from waiting import until

PHONE = (390, 844)
DESKTOP = (1280, 900)


@pytest.fixture(scope="module")
async def window(service: ServiceProcess) -> AsyncIterator[Browser]:
    """A browser without any session yet."""
    async with browser() as window:
        yield window


@pytest.fixture(scope="module")
async def proxy(service: ServiceProcess) -> AsyncIterator[CutProxy]:
    """What stands between the browser and the service, and can be cut."""
    async with CutProxy(service.host, service.port) as proxy:
        yield proxy


@pytest.fixture
async def tab(window: Browser, proxy: CutProxy) -> AsyncIterator[Tab]:
    """The page with the Administrador logged in, in English."""
    proxy.come_back()
    async with window.tab() as tab:
        await begin(tab, proxy.address)
        await log_in(tab)
        await shown(tab)
        yield tab
        assert tab.complaints == []


async def begin(tab: Tab, address: str) -> None:
    """Open the page, and see to it that it speaks English."""
    await tab.open(address)
    is_there = " || ".join(f"document.getElementById('{one}')?.hidden === false" for one in ("entrance", "herd"))
    await until(lambda: tab.evaluate(is_there))
    if await tab.evaluate("document.documentElement.lang") != "en":
        await tab.click("#language")


async def log_in(tab: Tab, name: str = str(ADMINISTRATOR), password: str = PASSWORD) -> None:
    """Log in where nobody is."""
    if await tab.evaluate("!document.getElementById('entrance').hidden"):
        await tab.fill("#identification", name)
        await tab.fill("#password", password)
        await tab.click("#login button")


async def shown(tab: Tab) -> None:
    """Until the herd is shown and up to date."""
    await until(lambda: tab.evaluate("document.querySelectorAll('#rows tr').length > 0"))
    await until(lambda: tab.evaluate("document.getElementById('state').textContent === 'Up to date'"))


async def records(tab: Tab) -> list[str]:
    """The records of the rows shown, in their order."""
    found: list[str] = await tab.evaluate("[...document.querySelectorAll('#rows .tag')].map(one => one.textContent)")
    return found


def cell(record: str, column: int) -> str:
    """The text of a cell of the animal's row, as an expression of the page."""
    is_it = f"row => row.querySelector('.tag').textContent === {json.dumps(record)}"
    return f"[...document.querySelectorAll('#rows tr')].find({is_it})?.children[{column}].textContent"


async def test_a_wrong_password_is_told_and_a_right_one_lets_in(window: Browser, proxy: CutProxy) -> None:
    async with window.tab() as tab:
        await begin(tab, proxy.address)
        await log_in(tab, password="wrong")
        assert await tab.text("#refusal")
        assert await violations(tab) == []
        tab.complaints.clear()  # the browser's own line about the 401
        await log_in(tab)
        await shown(tab)
        assert len(await records(tab)) == 50
        assert tab.complaints == []


async def test_a_reload_needs_no_login_and_the_whole_herd_is_there(service: ServiceProcess, tab: Tab) -> None:
    total = len(table(service.url, "animals"))
    assert await tab.text("#count") == f"{total} animals"
    await tab.click("#more")
    assert len(await records(tab)) == 250


async def test_search_and_filters_find_animals(service: ServiceProcess, tab: Tab) -> None:
    rows = table(service.url, "animals")
    wanted = rows[17]["record"]
    await tab.fill("#search", f" {wanted.lower()[4:]}  {wanted[:3]}")
    assert await records(tab) == [wanted]
    await tab.fill("#search", "")
    await tab.fill("#status", "Muerto")
    dead = [row["record"] for row in rows if row["status"] == "Muerto"]
    assert sorted(await records(tab)) == sorted(dead)[:50] or len(dead) > 50
    assert await tab.text("#count") == f"{len(dead)} of {len(rows)} animals"
    await tab.fill("#search", "no such animal")
    assert await tab.text("#none") == "No animal is like that."
    assert await violations(tab) == []


async def test_columns_sort_by_keyboard_too(service: ServiceProcess, tab: Tab) -> None:
    await tab.evaluate("document.querySelector('#columns th:nth-child(6) button').focus()")
    await tab.press("Enter")
    heaviest = sorted(table(service.url, "animals"), key=lambda row: (row["weight"], row["id"]), reverse=True)
    assert await records(tab) == [row["record"] for row in heaviest[:50]]
    assert await tab.evaluate("document.activeElement.closest('th')?.ariaSort") == "descending"
    await tab.press("Enter")
    assert await tab.evaluate("document.activeElement.closest('th')?.ariaSort") == "ascending"


async def test_what_another_client_changes_appears_by_itself(service: ServiceProcess, client: Client, tab: Tab) -> None:
    animal = table(service.url, "animals")[30]
    await client.update("animals", animal["id"], {"weight": 1234})
    await until(lambda: tab.evaluate(f"({cell(animal['record'], 5)}) === '1,234 kg'"))
    assert (await records(tab))[0] == animal["record"]
    assert await tab.text("#news") == f"Changed: {animal['record']}"


async def test_an_edit_in_one_window_appears_in_another(
    window: Browser, proxy: CutProxy, service: ServiceProcess, tab: Tab
) -> None:
    animal = table(service.url, "animals")[31]
    async with window.tab() as other:
        await begin(other, proxy.address)
        await shown(other)
        await edit(other, animal["record"], weight="777")
        await until(lambda: tab.evaluate(f"({cell(animal['record'], 5)}) === '777 kg'"))
        assert other.complaints == []
    assert table(service.url, "animals")[31]["weight"] == 777


async def edit(tab: Tab, record: str, **fields: str) -> None:
    """Open an animal, change fields and save, as a person does."""
    await tab.fill("#search", record)
    await until(lambda: tab.evaluate(f"({cell(record, 0)}) !== undefined"))
    await tab.click("#rows .tag")
    for name, value in fields.items():
        await tab.fill(f"#form [name={name}]", value)
    await tab.click("#save")
    await tab.fill("#search", "")


async def test_an_edit_without_a_network_waits_and_is_sent(
    service: ServiceProcess, proxy: CutProxy, client: Client, tab: Tab
) -> None:
    first, second = table(service.url, "animals")[40:42]
    proxy.go_away()
    await until(lambda: tab.evaluate("document.getElementById('state').textContent === 'Offline'"))
    await edit(tab, first["record"], weight="411")
    await edit(tab, second["record"], weight="421", status="Vendido")
    await until(lambda: tab.evaluate("document.querySelectorAll('#writes li').length === 2"))
    assert await tab.text("#waiting-title") == "2 changes wait"
    await tab.fill("#search", first["record"])
    assert await tab.evaluate(cell(first["record"], 5)) == "411 kg"
    assert await violations(tab) == []
    assert table(service.url, "animals")[40]["weight"] == first["weight"]
    await client.update("animals", second["id"], {"weight": 499})
    tab.complaints.clear()  # the browser's own lines about the network
    proxy.come_back()
    await until(lambda: tab.evaluate("document.getElementById('state').textContent === 'Up to date'"))
    await until(lambda: table(service.url, "animals")[40]["weight"] == 411)
    why = await tab.text("#writes .why")
    assert why == "Somebody else changed the same: Weight: 499 kg."
    assert table(service.url, "animals")[41]["weight"] == 499
    await tab.click("#writes button")  # save mine
    await until(lambda: table(service.url, "animals")[41]["weight"] == 421)
    await until(lambda: tab.evaluate("document.getElementById('waiting').hidden"))
    assert table(service.url, "animals")[41]["status"] == "Vendido"
    tab.complaints.clear()


async def test_the_page_begins_without_a_network(proxy: CutProxy, tab: Tab) -> None:
    await until(
        lambda: tab.evaluate("navigator.serviceWorker.ready.then(() => Boolean(navigator.serviceWorker.controller))")
    )
    await tab.call("Page.reload")
    await shown(tab)
    proxy.go_away()
    await tab.call("Page.reload")
    await until(lambda: tab.evaluate("document.querySelectorAll('#rows tr').length === 50"))
    await until(lambda: tab.evaluate("document.getElementById('state').textContent === 'Offline'"))
    proxy.come_back()
    await until(lambda: tab.evaluate("document.getElementById('state').textContent === 'Up to date'"))
    tab.complaints.clear()


async def test_a_new_animal_is_added_and_a_refusal_is_told(service: ServiceProcess, tab: Tab) -> None:
    await tab.click("#new")
    assert await violations(tab) == []
    known = table(service.url, "animals")[0]
    for record in ("PAGE-0001", known["record"]):
        if record != "PAGE-0001":
            await tab.click("#new")
        await tab.fill("#record", record)
        await tab.fill("#breed", str(known["breeds_id"]))
        await tab.fill("#form [name=sex]", "Hembra")
        await tab.fill("#birth", "2025-01-31")
        await tab.fill("#weight", "200")
        await tab.click("#save")
    await until(lambda: tab.evaluate(f"({cell('PAGE-0001', 5)}) === '200 kg'"))
    assert (await tab.text("#writes .why")).startswith("It could not be saved: ")
    await tab.click("#writes button")
    await until(lambda: tab.evaluate("document.getElementById('waiting').hidden"))
    assert [row["record"] for row in table(service.url, "animals")].count("PAGE-0001") == 1
    tab.complaints.clear()  # the browser's own line about the 409


async def test_an_animal_is_read_and_its_parents_followed(service: ServiceProcess, tab: Tab) -> None:
    rows = {row["id"]: row for row in table(service.url, "animals")}
    child = next(row for row in rows.values() if row["idMother"])
    await tab.fill("#search", child["record"])
    await until(lambda: tab.evaluate(f"({cell(child['record'], 0)}) !== undefined"))
    await tab.evaluate("document.querySelector('#rows .tag').focus()")
    await tab.press("Enter")
    assert await tab.text("#record-title") == child["record"]
    assert await violations(tab) == []
    await tab.evaluate("[...document.querySelectorAll('#facts .tag')].at(-1).click()")
    assert await tab.text("#record-title") == rows[child["idMother"]]["record"]
    await tab.press("Escape")
    assert await tab.evaluate("document.getElementById('animal').open") is False
    assert await tab.evaluate("document.activeElement.textContent") == child["record"]
    await tab.fill("#search", "")


async def test_who_may_not_change_reads(service: ServiceProcess, client: Client) -> None:
    await client.create(
        "users",
        {
            "identification": 4242,
            "fullname": "Una aprendiz",
            "email": "aprendiz@example.org",
            "phone": "4242",
            "password": "Aprende-de-4242",
            "role": "Aprendiz",
        },
    )
    async with browser() as window, window.tab() as tab:
        await begin(tab, f"http://{service.host}:{service.port}")
        await log_in(tab, "4242", "Aprende-de-4242")
        await tab.click("#rows .tag")
        assert await tab.text("#rights") == "Only an administrator changes an animal."
        assert await tab.evaluate("document.getElementById('fields').disabled")
        assert await violations(tab) == []
        assert tab.complaints == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_it_fits_and_is_accessible(tab: Tab, size: tuple[int, int]) -> None:
    await tab.resize(*size)
    for scheme in ("light", "dark"):
        await tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        assert await violations(tab) == []
    assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await tab.click("#rows .tag")
    assert await violations(tab) == []
    assert await tab.evaluate("document.getElementById('animal').getBoundingClientRect().right <= innerWidth")
    await tab.click("#close")


async def test_it_speaks_spanish(tab: Tab) -> None:
    await tab.click("#language")
    assert await tab.evaluate("document.documentElement.lang") == "es"
    assert await tab.text("#title") == "Animales"
    assert await tab.text("#state") == "Al día"
    assert await tab.evaluate("document.getElementById('search').placeholder") == "Registro, raza o especie"
    assert await violations(tab) == []
    await tab.click("#language")


async def test_all_that_is_loaded_is_ours_and_nothing_else_may_be(proxy: CutProxy, tab: Tab) -> None:
    assert [one for one in tab.requests if not one.startswith((proxy.address, "data:"))] == []
    said = await tab.evaluate("fetch('/').then(answer => answer.headers.get('Content-Security-Policy'))")
    assert "default-src 'none'" in said
    assert "unsafe" not in said
    page = await tab.evaluate("fetch('/').then(answer => answer.text())")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page)


async def test_logging_out_leaves_nothing_behind(service: ServiceProcess) -> None:
    async with browser() as window, window.tab() as tab, window.tab() as other:
        await begin(tab, f"http://{service.host}:{service.port}")
        await log_in(tab)
        await shown(tab)
        await begin(other, f"http://{service.host}:{service.port}")
        await shown(other)
        await tab.click("#leave")
        for one in (tab, other):
            await until(partial(one.evaluate, "!document.getElementById('entrance').hidden"))
        await until(lambda: tab.evaluate("indexedDB.databases().then(all => all.length === 0)"))
        assert await tab.evaluate("document.cookie") == ""
        assert await tab.evaluate("localStorage.getItem('herdbook user')") is None
        assert tab.complaints == []
