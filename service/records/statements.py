"""A resource's statements, loaded and checked against what the resource declares; a mismatch stops the start."""

from dataclasses import dataclass, field

from service.db.statements import Statement, Statements
from service.records.queries import ListQuery
from service.resources.resource import Kind, Resource

RANGES = ("gte", "gt", "lte", "lt")
_OPERATORS = {
    Kind.NUMBER: ("", "__ne", *(f"__{one}" for one in RANGES)),
    Kind.DAY: ("", "__ne", *(f"__{one}" for one in RANGES)),
    Kind.MOMENT: ("", *(f"__{one}" for one in RANGES)),
    Kind.TEXT: ("", "__ne"),
    Kind.FLAG: ("", "__ne"),
}


# Of the many ways to sort a list few are asked for; that many are kept parsed.
MOST_LISTS = 200


@dataclass(frozen=True, slots=True)
class ResourceStatements:
    """The statements in sql/<table>/ of one resource."""

    list: Statement
    since: Statement
    metadata: Statement
    get: Statement
    get_with_relations: Statement
    insert: Statement
    bulk_insert: Statement
    bulk_insert_ids: Statement
    bulk_update: Statement
    bulk_delete: Statement
    update: Statement
    delete: Statement
    conflicts: Statement
    dependents: Statement | None
    unique: frozenset[str]
    _lists: dict[tuple[object, bool, bool], Statement] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, statements: Statements, resource: Resource) -> "ResourceStatements":
        """Read them; StatementError for a missing file, or a parameter too many or too few."""
        table, columns = resource.table, frozenset(resource.record.model_fields)
        viewing = {"viewer"} if resource.by_viewer else set()
        shaping = viewing | ({"today"} if resource.by_day else set())
        search = {"search"} if resource.by_viewer else {"search", "search_number", "search_day"}
        paging = {"total_from", "limit", "offset"}
        get = statements.get(f"{table}/get", {"ids"} | shaping)
        bulk_insert = statements.get(f"{table}/bulk_insert", {"rows", "stamp"})
        return cls(
            list=statements.get(f"{table}/list", filter_names(resource) | search | paging | shaping),
            since=statements.get(f"{table}/since", {"since", "limit"} | shaping),
            metadata=statements.get(f"{table}/metadata"),
            get=get,
            get_with_relations=statements.get(f"{table}/get_with_relations", {"ids"} | shaping),
            insert=statements.get(f"{table}/insert", columns).choose(returning=get.marked("row")),
            bulk_insert=bulk_insert.choose(returning=get.marked("row")),
            bulk_insert_ids=bulk_insert,
            bulk_update=statements.get(f"{table}/bulk_update", {"rows"}),
            bulk_delete=statements.get(f"{table}/bulk_delete", {"ids"}),
            update=statements.get(f"{table}/update", columns | {"id"}),
            delete=statements.get(f"{table}/delete", {"id"}),
            conflicts=statements.get(f"{table}/conflicts", {"rows"}),
            dependents=statements.get(f"{table}/dependents", {"ids"}) if resource.referrers else None,
            unique=resource.unique,
        )

    def list_for(self, query: ListQuery) -> Statement:
        """The list statement sorted as `query` asks, and begun after its cursor."""
        wanted = (query.order, query.cursor is not None, query.relations)
        if wanted not in self._lists:
            if len(self._lists) >= MOST_LISTS:
                self._lists.clear()
            order = decisive(query.order, self.unique)
            texts = {"order": order_text(order)}
            if query.cursor is not None:
                texts["after"] = after_text(order)
            if query.relations:
                texts["relations"] = self.get_with_relations.marked("relations")
            self._lists[wanted] = self.list.choose(**texts)
        return self._lists[wanted]


def filter_names(resource: Resource) -> frozenset[str]:
    """The parameters that its list statement takes for filters."""
    names = {f"{column}{operator}" for column, kind in resource.all_filters.items() for operator in _OPERATORS[kind]}
    return frozenset(names | {f"{column}__null" for column in resource.filters if column in resource.nullable})


def order_text(order: tuple[tuple[str, bool], ...]) -> str:
    """ORDER BY text of `order`, whose columns come from a resource's own list."""
    return ", ".join(f"{column} {'DESC' if descends else 'ASC'}" for column, descends in order)


def decisive(order: tuple[tuple[str, bool], ...], unique: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    """`order` up to its first column without ties: what follows decides nothing, and keeps the index from serving."""
    for at, (column, _) in enumerate(order):
        if column in unique:
            return order[: at + 1]
    return order


def after_text(order: tuple[tuple[str, bool], ...], at: int = 0) -> str:
    """The condition that a row comes after the one whose keys are after_0, after_1, … in `order`.

    Written so that the server reads an index from the very row on, also in the midst of ties.
    """
    column, descends = order[at]
    beyond = f"{column} {'<' if descends else '>'} %(after_{at})s"
    if at == len(order) - 1:
        return beyond
    return f"({beyond} OR ({column} = %(after_{at})s AND {after_text(order, at + 1)}))"
