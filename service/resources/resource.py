"""What a resource is: its table, its record and what may be asked of it. Resources declare; they do not program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """The fields that a client gives for a row; each resource's record derives from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kind(Enum):
    """How a filter's values are read, and which comparisons it takes."""

    NUMBER = auto()
    TEXT = auto()
    FLAG = auto()
    DAY = auto()
    MOMENT = auto()


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of `table` refer to this resource's rows by `field`; `label` and `english`: what many of them are called."""

    table: str
    field: str
    label: str
    english: str


@dataclass(frozen=True, slots=True)
class Label:
    """What a row is called, for people: Spanish with its article's gender, and English."""

    one: str
    many: str
    english: str
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    route      path segment under /api/v1
    table      its table; also the folder of its statements
    record     the input record
    label      its name in messages
    private    read only with a token, cached per user
    filters    column → kind; every filter also takes the suffixes of its kind (service.http.params)
    sorts      the columns it may be sorted by; ids break ties
    unique     those of them that have no ties: sorted by alone, their index serves
    aliases    other spellings of columns, in parameters and bodies
    relations  names in an answer with include_relations, and the tables they are read from
    referrers  who keeps a row from being deleted
    derived    fields that an answer has beside the columns, and their types
    unseen     parameters that are accepted without effect
    by_day     whether answers change at midnight UTC
    by_viewer  whether answers depend on who asks: an Administrador sees rows whole
    brief      with by_viewer: the fields that everybody else sees of the rows of others
    personal   fields that a user may change in the row of their own
    bulk_limit rows in one bulk insert
    """

    route: str
    table: str
    record: type[Record]
    label: Label
    private: bool = False
    filters: Mapping[str, Kind] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    unique: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    referrers: tuple[Reference, ...] = ()
    derived: Mapping[str, type] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    by_day: bool = False
    by_viewer: bool = False
    brief: tuple[str, ...] = ()
    personal: frozenset[str] = frozenset()
    bulk_limit: int = 10_000

    @property
    def all_filters(self) -> Mapping[str, Kind]:
        """Its filters and those of every resource."""
        return {**self.filters, "created_at": Kind.MOMENT, "updated_at": Kind.MOMENT}

    @property
    def all_sorts(self) -> tuple[str, ...]:
        """Its sorts and those of every resource."""
        return (*self.sorts, "id", "created_at", "updated_at")

    def kind_of(self, column: str) -> Kind:
        """The kind of a column that it may be sorted by."""
        if column in self.all_filters:
            return self.all_filters[column]
        return Kind.NUMBER if column == "id" or _holds_number(self.record, column) else Kind.TEXT

    @property
    def nullable(self) -> frozenset[str]:
        """The columns that may be NULL: those a record may leave out, for null."""
        fields = self.record.model_fields.items()
        return frozenset(name for name, of in fields if not of.is_required() and of.default is None)

    @property
    def visible(self) -> frozenset[str]:
        """The columns that an asker without the whole view may filter by."""
        return frozenset(self.brief if self.by_viewer else self.all_filters)

    def sorts_for(self, whole_view: bool) -> tuple[str, ...]:
        """The columns that the asker may sort by."""
        seen = self.all_sorts
        return seen if whole_view else tuple(name for name in seen if name in self.brief)

    @property
    def relation_tables(self) -> tuple[str, ...]:
        """Every table that an answer with relations is read from, its own first."""
        others = (table for tables in self.relations.values() for table in tables)
        return tuple(dict.fromkeys((self.table, *others)))


def _holds_number(record: type[Record], column: str) -> bool:
    return record.model_fields[column].annotation is int
