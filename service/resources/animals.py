"""Animals: the herd, each with its breed and, where known, its parents."""

from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from service.resources.fields import Id, PastDay, PositiveInt, Text255
from service.resources.resource import Kind, Label, Record, Reference, Resource


class Animal(Record):
    record: Text255
    sex: Literal["Hembra", "Macho"]
    birth_date: PastDay
    weight: PositiveInt
    status: Literal["Vivo", "Vendido", "Muerto"] = "Vivo"
    breeds_id: Id
    idFather: Id | None = None
    idMother: Id | None = None

    @model_validator(mode="after")
    def _has_two_parents(self) -> "Animal":
        if self.idFather is not None and self.idFather == self.idMother:
            raise PydanticCustomError("same_parents", "father is mother", {"field": "idFather"})
        return self


RESOURCE = Resource(
    route="animals",
    table="animals",
    record=Animal,
    label=Label("animal", "animales", "animal"),
    private=True,
    filters={
        "sex": Kind.TEXT,
        "status": Kind.TEXT,
        "breeds_id": Kind.NUMBER,
        "birth_date": Kind.DAY,
        "weight": Kind.NUMBER,
        "idFather": Kind.NUMBER,
        "idMother": Kind.NUMBER,
    },
    sorts=("record", "birth_date", "weight"),
    unique=frozenset({"record"}),
    aliases={"breed_id": "breeds_id", "father_id": "idFather", "mother_id": "idMother"},
    relations={
        "breed": ("breeds",),
        "father": ("animals",),
        "mother": ("animals",),
        "diseases": ("animal_diseases", "diseases"),
    },
    referrers=(
        Reference("animals", "idFather", "crías (padre)", "offspring (father)"),
        Reference("animals", "idMother", "crías (madre)", "offspring (mother)"),
        Reference("animal_diseases", "animal_id", "diagnósticos", "diagnoses"),
    ),
    derived={"age_in_days": int, "age_in_months": int, "is_adult": bool},
    unseen=("user_id",),
    by_day=True,
)
