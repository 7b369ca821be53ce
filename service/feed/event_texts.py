"""The feed as text/event-stream: changes become messages, made once for all who listen to the same tables.

The `id:` of a message says for each table how far it has been told of, so that a reader who comes back misses nothing:
times rise within a table only, and one table's change may be committed after a later one of another.
"""

import re
from collections.abc import Iterable, Mapping

import orjson

from service.feed.changes import Change, api_time
from service.feed.pulse import Positions

RETRY = 5000  # milliseconds
PING = b": ping\n\n"
_PLACE = re.compile(r"([a-z0-9_]{1,64})=([0-9a-f]{1,13})")
LONGEST_ID = 8192


def id_of(positions: Positions) -> str:
    """The event id that says how far each table has been told of."""
    return ".".join(f"{table}={place:x}" for table, place in sorted(positions.items()))


def positions_of(event_id: str) -> dict[str, int] | None:
    """What `id_of` wrote; None for anything else."""
    found = [_PLACE.fullmatch(part) for part in event_id[:LONGEST_ID].split(".")]
    if not all(found):
        return None
    return {one[1]: int(one[2], 16) for one in found if one is not None}


def opening(positions: Positions) -> bytes:
    """What a stream begins with: how soon to come back after a break, and from where."""
    return f"retry: {RETRY}\nid: {id_of(positions)}\n\n".encode()


def messages(changes: Iterable[Change], start: Positions, routes: Mapping[str, str]) -> bytes:
    """The messages that tell of `changes` to who has been told everything up to `start`; `routes` by table."""
    places = dict(start)
    texts = []
    for change in changes:
        if change.table in places:
            places[change.table] = change.at
            texts.append(_message(change, id_of(places), routes[change.table]))
    return b"".join(texts)


def _message(change: Change, event_id: str, route: str) -> bytes:
    said: dict[str, object] = {
        "endpoint": route,
        "action": change.action,
        "id": change.row_id,
        "version": api_time(change.at),
    }
    if change.after is not None:
        said["since"] = api_time(change.after)
    # The `bulk` after a `resync` bears the id: who was cut off between the two is given both again.
    head = b"event: resync\n" if change.action == "resync" else b"id: %s\n" % event_id.encode()
    return b"%sdata: %s\n\n" % (head, orjson.dumps(said))


def framed(text: bytes) -> bytes:
    """`text` as one chunk of a chunked body (RFC 9112 section 7.1)."""
    return b"%x\r\n%s\r\n" % (len(text), text)
