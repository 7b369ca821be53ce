"""Animals in order of birth: every parent is born, grown and still on the farm before its young."""

from bisect import bisect
from collections.abc import Iterator
from datetime import date
from heapq import heapify, heappop, heapreplace
from itertools import accumulate
from math import exp, sqrt
from random import Random

from service.sample.animal import ALIVE, DEAD, FEMALE, MALE, SOLD, Animal
from service.sample.breeders import Mothers, Sires
from service.sample.species import ALL_SPECIES, Species


def animals_in_order(count: int, today: date, rng: Random) -> Iterator[Animal]:
    """Yield `count` animals by day of birth, numbered from 1; memory holds only the breeders."""
    herds = [
        Herd(species, size, today.toordinal(), rng) for species, size in zip(ALL_SPECIES, _sizes(count), strict=True)
    ]
    due = [(herd.next_birth(), place) for place, herd in enumerate(herds) if not herd.complete]
    heapify(due)
    next_id = 1
    while due:
        day, place = due[0]
        for animal in herds[place].give_birth(day, next_id):
            next_id += 1
            yield animal
        if herds[place].complete:
            heappop(due)
        else:
            heapreplace(due, (herds[place].next_birth(), place))


def _sizes(count: int) -> list[int]:
    """Return how many animals each species gets; they add up to `count`."""
    whole = sum(species.share for species in ALL_SPECIES)
    ends = [(count * end + whole // 2) // whole for end in accumulate(species.share for species in ALL_SPECIES)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


class Herd:
    """The animals of one species, born day after day until there are `size` of them."""

    def __init__(self, species: Species, size: int, today: int, rng: Random) -> None:
        self._species = species
        self._size = size
        self._today = today
        self._rng = rng
        self._born = 0
        self._year = 0
        self._in_year = 0
        self._mothers = Mothers(species, rng)
        self._sires = [Sires(species, rng) for _ in species.breeds]
        # A farm keeps many of a few breeds and few of the rest.
        self._breed_weights = list(accumulate(1 / (n + 1) for n in range(len(species.breeds))))
        self._litter_sizes = list(species.litter)
        self._litter_weights = list(species.litter.values())

    @property
    def complete(self) -> bool:
        """Whether every animal of the herd has been born."""
        return self._born >= self._size

    def next_birth(self) -> int:
        """Return the day of the next birth: never before the last one, never after today."""
        # The square root lets the herd grow evenly: a few births a year at first, many of late.
        done = sqrt((self._born + self._rng.random()) / self._size)
        return self._today - int(self._species.years * 365.25 * (1 - done))

    def give_birth(self, day: int, first_id: int) -> list[Animal]:
        """Return the litter born that day, or one bought animal when no mother is due."""
        mother = self._mothers.take(day)
        if mother is None:
            return [self._bought(day, first_id)]
        father = self._sires[mother.breed].choose(day, mother)
        size = self._rng.choices(self._litter_sizes, self._litter_weights)[0]
        size = min(size, self._size - self._born)
        return [self._child(day, first_id + n, mother, father) for n in range(size)]

    def _bought(self, day: int, number: int) -> Animal:
        breed = bisect(self._breed_weights, self._rng.random() * self._breed_weights[-1])
        female = self._sires[breed].any_at(day) and self._rng.random() < 0.85
        return self._enter(day, number, breed, FEMALE if female else MALE, breeds=True)

    def _child(self, day: int, number: int, mother: Animal, father: Animal | None) -> Animal:
        sex = FEMALE if self._rng.random() < 0.5 else MALE
        breeds = self._rng.random() < (0.6 if sex == FEMALE else 0.15)
        if sex == MALE and not self._sires[mother.breed].any_at(day):
            breeds = True
        parents = (mother.id, father.id if father else None)
        return self._enter(day, number, mother.breed, sex, breeds=breeds, parents=parents)

    def _enter(
        self,
        day: int,
        number: int,
        breed: int,
        sex: str,
        *,
        breeds: bool,
        parents: tuple[int | None, int | None] = (None, None),
    ) -> Animal:
        last_day, status = self._fate(day, breeds)
        weight = self._weight(breed, sex, last_day - day)
        animal = Animal(
            number, self._species, breed, self._record(day), sex, day, last_day, status, weight,
            *parents,
        )  # fmt: skip
        self._born += 1
        if breeds and sex == FEMALE:
            self._mothers.add(animal)
        elif breeds:
            self._sires[breed].add(animal)
        return animal

    def _record(self, day: int) -> str:
        year = date.fromordinal(day).year
        if year != self._year:
            self._year, self._in_year = year, 0
        self._in_year += 1
        return f"{self._species.prefix}-{year}-{self._in_year:05}"

    def _fate(self, born: int, breeds: bool) -> tuple[int, str]:
        """Return the last day on the farm and the status; breeders stay longer."""
        mean_stay = self._species.years * 365 * (2.0 if breeds else 1.0)
        stay = int(self._rng.expovariate(1 / mean_stay))
        if born + stay >= self._today:
            return self._today, ALIVE
        sold = stay > self._species.weaned and self._rng.random() < 0.8
        return born + stay, SOLD if sold else DEAD

    def _weight(self, breed: int, sex: str, age: int) -> int:
        """Return the weight at that age in days, in whole kilograms, at least 1.

        The curve is Brody's (Bioenergetics and Growth, 1945): what is missing to the adult
        weight shrinks by the same part each day. It is 95 % gone at the age of `grown`.
        """
        adult = self._species.breeds[breed]
        kilograms = adult.female_kg if sex == FEMALE else adult.male_kg
        missing = (1 - self._species.newborn) * exp(-3 * age / self._species.grown)
        build = min(1.2, max(0.8, self._rng.gauss(1, 0.07)))
        return max(1, round(kilograms * build * (1 - missing)))
