"""What the driver says becomes one of Herdbook's own exceptions."""

import pymysql
import pytest

from service.db import errors as db

FOREIGN_KEY = (
    " fails (`h`.`breeds`, CONSTRAINT `fk_breeds_species_id` FOREIGN KEY (`species_id`) REFERENCES `species` (`id`))"
)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (2006, db.ConnectionLost),
        (2013, db.ConnectionLost),
        (1053, db.ConnectionLost),
        (1927, db.ConnectionLost),
        (2002, db.Unreachable),
        (2003, db.Unreachable),
        (1040, db.Unreachable),
        (1203, db.Unreachable),
        (1213, db.TryAgain),
        (1205, db.TryAgain),
        (1020, db.TryAgain),
        (1969, db.StatementTimeout),
        (1290, db.ReadOnly),
        (1792, db.ReadOnly),
        (1836, db.ReadOnly),
        (1044, db.AccessDenied),
        (1045, db.AccessDenied),
        (1142, db.AccessDenied),
        (1021, db.StorageFull),
        (1114, db.StorageFull),
        (1064, db.DatabaseError),
        (9999, db.DatabaseError),
    ],
)
def test_a_number_has_one_meaning(number: int, kind: type[db.DatabaseError]) -> None:
    meant = db.translate(pymysql.err.OperationalError(number, "words of the server"))
    assert type(meant) is kind
    assert str(number) in str(meant)


@pytest.mark.parametrize(
    ("number", "message", "kind", "constraint"),
    [
        (1062, "Duplicate entry 'Vaca' for key 'uq_species_name'", db.Duplicate, "uq_species_name"),
        (1062, "Duplicate entry 'for key 'x'' for key 'species.uq_species_name'", db.Duplicate, "uq_species_name"),
        (
            1452,
            "Cannot add or update a child " + FOREIGN_KEY,
            db.ReferenceMissing,
            "fk_breeds_species_id",
        ),
        (
            1451,
            "Cannot delete or update a par" + FOREIGN_KEY,
            db.StillReferenced,
            "fk_breeds_species_id",
        ),
        (4025, "CONSTRAINT `ck_animals_weight` failed for `h`.`animals`", db.CheckFailed, "ck_animals_weight"),
        (4025, "CONSTRAINT `animals.ck_animals_weight` failed for `h`.`animals`", db.CheckFailed, "ck_animals_weight"),
    ],
)
def test_a_refusal_names_its_constraint(number: int, message: str, kind: type[db.Refused], constraint: str) -> None:
    meant = db.translate(pymysql.err.IntegrityError(number, message))
    assert type(meant) is kind
    assert isinstance(meant, db.Refused)
    if "for key 'x'" not in message:
        assert meant.constraint == constraint


@pytest.mark.parametrize(
    "error", [ConnectionResetError("reset"), BrokenPipeError(), EOFError(), pymysql.err.InterfaceError(0, "")]
)
def test_a_broken_connection_is_lost(error: BaseException) -> None:
    assert type(db.translate(error)) is db.ConnectionLost


def test_what_is_ours_already_stays_itself() -> None:
    ours = db.PoolExhausted("full")
    assert db.translate(ours) is ours
