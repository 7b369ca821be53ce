"""Every answer is one that the description allows, whatever is asked and by whom; schemathesis asks."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from specimens import ROUTES

HERE = Path(__file__).parent / "conformance"
EXAMPLES = int(os.environ.get("HERDBOOK_FUZZ_EXAMPLES", "1"))
# With few examples, only those: the phases of fixed cases and of chained requests take minutes.
PHASES = "fuzzing" if EXAMPLES < 50 else "coverage,fuzzing"
# Asked last: they end the session that asks.
CLOSING = r"/auth/(refresh|change-password|logout)$"


@pytest.fixture(scope="module")
async def open_to_all(open_farm: Callable[[], AbstractAsyncContextManager[Any]]) -> AsyncIterator[Any]:
    """A farm with a row in every table, where none of the three who ask can be deleted or shut out by another."""
    async with open_farm() as farm:
        for route in ROUTES:
            await farm.create(route)
        most = max(farm.people.values())
        farm.sql("CREATE TABLE needed (id BIGINT PRIMARY KEY, FOREIGN KEY (id) REFERENCES user (id))")
        farm.sql("INSERT INTO needed SELECT id FROM user WHERE id <= %s", most)
        farm.sql(
            "CREATE TRIGGER user_needed BEFORE UPDATE ON user FOR EACH ROW IF OLD.id <= %s THEN"
            " SET NEW.status = OLD.status, NEW.role = OLD.role, NEW.password = OLD.password; END IF",
            most,
        )
        yield farm


async def schemathesis(farm: Any, who: str, folder: Path, *choice: str) -> str:
    """What it has to say; empty when nothing was wrong. It leaves notes in `folder`."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "run",
        str(farm.asking.client.make_url("/openapi.json")),
        f"--header=Authorization: Bearer {farm.asking.tokens[who]}",
        f"--max-examples={EXAMPLES}",
        "--seed=1",
        "--generation-database=none",
        "--continue-on-failure",
        "--no-color",
        *choice,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
    )
    said, _ = await process.communicate()
    return said.decode() if process.returncode else ""


@pytest.mark.parametrize("who", ["admin", "instructor", "apprentice"])
async def test_every_answer_is_as_described(open_to_all: Any, who: str, tmp_path: Path) -> None:
    chained = ",stateful" if "coverage" in PHASES else ""
    apart = f"--exclude-path-regex={CLOSING}|/events$"  # streams do not end: tests/contract/test_events.py
    found = await schemathesis(open_to_all, who, tmp_path, f"--phases={PHASES}{chained}", apart)
    if found:
        pytest.fail(found, pytrace=False)


async def test_the_end_of_a_session_is_as_described(open_to_all: Any, tmp_path: Path) -> None:
    only = f"--include-path-regex={CLOSING}"
    if found := await schemathesis(open_to_all, "apprentice", tmp_path, f"--phases={PHASES}", only):
        pytest.fail(found, pytrace=False)
