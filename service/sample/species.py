"""The species and breeds of the sample farm, with the biology its animals keep to."""

from typing import NamedTuple


class Breed(NamedTuple):
    """A breed with the usual adult weights of its sexes, in kilograms."""

    name: str
    female_kg: float
    male_kg: float


class Species(NamedTuple):
    """A species; every age and interval is in days.

    `share` is its part of the farm's animals in hundredths, `years` how far back its oldest
    animals go, `interval` the least time between two births of one mother, `litter` how many
    are born at once with how often, `grown` the age at which growth is over, and `newborn`
    the weight at birth as a part of the adult's.
    """

    name: str
    prefix: str
    share: int
    years: int
    mother_from: int
    mother_until: int
    father_from: int
    interval: int
    litter: dict[int, int]
    weaned: int
    grown: int
    newborn: float
    breeds: tuple[Breed, ...]


BOVINE = Species(
    name="Bovino", prefix="BOV", share=42, years=14,
    mother_from=900, mother_until=5100, father_from=820, interval=380, litter={1: 98, 2: 2},
    weaned=240, grown=1500, newborn=0.07,
    breeds=(
        Breed("Cebú Brahman", 500, 850),
        Breed("Holstein", 620, 950),
        Breed("Normando", 600, 950),
        Breed("Gyr", 450, 750),
        Breed("Girolando", 500, 800),
        Breed("Blanco Orejinegro", 430, 650),
        Breed("Jersey", 400, 600),
        Breed("Pardo Suizo", 600, 950),
        Breed("Simmental", 650, 1050),
        Breed("Romosinuano", 430, 680),
        Breed("Sanmartinero", 420, 600),
        Breed("Costeño con Cuernos", 420, 600),
        Breed("Lucerna", 500, 800),
        Breed("Hartón del Valle", 450, 650),
        Breed("Guzerá", 480, 800),
        Breed("Nelore", 480, 800),
        Breed("Ayrshire", 520, 800),
        Breed("Angus", 560, 900),
        Breed("Charolés", 750, 1150),
        Breed("Limousin", 650, 1000),
        Breed("Senepol", 540, 850),
        Breed("Hereford", 550, 900),
        Breed("Velásquez", 500, 750),
        Breed("Casanareño", 330, 450),
        Breed("Caqueteño", 400, 550),
        Breed("Chino Santandereano", 430, 600),
        Breed("Mestizo", 460, 700),
    ),
)  # fmt: skip

BUFFALO = Species(
    name="Bufalino", prefix="BUF", share=5, years=14,
    mother_from=1080, mother_until=5800, father_from=1050, interval=400, litter={1: 1},
    weaned=240, grown=1600, newborn=0.06,
    breeds=(
        Breed("Murrah", 600, 850),
        Breed("Mediterráneo", 580, 800),
        Breed("Jafarabadi", 620, 900),
        Breed("Nili-Ravi", 550, 800),
        Breed("Carabao", 420, 600),
    ),
)  # fmt: skip

PIG = Species(
    name="Porcino", prefix="POR", share=15, years=4,
    mother_from=340, mother_until=1800, father_from=345, interval=150,
    litter={5: 1, 6: 2, 7: 3, 8: 4, 9: 5, 10: 5, 11: 3, 12: 2},
    weaned=28, grown=700, newborn=0.006,
    breeds=(
        Breed("Landrace", 230, 300),
        Breed("Duroc", 240, 320),
        Breed("Large White", 240, 320),
        Breed("Pietrain", 220, 270),
        Breed("Zungo", 110, 140),
        Breed("Hampshire", 230, 290),
        Breed("San Pedreño", 120, 150),
        Breed("Casco de Mula", 110, 140),
        Breed("Berkshire", 220, 280),
        Breed("Ibérico", 150, 190),
        Breed("Mestizo", 170, 220),
    ),
)  # fmt: skip

SHEEP = Species(
    name="Ovino", prefix="OVI", share=12, years=7,
    mother_from=420, mother_until=2900, father_from=400, interval=250, litter={1: 6, 2: 4, 3: 1},
    weaned=90, grown=540, newborn=0.06,
    breeds=(
        Breed("Katahdin", 65, 100),
        Breed("Dorper", 75, 110),
        Breed("Santa Inés", 60, 95),
        Breed("Criollo de Pelo", 40, 55),
        Breed("Criollo de Lana", 40, 55),
        Breed("Romney Marsh", 70, 105),
        Breed("Corriedale", 65, 95),
        Breed("Hampshire", 80, 115),
        Breed("Pelibuey", 45, 70),
        Breed("Black Belly", 48, 70),
        Breed("Merino", 55, 85),
        Breed("Suffolk", 85, 120),
        Breed("Texel", 75, 105),
        Breed("Mestizo", 50, 75),
    ),
)  # fmt: skip

GOAT = Species(
    name="Caprino", prefix="CAP", share=8, years=7,
    mother_from=420, mother_until=2900, father_from=400, interval=270, litter={1: 4, 2: 6, 3: 1},
    weaned=90, grown=600, newborn=0.05,
    breeds=(
        Breed("Nubiana", 65, 95),
        Breed("Saanen", 65, 90),
        Breed("Alpina", 62, 85),
        Breed("Santandereana", 45, 60),
        Breed("Bóer", 80, 110),
        Breed("Toggenburg", 58, 80),
        Breed("LaMancha", 60, 80),
        Breed("Criolla", 38, 52),
        Breed("Murciano-Granadina", 52, 72),
        Breed("Canaria", 50, 75),
        Breed("Mestiza", 50, 68),
    ),
)  # fmt: skip

HORSE = Species(
    name="Equino", prefix="EQU", share=5, years=18,
    mother_from=1300, mother_until=7300, father_from=1300, interval=390, litter={1: 1},
    weaned=180, grown=1500, newborn=0.1,
    breeds=(
        Breed("Criollo Colombiano", 320, 350),
        Breed("Cuarto de Milla", 480, 540),
        Breed("Árabe", 400, 440),
        Breed("Percherón", 750, 900),
        Breed("Andaluz", 470, 520),
        Breed("Pura Sangre Inglés", 480, 530),
        Breed("Appaloosa", 470, 520),
        Breed("Mestizo", 330, 370),
    ),
)  # fmt: skip

POULTRY = Species(
    name="Avícola", prefix="AVI", share=9, years=3,
    mother_from=210, mother_until=1200, father_from=210, interval=60,
    litter={4: 1, 5: 2, 6: 3, 7: 4, 8: 4, 9: 3, 10: 2},
    weaned=40, grown=180, newborn=0.015,
    breeds=(
        Breed("Rhode Island Roja", 3.0, 4.0),
        Breed("Plymouth Rock Barrada", 3.2, 4.3),
        Breed("Leghorn Blanca", 2.0, 2.7),
        Breed("Criolla", 2.0, 2.8),
        Breed("New Hampshire", 3.0, 3.9),
        Breed("Sussex", 3.2, 4.1),
        Breed("Cuello Desnudo", 2.4, 3.4),
        Breed("Australorp", 3.0, 4.0),
        Breed("Orpington", 3.5, 4.5),
        Breed("Cornish", 3.6, 4.8),
        Breed("Brahma", 4.0, 5.4),
    ),
)  # fmt: skip

RABBIT = Species(
    name="Cunícola", prefix="CUN", share=4, years=3,
    mother_from=190, mother_until=1300, father_from=200, interval=60,
    litter={4: 1, 5: 2, 6: 3, 7: 3, 8: 2, 9: 1},
    weaned=35, grown=240, newborn=0.015,
    breeds=(
        Breed("Nueva Zelanda Blanco", 4.8, 4.4),
        Breed("California", 4.4, 4.1),
        Breed("Chinchilla", 4.6, 4.3),
        Breed("Mariposa", 5.0, 4.8),
        Breed("Gigante de Flandes", 6.8, 6.4),
        Breed("Rex", 3.9, 3.7),
        Breed("Holandés", 2.4, 2.3),
        Breed("Criollo", 3.0, 3.0),
    ),
)  # fmt: skip

ALL_SPECIES = (BOVINE, BUFFALO, PIG, SHEEP, GOAT, HORSE, POULTRY, RABBIT)
