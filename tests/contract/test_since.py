"""?since= and /metadata: a client that follows them ends with exactly the table."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from test_lists import stored


async def now_of(farm: Any, route: str) -> str:
    """The time of the table's last change, to go on from."""
    return str((await farm.get(f"/{route}", "limit=1")).meta["as_of"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix("Z"))


async def change(farm: Any, route: str, row_id: int) -> None:
    specimens = farm.specimens[route]
    body = {specimens.text_field: f"changed {next(specimens.numbers)}"}
    assert (await farm("PUT", f"/{route}/{row_id}", json=body)).status == 200


async def test_changes_come_in_the_order_they_were_made(farm: Any, route: str) -> None:
    start = await now_of(farm, route)
    first, second, third = [(await farm.create(route))["id"] for _ in range(3)]
    await change(farm, route, first)
    answer = await farm.get(f"/{route}", {"since": start})
    assert answer.ids == [second, third, first]
    assert answer.meta["has_more"] is False
    assert answer.headers["X-Has-More"] == "false"
    assert [row["updated_at"] for row in answer.data] == sorted(row["updated_at"] for row in answer.data)
    assert answer.meta["next_since"] == answer.data[-1]["updated_at"]


async def test_deletions_are_named(farm: Any, route: str) -> None:
    row = await farm.create(route)
    start = await now_of(farm, route)
    assert (await farm("DELETE", f"/{route}/{row['id']}")).status == 200
    answer = await farm.get(f"/{route}", {"since": start})
    assert (answer.data, answer.meta["deleted"]) == ([], [row["id"]])
    again = await farm.get(f"/{route}", {"since": answer.meta["next_since"]})
    assert (again.data, again.meta["deleted"]) == ([], [])


async def whole_table(farm: Any, route: str) -> list[dict[str, Any]]:
    """Every row, by id."""
    rows: list[dict[str, Any]] = []
    page = await farm.get(f"/{route}", "limit=1000&sort_by=id&sort_order=asc")
    while True:
        rows += page.data
        if (cursor := page.meta["pagination"]["next_cursor"]) is None:
            return rows
        page = await farm.get(f"/{route}", {"limit": 1000, "sort_by": "id", "sort_order": "asc", "cursor": cursor})


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_a_client_that_goes_on_from_next_since_ends_with_the_table(farm: Any, route: str, limit: int) -> None:
    replica = {row["id"]: row for row in await whole_table(farm, route)}
    since = await now_of(farm, route)
    made = [(await farm.create(route))["id"] for _ in range(4)]
    await farm("DELETE", f"/{route}/{made[1]}")
    await change(farm, route, made[0])
    await farm("DELETE", f"/{route}/{made[3]}")
    pages = 0
    while True:
        answer = await farm.get(f"/{route}", {"since": since, "limit": limit})
        replica |= {row["id"]: row for row in answer.data}
        for gone in answer.meta["deleted"]:
            replica.pop(gone, None)
        assert len(answer.data) + len(answer.meta["deleted"]) <= limit
        since, pages = answer.meta["next_since"], pages + 1
        if not answer.meta["has_more"]:
            break
    assert pages >= 4 // limit
    assert sorted(replica.values(), key=lambda row: row["id"]) == await whole_table(farm, route)


async def test_a_time_of_full_precision_means_after_it(farm: Any, route: str) -> None:
    row = await farm.create(route)
    assert (await farm.get(f"/{route}", {"since": row["updated_at"]})).data == []
    before = moment(row["updated_at"]) - timedelta(microseconds=1)
    assert (await farm.get(f"/{route}", {"since": before.isoformat(timespec="microseconds") + "Z"})).ids == [row["id"]]


@pytest.mark.parametrize("unit", ["milliseconds", "seconds", "minutes"])
async def test_a_time_that_was_cut_means_from_it_on(farm: Any, route: str, unit: str) -> None:
    row = await farm.create(route)
    changed = moment(row["updated_at"])
    since, ids = changed.isoformat(timespec=unit) + "Z", set()
    while True:
        answer = await farm.get(f"/{route}", {"since": since})
        ids |= set(answer.ids)
        since = answer.meta["next_since"]
        if not answer.meta["has_more"]:
            break
    assert row["id"] in ids


@pytest.mark.parametrize(
    "spelled",
    [
        "2001-01-01T00:00:00.000Z",
        "2001-01-01T00:00:00Z",
        "2001-01-01",
        "2001-01-01T00:00",
        "2001-01-01 00:00:00",
        "2001-01-01t00:00:00z",
        "2001-01-01T00:00:00.000000-05:00",
        "2001-01-01T05:30:00+0530",
        "2001-01-01T00:00:00,5Z",
        "1970-01-01",
        "0001-01-01",
    ],
)
async def test_since_takes_the_spellings_that_clients_send(library: Any, route: str, spelled: str) -> None:
    answer = await library.get(f"/{route}", {"since": spelled})
    assert answer.status in (200, 410)
    if answer.status == 200:
        assert set(answer.ids) == {row["id"] for row in stored(library, route)}


async def test_an_offset_is_taken_off(farm: Any, route: str) -> None:
    row = await farm.create(route)
    local = moment(row["updated_at"]) + timedelta(hours=5, minutes=30)
    text = local.isoformat(timespec="microseconds")
    assert (await farm.get(f"/{route}", f"since={text}%2B05:30")).data == []
    earlier = (local - timedelta(microseconds=1)).isoformat(timespec="microseconds")
    assert (await farm.get(f"/{route}", f"since={earlier}%2B05:30")).ids == [row["id"]]


async def test_a_plus_that_arrived_as_a_space_is_an_offset(farm: Any, route: str) -> None:
    row = await farm.create(route)
    local = moment(row["updated_at"]) + timedelta(hours=2)
    text = local.isoformat(timespec="microseconds")
    assert (await farm.get(f"/{route}", f"since={text}+02:00")).data == []
    assert (await farm.get(f"/{route}", f"since={quote(text)}%2002:00")).data == []


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "2024",
        "2024-02-30",
        "2024-01-01T24:61:00Z",
        "1732500000000",
        "2024-01-01Z",
        "0001-01-01T00:00:00%2B14:00",
        "2024-01-01T00:00:00%209",
    ],
)
async def test_a_since_that_is_no_time_is_refused_by_name(library: Any, route: str, bad: str) -> None:
    answer = await library.get(f"/{route}", f"since={bad}")
    assert (answer.status, answer.code, answer.details["parameter"]) == (400, "INVALID_PARAMETER", "since")


async def test_a_delta_from_the_first_page_holds_nothing_when_nothing_happened(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}", {"since": await now_of(library, route)})
    assert (answer.data, answer.meta["deleted"], answer.meta["has_more"]) == ([], [], False)


async def test_a_delta_names_what_it_takes_no_notice_of(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}", "since=2001-01-01&sort_by=id")
    assert answer.meta["ignored"] == ["sort_by"]
    assert (await library.get(f"/{route}", "since=2001-01-01&limt=1")).code == "UNKNOWN_PARAMETER"


async def test_a_delta_has_at_most_a_thousand_changes(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}", "since=2001-01-01&limit=5000")
    assert (answer.meta["limit"], answer.meta["limit_capped"]) == (1000, True)
    assert (await library.get(f"/{route}", "since=2001-01-01")).meta["limit"] == 1000


async def test_changes_from_before_the_tombstones_are_gone(open_farm: Any) -> None:
    async with open_farm() as farm:
        row = await farm.create("species")
        farm.sql("UPDATE ledger SET deltas_from = %s WHERE table_name = 'species'", moment(row["updated_at"]))
        # A change of the rows makes every cached delta void.
        await farm.create("species")
        answer = await farm.get("/species", "since=2001-01-01")
        assert (answer.status, answer.code) == (410, "SINCE_TOO_OLD")
        assert answer.details["deltas_from"] == row["updated_at"]
        assert (await farm.get(answer.details["resync"].removeprefix("/api/v1"))).status == 200
        assert (await farm.get("/species", {"since": row["updated_at"]})).status == 200


# Metadata.


async def test_metadata_says_how_many_rows_and_when_they_last_changed(farm: Any, route: str) -> None:
    row = await farm.create(route)
    answer = await farm.get(f"/{route}/metadata")
    assert answer.data.keys() == {"total_count", "last_modified", "etag"}
    assert answer.data["total_count"] == len(stored(farm, route))
    assert answer.data["last_modified"] == row["updated_at"]


async def test_metadata_changes_with_every_write(farm: Any, route: str) -> None:
    seen = [(await farm.get(f"/{route}/metadata")).data]
    row = await farm.create(route)
    seen.append((await farm.get(f"/{route}/metadata")).data)
    await change(farm, route, row["id"])
    seen.append((await farm.get(f"/{route}/metadata")).data)
    assert (await farm("DELETE", f"/{route}/{row['id']}")).status == 200
    seen.append((await farm.get(f"/{route}/metadata")).data)
    assert len({one["etag"] for one in seen}) == 4
    assert [one["total_count"] - seen[0]["total_count"] for one in seen] == [0, 1, 1, 0]
    assert [one["last_modified"] for one in seen] == sorted(one["last_modified"] for one in seen)


async def test_metadata_is_right_without_a_ledger_row(open_farm: Any) -> None:
    async with open_farm() as farm:
        await farm.create("species")
        last = await farm.create("species")
        farm.sql("DELETE FROM ledger WHERE table_name = 'species'")
        answer = await farm.get("/species/metadata")
        assert answer.data["total_count"] == 2
        assert answer.data["last_modified"] == last["updated_at"]
        listed = await farm.get("/species")
        assert listed.meta["pagination"]["total_items"] == 2
