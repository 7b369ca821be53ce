"""The examples of docs/clients.md do what the page says, against a real service."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browser import Tab, browser_tab
from herdbook_client import Client
from service_process import PASSWORD, ServiceProcess
from tables import table
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS, SHOWN_PASSWORD = "http://127.0.0.1:8081", "the one that was printed"


def examples(language: str) -> list[str]:
    """The blocks of the page in one language."""
    return [text for name, text in BLOCK.findall(PAGE) if name == language]


def begin(service: ServiceProcess, example: str, folder: Path) -> "subprocess.Popen[str]":
    """The example as a program, begun in `folder`."""
    text = example.replace(ADDRESS, f"http://{service.host}:{service.port}").replace(SHOWN_PASSWORD, PASSWORD)
    environment = {"PYTHONPATH": str(ROOT / "clients" / "python"), "PYTHONUNBUFFERED": "1", "PATH": ""}
    return subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_reading_and_writing(service: ServiceProcess, tmp_path: Path) -> None:
    with begin(service, examples("python")[0], tmp_path) as program:
        said, _ = program.communicate(timeout=60)
    living = [row for row in table(service.url, "animals") if row["status"] == "Vivo"]
    first, second, third = said.splitlines()
    assert first == f"3 of {len(living)}"
    assert re.fullmatch(r"\d+ breeds", second)
    assert third == "412 PRECONDITION_FAILED"
    assert "Camélidos" in [row["name"] for row in table(service.url, "species")]


async def test_a_copy_in_sqlite(service: ServiceProcess, client: Client, tmp_path: Path) -> None:
    with begin(service, examples("python")[1], tmp_path) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == f"{len(table(service.url, 'animals'))} animals\n"
            await client.update("animals", 9, {"weight": 909})
            assert program.stdout.readline() == "1 changed, 0 deleted\n"
        finally:
            program.kill()
    (statement,) = examples("sql")
    with sqlite3.connect(tmp_path / "farm.sqlite") as copy:
        found = copy.execute(statement).fetchall()
    copy.close()
    living = [row for row in table(service.url, "animals") if row["status"] == "Vivo"]
    assert [weight for _, weight in found] == sorted((row["weight"] for row in living), reverse=True)[:3]


def test_writes_that_wait(service: ServiceProcess, tmp_path: Path) -> None:
    with begin(service, examples("python")[2], tmp_path) as program:
        said, _ = program.communicate(timeout=60)
    assert said.splitlines() == ["['Gigante']", "POST done ", "POST done ", "PATCH done "]
    assert "Lagomorfo" in [row["name"] for row in table(service.url, "species")]


def test_the_command_says_what_the_page_shows(service: ServiceProcess, tmp_path: Path) -> None:
    (shown,) = examples("console")
    command, *lines = shown.splitlines()
    words = command.removeprefix("$ .venv/bin/python ").split()
    done = subprocess.run(
        [
            sys.executable,
            *words[:-1],
            str(tmp_path / words[-1]),
            "--server",
            f"http://{service.host}:{service.port}",
            "--once",
        ],
        cwd=ROOT,
        env={"HERDBOOK_ADMIN_PASSWORD": PASSWORD, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = done.stdout.replace(f"{tmp_path}/", "").splitlines()
    assert [re.sub(r"\d+", "N", one) for one in said] == [re.sub(r"\d+", "N", one) for one in lines], done.stderr


@pytest.fixture
async def tab(service: ServiceProcess) -> AsyncIterator[Tab]:
    """A page of the service in a browser, which keeps what is logged in `said`."""
    async with browser_tab() as tab:
        await tab.open(f"http://{service.host}:{service.port}/docs/problems")
        await tab.text("h1")
        await tab.evaluate("window.said = []; console.log = (...words) => said.push(words); 0")
        yield tab


async def test_a_copy_in_a_browser(service: ServiceProcess, client: Client, tab: Tab) -> None:
    first, second = (one.replace(SHOWN_PASSWORD, PASSWORD) for one in examples("js"))
    imported = re.sub(r"import (\{.*?\}) from ('.*?');", r"const \1 = await import(\2);", first)
    kept = "Object.assign(window, {client, copy, outbox, mirror});"
    await tab.evaluate(f"(async () => {{ {imported} {kept} }})()")
    await until(lambda: tab.evaluate("said.some(words => words[0] === 'up to date')"))
    await client.create("species", {"name": f"heard of in a browser {time.monotonic_ns()}"})
    names = {row["id"]: row["name"] for row in table(service.url, "species")}
    await until(lambda: tab.evaluate(f"said.some(words => words[0] === 'species' && words[1] === {len(names)})"))
    taken = "client.list('species', {search: 'Camélidos'}).then(page => page.rows)"
    await tab.evaluate(f"{taken}.then(rows => Promise.all(rows.map(row => client.remove('species', row.id))))")
    await tab.evaluate(f"(async () => {{ {second} }})()")
    assert [[["POST", "done", ""], ["PATCH", "done", ""]]] in await tab.evaluate("said")
    assert tab.complaints == []
