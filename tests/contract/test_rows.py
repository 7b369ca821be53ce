"""One row: read, created, changed and deleted; and it is the same bytes wherever it is read."""

from typing import Any

import pytest
from specimens import RESOURCES, ROUTES, limit_of, value_of

ALIASES = [(route, alias, column) for route, one in RESOURCES.items() for alias, column in one.aliases.items()]


def row_bytes(body: bytes) -> bytes:
    """The JSON of the one row in a body."""
    data = body.partition(b'"data":')[2]
    return data[data.index(b"{") : data.index(b"}") + 1]


async def test_a_row_is_byte_for_byte_the_same_wherever_it_is_read(farm: Any, route: str) -> None:
    body = await farm.new(route)
    posted = await farm.post(f"/{route}", body)
    row = posted.data
    expected = row_bytes(posted.body)
    before = (await farm.get(f"/{route}", {"limit": 1})).meta["as_of"]
    assert before == row["updated_at"]
    listed = await farm.get(f"/{route}", "limit=1")
    detail = await farm.get(f"/{route}/{row['id']}")
    delta = await farm.get(f"/{route}", f"since={row['updated_at'][:19]}&limit=1000")
    related = await farm.get(f"/{route}/{row['id']}", "include_relations=true")
    assert row_bytes(listed.body) == expected
    assert row_bytes(detail.body) == expected
    assert expected in delta.body
    assert expected[:-1] in related.body
    put = await farm("PUT", f"/{route}/{row['id']}", json={})
    assert row_bytes(put.body) == row_bytes((await farm.get(f"/{route}/{row['id']}")).body)


async def test_a_new_row_is_answered_whole_with_its_place(farm: Any, route: str) -> None:
    body = await farm.new(route)
    answer = await farm.post(f"/{route}", body)
    assert (answer.status, answer.json["success"]) == (201, True)
    row = answer.data
    assert answer.headers["Location"] == f"/api/v1/{route}/{row['id']}"
    for name in farm.specimens[route].columns & body.keys():
        assert row[name] == body[name]
    assert row["created_at"]
    assert row["updated_at"]
    assert (await farm.get(answer.headers["Location"].removeprefix("/api/v1"))).data == row


async def test_what_may_be_left_out_has_its_default(farm: Any, route: str) -> None:
    fields = RESOURCES[route].record.model_fields
    body = {name: value for name, value in (await farm.new(route)).items() if fields[name].is_required()}
    row = (await farm.post(f"/{route}", body)).data
    for name, info in fields.items():
        if not info.is_required():
            assert row[name] == info.default


async def test_every_missing_field_is_named_at_once(farm: Any, route: str) -> None:
    answer = await farm.post(f"/{route}", {})
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    required = {name for name, info in RESOURCES[route].record.model_fields.items() if info.is_required()}
    assert answer.details["validation_errors"].keys() == required
    assert set(answer.details["validation_errors"].values()) == {"es obligatorio"}


@pytest.mark.parametrize("bad", [None, [], {}, True, 1.5, "", "x" * 70_000])
async def test_a_field_of_the_wrong_kind_is_named(farm: Any, route: str, bad: Any) -> None:
    body = await farm.new(route)
    for name, info in RESOURCES[route].record.model_fields.items():
        if not info.is_required() or (bad is True and name == "status"):
            continue
        answer = await farm.post(f"/{route}", {**body, name: bad})
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR"), (name, bad)
        assert list(answer.details["validation_errors"]) == [name]


async def test_keys_that_no_field_has_are_dropped_and_named(farm: Any, route: str) -> None:
    body = {**await farm.new(route), "first_name": "x", "id": 10**9, "created_at": "2001-01-01", "password_": None}
    answer = await farm.post(f"/{route}", body)
    assert answer.status == 201
    assert answer.meta["ignored"] == ["first_name", "id", "created_at", "password_"]
    assert answer.data["id"] != 10**9
    assert not answer.data["created_at"].startswith("2001")
    changed = await farm("PUT", f"/{route}/{answer.data['id']}", json={"nothing": 1})
    assert (changed.status, changed.meta["ignored"]) == (200, ["nothing"])


@pytest.mark.parametrize(("route", "alias", "column"), ALIASES)
async def test_each_alias_of_a_field_sets_it(farm: Any, route: str, alias: str, column: str) -> None:
    body = await farm.new(route)
    other = (await farm.create(route))["id"]
    value = body.pop(column, other)
    row = (await farm.post(f"/{route}", {**body, alias: value})).data
    assert row[column] == value
    assert alias not in row


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_update_sets_the_fields_it_gives_and_no_other(farm: Any, route: str, method: str) -> None:
    row = await farm.create(route)
    specimens = farm.specimens[route]
    name = specimens.text_field
    answer = await farm(method, f"/{route}/{row['id']}", json={name: f"other {next(specimens.numbers)}"})
    assert (answer.status, answer.json["success"]) == (200, True)
    assert {key for key in row if answer.data[key] != row[key]} == {name, "updated_at"}
    assert answer.data["updated_at"] > row["updated_at"]
    assert (await farm.get(f"/{route}/{row['id']}")).data == answer.data


async def test_a_merge_patch_may_be_sent_as_its_own_type(farm: Any, route: str) -> None:
    row = await farm.create(route)
    name = farm.specimens[route].text_field
    headers = {"Content-Type": "application/merge-patch+json"}
    value = value_of(name, RESOURCES[route].record, next(farm.specimens[route].numbers))
    answer = await farm("PATCH", f"/{route}/{row['id']}", json={name: value}, headers=headers)
    assert answer.data[name] == value


@pytest.mark.parametrize(("route", "name"), [(r, n) for r, one in RESOURCES.items() for n in sorted(one.nullable)])
async def test_null_clears_a_field_that_may_be_empty(farm: Any, route: str, name: str) -> None:
    value = (await farm.create(route))["id"] if name in farm.specimens[route].schema.references else "something"
    row = await farm.create(route, **{name: value})
    assert row[name] == value
    assert (await farm("PATCH", f"/{route}/{row['id']}", json={name: None})).data[name] is None
    listed = await farm.get(
        f"/{route}", {"limit": 1, **({f"{name}__null": "1"} if name in RESOURCES[route].filters else {})}
    )
    assert listed.data[0]["id"] == row["id"]


async def test_null_does_not_clear_a_field_that_may_not(farm: Any, route: str) -> None:
    row = await farm.create(route)
    name = farm.specimens[route].text_field
    if name in RESOURCES[route].nullable:
        pytest.skip("all its text may be empty")
    answer = await farm("PATCH", f"/{route}/{row['id']}", json={name: None})
    assert (answer.status, list(answer.details["validation_errors"])) == (422, [name])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("missing", ["999999999", "9223372036854775807", "9223372036854775808", "0", "9" * 400])
async def test_a_row_that_is_not_there_is_404(farm: Any, route: str, method: str, missing: str) -> None:
    body = {"json": {farm.specimens[route].text_field: "x"}} if method in ("PUT", "PATCH") else {}
    answer = await farm(method, f"/{route}/{missing}", **body)
    assert answer.status == 404
    if method != "HEAD":
        assert answer.code == "NOT_FOUND"


async def test_a_deleted_row_is_gone_everywhere(farm: Any, route: str) -> None:
    row = await farm.create(route)
    answer = await farm("DELETE", f"/{route}/{row['id']}")
    assert (answer.status, answer.data) == (200, {"deleted_id": row["id"]})
    assert (await farm.get(f"/{route}/{row['id']}")).status == 404
    assert row["id"] not in (await farm.get(f"/{route}", "limit=1000")).ids
    assert (await farm("DELETE", f"/{route}/{row['id']}")).status == 404


async def test_a_value_that_another_row_has_is_a_conflict_told_by_field(farm: Any, route: str) -> None:
    body = await farm.new(route)
    assert (await farm.post(f"/{route}", body)).status == 201
    answer = await farm.post(f"/{route}", body)
    assert (answer.status, answer.code) == (409, "CONFLICT")
    conflict = answer.details["conflict"]
    assert conflict.keys() == {"field", "label", "value"}
    assert conflict["value"] == body[conflict["field"]]
    assert set(answer.details["validation_errors"].values()) == {"ya existe"}
    assert conflict["field"] in answer.details["validation_errors"]
    unique = farm.specimens[route].schema.unique - {"id"}
    assert set(answer.details["validation_errors"]) <= unique


async def test_a_conflict_is_found_at_an_update_too(farm: Any, route: str) -> None:
    one, other = await farm.create(route), await farm.create(route)
    names = (farm.specimens[route].schema.unique - {"id"}) & one.keys()
    answer = await farm("PUT", f"/{route}/{other['id']}", json={name: one[name] for name in names})
    assert (answer.status, answer.code) == (409, "CONFLICT")
    assert (await farm.get(f"/{route}/{other['id']}")).data == other


async def test_an_update_to_what_the_row_has_already_is_no_conflict(farm: Any, route: str) -> None:
    row = await farm.create(route)
    names = farm.specimens[route].columns
    answer = await farm("PUT", f"/{route}/{row['id']}", json={name: row[name] for name in names})
    assert answer.status == 200
    assert {name: answer.data[name] for name in names} == {name: row[name] for name in names}


REFERENCES = [("breeds", "species_id"), ("animals", "breeds_id"), ("animals", "idFather"), ("animals", "idMother")]
REFERENCES += [("animal-diseases", f"{name}_id") for name in ("animal", "disease", "instructor")]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(("route", "name"), REFERENCES)
async def test_a_reference_to_no_row_is_named(farm: Any, route: str, name: str, method: str) -> None:
    row = {"id": ""} if method == "POST" else await farm.create(route)
    body = await farm.new(route, **{name: 987_654_321}) if method == "POST" else {name: 987_654_321}
    answer = await farm(method, f"/{route}/{row['id']}", json=body)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert answer.details["validation_errors"] == {name: "no existe el registro al que se refiere"}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_father_is_not_mother(farm: Any, method: str) -> None:
    parent = (await farm.create("animals"))["id"]
    row = await farm.create("animals", idFather=parent)
    body = await farm.new("animals", idFather=parent, idMother=parent) if method == "POST" else {"idMother": parent}
    answer = await farm(method, f"/animals/{row['id'] if method == 'PUT' else ''}", json=body)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert list(answer.details["validation_errors"]) in (["idFather"], ["idMother"])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("weight", 0, "debe ser 1 o más"),
        ("weight", -1, "debe ser 1 o más"),
        ("weight", 2**31, "debe ser 2147483647 o menos"),
        ("weight", "heavy", "debe ser un número entero"),
        ("weight", 1.5, "debe ser un número entero"),
        ("birth_date", "2999-01-01", "no puede estar en el futuro"),
        ("birth_date", "2024-02-30", "debe ser una fecha AAAA-MM-DD"),
        ("birth_date", 20240101, "debe ser una fecha AAAA-MM-DD"),
        ("sex", "hembra", "debe ser uno de: 'Hembra' or 'Macho'"),
        ("status", "Perdido", "debe ser uno de: 'Vivo', 'Vendido' or 'Muerto'"),
    ],
)
async def test_what_an_animal_cannot_be_is_said_by_field(farm: Any, name: str, value: Any, said: str) -> None:
    answer = await farm.post("/animals", await farm.new("animals", **{name: value}))
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert answer.details["validation_errors"].keys() == {name}
    if " or " not in said:
        assert answer.details["validation_errors"][name] == said


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_update_is_held_to_the_same_rules(farm: Any, method: str) -> None:
    row = await farm.create("animals")
    answer = await farm(method, f"/animals/{row['id']}", json={"weight": 0, "birth_date": "2999-01-01"})
    assert (answer.status, answer.details["validation_errors"].keys()) == (422, {"weight", "birth_date"})


async def test_an_animal_tells_its_age(farm: Any) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    for days in (0, 30, 365, 366, 380, 1000):
        row = await farm.create("animals", birth_date=(today - timedelta(days=days)).isoformat())
        months = round(days / 30.44)
        assert (row["age_in_days"], row["age_in_months"], row["is_adult"]) == (days, months, months >= 12)


async def test_a_user_may_say_the_identification_as_text_and_the_address_in_any_case(farm: Any) -> None:
    body = await farm.new("users", identification="90000017", email="  Some.One@Farm.EXAMPLE ")
    row = (await farm.post("/users", body)).data
    assert (row["identification"], row["email"]) == (90000017, "some.one@farm.example")
    assert "password" not in row


@pytest.mark.parametrize(
    "bad", ["no-at", "a@", "@b", "a@b@c", "a b@c", "a@b c", "\u0000a@b", "a@b\u0007", "a" * 119 + "@b"]
)
async def test_what_is_no_email_address_is_refused(farm: Any, bad: str) -> None:
    answer = await farm.post("/users", await farm.new("users", email=bad))
    assert (answer.status, list(answer.details["validation_errors"])) == (422, ["email"])


@pytest.mark.parametrize("bad", ["Sh0rt!", "alllowercase", "lower1234", "12345678", "A1" + "a" * 127])
async def test_a_weak_password_is_refused(farm: Any, bad: str) -> None:
    answer = await farm.post("/users", await farm.new("users", password=bad))
    assert (answer.status, list(answer.details["validation_errors"])) == (422, ["password"])
    assert bad not in answer.body.decode()


# Deleting what others refer to.

REFERRERS = [
    ("species", "breeds", "species_id", "razas", "breeds"),
    ("breeds", "animals", "breeds_id", "animales", "animals"),
    ("animals", "animals", "idFather", "crías", "offspring"),
    ("animals", "animals", "idMother", "crías", "offspring"),
    ("animals", "animal-diseases", "animal_id", "diagnósticos", "diagnoses"),
    ("diseases", "animal-diseases", "disease_id", "diagnósticos", "diagnoses"),
    ("users", "animal-diseases", "instructor_id", "diagnósticos", "diagnoses"),
]


@pytest.mark.parametrize(("route", "referrer", "field", "spanish", "english"), REFERRERS)
async def test_a_row_that_others_refer_to_is_kept_and_they_are_counted(
    farm: Any, route: str, referrer: str, field: str, spanish: str, english: str
) -> None:
    row = await farm.create(route)
    for _ in range(2):
        await farm.create(referrer, **{field: row["id"]})
    answer = await farm("DELETE", f"/{route}/{row['id']}")
    assert (answer.status, answer.code) == (409, "HAS_DEPENDENCIES")
    table = RESOURCES[referrer].table
    (counted,) = answer.details["dependencies"]
    assert {key: counted[key] for key in ("table", "field", "count")} == {"table": table, "field": field, "count": 2}
    for language, label in (("es", spanish), ("en", english)):
        again = await farm("DELETE", f"/{route}/{row['id']}", headers={"Accept-Language": language})
        assert "dependencia" in again.json["message"]
        assert f"2 {label}" in again.json["message"]
    assert (await farm.get(f"/{route}/{row['id']}")).status == 200


@pytest.mark.parametrize("route", ROUTES)
async def test_text_fills_its_column_to_the_last_character(farm: Any, route: str) -> None:
    specimens = farm.specimens[route]
    for name in specimens.text_fields:
        most = limit_of(RESOURCES[route].record, name)
        number = f"{next(specimens.numbers):08d}"
        if most > 1000:
            continue
        for letter in ("x", "ñ", "漢", "🐄"):
            value = letter * (most - 8) + number
            assert (await farm.create(route, **{name: value}))[name] == value
            number = f"{next(specimens.numbers):08d}"
        answer = await farm.post(f"/{route}", await farm.new(route, **{name: "🐄" * (most + 1)}))
        assert (answer.status, list(answer.details["validation_errors"])) == (422, [name])
