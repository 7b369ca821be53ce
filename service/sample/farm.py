"""One call makes a whole believable farm, the same one for the same seed and day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random

from service.sample.animal import Animal, animal_row, first_breed_ids
from service.sample.diseases import DISEASES
from service.sample.health import diagnosis_rows
from service.sample.herd import animals_in_order
from service.sample.people import make_users
from service.sample.rows import GeneratedRows, Row
from service.sample.species import ALL_SPECIES


@dataclass(frozen=True)
class Farm:
    """The rows of each table, named like its columns, parents before children, ids from 1.

    Users have no password. `animals` and `animal_diseases` can be read as often as needed and
    are made while they are read, so that a million of them need not fit in memory.
    """

    users: list[Row]
    species: list[Row]
    breeds: list[Row]
    diseases: list[Row]
    animals: Iterable[Row]
    animal_diseases: Iterable[Row]


def make_farm(animals: int, seed: int = 1, today: date | None = None) -> Farm:
    """Return a farm of exactly so many animals, as it stands on `today` (by default in UTC).

    Raises ValueError when `animals` is negative.
    """
    if animals < 0:
        raise ValueError(f"a farm cannot have {animals} animals")
    day = today or datetime.now(UTC).date()
    users = make_users(animals, _stream(seed, "users"))
    instructors = [user["id"] for user in users if user["role"] == "Instructor"]

    def born() -> Iterator[Animal]:
        return animals_in_order(animals, day, _stream(seed, "animals"))

    def animal_rows() -> Iterator[Row]:
        first_breed = first_breed_ids()
        return (animal_row(animal, first_breed) for animal in born())

    def disease_rows() -> Iterator[Row]:
        return diagnosis_rows(born(), instructors, day, _stream(seed, "diagnoses"))

    return Farm(
        users=users,
        species=[{"id": n, "name": kind.name} for n, kind in enumerate(ALL_SPECIES, start=1)],
        breeds=_breed_rows(),
        diseases=[
            {"id": n, "name": it.name, "symptoms": it.symptoms, "details": it.details}
            for n, it in enumerate(DISEASES, start=1)
        ],
        animals=GeneratedRows(animal_rows),
        animal_diseases=GeneratedRows(disease_rows),
    )


def _stream(seed: int, part: str) -> Random:
    """Return the part's own random numbers, so that a change in one part leaves the others."""
    return Random(f"{seed}:{part}")


def _breed_rows() -> list[Row]:
    pairs = [(n, breed) for n, kind in enumerate(ALL_SPECIES, start=1) for breed in kind.breeds]
    return [
        {"id": n, "name": breed.name, "species_id": species_id} for n, (species_id, breed) in enumerate(pairs, start=1)
    ]
