"""Headless Chromium, driven over its DevTools protocol; it keeps what a page asked for and complained of."""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

INSTALL_HINT = "Chromium is not installed; as root: apt-get update && apt-get install --yes chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,1000",
)
START_SECONDS = 30.0
WAIT_SECONDS = 20.0


class Tab:
    """One page; `requests` are the addresses it asked for, `complaints` its console errors and exceptions."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def listen(self) -> None:
        """Take what the browser says, until it says no more."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self._hear(json.loads(message.data))

    def _hear(self, said: dict[str, Any]) -> None:
        told = said.get("params", {})
        match said.get("method"):
            case None:
                self._waiting.pop(said["id"]).set_result(said)
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "assert"):
                self.complaints.append(json.dumps(told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] == "error":
                self.complaints.append(json.dumps(told["entry"]))

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser gives for one call of the protocol."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        said = await asyncio.wait_for(answer, WAIT_SECONDS)
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    async def open(self, url: str) -> None:
        """Go to `url`."""
        for domain in ("Network", "Runtime", "Log", "Page"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression in the page."""
        said = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def text(self, selector: str) -> str:
        """The text of the first element that `selector` finds, waited for."""
        found: str = await self._until(f"document.querySelector({json.dumps(selector)})?.innerText")
        return found

    async def click(self, selector: str) -> None:
        """Click the first element that `selector` finds, waited for."""
        name = json.dumps(selector)
        await self._until(f"(found => found && (found.click(), true))(document.querySelector({name}))")

    async def fill(self, selector: str, value: str) -> None:
        """Give a field or a choice its value, as who uses it would."""
        name = json.dumps(selector)
        await self._until(f"Boolean(document.querySelector({name}))")
        await self.evaluate(
            f"(field => {{ field.value = {json.dumps(value)};"
            " for (const one of ['input', 'change']) field.dispatchEvent(new Event(one, {bubbles: true})); })"
            f"(document.querySelector({name}))"
        )

    async def press(self, key: str) -> None:
        """Press a key: Enter, Escape, Tab."""
        code = {"Enter": 13, "Escape": 27, "Tab": 9}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    async def resize(self, width: int, height: int, scale: float = 1) -> None:
        """Show the page as on a screen of this size, in pixels of CSS."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )

    async def picture(self) -> bytes:
        """What is shown now, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def _until(self, script: str) -> Any:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                value = await self.evaluate(script)
                if value:
                    return value
                await asyncio.sleep(0.05)


class Browser:
    """A running browser, whose tabs share cookies and stores."""

    def __init__(self, session: ClientSession, port: int) -> None:
        self._session = session
        self._base = f"http://127.0.0.1:{port}/json"

    @contextlib.asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """An empty tab, closed at the end."""
        async with self._session.put(f"{self._base}/new") as answer:
            made = await answer.json(content_type=None)
        async with self._session.ws_connect(made["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            tab = Tab(socket)
            listening = asyncio.create_task(tab.listen())
            yield tab
            listening.cancel()
        async with self._session.get(f"{self._base}/close/{made['id']}"):
            pass


@contextlib.asynccontextmanager
async def browser_tab() -> AsyncIterator[Tab]:
    """An empty tab of a browser of its own, which ends with it."""
    async with browser() as running, running.tab() as tab:
        yield tab


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A browser with a profile of its own, which ends with the block."""
    program = shutil.which("chromium")
    assert program is not None, INSTALL_HINT
    # Its profile is not below pytest's folder: Chromium's socket names must stay short.
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={folder}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(folder) / "DevToolsActivePort")
            async with ClientSession() as session:
                yield Browser(session, port)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _port(file: Path) -> int:
    """The port that the browser chose, once it says so."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            if lines := await asyncio.to_thread(_lines, file):
                return int(lines[0])
            await asyncio.sleep(0.05)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
