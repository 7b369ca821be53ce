"""Diagnoses that fit the animal: its species, sex and age, and only while it was on the farm."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from random import Random

from service.sample.animal import ALIVE, DEAD, FEMALE, Animal
from service.sample.diseases import DISEASES, Disease
from service.sample.notes import NOTES
from service.sample.rows import Row

# How many illnesses an animal has had, in hundredths; about 0.4 on average.
_ILLNESSES = {0: 69, 1: 22, 2: 7, 3: 2}
_COURSE_DAYS = 30


def diagnosis_rows(
    animals: Iterable[Animal],
    instructors: Sequence[str | int | bool | None],
    today: date,
    rng: Random,
) -> Iterator[Row]:
    """Yield rows of animal_diseases, by animal and day; no animal has one disease twice."""
    counts, weights = list(_ILLNESSES), list(_ILLNESSES.values())
    number = 0
    for animal in animals:
        illnesses = rng.choices(counts, weights)[0]
        for day, place in _illnesses(animal, illnesses, rng):
            number += 1
            status = _status(DISEASES[place], animal, day, today.toordinal(), rng)
            yield {
                "id": number,
                "animal_id": animal.id,
                "disease_id": place + 1,
                "instructor_id": rng.choice(instructors),
                "diagnosis_date": date.fromordinal(day).isoformat(),
                "status": status,
                "notes": rng.choice(NOTES[status]) if rng.random() < 0.6 else None,
            }


def _illnesses(animal: Animal, count: int, rng: Random) -> list[tuple[int, int]]:
    """Return up to `count` (day, place in DISEASES), by day."""
    if not count:
        return []
    possible = [(days, place) for place, disease in enumerate(DISEASES) if (days := _days_at_risk(disease, animal))]
    chosen = rng.sample(possible, min(count, len(possible)))
    return sorted((rng.choice(days), place) for days, place in chosen)


def _days_at_risk(disease: Disease, animal: Animal) -> range:
    """Return the days after birth on which the animal could have it; empty if never."""
    if animal.species.prefix not in disease.species:
        return range(0)
    first = animal.born + 1
    if disease.of_mothers:
        if animal.sex != FEMALE:
            return range(0)
        first = animal.born + animal.species.mother_from
    return range(first, min(animal.last_day, animal.born + disease.until_age) + 1)


def _status(disease: Disease, animal: Animal, day: int, today: int, rng: Random) -> str:
    if animal.status == DEAD and animal.last_day - day <= _COURSE_DAYS:
        return "Fallecido"
    if animal.status == ALIVE and today - day <= _COURSE_DAYS:
        return rng.choice(("En tratamiento", "En tratamiento", "En observación"))
    if rng.random() < disease.chronic:
        return "Crónico"
    return "Recuperado"
