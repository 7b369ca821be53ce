"""A day of the farm as visits of its people: who opens the app when, and what the front end then sends; seeded.

What is assumed, and not known, is in the constants: how often each role comes, how many views it opens, how often a
view ends in a write, and that few pages, breeds and animals are looked at much more often than the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

ADMINISTRATOR, INSTRUCTOR, APPRENTICE = "Administrador", "Instructor", "Aprendiz"
SHARES = {ADMINISTRATOR: 0.05, INSTRUCTOR: 0.2, APPRENTICE: 0.75}  # of the people
VISITS = {ADMINISTRATOR: 8, INSTRUCTOR: 5, APPRENTICE: 3}  # a day, each a load of the app
VIEWS = (3, 9)  # of a visit, at least and at most
WRITES = {ADMINISTRATOR: 0.2, INSTRUCTOR: 0.1, APPRENTICE: 0.01}  # of the views
PHONES_WITH_A_COPY = 0.6  # at the first visit; the others prefetch whole tables
WEIGHINGS, WEIGHED = 2, 20  # rounds a day, each so many edits in a row
TABLES = ("species", "breeds", "diseases", "animals", "animal-diseases")
OPENING, CLOSING = 6 * 60, 18 * 60  # minutes of the day


@dataclass(frozen=True)
class Step:
    """One request. `kind` is for the report; "{since}", "{mine}" are filled in when it is sent.

    `mine`: the row of that route which the person created last; the step is left out where there is none.
    """

    kind: str
    method: str
    route: str
    rest: str = ""  # what follows the route in the path
    body: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Visit:
    """One load of the app by `person`, a number from 0, at a minute of the day; `first` of that person today."""

    minute: float
    person: int
    role: str
    first: bool
    steps: tuple[Step, ...] = field(repr=False)


@dataclass(frozen=True)
class Herd:
    """What there is to ask about: ids run from 1."""

    animals: int
    breeds: int
    diseases: int


class Day:
    """Makes the visits of one day."""

    def __init__(self, herd: Herd, seed: int, writes: float = 1.0) -> None:
        self._herd = herd
        self._chance = Random(seed)
        self._writes = writes
        self._number = 0

    def visits(self, people: int) -> list[Visit]:
        """All visits by `people` persons, in the order of time; ids of users are not needed for them."""
        found, everybody = [], roles(people)
        for person, role in enumerate(everybody):
            minutes = sorted(self._minute() for _ in range(max(1, round(self._chance.gauss(VISITS[role], 1)))))
            for number, minute in enumerate(minutes):
                first = number == 0
                steps = (*self._opening(role, first), *self._views(role))
                found.append(Visit(minute, person, role, first, steps))
        for at in range(round(WEIGHINGS * self._writes)):
            person = at % everybody.count(ADMINISTRATOR)
            found.append(Visit(self._minute(), person, ADMINISTRATOR, False, tuple(self._weighing())))
        return sorted(found, key=lambda visit: visit.minute)

    def _minute(self) -> float:
        """Mornings and evenings are busy."""
        middle = self._chance.choice((7.5, 12.0, 16.5)) * 60
        return min(max(self._chance.gauss(middle, 60), OPENING), CLOSING)

    def _opening(self, role: str, first: bool) -> Iterator[Step]:
        if first:
            yield Step("login", "POST", "auth", "/login")
        yield from (Step("me", "GET", "auth", "/me") for _ in range(2))
        copied = not first or self._chance.random() < PHONES_WITH_A_COPY
        for route in TABLES:
            yield Step("metadata", "GET", route, "/metadata")
            if copied:
                yield Step("delta", "GET", route, "?since={since}&limit=1000")
            else:
                yield Step("prefetch", "GET", route, "?page=1&limit=1000")
        if role == ADMINISTRATOR:
            yield Step("numbers", "GET", "users", "/statistics")
        yield Step("numbers", "GET", "animals", "/status")
        yield Step("numbers", "GET", "animals", "/stats")

    def _views(self, role: str) -> Iterator[Step]:
        kinds = [self._animals, self._animals, self._animal, self._animal, self._diagnoses, self._catalogue]
        kinds += [self._people] if role == ADMINISTRATOR else []
        for _ in range(self._chance.randint(*VIEWS)):
            yield from self._chance.choice(kinds)()
            if self._chance.random() < WRITES[role] * self._writes:
                yield from self._write(role)

    def _animals(self) -> Iterator[Step]:
        yield Step("list", "GET", "breeds", "?limit=1000")
        pages = 1 + min(int(self._chance.expovariate(1.0)), 5)
        for page in range(1, pages + 1):
            yield Step("list", "GET", "animals", f"?page={page}&limit=10&include_relations=true")
        kind = self._chance.random()
        if kind < 0.2:
            chosen = self._chance.choice(("status=Vivo", "sex=Hembra", "sex=Macho", f"breeds_id={self._breed()}"))
            yield Step("filtered list", "GET", "animals", f"?page=1&limit=10&{chosen}&include_relations=true")
        elif kind < 0.3:
            word = self._chance.choice(("BOV-", "OVI-", "CAP-", "POR-")) + str(self._chance.randint(2018, 2026))
            yield Step("search", "GET", "animals", f"?page=1&limit=10&search={word}&include_relations=true")

    def _animal(self) -> Iterator[Step]:
        chosen = self._animal_id()
        yield Step("detail", "GET", "animals", f"/{chosen}?include_relations=true")
        yield Step("filtered list", "GET", "animal-diseases", f"?animal_id={chosen}&limit=50&include_relations=true")

    def _diagnoses(self) -> Iterator[Step]:
        yield Step("list", "GET", "diseases", "?limit=1000")
        yield Step("list", "GET", "animal-diseases", "?page=1&limit=20&include_relations=true")

    def _catalogue(self) -> Iterator[Step]:
        route = self._chance.choice(("species", "breeds", "diseases"))
        yield Step("list", "GET", route, "?page=1&limit=20")

    def _people(self) -> Iterator[Step]:
        yield Step("list", "GET", "users", "?page=1&limit=20")

    def _write(self, role: str) -> Iterator[Step]:
        """A write, after which the front end asks for the list again."""
        kind, chosen = self._chance.random(), self._animal_id()
        self._number += 1
        if role == ADMINISTRATOR and kind < 0.5:
            yield Step("edit", "PUT", "animals", f"/{chosen}", {"weight": self._chance.randint(20, 700)})
        elif role == ADMINISTRATOR and kind < 0.6:
            yield Step("dependencies", "GET", "animals", "/{mine}/dependencies")
            yield Step("delete", "DELETE", "animals", "/{mine}")
        elif role == ADMINISTRATOR and kind < 0.63:
            name = {"details": f"Revisado {self._number}."}
            yield Step("edit", "PUT", "diseases", f"/{self._chance.randint(1, self._herd.diseases)}", name)
        elif kind < 0.8:
            yield Step("create", "POST", "animals", "", self._born())
        else:
            yield Step("create", "POST", "animal-diseases", "", self._diagnosis(chosen))
            yield Step("list", "GET", "animal-diseases", "?page=1&limit=20&include_relations=true")
            return
        yield Step("list", "GET", "animals", "?page=1&limit=10&include_relations=true")

    def _weighing(self) -> Iterator[Step]:
        for _ in range(WEIGHED):
            weight = {"weight": self._chance.randint(20, 700)}
            yield Step("edit", "PUT", "animals", f"/{self._animal_id()}", weight)
        yield Step("list", "GET", "animals", "?page=1&limit=10&include_relations=true")

    def _born(self) -> dict[str, object]:
        record = f"DIA-{self._number:05}"
        return {"record": record, "sex": "Hembra", "birth_date": "2026-01-02", "weight": 30, "breeds_id": self._breed()}

    def _diagnosis(self, animal: int) -> dict[str, object]:
        disease = self._chance.randint(1, self._herd.diseases)
        day = f"20{self._chance.randint(10, 25)}-{self._chance.randint(1, 12):02}-{self._chance.randint(1, 28):02}"
        return {"animal_id": animal, "disease_id": disease, "diagnosis_date": day, "status": "Activo"}

    def _animal_id(self) -> int:
        """The youngest are looked at most."""
        return max(1, self._herd.animals - int(self._chance.expovariate(10 / self._herd.animals)))

    def _breed(self) -> int:
        return 1 + int(self._chance.random() ** 3 * self._herd.breeds)


def roles(people: int) -> list[str]:
    """The role of each of so many persons, administrators first."""
    counts = {role: max(1, round(share * people)) for role, share in SHARES.items()}
    counts[APPRENTICE] = people - counts[ADMINISTRATOR] - counts[INSTRUCTOR]
    return [role for role, count in counts.items() for _ in range(count)]
