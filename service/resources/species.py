"""Species: the kinds of livestock on the farm."""

from service.resources.fields import Text255
from service.resources.resource import Label, Record, Reference, Resource


class Species(Record):
    name: Text255


RESOURCE = Resource(
    route="species",
    table="species",
    record=Species,
    label=Label("especie", "especies", "species", feminine=True),
    sorts=("name",),
    unique=frozenset({"name"}),
    relations={"breeds": ("breeds",)},
    referrers=(Reference("breeds", "species_id", "razas", "breeds"),),
)
