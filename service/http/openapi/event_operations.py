"""The operations of the change feed: the stream of events, at both its paths."""

from collections.abc import Iterator, Sequence

from service.http.events import ENDPOINT, LAST_EVENT_ID
from service.http.openapi.answers import answered
from service.http.openapi.operation import Operation, Schema
from service.http.openapi.parameters import header, query, shared, unseen
from service.resources.resource import Resource

STREAM = "text/event-stream"
_ABOUT = """\
Server-sent events, for as long as the client stays: one for each row that was changed, once the change can be read.

- `data: {"endpoint": "species", "action": "create", "id": 7, "version": "…"}`. `action` is `create`, `update` or
  `delete`, and `version` is the row's `updated_at`. Where more than a hundred rows changed at once there is one event
  instead, with `"action": "bulk"`, `"id": null` and a `since` for `GET /{endpoint}?since=`.
- Each event has an `id:`; who comes back with it in `Last-Event-ID` is told all that happened meanwhile. Where that is
  not known any more there is an `event: resync`, and a `bulk` event after it, for each endpoint to be read anew.
- Without a token: the public endpoints. The stream ends when its session does, or its user gets another role."""


def event_operations(resources: Sequence[Resource], base: str) -> Iterator[Operation]:
    """Its operations, as service.http.events routes them."""
    names: Schema = {"type": "string", "enum": [one.route for one in resources]}
    wanted = {"type": "array", "items": names}
    parameters = (
        query(ENDPOINT, wanted, "Only events of these; naming a private one takes a token."),
        query(LAST_EVENT_ID, {"type": "string"}, "The same as the header, which goes first."),
        header("Last-Event-ID", "The `id:` of the last event that came: the stream goes on after it."),
        shared("handling"),
        *unseen(),
    )
    for path in ("/events", f"{base}/events"):
        yield Operation(
            "GET",
            path,
            "events",
            "What changes, as it changes",
            {200: answered("The stream.", {"type": "string"}, kind=STREAM)},
            parameters=parameters,
            refusals=(400, 401, 403),
            description=_ABOUT,
        )
