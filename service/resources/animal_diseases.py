"""Diagnoses: which animal had which disease when, and which instructor said so."""

from service.resources.fields import Day, Id, Note, Text50
from service.resources.resource import Kind, Label, Record, Resource


class AnimalDisease(Record):
    animal_id: Id
    disease_id: Id
    instructor_id: Id
    diagnosis_date: Day
    status: Text50
    notes: Note | None = None


RESOURCE = Resource(
    route="animal-diseases",
    table="animal_diseases",
    record=AnimalDisease,
    label=Label("diagnóstico", "diagnósticos", "diagnosis"),
    private=True,
    filters={
        "animal_id": Kind.NUMBER,
        "disease_id": Kind.NUMBER,
        "instructor_id": Kind.NUMBER,
        "status": Kind.TEXT,
        "diagnosis_date": Kind.DAY,
    },
    sorts=("diagnosis_date",),
    relations={"animal": ("animals",), "disease": ("diseases",), "instructor": ("user",)},
)
