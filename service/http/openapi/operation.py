"""One route as its users see it, and how that is written in OpenAPI 3.1."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from service.http.rates import LIMITED

Schema = dict[str, Any]
PROBLEMS_OF_BODIES = (400, 413, 415, 422)
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class Access(Enum):
    """Who may ask: anyone, who has an access token, an Administrador, or who has a refresh token."""

    ANYONE = auto()
    TOKEN = auto()
    ADMIN = auto()
    REFRESH = auto()


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    method, path  as they are routed, without a trailing slash, path parameters in braces
    tag, summary  the group it stands in, and what it does in one line
    success       status → response object, of what is not a problem
    access        who may ask: 401 and 403 follow from it
    parameters    parameter objects or references to them
    body          media type → schema of the request body: 400, 413, 415 and 422 follow from it
    body_required whether the body may not be left out
    refusals      statuses of further problems
    description   more than the summary says, in Markdown
    """

    method: str
    path: str
    tag: str
    summary: str
    success: Mapping[int, Schema]
    access: Access = Access.ANYONE
    parameters: tuple[Schema, ...] = ()
    body: Mapping[str, Schema] | None = None
    body_required: bool = True
    refusals: tuple[int, ...] = ()
    description: str = ""

    @property
    def problems(self) -> tuple[int, ...]:
        """Every status of a problem it may be answered with."""
        found = {*self.refusals, 503}
        found |= {429} if self.path.startswith(LIMITED) else set()  # past a limit of requests, where one is set
        found |= {401, 403} if self.access is not Access.ANYONE else set()
        found |= set(PROBLEMS_OF_BODIES) if self.body is not None else set()
        return tuple(sorted(found))

    @property
    def identifier(self) -> str:
        """Its operationId: the method and the path, in words."""
        words = [part.strip("{}").replace(".", "-") for part in self.path.split("/") if part]
        below_base = words[:2] == ["api", "v1"]
        return "-".join([self.method.lower(), *(words[2:] if below_base else ["service", *words])])

    def written(self) -> Schema:
        """Its operation object."""
        said: Schema = {"tags": [self.tag], "summary": self.summary, "operationId": self.identifier}
        description = self._described()
        if description:
            said["description"] = description
        if self.parameters:
            said["parameters"] = list(self.parameters)
        if self.body is not None:
            content = {kind: {"schema": schema} for kind, schema in self.body.items()}
            said["requestBody"] = {"required": self.body_required, "content": content}
        answers = {str(status): answer for status, answer in self.success.items()}
        answers |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in self.problems}
        said["responses"] = dict(sorted(answers.items()))
        said["security"] = self._security()
        return said

    def _described(self) -> str:
        if self.access is not Access.ADMIN:
            return self.description
        return f"{self.description}\n\nFor an Administrador.".strip()

    def _security(self) -> list[Schema]:
        if self.access is Access.ANYONE:
            return []
        if self.access is Access.REFRESH:
            return [{"refresh": []}, {"refresh_cookie": [], "csrf": []}]
        cookie: Schema = {"cookie": [], "csrf": []} if self.method in UNSAFE else {"cookie": []}
        return [{"bearer": []}, cookie]


def paths_of(operations: Iterable[Operation]) -> Schema:
    """The paths object."""
    paths: Schema = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.written()
    return paths
