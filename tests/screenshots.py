"""Pictures of the herd page for the documentation: `make screenshots` writes docs/screenshots/*.png."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "clients"), str(ROOT / "clients" / "python")]

from browser import Tab, browser  # noqa: E402
from cut_proxy import CutProxy  # noqa: E402
from herdbook_client import Client  # noqa: E402
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess  # noqa: E402
from waiting import until  # noqa: E402

from service.db.private import PrivateMariaDB  # noqa: E402

SCREENS = {"desktop": (1280, 860, 1.0), "phone": (390, 844, 2.0)}
SCHEMES = ("light", "dark")
ALL_IN = "document.querySelectorAll('#rows tr').length === 50 && !document.querySelector('.state.away')"


async def main(to: Path) -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory(prefix="herdbook-") as folder:
        server = PrivateMariaDB(Path(folder) / "mariadb", 100)
        with server, ServiceProcess(server.start(), Path(folder), workers=1, HERDBOOK_SAMPLE_ANIMALS="2000") as service:
            async with CutProxy(service.host, service.port) as proxy:
                for screen in SCREENS:
                    async with page(proxy, screen) as tab:
                        await tour(tab, proxy, to, screen)


@asynccontextmanager
async def page(proxy: CutProxy, screen: str) -> AsyncIterator[Tab]:
    """The page on one screen, before a login."""
    async with browser() as window, window.tab() as tab:
        await tab.resize(*SCREENS[screen])
        await tab.open(proxy.address)
        await until(lambda: tab.evaluate("document.getElementById('entrance')?.hidden === false"))
        yield tab


async def tour(tab: Tab, proxy: CutProxy, to: Path, screen: str) -> None:
    """The page as a person meets it."""

    async def take(name: str) -> None:
        await asyncio.sleep(0.5)  # what moves has come to rest
        (to / f"{name}-{screen}.png").write_bytes(await tab.picture())

    if await tab.evaluate("document.documentElement.lang") != "es":
        await tab.click("#language")
    await take("login")
    await tab.fill("#identification", str(ADMINISTRATOR))
    await tab.fill("#password", PASSWORD)
    await tab.click("#login button")
    await until(lambda: tab.evaluate(ALL_IN))
    await tab.fill("#status", "Vivo")
    await tab.fill("#search", "bov")
    await change_elsewhere(proxy, tab)
    await take("herd")
    await until(lambda: tab.evaluate("!document.getElementById('news').textContent"))
    await tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    await take("dark")
    await tab.call("Emulation.setEmulatedMedia", features=[])
    await tab.click("#rows tr:nth-child(3) .tag")
    await take("animal")
    proxy.go_away()
    await tab.fill("#weight", "412")
    await tab.click("#save")
    await until(lambda: tab.evaluate("!document.getElementById('waiting').hidden"))
    await until(lambda: tab.evaluate("Boolean(document.querySelector('.state.away'))"))
    await take("offline")
    proxy.come_back()
    await until(lambda: tab.evaluate("document.getElementById('waiting').hidden"))


async def change_elsewhere(proxy: CutProxy, tab: Tab) -> None:
    """Another client weighs three animals, and the page shows the last as news."""
    async with Client(proxy.address) as client:
        await client.log_in(ADMINISTRATOR, PASSWORD)
        cows = await client.list("animals", status="Vivo", search="BOV-2021", limit=3)
        for row in cows.rows:
            changed = await client.update("animals", row["id"], {"weight": row["weight"] + 3})
            shown = f"document.querySelector('#rows .tag').textContent === '{changed['record']}'"
            await until(partial(tab.evaluate, shown))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--to", type=Path, default=ROOT / "docs" / "screenshots", help="the folder (default: %(default)s)"
    )
    chosen = parser.parse_args().to
    chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(chosen))
