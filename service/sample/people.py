"""The sample farm's users: one Administrador first, then instructors and apprentices."""

import unicodedata
from collections import Counter
from math import sqrt
from random import Random

from service.sample.names import GIVEN_NAMES, SURNAMES, TOWNS, VEREDAS
from service.sample.rows import Row

ADMINISTRATOR_IDENTIFICATION = 1000000001
# 399 is none of the operators' mobile prefixes, so no sample number rings on somebody's phone.
_FIRST_PHONE = 3990000000
_FEWEST = 5


def make_users(animals: int, rng: Random) -> list[Row]:
    """Return the users of a farm of so many animals; the second one is always an instructor."""
    count = max(_FEWEST, round(0.9 * sqrt(animals)))
    phones = rng.sample(range(_FIRST_PHONE + 1, _FIRST_PHONE + 10_000_000), count)
    taken: Counter[str] = Counter()
    identification = ADMINISTRATOR_IDENTIFICATION
    users = []
    for number, phone in enumerate(phones, start=1):
        fullname = _fullname(rng)
        users.append(
            Row(
                id=number,
                identification=identification,
                fullname=fullname,
                email=_email(fullname, taken),
                phone=str(phone),
                address=_address(rng),
                role=_role(number),
                # The first two must be able to work whatever the seed.
                status=number <= 2 or rng.random() < 0.93,
            )
        )
        identification += rng.randint(1, 190_000)
    return users


def _fullname(rng: Random) -> str:
    return f"{rng.choice(GIVEN_NAMES)} {' '.join(rng.sample(SURNAMES, 2))}"


def _role(number: int) -> str:
    if number == 1:
        return "Administrador"
    return "Instructor" if number % 5 == 2 else "Aprendiz"


def _email(fullname: str, taken: Counter[str]) -> str:
    """Return an address nobody has yet, and note it in `taken`."""
    words = _without_accents(fullname.lower()).split()
    name = f"{words[0]}.{words[-2]}"
    taken[name] += 1
    suffix = str(taken[name]) if taken[name] > 1 else ""
    return f"{name}{suffix}@example.org"


def _without_accents(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


def _address(rng: Random) -> str | None:
    if rng.random() < 0.1:
        return None
    town = rng.choice(TOWNS)
    if rng.random() < 0.4:
        return f"Vereda {rng.choice(VEREDAS)}, {town}"
    street = rng.choice(("Calle", "Carrera"))
    return f"{street} {rng.randint(1, 60)} # {rng.randint(1, 40)}-{rng.randint(1, 99):02}, {town}"
