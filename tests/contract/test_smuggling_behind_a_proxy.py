"""The same bytes through haproxy, which keeps connections to the service for whoever comes next: nobody is answered
with what another has asked for."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from raw import RawConnection, serving
from raw_requests import CASES, NEXT
from test_smuggling import ANSWER

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin")
CONFIGURATION = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 700ms
    timeout server 20s
    timeout http-request 700ms
    timeout http-keep-alive 20s
    http-reuse always
frontend farm
    bind 127.0.0.1:{port}
    default_backend herdbook
backend herdbook
    option forwardfor
    server one 127.0.0.1:{behind}
"""
# What the next client asks, and the name that only its own answer has.
OTHERS = {
    b"GET /api/v1/species/metadata HTTP/1.1\r\nHost: farm\r\n\r\n": b"total_count",
    b"GET /livez HTTP/1.1\r\nHost: farm\r\n\r\n": b"alive",
    b"GET /api/v1/diseases?since=2020-01-01 HTTP/1.1\r\nHost: farm\r\n\r\n": b"next_since",
}


@dataclass
class Behind:
    """haproxy's port."""

    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture(scope="module", params=[True, False], ids=["memo", "no memo"])
async def behind(
    farm: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Behind]:
    """haproxy before the farm."""
    settings = replace(farm.settings, proxies=1)
    async with serving(settings, memo=request.param) as served:
        port, process = _haproxy(tmp_path_factory.mktemp("haproxy") / "haproxy.cfg", served.port)
        try:
            await _listening(port)
            yield Behind(port)
        finally:
            process.terminate()
            process.wait(10)


def _haproxy(path: Path, behind: int) -> tuple[int, subprocess.Popen[bytes]]:
    """Its port and its process."""
    assert HAPROXY is not None, "haproxy is not installed; make test does that"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path.write_text(CONFIGURATION.format(port=port, behind=behind))
    return port, subprocess.Popen([HAPROXY, "-db", "-q", "-f", str(path)])


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.mark.parametrize("name", CASES)
async def test_nobody_gets_the_answer_of_another(behind: Behind, farm: Any, name: str) -> None:
    sent = CASES[name].replace(b"{token}", farm.asking.tokens["admin"].encode())
    before = farm.sql("SELECT COUNT(*) AS n FROM species")[0]["n"]
    reader, writer = await behind.connect()
    writer.write(sent + NEXT.encode())
    # Who comes while that one is still being answered, over the same connections to the service.
    await asyncio.gather(*(_ask_as_another(behind, asked, own) for asked, own in OTHERS.items()))
    async with asyncio.timeout(20):
        try:
            told = await reader.read()
        except ConnectionResetError:
            told = b""
    writer.close()
    assert len(ANSWER.findall(told)) <= 2, told[:400]  # what was sent, and what stood behind it
    await asyncio.gather(*(_ask_as_another(behind, asked, own) for asked, own in OTHERS.items()))
    # haproxy mends one or the other of them, and then it is one request.
    assert farm.sql("SELECT COUNT(*) AS n FROM species")[0]["n"] <= before + 1


async def _ask_as_another(behind: Behind, asked: bytes, own: bytes) -> None:
    reader, writer = await behind.connect()
    try:
        connection = RawConnection(reader, writer)
        for _ in range(2):
            answer = await connection.ask(asked)
            assert answer.status == 200
            assert own in answer.body
            assert orjson.loads(answer.body)
    finally:
        writer.close()
