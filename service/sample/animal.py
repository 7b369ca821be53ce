"""One animal of the sample farm, and its row in the animals table."""

from datetime import date
from itertools import accumulate
from typing import NamedTuple

from service.sample.rows import Row
from service.sample.species import ALL_SPECIES, Species

FEMALE, MALE = "Hembra", "Macho"
ALIVE, SOLD, DEAD = "Vivo", "Vendido", "Muerto"


class Animal(NamedTuple):
    """One animal; days are proleptic ordinals (`date.toordinal`).

    `breed` is the breed's place in `species.breeds`; `last_day` is the last day on the farm,
    which is the farm's today for an animal that still lives there.
    """

    id: int
    species: Species
    breed: int
    record: str
    sex: str
    born: int
    last_day: int
    status: str
    weight: int
    mother: int | None
    father: int | None


def first_breed_ids() -> dict[str, int]:
    """Return, by species name, the id of its first breed when all breeds are numbered from 1."""
    ends = accumulate((len(species.breeds) for species in ALL_SPECIES), initial=1)
    return {species.name: first for species, first in zip(ALL_SPECIES, ends, strict=False)}


def animal_row(animal: Animal, first_breed: dict[str, int]) -> Row:
    """Return the animal as a row of the animals table."""
    return {
        "id": animal.id,
        "record": animal.record,
        "sex": animal.sex,
        "birth_date": date.fromordinal(animal.born).isoformat(),
        "weight": animal.weight,
        "status": animal.status,
        "breeds_id": first_breed[animal.species.name] + animal.breed,
        "idFather": animal.father,
        "idMother": animal.mother,
    }
