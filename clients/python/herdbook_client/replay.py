"""Carries out the writes of an outbox, in order, each once; what another has changed meanwhile is never overwritten."""

from dataclasses import dataclass, replace
from enum import StrEnum

from herdbook_client.answers import Row
from herdbook_client.client import Client
from herdbook_client.copy import lasting
from herdbook_client.errors import Refused
from herdbook_client.outbox import Entry, Outbox, State

TRIES = 5
CLOCK = ("updated_at",)


class Result(StrEnum):
    """What became of a write."""

    DONE = "done"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write: `row` is the service's row now, None where there is none; `reason` says why not."""

    entry: Entry
    result: Result
    row: Row | None
    reason: str = ""


async def replay(client: Client, outbox: Outbox) -> list[Outcome]:
    """What became of each write that waited; writes after one that is held, to the same row, are held with it.

    Raises Unreachable, or Refused for what may pass or for a session that is over: what was not done yet waits on.
    """
    outcomes = []
    held = {(one.resource, one.row_id) for one in outbox.entries() if one.state is not State.WAITING}
    while (entry := _next(outbox, held)) is not None:
        outcome = await _carry_out(client, outbox, entry)
        outcomes.append(outcome)
        if outcome.result is Result.DONE:
            outbox.done(entry, outcome.row)
        else:
            held.add((entry.resource, entry.row_id))
            outbox.hold(entry, State(outcome.result), outcome.reason)
    return outcomes


def _next(outbox: Outbox, held: set[tuple[str, int]]) -> Entry | None:
    """The first write whose row no held write stands before."""
    waiting = outbox.entries(State.WAITING)
    return next((one for one in waiting if (one.resource, one.row_id) not in held), None)


async def _carry_out(client: Client, outbox: Outbox, entry: Entry) -> Outcome:
    ids = outbox.new_ids()
    body = {name: _known(name, value, ids) for name, value in entry.body.items()}
    try:
        if entry.method == "POST":
            row = await client.create(entry.resource, body, key=entry.key)
            return Outcome(entry, Result.DONE, row)
        return await _change(client, replace(entry, row_id=ids.get(entry.row_id, entry.row_id), body=body), entry)
    except Refused as error:
        if error.may_pass or error.status in (401, 500):
            raise
        return Outcome(entry, Result.REFUSED, None, str(error))


async def _change(client: Client, entry: Entry, told: Entry) -> Outcome:
    """Set fields or delete, on condition that the row is still the one that was looked at."""
    for _ in range(TRIES):
        try:
            row, tag = await client.get_tagged(entry.resource, entry.row_id)
        except Refused as error:
            if error.status != 404:
                raise
            return _gone(told)
        if entry.method == "PATCH" and all(row.get(name) == value for name, value in entry.body.items()):
            return Outcome(told, Result.DONE, row)
        if changed := _changed(entry, row):
            return Outcome(told, Result.CONFLICT, row, f"changed meanwhile: {', '.join(changed)}")
        try:
            if entry.method == "DELETE":
                await client.delete(entry.resource, entry.row_id, if_match=tag)
                return Outcome(told, Result.DONE, None)
            return Outcome(
                told, Result.DONE, await client.update(entry.resource, entry.row_id, entry.body, if_match=tag)
            )
        except Refused as error:
            if error.status not in (404, 412):
                raise
    return Outcome(told, Result.CONFLICT, row, "it changes all the time")


def _gone(entry: Entry) -> Outcome:
    if entry.method == "DELETE":
        return Outcome(entry, Result.DONE, None)
    return Outcome(entry, Result.CONFLICT, None, "deleted meanwhile")


def _changed(entry: Entry, row: Row) -> list[str]:
    """The fields that another has changed: those to be set, or any of a row to be deleted."""
    present = lasting(row)
    return [name for name, value in entry.base.items() if name not in CLOCK and present.get(name) != value]


def _known(name: str, value: object, ids: dict[int, int]) -> object:
    """The service's id where a reference names a row made here."""
    is_reference = name.endswith("_id") or name.startswith("id")
    return ids.get(value, value) if is_reference and isinstance(value, int) else value
