"""Breeds: each of one species."""

from service.resources.fields import Id, Text255
from service.resources.resource import Kind, Label, Record, Reference, Resource


class Breed(Record):
    name: Text255
    species_id: Id


RESOURCE = Resource(
    route="breeds",
    table="breeds",
    record=Breed,
    label=Label("raza", "razas", "breed", feminine=True),
    filters={"species_id": Kind.NUMBER},
    sorts=("name",),
    relations={"species": ("species",), "animals": ("animals",)},
    referrers=(Reference("animals", "breeds_id", "animales", "animals"),),
)
