"""Counts the instructions that an answer costs: `python -m bench.instructions`; valgrind must be installed.

Unlike times they do not depend on what else the machine does. Each server runs under callgrind, is asked some requests
so that all is warm, and then so many more over one connection; what it executed meanwhile, the event loop included, is
divided by their number. `--keep FOLDER` keeps callgrind's files, for callgrind_annotate.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import farm as farms
from bench.answers import ask, log_in
from bench.machine import BenchError, Child, Cores, free_port
from bench.served import settings_of
from bench.targets import environment, herdbook
from bench.workloads import ANIMALS

WARM = 300
START_SECONDS = 600.0  # under callgrind all takes much longer
LIST = f"{ANIMALS}?page=1&limit=50"


def count(command: Sequence[str], port: int, head: bytes, settings: dict[str, str], folder: Path, number: int) -> float:
    """Instructions for each answer to `head`."""
    if shutil.which("valgrind") is None:
        raise BenchError("valgrind is missing; as root: apt-get install --yes valgrind")
    out = folder / "callgrind"
    traced = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", *command]
    with Child(traced, Cores.choose().service, folder / "valgrind.log", settings) as child:
        child.wait_for(port, START_SECONDS)
        with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
            _ask(connection, head, WARM)
            _control("--instr=on", child.pid)
            _ask(connection, head, WARM)
            _control("--zero", child.pid)
            _ask(connection, head, number)
            _control("--dump", child.pid)
    totals = [
        line for path in folder.glob("callgrind.*") for line in path.read_text().splitlines() if "totals:" in line
    ]
    if not totals:
        raise BenchError(f"callgrind counted nothing: {folder}")
    return max(float(line.split()[1]) for line in totals) / number


def _ask(connection: socket.socket, head: bytes, number: int) -> None:
    """Ask one request after the other, each when the answer to the one before is whole."""
    connection.sendall(head)
    size = _size_of(connection)
    for _ in range(number - 1):
        connection.sendall(head)
        left = size
        while left > 0:
            left -= len(connection.recv(min(left, 1 << 20)))


def _size_of(connection: socket.socket) -> int:
    """Read one answer; gives how many bytes it has."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 20)
    start, _, body = received.partition(b"\r\n\r\n")
    lines = [line.split(b":") for line in start.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    whole = len(start) + 4 + (int(lines[0][1]) if lines else 0)
    left = whole - len(received)
    while left > 0:
        left -= len(connection.recv(min(left, 1 << 20)))
    return whole


def _control(what: str, pid: int) -> None:
    subprocess.run(["callgrind_control", what, str(pid)], check=True, capture_output=True, timeout=120)


def main(arguments: list[str]) -> int:
    """Count and print; 0, or 1 when a figure could not be had."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="folder for callgrind's files")
    chosen = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="herdbook-instructions-") as made:
            _count_all(Path(made), chosen.requests, chosen.keep)
    except (BenchError, OSError, subprocess.SubprocessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _count_all(folder: Path, number: int, keep: Path | None) -> None:
    cores = Cores.choose()
    with farms.running(folder / "mariadb") as farm:
        with herdbook(farm, 2000, folder, cores) as own:
            token = log_in(own.port)
            answers = {path: ask(own.port, "GET", path, token) for path in (LIST, f"{ANIMALS}/metadata")}
        body, whole = folder / "answer.body", folder / "answer.whole"
        body.write_bytes(answers[LIST].body)
        whole.write_bytes(answers[LIST].whole)
        settings = settings_of(farm.own, free_port(), folder, HERDBOOK_POLL_MS="60000", HERDBOOK_POOL_SIZE="1")
        own_module = "bench.references.worker_alone"
        for name, module, arguments, path, condition in (
            ("cached list of 50", own_module, [], LIST, None),
            ("304 of that list", own_module, [], LIST, answers[LIST].tag),
            ("metadata", own_module, [], f"{ANIMALS}/metadata", None),
            ("bare aiohttp, the same list", "bench.references.bare_aiohttp", ["200", str(body)], LIST, None),
            ("bare protocol, the same list", "bench.references.bare_protocol", [str(whole)], LIST, None),
        ):
            port = free_port()
            lines = [f"GET {path} HTTP/1.1", "Host: farm", *(f"{key}: {value}" for key, value in token.items())]
            lines += [f"If-None-Match: {condition}"] if condition else []
            head = "\r\n".join([*lines, "", ""]).encode()
            command = [sys.executable, "-m", module, str(port), *arguments]
            with _kept(folder, keep, name) as here:
                each = count(command, port, head, settings if module == own_module else environment(), here, number)
            print(f"{name}: {each:,.0f} instructions", flush=True)


@contextmanager
def _kept(folder: Path, keep: Path | None, name: str) -> Iterator[Path]:
    here = (keep or folder) / name.replace(" ", "-").replace(",", "")
    here.mkdir(parents=True, exist_ok=True)
    yield here


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
