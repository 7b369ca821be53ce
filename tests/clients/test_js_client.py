"""The JavaScript client in a browser against a real service: sessions, copies that are the table, writes that wait."""

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from browser import Tab, browser_tab
from herdbook_client import Client
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess
from tables import run, table
from waiting import until

START = """
(async () => {
  const herdbook = await import('/clients/js/herdbook.js');
  const client = new herdbook.Herdbook({language: 'en', patience: 0});
  Object.assign(window, herdbook, {client});
  if (!client.hasSession) await client.logIn(%d, %s);
  window.fresh = async () => {
    window.copy?.close();
    window.copy = await Copy.open(String(Math.random()));
    window.outbox = new Outbox(copy);
    window.mirror = new Mirror(client, copy, {every: 100});
  };
  await fresh();
})()
"""


@pytest.fixture(scope="module")
async def tab(service: ServiceProcess) -> AsyncIterator[Tab]:
    """A page of the service in a browser that is logged in, with the client at hand and an empty copy."""
    async with browser_tab() as tab:
        await tab.open(f"http://{service.host}:{service.port}/docs/problems")
        await tab.text("h1")
        await tab.evaluate(START % (ADMINISTRATOR, json.dumps(PASSWORD)))
        yield tab


@pytest.fixture(autouse=True)
async def empty_copy(tab: Tab) -> None:
    """Each test begins with a copy of its own."""
    await tab.evaluate("fresh()")


async def ask(tab: Tab, body: str) -> Any:
    """What a function with this body returns in the page."""
    return await tab.evaluate(f"(async () => {{ {body} }})()")


async def set_network(tab: Tab, *, works: bool) -> None:
    """Take the browser's network away, or give it back."""
    await tab.call(
        "Network.emulateNetworkConditions", offline=not works, latency=0, downloadThroughput=-1, uploadThroughput=-1
    )


async def test_pages_by_cursor_are_the_table(service: ServiceProcess, tab: Tab) -> None:
    walk = "for await (const page of client.pages('animals', {limit: 80})) ids.push(page.rows.map(row => row.id))"
    pages = await ask(tab, f"let ids = []; {walk}; return ids")
    assert len(pages) > 2
    assert sum(pages, []) == [row["id"] for row in table(service.url, "animals")]


async def test_a_refusal_says_what_and_why(tab: Tab) -> None:
    tell = "catch (error) { return [error.name, error.status, error.code, error.message] }"
    said = await ask(tab, f"try {{ await client.create('species', {{name: ''}}) }} {tell}")
    assert said[:3] == ["Refused", 422, "VALIDATION_ERROR"]
    said = await ask(tab, f"try {{ await client.list('species', {{limits: 2}}) }} {tell}")
    assert said == ["Refused", 400, "UNKNOWN_PARAMETER", "There is no parameter 'limits'; did you mean 'limit'?"]
    tab.complaints.clear()  # the browser's own lines about these answers


async def test_a_session_that_is_over_is_renewed(tab: Tab) -> None:
    await tab.call("Network.deleteCookies", name="access_token_cookie", url=await tab.evaluate("location.href"))
    at_once = "await Promise.all([1, 2, 3].map(() => client.list('animals', {limit: 1})))"
    assert await ask(tab, f"return ({at_once}).map(page => page.rows.length)") == [1, 1, 1]
    assert await ask(tab, "return (await client.me()).identification") == ADMINISTRATOR
    tab.complaints.clear()


async def test_a_copy_is_the_table_and_stays_it(service: ServiceProcess, client: Client, tab: Tab) -> None:
    both = "['animals', 'species']"
    catch_up = (
        f"for (const one of {both}) await mirror.catchUp(one); return Promise.all({both}.map(one => copy.rows(one)))"
    )
    assert await ask(tab, catch_up) == [table(service.url, "animals"), table(service.url, "species")]
    row = await client.create("species", {"name": "seen in the browser"})
    await client.update("animals", 3, {"weight": 333})
    assert await ask(tab, catch_up) == [table(service.url, "animals"), table(service.url, "species")]
    await client.delete("species", row["id"])
    later = await client.create("species", {"name": "later in the browser"})
    assert await ask(tab, catch_up) == [table(service.url, "animals"), table(service.url, "species")]
    run(
        service.url,
        "UPDATE ledger SET deltas_from = last_modified + INTERVAL 1 MICROSECOND WHERE table_name = 'species'",
    )
    await client.update("species", later["id"], {"name": "later still"})
    await client.update("species", later["id"], {"name": "later than that"})
    assert await ask(tab, catch_up) == [table(service.url, "animals"), table(service.url, "species")]
    tab.complaints.clear()


async def test_changes_are_followed_as_they_come(service: ServiceProcess, client: Client, tab: Tab) -> None:
    await ask(
        tab,
        "window.end = new AbortController(); window.told = [];"
        "copy.addEventListener('change', ({detail}) => told.push(detail.resource));"
        "mirror.follow(['species', 'animals'], end.signal);",
    )
    await until(lambda: tab.evaluate("mirror.inStep"))
    for number in range(3):
        row = await client.create("species", {"name": f"followed in the browser {number}"})
        await until(partial(tab.evaluate, f"copy.row('species', {row['id']})"))
    assert await tab.evaluate("told.filter(one => one === 'species').length") >= 3
    await set_network(tab, works=False)
    await client.create("species", {"name": "made while the browser was away"})
    await until(lambda: tab.evaluate("!mirror.inStep"))
    await set_network(tab, works=True)
    await until(lambda: tab.evaluate("mirror.inStep"))
    rows = table(service.url, "species")
    await until(lambda: tab.evaluate(f"copy.row('species', {rows[-1]['id']})"))
    assert await ask(tab, "return copy.rows('species')") == rows
    await tab.evaluate("end.abort()")
    tab.complaints.clear()


async def test_writes_without_the_service_are_done_in_order_and_once(service: ServiceProcess, tab: Tab) -> None:
    for resource in ("species", "breeds", "animals"):
        await ask(tab, f"await mirror.catchUp('{resource}')")
    await set_network(tab, works=False)
    queued = await ask(
        tab,
        """
        const species = await outbox.create('species', {name: 'made in a browser'});
        const breed = await outbox.create('breeds', {name: 'Browser breed', species_id: species});
        await outbox.update('animals', 5, {weight: 555});
        await outbox.update('animals', 5, {breeds_id: breed, weight: 556});
        const gone = await outbox.create('species', {name: 'gone from the browser'});
        await outbox.remove('species', gone);
        try { await outbox.replay(client) } catch (error) { window.why = error.name }
        return [why, (await outbox.entries()).length, (await outbox.rows('animals')).find(row => row.id === 5).weight]
        """,
    )
    assert queued == ["Unreachable", 6, 556]
    await set_network(tab, works=True)
    done = await ask(tab, "return (await outbox.replay(client)).map(one => one.result)")
    assert done == ["done"] * 6
    shown = await ask(tab, "return (await copy.rows('animals')).find(row => row.id === 5)")
    (animal,) = [row for row in table(service.url, "animals") if row["id"] == 5]
    assert shown == animal  # what was done is in the copy before a delta tells of it
    names = [row["name"] for row in table(service.url, "species")]
    assert (names.count("made in a browser"), names.count("gone from the browser")) == (1, 0)
    assert await ask(tab, "await mirror.catchUp('animals'); return copy.rows('animals')") == table(
        service.url, "animals"
    )
    tab.complaints.clear()


async def test_what_another_changed_meanwhile_is_not_overwritten(client: Client, tab: Tab) -> None:
    await ask(
        tab,
        "await mirror.catchUp('animals');"
        "await outbox.update('animals', 7, {weight: 701}); await outbox.update('animals', 7, {weight: 702});"
        "await outbox.update('animals', 8, {weight: 801})",
    )
    await client.update("animals", 7, {"weight": 699})
    await client.update("animals", 8, {"status": "Vendido"})
    outcomes = await ask(
        tab, "return (await outbox.replay(client)).map(one => [one.result, one.reason, one.row.weight])"
    )
    assert outcomes == [["conflict", "weight", 699], ["done", "", 801]]
    assert (await client.get("animals", 7))["weight"] == 699
    assert (await client.get("animals", 8))["status"] == "Vendido"
    insisted = await ask(
        tab,
        "const [first] = await outbox.entries(); await outbox.insist(first);"
        "return (await outbox.replay(client)).map(one => one.result)",
    )
    assert insisted == ["done", "done"]
    assert (await client.get("animals", 7))["weight"] == 702


async def test_two_pages_share_one_copy(service: ServiceProcess, client: Client, tab: Tab) -> None:
    await ask(tab, "window.other = new Mirror(client, await Copy.open(copy.database.name.slice('herdbook '.length)))")
    for number in range(5):
        await client.create("species", {"name": f"shared in a browser {number}"})
        await ask(tab, "await Promise.all([mirror.catchUp('species'), other.catchUp('species')])")
    assert await ask(tab, "return copy.rows('species')") == table(service.url, "species")


def test_no_complaint_of_the_browser_is_left(tab: Tab) -> None:
    assert tab.complaints == []
