"""Herdbook as `run.py serve` runs it, with any settings and on any cores, for the time of a with block."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.client import Client
from bench.machine import Child, free_port
from bench.targets import LOAD_SECONDS, PASSWORD, ROOT, SECRET_KEY, Target, environment
from service.settings import DatabaseURL, declarations

ASKED_WORKERS = 8  # new connections, which go to any worker
COMMAND = (sys.executable, str(ROOT / "run.py"), "serve")


def settings_of(url: DatabaseURL, port: int, folder: Path, **further: str) -> dict[str, str]:
    """The environment of one worker on `port`, its own files in `folder`; `further` settings come on top.

    A setting that this version does not have is left out.
    """
    known = {declared.name for declared in declarations().values()}
    settings = {
        "DATABASE_URL": url.uri(),
        "HERDBOOK_PORT": str(port),
        "HERDBOOK_WORKERS": "1",
        "HERDBOOK_DATA_DIR": str(folder / "herdbook"),
        "HERDBOOK_SECRET_KEY": SECRET_KEY,
        "HERDBOOK_ADMIN_PASSWORD": PASSWORD,
        "HERDBOOK_LOG_LEVEL": "warning",
        **{name: value for name, value in further.items() if name in known},
    }
    return environment(**settings)


@contextmanager
def served(url: DatabaseURL, folder: Path, core: int | frozenset[int], **further: str) -> Iterator[Target]:
    """It runs and listens; where the database at `url` has no row, it fills it with the sample farm first."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with Child(COMMAND, core, folder / "herdbook.log", settings_of(url, port, folder, **further)) as child:
        child.wait_for(port, LOAD_SECONDS)
        for _ in range(ASKED_WORKERS):
            _ask_health(port)
        yield Target("Herdbook", port, child)


def _ask_health(port: int) -> None:
    """Return once a worker, which may still be starting, has said that it is well; BenchError when it is not."""
    client = Client(port, {}, base="")
    try:
        client.good("GET", "/health")
    finally:
        client.close()
