"""Why a field was refused, for people: the kinds of fault in Spanish and in English."""

from collections.abc import Iterable, Mapping
from typing import Any

from service.records.errors import Fault

REASONS: Mapping[str, tuple[str, str]] = {
    "absent": ("es obligatorio", "is required"),
    "string_type": ("debe ser un texto", "must be text"),
    "string_too_short": (
        "debe tener al menos {min_length} caracteres",
        "must have at least {min_length} characters",
    ),
    "string_too_long": (
        "debe tener como máximo {max_length} caracteres",
        "must have at most {max_length} characters",
    ),
    "too_long": (
        "debe tener como máximo {max_length} caracteres",
        "must have at most {max_length} characters",
    ),
    "int_type": ("debe ser un número entero", "must be a whole number"),
    "bool_type": ("debe ser true o false", "must be true or false"),
    "literal_error": ("debe ser uno de: {expected}", "must be one of: {expected}"),
    "greater_than_equal": ("debe ser {ge} o más", "must be {ge} or more"),
    "less_than_equal": ("debe ser {le} o menos", "must be {le} or less"),
    "date_parsing": ("debe ser una fecha AAAA-MM-DD", "must be a date YYYY-MM-DD"),
    "date_from_datetime_parsing": ("debe ser una fecha AAAA-MM-DD", "must be a date YYYY-MM-DD"),
    "date_future": ("no puede estar en el futuro", "may not be in the future"),
    "email": ("debe ser una dirección de correo", "must be an email address"),
    "password_weak": (
        "debe tener tres de: minúsculas, mayúsculas, números y símbolos",
        "must have three of: lower case, upper case, digits, symbols",
    ),
    "password_wrong": ("no es la contraseña actual", "is not the present password"),
    "control_character": ("contiene un carácter de control", "contains a control character"),
    "lone_surrogate": ("no es Unicode válido", "is not valid Unicode"),
    "same_parents": ("padre y madre deben ser distintos", "father and mother must differ"),
    "dict_type": ("debe ser un objeto JSON", "must be a JSON object"),
    "taken": ("ya existe", "exists already"),
    "repeated": ("está repetido en la carga", "is repeated in the upload"),
    "missing": ("no existe el registro al que se refiere", "refers to a row that does not exist"),
    "json_line": ("no es una línea de JSON", "is not a line of JSON"),
    "cells": ("tiene {given} celdas en lugar de {wanted}", "has {given} cells instead of {wanted}"),
    "encoding": ("no es UTF-8", "is not UTF-8"),
    "quoting": ("tiene comillas mal puestas", "has misplaced quotation marks"),
    "check": ("no cumple una regla de la tabla", "breaks a rule of the table"),
}


def reason(fault: Fault, language: str) -> str:
    """The sentence for `fault` in `language` ("es" or "en")."""
    sentence = REASONS.get(fault.reason, ("no es válido", "is not valid"))[1 if language == "en" else 0]
    return sentence.format_map(fault.context)


def by_field(faults: Iterable[Fault], language: str) -> dict[str, str]:
    """field → sentence, the first fault of each."""
    said: dict[str, str] = {}
    for fault in faults:
        said.setdefault(fault.field or "body", reason(fault, language))
    return said


def by_row(faults: Iterable[Fault], language: str) -> list[dict[str, Any]]:
    """One entry for each fault: index (from 0), line (from 1, of an upload that has lines), field and reason."""
    return [
        {
            "index": fault.row,
            **({"line": fault.context["line"]} if "line" in fault.context else {}),
            "field": fault.field or "body",
            "reason": reason(fault, language),
        }
        for fault in faults
    ]
