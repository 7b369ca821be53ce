"""Diseases: what animals may be diagnosed with."""

from service.resources.fields import Text100, Text255
from service.resources.resource import Label, Record, Reference, Resource


class Disease(Record):
    name: Text100
    symptoms: Text255
    details: Text255


RESOURCE = Resource(
    route="diseases",
    table="diseases",
    record=Disease,
    label=Label("enfermedad", "enfermedades", "disease", feminine=True),
    sorts=("name",),
    unique=frozenset({"name"}),
    relations={"animals": ("animal_diseases", "animals")},
    referrers=(Reference("animal_diseases", "disease_id", "diagnósticos", "diagnoses"),),
)
