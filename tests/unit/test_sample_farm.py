"""The sample farm is the same for the same seed, and no farmer would find fault with it."""

import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest

from service.sample.animal import first_breed_ids
from service.sample.diseases import DISEASES
from service.sample.farm import Farm, make_farm
from service.sample.herd import animals_in_order
from service.sample.notes import NOTES
from service.sample.species import ALL_SPECIES, Breed, Species

Row = dict[str, Any]

TODAY = date(2025, 6, 15)
SIZES_AND_SEEDS = [(0, 1), (1, 1), (2, 1), (7, 5), (60, 2), (500, 3), (2000, 1), (2000, 4)]

ROLES = {"Aprendiz", "Instructor", "Administrador"}
COLUMNS = {
    "users": "id identification fullname email phone address role status",
    "species": "id name",
    "breeds": "id name species_id",
    "diseases": "id name symptoms details",
    "animals": "id record sex birth_date weight status breeds_id idFather idMother",
    "animal_diseases": "id animal_id disease_id instructor_id diagnosis_date status notes",
}
UNIQUE = [
    ("users", "identification"),
    ("users", "email"),
    ("users", "phone"),
    ("species", "name"),
    ("breeds", "species_id name"),
    ("animals", "record"),
    ("diseases", "name"),
    ("animal_diseases", "animal_id disease_id diagnosis_date"),
]
LONGEST = {
    ("users", "fullname"): 120,
    ("users", "email"): 120,
    ("users", "phone"): 40,
    ("users", "address"): 255,
    ("species", "name"): 255,
    ("breeds", "name"): 255,
    ("animals", "record"): 255,
    ("diseases", "name"): 100,
    ("diseases", "symptoms"): 255,
    ("diseases", "details"): 255,
    ("animal_diseases", "status"): 50,
}


@dataclass
class Sample:
    """A farm read once, with its animals by id."""

    size: int
    tables: dict[str, list[Row]]

    def __post_init__(self) -> None:
        self.animals = {row["id"]: row for row in self.tables["animals"]}
        self._breeds = {row["id"]: row for row in self.tables["breeds"]}

    def species_of(self, animal: Row) -> Species:
        return ALL_SPECIES[self._breeds[animal["breeds_id"]]["species_id"] - 1]

    def breed_of(self, animal: Row) -> Breed:
        row = self._breeds[animal["breeds_id"]]
        return next(it for it in self.species_of(animal).breeds if it.name == row["name"])

    def children(self, parent: str) -> list[tuple[Row, Row]]:
        rows = self.tables["animals"]
        return [(row, self.animals[row[parent]]) for row in rows if row[parent] is not None]


def read(farm: Farm) -> dict[str, list[Row]]:
    return {table: list(getattr(farm, table)) for table in COLUMNS}


def collated(value: object) -> str:
    """Return the value as a collation that ignores case and accents compares it."""
    return unicodedata.normalize("NFKD", str(value).casefold()).encode("ascii", "ignore").decode()


def born(animal: Row) -> date:
    return date.fromisoformat(str(animal["birth_date"]))


def days_between(older: Row, younger: Row) -> int:
    return (born(younger) - born(older)).days


@pytest.fixture(scope="module", params=SIZES_AND_SEEDS, ids=lambda it: f"{it[0]}-seed{it[1]}")
def sample(request: pytest.FixtureRequest) -> Sample:
    size, seed = request.param
    return Sample(size, read(make_farm(size, seed, TODAY)))


@pytest.fixture(scope="module")
def large() -> Sample:
    return Sample(2000, read(make_farm(2000, 1, TODAY)))


def test_the_same_seed_and_day_make_the_same_farm() -> None:
    assert read(make_farm(300, 8, TODAY)) == read(make_farm(300, 8, TODAY))


def test_another_seed_makes_another_farm() -> None:
    one, other = read(make_farm(300, 8, TODAY)), read(make_farm(300, 9, TODAY))
    for table in ("users", "animals", "animal_diseases"):
        assert one[table] != other[table]


def test_generated_rows_can_be_read_again_and_side_by_side() -> None:
    farm = make_farm(300, 1, TODAY)
    assert list(farm.animals) == list(farm.animals)
    assert all(one == other for one, other in zip(farm.animals, farm.animals, strict=True))


def test_a_million_animals_are_not_made_before_they_are_read() -> None:
    farm = make_farm(1_000_000, 1, TODAY)
    assert [row["id"] for row in islice(farm.animals, 3)] == [1, 2, 3]


def test_without_a_day_the_farm_is_of_today() -> None:
    newest = max(born(row) for row in make_farm(2000).animals)
    assert timedelta(0) <= datetime.now(UTC).date() - newest < timedelta(days=30)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 animals"):
        make_farm(-1)


def test_the_farm_has_exactly_as_many_animals_as_asked(sample: Sample) -> None:
    assert len(sample.tables["animals"]) == sample.size


def test_every_row_has_the_columns_of_its_table(sample: Sample) -> None:
    for table, columns in COLUMNS.items():
        assert all(list(row) == columns.split() for row in sample.tables[table])


def test_ids_count_from_one(sample: Sample) -> None:
    for rows in sample.tables.values():
        assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(("table", "columns"), UNIQUE)
def test_unique_keys_are_unique(sample: Sample, table: str, columns: str) -> None:
    keys = [tuple(collated(row[column]) for column in columns.split()) for row in sample.tables[table]]
    assert len(set(keys)) == len(keys)


def test_texts_fit_their_columns(sample: Sample) -> None:
    for (table, column), longest in LONGEST.items():
        for row in sample.tables[table]:
            text = row[column]
            assert text is None or (text == text.strip() and 0 < len(text) <= longest)


def test_the_first_user_is_the_administrator_and_the_second_teaches(sample: Sample) -> None:
    first, second = sample.tables["users"][:2]
    assert (first["identification"], first["role"]) == (1000000001, "Administrador")
    assert second["role"] == "Instructor"
    assert first["status"] is second["status"] is True


def test_users_can_be_written_to_nobody_real(sample: Sample) -> None:
    for user in sample.tables["users"]:
        assert user["role"] in ROLES
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d*@example\.org", user["email"])
        assert re.fullmatch(r"399\d{7}", user["phone"])


def test_breeds_belong_to_species(sample: Sample) -> None:
    assert {row["species_id"] for row in sample.tables["breeds"]} == set(range(1, len(ALL_SPECIES) + 1))
    by_id = {row["id"]: row for row in sample.tables["breeds"]}
    for species in ALL_SPECIES:
        assert by_id[first_breed_ids()[species.name]]["name"] == species.breeds[0].name


def test_animals_are_well_formed(sample: Sample) -> None:
    for animal in sample.tables["animals"]:
        assert animal["sex"] in {"Hembra", "Macho"}
        assert animal["status"] in {"Vivo", "Vendido", "Muerto"}
        prefix = sample.species_of(animal).prefix
        assert re.fullmatch(rf"{prefix}-{born(animal).year}-\d{{5,}}", animal["record"])


def test_animals_are_numbered_by_birth_and_none_is_born_after_today(sample: Sample) -> None:
    days = [born(animal) for animal in sample.tables["animals"]]
    assert days == sorted(days)
    assert all(day <= TODAY for day in days)


def test_parents_come_first_are_of_the_same_breed_and_right_sex(sample: Sample) -> None:
    for parent, sex in (("idFather", "Macho"), ("idMother", "Hembra")):
        for child, animal in sample.children(parent):
            assert animal["id"] < child["id"]
            assert animal["sex"] == sex
            assert animal["breeds_id"] == child["breeds_id"]


def test_parents_are_grown_and_mothers_not_too_old(sample: Sample) -> None:
    for child, father in sample.children("idFather"):
        assert days_between(father, child) >= sample.species_of(father).father_from
    for child, mother in sample.children("idMother"):
        species = sample.species_of(mother)
        assert species.mother_from <= days_between(mother, child) <= species.mother_until


def test_mothers_rest_between_litters_and_a_litter_has_one_father(sample: Sample) -> None:
    litters: dict[tuple[int, date], list[Row]] = defaultdict(list)
    births: dict[int, set[date]] = defaultdict(set)
    for child, mother in sample.children("idMother"):
        litters[mother["id"], born(child)].append(child)
        births[mother["id"]].add(born(child))
    for (mother_id, _), young in litters.items():
        assert len(young) <= max(sample.species_of(sample.animals[mother_id]).litter)
        assert len({child["idFather"] for child in young}) == 1
    for mother_id, days in births.items():
        interval = sample.species_of(sample.animals[mother_id]).interval
        assert all((b - a).days >= interval for a, b in pairwise(sorted(days)))


def test_nobody_is_bred_to_its_own_parent_or_child(sample: Sample) -> None:
    for child, mother in sample.children("idMother"):
        if child["idFather"] is None:
            continue
        father = sample.animals[child["idFather"]]
        assert mother["idFather"] != father["id"]
        assert father["idMother"] != mother["id"]


def test_an_animal_without_a_known_mother_was_bought_and_has_no_father(sample: Sample) -> None:
    bought = [animal for animal in sample.tables["animals"] if animal["idMother"] is None]
    assert all(animal["idFather"] is None for animal in bought)


def test_weights_fit_breed_sex_and_age(sample: Sample) -> None:
    for animal in sample.tables["animals"]:
        breed, species = sample.breed_of(animal), sample.species_of(animal)
        adult = breed.female_kg if animal["sex"] == "Hembra" else breed.male_kg
        assert isinstance(animal["weight"], int)
        assert 1 <= animal["weight"] <= adult * 1.2 + 0.5
        age = (TODAY - born(animal)).days
        if animal["status"] == "Vivo" and age >= species.grown:
            assert animal["weight"] >= adult * 0.7 - 0.5
        if age <= species.grown / 20:
            assert animal["weight"] <= max(1, adult * 0.3)


def test_no_parent_has_young_after_leaving_the_farm() -> None:
    animals = list(animals_in_order(2000, TODAY, Random(1)))
    by_id = {animal.id: animal for animal in animals}
    for child in animals:
        parents = [by_id[id_] for id_ in (child.mother, child.father) if id_ is not None]
        assert all(child.born <= parent.last_day for parent in parents)


def test_diagnoses_are_made_by_instructors_of_the_farm(sample: Sample) -> None:
    roles = {user["id"]: user["role"] for user in sample.tables["users"]}
    diagnoses = sample.tables["animal_diseases"]
    assert all(roles[row["instructor_id"]] == "Instructor" for row in diagnoses)


def test_diagnoses_come_after_birth_and_by_today(sample: Sample) -> None:
    for row in sample.tables["animal_diseases"]:
        day = date.fromisoformat(row["diagnosis_date"])
        assert born(sample.animals[row["animal_id"]]) < day <= TODAY


def test_diagnoses_fit_the_animal(sample: Sample) -> None:
    for row in sample.tables["animal_diseases"]:
        animal, disease = sample.animals[row["animal_id"]], DISEASES[row["disease_id"] - 1]
        age = (date.fromisoformat(row["diagnosis_date"]) - born(animal)).days
        assert sample.species_of(animal).prefix in disease.species
        assert age <= disease.until_age
        if disease.of_mothers:
            assert animal["sex"] == "Hembra"
            assert age >= sample.species_of(animal).mother_from


def test_the_course_of_a_disease_fits_the_animal(sample: Sample) -> None:
    for row in sample.tables["animal_diseases"]:
        animal, disease = sample.animals[row["animal_id"]], DISEASES[row["disease_id"] - 1]
        assert row["notes"] is None or row["notes"] in NOTES[row["status"]]
        if row["status"] in {"En tratamiento", "En observación"}:
            assert animal["status"] == "Vivo"
        if row["status"] == "Fallecido":
            assert animal["status"] == "Muerto"
        if row["status"] == "Crónico":
            assert disease.chronic > 0
        if row["status"] == "Recuperado":
            assert disease.chronic < 1


def test_every_disease_befalls_a_species_and_every_species_has_diseases() -> None:
    prefixes = {species.prefix for species in ALL_SPECIES}
    assert {prefix for disease in DISEASES for prefix in disease.species} == prefixes


def test_a_farm_of_two_thousand_is_of_believable_proportions(large: Sample) -> None:
    users, animals = large.tables["users"], large.tables["animals"]
    status = Counter(animal["status"] for animal in animals)
    assert 35 <= len(users) <= 45
    assert 0.35 <= len(large.tables["animal_diseases"]) / len(animals) <= 0.5
    assert status["Vivo"] > 0.7 * len(animals)
    assert status["Vendido"] > status["Muerto"] > 0
    assert len({large.species_of(animal).name for animal in animals}) == len(ALL_SPECIES)
    assert len(large.children("idMother")) > 0.7 * len(animals)
    assert len(large.children("idFather")) > 0.6 * len(animals)
    assert {row["notes"] is None for row in large.tables["animal_diseases"]} == {True, False}
