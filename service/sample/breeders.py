"""Which animals of a herd can become parents on a given day."""

from collections import deque
from heapq import heappop, heappush
from itertools import chain
from random import Random

from service.sample.animal import Animal
from service.sample.species import Species

# How many grown sires of one breed serve at a time.
_SIRES = 8


class Mothers:
    """The breeding females of a species, each due again only after its interval."""

    def __init__(self, species: Species, rng: Random) -> None:
        self._species = species
        self._rng = rng
        self._resting: list[tuple[int, int, Animal]] = []
        self._due: list[Animal] = []

    def add(self, animal: Animal) -> None:
        """Let a female in; she waits until she is old enough."""
        self._rest(animal, animal.born + self._species.mother_from)

    def take(self, day: int) -> Animal | None:
        """Return a female that can give birth that day and send her to rest, or None."""
        while self._resting and self._resting[0][0] <= day:
            self._due.append(heappop(self._resting)[2])
        while self._due:
            mother = self._pick()
            if day <= min(mother.last_day, mother.born + self._species.mother_until):
                self._rest(mother, day + self._species.interval)
                return mother
        return None

    def _rest(self, animal: Animal, least: int) -> None:
        ready = least + self._rng.randrange(self._species.interval // 3)
        heappush(self._resting, (ready, animal.id, animal))

    def _pick(self) -> Animal:
        place = self._rng.randrange(len(self._due))
        self._due[place], self._due[-1] = self._due[-1], self._due[place]
        return self._due.pop()


class Sires:
    """The breeding males of one breed, the youngest grown ones in service."""

    def __init__(self, species: Species, rng: Random) -> None:
        self._grown_at = species.father_from
        self._rng = rng
        self._young: deque[Animal] = deque()
        self._serving: deque[Animal] = deque(maxlen=_SIRES)

    def add(self, animal: Animal) -> None:
        """Let a male in; males come by day of birth."""
        self._young.append(animal)

    def any_at(self, day: int) -> bool:
        """Return whether any male, grown or not, is on the farm that day."""
        return any(day <= sire.last_day for sire in chain(reversed(self._young), self._serving))

    def choose(self, day: int, mother: Animal) -> Animal | None:
        """Return a grown male that is not her father, son or brother; None if there is none."""
        while self._young and self._young[0].born + self._grown_at <= day:
            self._serving.append(self._young.popleft())
        fit = [sire for sire in self._serving if day <= sire.last_day and not _akin(sire, mother)]
        return self._rng.choice(fit) if fit else None


def _akin(sire: Animal, mother: Animal) -> bool:
    if sire.id == mother.father or sire.mother == mother.id:
        return True
    return sire.mother is not None and sire.mother == mother.mother
