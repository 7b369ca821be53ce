"""A write that carries an Idempotency-Key happens once, whoever asks again and wherever."""

import asyncio
from secrets import token_hex
from typing import Any


async def post(farm: Any, path: str, json: Any, key: str, **rest: Any) -> Any:
    """A POST under `key`."""
    return await farm("POST", path, json=json, headers={"Idempotency-Key": key, **rest.pop("headers", {})}, **rest)


async def test_the_same_key_and_body_get_the_first_answer_again(farm: Any, route: str) -> None:
    body, key = await farm.new(route), token_hex(8)
    first = await post(farm, f"/{route}", body, key)
    again = await post(farm, f"/{route}", body, key)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


async def test_it_happens_once_when_many_ask_at_once(farm: Any) -> None:
    body, key = await farm.new("species"), token_hex(8)
    answers = await asyncio.gather(*(post(farm, "/species", body, key) for _ in range(12)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1


async def test_another_body_under_the_same_key_is_refused(farm: Any) -> None:
    key = token_hex(8)
    assert (await post(farm, "/species", await farm.new("species"), key)).status == 201
    refused = await post(farm, "/species", await farm.new("species"), key)
    assert (refused.status, refused.code) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_the_same_bytes_of_another_type_are_another_request(farm: Any) -> None:
    body, key = await farm.new("species"), token_hex(8)
    types = ("application/json", "application/json; charset=utf-8", "application/merge-patch+json")
    answers = [await post(farm, "/species", body, key, headers={"Content-Type": one}) for one in types]
    assert [answer.status for answer in answers] == [201, 201, 422]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert answers[2].code == "IDEMPOTENCY_KEY_REUSED"


async def test_a_refused_write_keeps_its_key_free(farm: Any) -> None:
    taken, key = await farm.create("species"), token_hex(8)
    assert (await post(farm, "/species", {"name": taken["name"]}, key)).status == 409
    assert (await post(farm, "/species", await farm.new("species"), key)).status == 201


async def test_keys_belong_to_a_user_and_a_path(farm: Any) -> None:
    key = token_hex(8)
    answers = [
        await post(farm, "/species", await farm.new("species"), key),
        await post(farm, "/species", await farm.new("species"), key, who="instructor"),
        await post(farm, "/diseases", await farm.new("diseases"), key),
    ]
    assert [answer.status for answer in answers] == [201, 201, 201]


async def test_an_upload_happens_once_too(farm: Any) -> None:
    rows, key = [await farm.new("species") for _ in range(3)], token_hex(8)
    first = await post(farm, "/species/bulk", rows, key)
    again = await post(farm, "/species/bulk", rows, key)
    assert (first.status, again.body) == (201, first.body)
    other = await farm("POST", "/species/bulk", {"on_conflict": "ignore"}, json=rows, headers={"Idempotency-Key": key})
    assert other.code == "IDEMPOTENCY_KEY_REUSED"


async def test_the_answer_is_kept_in_the_transaction_of_the_write(farm: Any) -> None:
    key = token_hex(8)
    before = farm.sql("SELECT COUNT(*) AS n FROM idempotency")[0]["n"]
    await post(farm, "/species", {"name": ""}, key)
    await post(farm, "/species", await farm.new("species"), key)
    assert farm.sql("SELECT COUNT(*) AS n FROM idempotency")[0]["n"] == before + 1
    assert farm.sql("SELECT COUNT(*) AS n FROM idempotency WHERE status IS NULL")[0]["n"] == 0


async def test_answers_of_yesterday_are_forgotten(farm: Any) -> None:
    key, body = token_hex(8), await farm.new("species")
    assert (await post(farm, "/species", body, key)).status == 201
    farm.sql("UPDATE idempotency SET claimed_at = NOW(6) - INTERVAL 25 HOUR")
    assert (await post(farm, "/species", body, key)).code == "CONFLICT"
