"""What is measured: Herdbook, and the peers beside it; each started as its own program on the core of the service."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.farm import Farm
from bench.machine import BenchError, Child, Cores, free_port

ROOT = Path(__file__).resolve().parents[1]
SECRET_KEY = "only-for-benchmarks-on-this-machine"
PASSWORD = "only-for-benchmarks"
LOAD_SECONDS = 1800.0  # a million animals take a few minutes
START_SECONDS = 30.0
CACHED_PAGES = 1000
NEEDED = ("asyncmy", "granian", "fastapi", "sqlalchemy")


@dataclass(frozen=True)
class Target:
    """A running program that answers the workloads."""

    name: str
    port: int
    child: Child


@dataclass(frozen=True)
class Peer:
    """A program of bench/peers; `interface` is how granian calls its `app`."""

    name: str
    module: str
    interface: str


PEERS = (
    Peer("tuned ASGI", "bench.peers.tuned", "asgi"),
    Peer("FastAPI + SQLAlchemy", "bench.peers.fastapi_sqlalchemy", "asgi"),
    Peer("original's design", "bench.peers.original", "wsgi"),
)


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of the service, and with `settings`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HERDBOOK_", "DATABASE_URL"))}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


@contextmanager
def herdbook(
    farm: Farm, animals: int, folder: Path, cores: Cores, workers: int = 1, **further: str
) -> Iterator[Target]:
    """Herdbook as `run.py serve` runs it, with `further` settings; at its first start it fills the farm."""
    port = free_port()
    settings = environment(
        DATABASE_URL=farm.own.uri(),
        HERDBOOK_PORT=str(port),
        HERDBOOK_WORKERS=str(workers),
        HERDBOOK_DATA_DIR=str(folder / "herdbook"),
        HERDBOOK_SECRET_KEY=SECRET_KEY,
        HERDBOOK_ADMIN_PASSWORD=PASSWORD,
        HERDBOOK_SAMPLE_ANIMALS=str(animals),
        HERDBOOK_CACHE_ENTRIES=str(CACHED_PAGES),
        HERDBOOK_LOG_LEVEL="warning",
        **further,
    )
    command = [sys.executable, str(ROOT / "run.py"), "serve"]
    with Child(command, cores.of(workers), folder / f"herdbook-{workers}.log", settings) as child:
        child.wait_for(port, LOAD_SECONDS)
        yield Target("Herdbook", port, child)


@contextmanager
def peer(which: Peer, farm: Farm, folder: Path, cores: Cores, workers: int = 1) -> Iterator[Target]:
    """A peer on granian; BenchError when what it needs is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise BenchError(f"the peers need {', '.join(missing)}: pip install -r requirements-bench.txt")
    port = free_port()
    settings = environment(DATABASE_URL=farm.plain.uri(), PEER_SECRET_KEY=SECRET_KEY, PEER_PAGES=str(CACHED_PAGES))
    command = [sys.executable, "-m", "granian", "--interface", which.interface, "--port", str(port)]
    command += [
        "--workers",
        str(workers),
        "--no-access-log",
        "--log-level",
        "error",
        "--http",
        "1",
        "--runtime-mode",
        "st",
    ]
    command += ["--loop", "uvloop"] if which.interface == "asgi" else ["--blocking-threads", "8"]
    command += [f"{which.module}:app"]
    with Child(command, cores.of(workers), folder / f"{which.module}-{workers}.log", settings) as child:
        child.wait_for(port, START_SECONDS)
        yield Target(which.name, port, child)


@contextmanager
def reference(kind: str, arguments: list[str], folder: Path, cores: Cores) -> Iterator[Target]:
    """One of the programs of bench/references that serve: `bare_aiohttp` or `bare_protocol`."""
    port = free_port()
    command = [sys.executable, "-m", f"bench.references.{kind}", str(port), *arguments]
    with Child(command, cores.service, folder / f"{kind}.log", environment()) as child:
        child.wait_for(port, START_SECONDS)
        yield Target(kind, port, child)
