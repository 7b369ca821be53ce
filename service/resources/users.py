"""Users: apprentices, instructors and administrators; everybody sees who they are, an Administrador everything."""

from typing import Literal

from service.resources.fields import Digits, Email, Flag, Note255, Password, Text40, Text120
from service.resources.resource import Kind, Label, Record, Reference, Resource

Role = Literal["Aprendiz", "Instructor", "Administrador"]


class User(Record):
    identification: Digits
    fullname: Text120
    password: Password
    email: Email
    phone: Text40
    address: Note255 | None = None
    role: Role
    status: Flag = True


RESOURCE = Resource(
    route="users",
    table="user",
    record=User,
    label=Label("usuario", "usuarios", "user"),
    private=True,
    filters={"role": Kind.TEXT, "status": Kind.FLAG},
    sorts=("fullname", "email", "identification"),
    unique=frozenset({"email", "identification"}),
    relations={"diseases": ("animal_diseases", "diseases")},
    referrers=(Reference("animal_diseases", "instructor_id", "diagnósticos", "diagnoses"),),
    by_viewer=True,
    brief=("id", "fullname", "role", "status"),
    personal=frozenset({"fullname", "email", "phone", "address"}),
    bulk_limit=50,
)
