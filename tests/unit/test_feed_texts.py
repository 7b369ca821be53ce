"""The feed's messages: made once, and an id that leads back to where its reader was; a slow reader is bounded."""

import asyncio
import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feed.changes import Change
from service.feed.event_texts import framed, id_of, messages, opening, positions_of
from service.feed.listeners import MOST_BUFFERED, Interest, Listener, Listeners, TooManyListeners

ROUTES = {"species": "species", "animal_diseases": "animal-diseases"}
START = {"species": 5, "animal_diseases": 7}
TABLES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=64)


@given(st.dictionaries(TABLES, st.integers(0, 2**52 - 1), min_size=1, max_size=18))
def test_an_id_says_what_it_was_made_from(positions: dict[str, int]) -> None:
    text = id_of(positions)
    assert positions_of(text) == positions
    assert "\n" not in text
    assert text.isascii()


@given(st.text(max_size=60))
def test_any_other_text_is_no_id_or_one_that_is_written_alike(text: str) -> None:
    found = positions_of(text)
    assert found is None or positions_of(id_of(found)) == found


def test_each_message_bears_the_place_of_its_table_and_leaves_the_others() -> None:
    changes = [Change("species", "create", 3, 8), Change("animal_diseases", "delete", 4, 9)]
    first, second, rest = messages(changes, START, ROUTES).split(b"\n\n")
    assert rest == b""
    assert first.splitlines()[0] == b"id: animal_diseases=7.species=8"
    assert second.splitlines()[0] == b"id: animal_diseases=9.species=8"
    said = json.loads(second.splitlines()[1].removeprefix(b"data: "))
    assert said == {
        "endpoint": "animal-diseases",
        "action": "delete",
        "id": 4,
        "version": "1970-01-01T00:00:00.000009Z",
    }


def test_who_hears_of_one_table_is_told_nothing_of_another() -> None:
    changes = [Change("species", "create", 3, 8), Change("animal_diseases", "delete", 4, 9)]
    text = messages(changes, {"species": 5}, ROUTES)
    assert text.count(b"data:") == 1
    assert b"animal" not in text + opening({"species": 5})


def test_a_resync_bears_no_id_so_that_who_is_cut_off_after_it_hears_it_again() -> None:
    told = [Change("species", kind, None, 8) for kind in ("resync", "bulk")]
    resync, bulk, _ = messages(told, START, ROUTES).split(b"\n\n")
    assert resync.startswith(b"event: resync\ndata: ")
    assert bulk.startswith(b"id: animal_diseases=7.species=8\ndata: ")


def test_a_chunk_is_framed_by_its_length() -> None:
    assert framed(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


async def listener(reads: socket.socket, writes: socket.socket) -> Listener:
    """A listener on one end of a pair of connected sockets, with little room between them."""
    for one in (reads, writes):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=writes)
    return Listener(Interest(("species",), chunked=False), None, transport)


async def test_a_reader_who_does_not_keep_up_is_cut_off_before_much_waits_for_them() -> None:
    reads, writes = socket.socketpair()
    one = await listener(reads, writes)
    one.begin(b"first")
    told = 0
    while not one.over.done():
        one.tell(b"x" * 1000)
        told += 1000
        assert told < MOST_BUFFERED + 100_000
        await asyncio.sleep(0)
    one.tell(b"more")  # to nobody
    reads.close()


async def test_what_comes_before_a_stream_has_begun_waits_and_is_bounded_too() -> None:
    reads, writes = socket.socketpair()
    one = await listener(reads, writes)
    one.tell(b"second")
    one.begin(b"first ")
    assert await asyncio.get_running_loop().sock_recv(reads, 100) == b"first second"
    one.abort()
    reads.close()
    reads, writes = socket.socketpair()
    held = await listener(reads, writes)
    held.tell(b"x" * (MOST_BUFFERED + 1))
    assert held.over.done()
    reads.close()


async def test_a_worker_has_room_for_so_many_and_no_more() -> None:
    listeners = Listeners(2, 1, 25)
    pairs = [socket.socketpair() for _ in range(3)]
    first, second, third = [await listener(*pair) for pair in pairs]
    listeners.add(first)
    listeners.add(second)
    with pytest.raises(TooManyListeners):
        listeners.add(third)
    listeners.remove(first)
    listeners.add(third)
    listeners.close()
    assert second.over.done()
    assert third.over.done()
    with pytest.raises(TooManyListeners):
        listeners.add(first)
    for one, (reads, _) in zip((first, second, third), pairs, strict=True):
        one.abort()
        reads.close()
