"""Every answer that a contract test gets is held against the HTTP specifications, by httplint."""

from collections.abc import Iterable, Mapping

from httplint.message import HttpRequestLinter, HttpResponseLinter
from httplint.note import levels

Fields = Iterable[tuple[bytes, bytes]]
# Said of what is right: by the name of the note, why.
ALLOWED: Mapping[str, str] = {}


def faults(method: str, target: str, sent: Mapping[str, str], status: int, fields: Fields, body: bytes) -> list[str]:
    """What is an error in an answer to `method` on `target` with the header fields `sent`; `body` as it came."""
    request = HttpRequestLinter()
    request.process_request_topline(method.encode(), target.encode(), b"1.1")
    request.process_headers([(name.encode(), value.encode("latin-1", "replace")) for name, value in sent.items()])
    response = HttpResponseLinter(_related=request, no_content=method == "HEAD")
    response.is_head_response = method == "HEAD"
    response.process_response_topline(b"1.1", str(status).encode())
    response.process_headers(list(fields))
    response.feed_content(body)
    response.finish_content(True)
    return [
        f"{type(note).__name__}: {note.summary}"
        for note in response.notes
        if note.level is levels.BAD and type(note).__name__ not in ALLOWED
    ]
