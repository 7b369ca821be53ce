"""What people read: for each problem code its status, its title and its sentence, in Spanish and in English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`titles` and `sentences`: Spanish, English; a sentence may have `{named}` values."""

    status: int
    titles: tuple[str, str]
    sentences: tuple[str, str]


CATALOGUE: Mapping[str, Entry] = {
    "VALIDATION_ERROR": Entry(
        422,
        ("Datos no válidos", "Invalid data"),
        ("Revise los datos: {fields}.", "Check the data: {fields}."),
    ),
    "MALFORMED_REQUEST": Entry(
        400,
        ("Solicitud ilegible", "Malformed request"),
        ("La solicitud no es HTTP válido.", "The request is not valid HTTP."),
    ),
    "REQUEST_TIMEOUT": Entry(
        408,
        ("Solicitud demasiado lenta", "Request too slow"),
        ("La solicitud no llegó entera a tiempo.", "The request did not arrive whole in time."),
    ),
    "URI_TOO_LONG": Entry(
        414,
        ("Dirección demasiado larga", "Address too long"),
        ("La dirección supera los {limit}.", "The address is longer than {limit}."),
    ),
    "HEADERS_TOO_LARGE": Entry(
        431,
        ("Cabeceras demasiado grandes", "Headers too large"),
        ("Las cabeceras superan el límite de {limit}.", "The header fields are over the limit of {limit}."),
    ),
    "TOO_MANY_CONNECTIONS": Entry(
        429,
        ("Demasiadas conexiones", "Too many connections"),
        (
            "Esta dirección ya tiene {most} conexiones abiertas.",
            "This address has {most} connections open already.",
        ),
    ),
    "INVALID_JSON": Entry(
        400,
        ("JSON no válido", "Invalid JSON"),
        ("El cuerpo no es JSON válido: {reason}.", "The body is not valid JSON: {reason}."),
    ),
    "INVALID_PARAMETER": Entry(
        400,
        ("Parámetro no válido", "Invalid parameter"),
        (
            "El parámetro «{parameter}» no es válido: {reason}.",
            "Parameter '{parameter}' is not valid: {reason}.",
        ),
    ),
    "UNKNOWN_PARAMETER": Entry(
        400,
        ("Parámetro desconocido", "Unknown parameter"),
        (
            "El parámetro «{parameter}» no existe{nearest}",
            "There is no parameter '{parameter}'{nearest}",
        ),
    ),
    "NOT_FOUND": Entry(404, ("No encontrado", "Not found"), ("No existe {what}.", "There is no {what}.")),
    "ROUTE_NOT_FOUND": Entry(
        404,
        ("Ruta desconocida", "Unknown path"),
        ("La ruta {path} no existe.", "There is no path {path}."),
    ),
    "METHOD_NOT_ALLOWED": Entry(
        405,
        ("Método no permitido", "Method not allowed"),
        (
            "{method} no se admite aquí; sí {allowed}.",
            "{method} is not allowed here; {allowed} is.",
        ),
    ),
    "UNSUPPORTED_MEDIA_TYPE": Entry(
        415,
        ("Tipo de contenido no admitido", "Unsupported media type"),
        ("El cuerpo debe ser {expected}.", "The body must be {expected}."),
    ),
    "PAYLOAD_TOO_LARGE": Entry(
        413,
        ("Cuerpo demasiado grande", "Payload too large"),
        ("El cuerpo supera el límite de {limit}.", "The body is over the limit of {limit}."),
    ),
    "PAGE_TOO_LARGE": Entry(
        422,
        ("Página demasiado grande", "Page too large"),
        (
            "La página no cabe en una respuesta: pida menos filas con «limit».",
            "The page does not fit into an answer: ask for fewer rows with 'limit'.",
        ),
    ),
    "CONFLICT": Entry(
        409,
        ("Conflicto", "Conflict"),
        (
            "Ya existe {what} con {field} = {value}.",
            "There already is {what} with {field} = {value}.",
        ),
    ),
    "HAS_DEPENDENCIES": Entry(
        409,
        ("Tiene dependencias", "Has dependencies"),
        (
            "No se puede eliminar: tiene dependencias ({what}); cada dependencia debe eliminarse antes.",
            "It cannot be deleted: rows depend on it ({what}); each dependencia must be deleted first.",
        ),
    ),
    "PRECONDITION_FAILED": Entry(
        412,
        ("Condición no cumplida", "Precondition failed"),
        (
            "El registro cambió entretanto: vuelva a leerlo.",
            "The row has changed meanwhile: read it again.",
        ),
    ),
    "IDEMPOTENCY_KEY_REUSED": Entry(
        422,
        ("Clave repetida", "Key reused"),
        (
            "Esta Idempotency-Key ya se usó con otro contenido.",
            "This Idempotency-Key was used before with another body.",
        ),
    ),
    "SINCE_TOO_OLD": Entry(
        410,
        ("Demasiado antiguo", "Too old"),
        (
            "Las eliminaciones anteriores a {deltas_from} ya no se conocen:"
            " lea la lista completa y continúe desde su «as_of».",
            "Deletions before {deltas_from} are no longer known: read the whole list and go on from its 'as_of'.",
        ),
    ),
    "JWT_ERROR": Entry(
        401,
        ("No autenticado", "Not authenticated"),
        ("Inicie sesión para continuar.", "Log in to go on."),
    ),
    "TOKEN_EXPIRED": Entry(
        401,
        ("Sesión vencida", "Session expired"),
        ("La sesión venció.", "The session has expired."),
    ),
    "CSRF_ERROR": Entry(
        401,
        ("Falta la prueba CSRF", "CSRF proof missing"),
        (
            "La solicitud no lleva el X-CSRF-TOKEN de la sesión.",
            "The request does not carry the session's X-CSRF-TOKEN.",
        ),
    ),
    "INVALID_CREDENTIALS": Entry(
        401,
        ("Credenciales incorrectas", "Wrong credentials"),
        ("Identificación o contraseña incorrecta.", "Wrong identification or password."),
    ),
    "USER_INACTIVE": Entry(
        403,
        ("Usuario inactivo", "Inactive user"),
        ("El usuario está inactivo.", "The user is inactive."),
    ),
    "ADMIN_ROLE_REQUIRED": Entry(
        403,
        ("Solo para administradores", "Administrators only"),
        ("Solo un Administrador puede hacer esto.", "Only an Administrador may do this."),
    ),
    "SIGN_UP_CLOSED": Entry(
        403,
        ("Registro cerrado", "Sign-up closed"),
        ("El registro público está cerrado.", "Public sign-up is closed."),
    ),
    "RATE_LIMIT_EXCEEDED": Entry(
        429,
        ("Demasiadas solicitudes", "Too many requests"),
        (
            "Demasiados intentos: espere {seconds} segundos.",
            "Too many attempts: wait {seconds} seconds.",
        ),
    ),
    "SERVICE_BUSY": Entry(
        503,
        ("Servicio ocupado", "Service busy"),
        (
            "El servicio está ocupado: inténtelo de nuevo en unos segundos.",
            "The service is busy: try again in a few seconds.",
        ),
    ),
    "TOO_MANY_LISTENERS": Entry(
        503,
        ("Demasiados oyentes", "Too many listeners"),
        (
            "El servicio no puede atender a más oyentes: inténtelo de nuevo en unos segundos.",
            "The service holds as many listeners as it may: try again in a few seconds.",
        ),
    ),
    "DATABASE_UNAVAILABLE": Entry(
        503,
        ("Base de datos no disponible", "Database unavailable"),
        (
            "La base de datos no responde: no se hizo ningún cambio.",
            "The database does not answer: nothing was changed.",
        ),
    ),
    "DATABASE_READ_ONLY": Entry(
        503,
        ("Solo lectura", "Read-only"),
        (
            "La base de datos no admite cambios ahora: no se hizo ninguno.",
            "The database takes no changes now: none was made.",
        ),
    ),
    "DATABASE_DENIED": Entry(
        503,
        ("Falta un permiso", "A right is missing"),
        (
            "A la cuenta del servicio le falta un permiso en la base de datos: no se hizo ningún cambio.",
            "The service's account lacks a right on the database: nothing was changed.",
        ),
    ),
    "STORAGE_FULL": Entry(
        507,
        ("Sin espacio", "No room left"),
        (
            "La base de datos no tiene espacio: no se hizo ningún cambio.",
            "The database has no room: nothing was changed.",
        ),
    ),
    "OUTCOME_UNKNOWN": Entry(
        503,
        ("Resultado desconocido", "Outcome unknown"),
        (
            "Se perdió la conexión al confirmar el cambio: puede haberse hecho o no. Compruébelo antes de repetirlo.",
            "The connection was lost while the change was being committed: it may have been made or not."
            " Ask again with your Idempotency-Key, or check before repeating it.",
        ),
    ),
    "TIMEOUT": Entry(
        503,
        ("Tiempo agotado", "Timed out"),
        ("La operación tardó demasiado.", "The operation took too long."),
    ),
    "INTERNAL_ERROR": Entry(
        500,
        ("Error interno", "Internal error"),
        ("Ocurrió un error interno.", "An internal error occurred."),
    ),
}


def say(code: str, language: str, values: Mapping[str, object], *, title: bool = False) -> str:
    """The sentence (or title) of `code` in `language`, filled with `values`.

    A value may be a pair: Spanish, English.
    """
    entry, index = CATALOGUE[code], 1 if language == "en" else 0
    if title:
        return entry.titles[index]
    chosen = {key: value[index] if isinstance(value, tuple) else value for key, value in values.items()}
    return entry.sentences[index].format(**chosen)
