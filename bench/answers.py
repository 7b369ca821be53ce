"""One answer at a time, held against what it must be before anything is timed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection

from bench.machine import BenchError
from bench.targets import PASSWORD, Target
from bench.workloads import Workload, rows_in

ADMINISTRATOR = 1000000001


@dataclass(frozen=True)
class Answer:
    """An answer: `head` and `body` as they were sent, and its entity tag."""

    status: int
    head: bytes
    body: bytes
    tag: str

    @property
    def whole(self) -> bytes:
        """All its bytes."""
        return self.head + self.body


def ask(port: int, method: str, path: str, headers: Mapping[str, str], body: str = "") -> Answer:
    """The answer of whoever listens on `port`; within ten seconds, else OSError."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        sent = {**headers, **({"Content-Type": "application/json"} if body else {})}
        connection.request(method, path, body.encode() if body else None, sent)
        response = connection.getresponse()
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{k}: {v}" for k, v in response.getheaders())]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return Answer(response.status, head, response.read(), response.headers.get("ETag", ""))
    finally:
        connection.close()


def log_in(port: int) -> dict[str, str]:
    """The headers of the Administrador, whose token every target takes."""
    body = json.dumps({"identification": ADMINISTRATOR, "password": PASSWORD})
    answer = ask(port, "POST", "/api/v1/auth/login", {}, body)
    if answer.status != 200:
        raise BenchError(f"the login was answered {answer.status}: {answer.body.decode()}")
    return {"Authorization": f"Bearer {json.loads(answer.body)['data']['access_token']}"}


def headers_for(target: Target, workload: Workload, token: Mapping[str, str]) -> dict[str, str]:
    """The headers of the workload's requests to this target, with the entity tag that it gives itself."""
    if not workload.conditional:
        return dict(token)
    return {**token, "If-None-Match": ask(target.port, "GET", workload.path, token).tag}


def checked(target: Target, workload: Workload, headers: Mapping[str, str], mark: str) -> Answer:
    """One answer of the workload, twice the same; BenchError when it is not as it must be.

    `mark` is a text that no other request has, for what is inserted.
    """
    answers = []
    for turn in (1, 2):
        body = workload.body.replace("@", f"{mark}{turn}") if workload.method == "POST" else ""
        answers.append(ask(target.port, workload.method, workload.path, headers, body))
    answer = answers[1]
    fault = _fault(workload, answers[0], answer)
    if fault:
        raise BenchError(f"{target.name}, {workload.method} {workload.path}: {fault}")
    return answer


def _fault(workload: Workload, first: Answer, answer: Answer) -> str:
    if answer.status != workload.status:
        return f"status {answer.status}, not {workload.status}: {answer.body[:300].decode(errors='replace')}"
    if workload.method == "GET" and first.body != answer.body:
        return "two answers to the same question differ"
    if answer.status == 304:
        return "a 304 with a body" if answer.body else ""
    if not json.loads(answer.body)["success"]:
        return "it does not say success"
    found = rows_in(answer.body)
    if workload.rows is not None and found != workload.rows:
        return f"{found} rows, not {workload.rows}"
    return "" if found != 0 else "no rows"
