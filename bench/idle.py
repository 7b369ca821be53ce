"""What a client costs that is only connected: `python -m bench.idle --clients 10000`, `make idle`.

Thousands of connections to one worker, kept open: the worker's memory for each before it asked anything (added up over
waves, since who asks nothing is hung up on soon), after a request, and after a while of silence; then all ask again. It
fails where one of them is not answered.
"""

import argparse
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import farm as farms
from bench.answers import log_in
from bench.export_memory import memory, worker_of
from bench.machine import BenchError, Cores
from bench.report import machine_line
from bench.served import served

PATH = "/api/v1/animals?page=1&limit=50"
SPARE_FILES = 1000
SETTLE_SECONDS = 9.0
WAVE = 1000  # clients that connect before they ask: who asks nothing for ten seconds is hung up on
CLOSED_MEANWHILE = 60  # files of earlier connections, which the worker had open when it was first looked at
ANSWER_SECONDS = 30.0
KIB, MIB = 1024, 1024 * 1024


def places(clients: int) -> int:
    """So many connections the worker may have that it is not crowded by these: a crowded one hangs up on the idle."""
    return clients * 3 // 2 + 200


def raise_limit(clients: int) -> None:
    """Let this process and those it starts have a file for each place; BenchError where that is not allowed."""
    wanted = places(clients) + SPARE_FILES
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError):
        raise BenchError(f"{wanted} open files are needed, {hard} allowed: `ulimit -Hn {wanted}` as root") from None


@contextmanager
def connected(port: int, worker: int, clients: int) -> Iterator[list[socket.socket]]:
    """So many open connections, all of them accepted by the worker."""
    sockets: list[socket.socket] = []
    try:
        before = open_files(worker)
        for _ in range(clients):
            sockets.append(socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS))
        deadline = time.monotonic() + SETTLE_SECONDS
        while open_files(worker) < before + clients - CLOSED_MEANWHILE:
            if time.monotonic() > deadline:
                raise BenchError(f"the worker took {open_files(worker) - before} of {clients} connections")
            time.sleep(0.05)
        yield sockets
    finally:
        for one in sockets:
            one.close()


def open_files(pid: int) -> int:
    """How many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def answered(sockets: Sequence[socket.socket], headers: Mapping[str, str]) -> int:
    """How many of them get a whole 200 to one request."""
    lines = [f"GET {PATH} HTTP/1.1", "Host: herdbook", *(f"{name}: {value}" for name, value in headers.items())]
    request = "\r\n".join([*lines, "", ""]).encode()
    return sum(_answers(one, request) for one in sockets)


def _answers(one: socket.socket, request: bytes) -> bool:
    try:
        one.sendall(request)
        read = b""
        while b"\r\n\r\n" not in read:
            if not (more := one.recv(65536)):
                return False
            read += more
        head, _, body = read.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        missing = int(fields[b"content-length"]) - len(body)
        while missing > 0 and (more := one.recv(65536)):
            missing -= len(more)
        return head.startswith(b"HTTP/1.1 200 ") and missing == 0
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 where a client was not answered."""
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20, help="of silence between the requests (default 20)")
    chosen = parser.parse_args(arguments)
    clients = chosen.clients
    try:
        raise_limit(clients)
        cores = Cores.choose()
        os.sched_setaffinity(0, {cores.load})
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="herdbook-idle-")))
            farm = stack.enter_context(farms.running(folder / "mariadb"))
            room = str(places(clients))
            limits = {"HERDBOOK_CONNECTIONS": room, "HERDBOOK_CONNECTIONS_PER_ADDRESS": room}
            target = stack.enter_context(served(farm.own, folder, cores.service, **limits))
            worker, token = worker_of(target.child.pid), log_in(target.port)
            with connected(target.port, worker, CLOSED_MEANWHILE) as few:
                answered(few, token)
            alone, silent, good = memory(worker, "VmRSS"), 0, 0
            sockets: list[socket.socket] = []
            for at in range(0, clients, WAVE):
                before = memory(worker, "VmRSS")
                sockets += stack.enter_context(connected(target.port, worker, min(WAVE, clients - at)))
                silent += memory(worker, "VmRSS") - before
                good += answered(sockets[at:], token)
            turns: list[tuple[str, int, int | None]] = [("nobody is connected", alone, None)]
            turns.append(("connected, nothing asked", alone + silent, None))
            turns.append(("after a request each", memory(worker, "VmRSS"), good))
            time.sleep(chosen.seconds)
            good = answered(sockets, token)
            turns.append((f"after {chosen.seconds} s and another", memory(worker, "VmRSS"), good))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(f"{machine_line()}; {clients:,} clients of one worker\n")
    print("| clients | worker's RSS, MiB | KiB for each client | answered |\n|---|--:|--:|--:|")
    for name, held, count in turns:
        each = "" if held == turns[0][1] else f"{(held - turns[0][1]) / clients / KIB:.1f}"
        print(f"| {name} | {held / MIB:.0f} | {each} | {'' if count is None else f'{count:,} of {clients:,}'} |")
    return 0 if all(count in (None, clients) for _, _, count in turns) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
