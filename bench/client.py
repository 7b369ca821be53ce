"""One connection that stays open, and the seconds that each answer on it took."""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from bench.machine import BenchError

SECONDS = 120.0
IDLE_SECONDS = 30.0  # the service hangs up later than that


@dataclass(frozen=True)
class Timed:
    """An answer and the seconds from sending the request to having read all of it."""

    status: int
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Client:
    """Asks one service, below `base`, with the headers of one user."""

    def __init__(self, port: int, headers: Mapping[str, str], base: str = "/api/v1") -> None:
        self._base = base
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self._headers = dict(headers)
        self._used = 0.0

    def ask(self, method: str, path: str, body: object = None) -> Timed:
        """The answer to a request, whatever its status."""
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()
        if self._connection.sock is None:
            self._connect()
        content = None if body is None else json.dumps(body).encode()
        headers = self._headers if content is None else {**self._headers, "Content-Type": "application/json"}
        started = time.perf_counter()
        self._connection.request(method, self._base + path, content, headers)
        response = self._connection.getresponse()
        read = response.read()
        self._used = time.monotonic()
        return Timed(response.status, read, time.perf_counter() - started)

    def _connect(self) -> None:
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def good(self, method: str, path: str, body: object = None) -> Timed:
        """The answer to a request that must succeed; BenchError else."""
        answer = self.ask(method, path, body)
        if answer.status >= 300:
            raise BenchError(f"{method} {path} was answered {answer.status}: {answer.body[:300].decode()}")
        return answer

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
