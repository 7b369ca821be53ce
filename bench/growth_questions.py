"""What `make growth` asks at each size: every way to read and to write, the questions of the front end among them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote

from bench.client import Client
from service.http.params import parse_list
from service.records.cursor import Cursor, sort_key
from service.resources.animals import RESOURCE as ANIMALS

PAGE = 50
BULK = 1000
FIXED_PAGE = 100
Ask = tuple[str, str, object]  # method, path, body


@dataclass(frozen=True)
class Size:
    """A table of `animals`; `cursors` by sort and status: where a page half way down ends; `since`: some times."""

    animals: int
    client: Client
    cursors: dict[str, str]
    since: dict[str, str]
    numbers: Iterator[int]

    @property
    def half(self) -> int:
        """The number of the page half way down."""
        return self.animals // PAGE // 2

    def any_id(self) -> int:
        """One of the middle half of the ids, another each time."""
        return self.animals // 4 + next(self.numbers) * 7919 % (self.animals // 2)


@dataclass(frozen=True)
class Question:
    """`asks`: the request that is timed; `before` and `after` are not timed: `after` gets the answer's data.

    `grows`: why the time may grow with the table; empty where it must not.
    """

    name: str
    asks: Callable[[Size], Ask]
    grows: str = ""
    after: Callable[[Size, Any], object] | None = None


def prepared(client: Client, animals: int) -> Size:
    """The table as it will be asked, with what questions need to know beforehand."""
    middle = client.good("GET", f"/animals/{animals // 2}").json["data"]
    cursors = {}
    for sort, status in (("updated_at", ""), ("record", ""), ("weight", ""), ("updated_at", "Vivo")):
        given = [("sort_by", sort), ("sort_order", "desc"), ("status", status)]
        query = parse_list(ANIMALS, given if status else given[:2], whole_view=True, lenient=False)
        keys = tuple(sort_key(column, middle[column]) for column, _ in query.order)
        cursors[sort + status] = Cursor(keys).encode(query.order, query.filters, None)
    since = {}
    for name, changes in (("few", 10), ("many", BULK)):
        page = client.good("GET", f"/animals?limit=1&page={changes + 1}").json
        since[name] = page["data"][0]["updated_at"]
    return Size(animals, client, cursors, since, count())


def _get(path: str) -> Callable[[Size], Ask]:
    return lambda size: ("GET", path, None)


def _of_id(path: str) -> Callable[[Size], Ask]:
    return lambda size: ("GET", path.format(size.any_id()), None)


def _of_mother(path: str) -> Callable[[Size], Ask]:
    return lambda size: ("GET", path.format(size.any_id() // 8 | 1), None)


def _after(sort: str, status: str = "") -> Callable[[Size], Ask]:
    chosen = f"&status={status}" if status else ""
    text = f"/animals?limit={PAGE}&sort_by={sort}&sort_order=desc{chosen}&cursor="
    return lambda size: ("GET", text + quote(size.cursors[sort + status]), None)


def _since(name: str) -> Callable[[Size], Ask]:
    return lambda size: ("GET", f"/animals?since={size.since[name]}&limit=1000", None)


def _row(size: Size) -> dict[str, object]:
    number = next(size.numbers)
    return {
        "record": f"new-{number}",
        "sex": "Hembra",
        "birth_date": "2024-03-01",
        "weight": 320,
        "breeds_id": 1 + number % 50,
        "idMother": size.any_id() | 1,
    }


def _update(size: Size) -> Ask:
    return "PUT", f"/animals/{size.any_id()}", {"weight": 1 + next(size.numbers) % 900}


def _deletes(size: Size) -> Ask:
    created = size.client.good("POST", "/animals", _row(size)).json["data"]["id"]
    return "DELETE", f"/animals/{created}", None


def _forget_one(size: Size, data: Any) -> object:
    return size.client.good("DELETE", f"/animals/{data['id']}")


def _forget_all(size: Size, data: Any) -> object:
    return size.client.good("DELETE", "/animals/bulk", [row["id"] for row in data])


def _bulk(size: Size) -> Ask:
    return "POST", "/animals/bulk", [_row(size) for _ in range(BULK)]


def _bulk_change(size: Size) -> Ask:
    start, weight = size.any_id() - BULK, 1 + next(size.numbers) % 900
    return "PATCH", "/animals/bulk", [{"id": abs(start) + at + 1, "weight": weight} for at in range(BULK)]


def _bulk_delete(size: Size) -> Ask:
    created = size.client.good("POST", "/animals/bulk", [_row(size) for _ in range(BULK)]).json["data"]
    return "DELETE", "/animals/bulk", [row["id"] for row in created]


COUNTS = "counts all that match, for total_items"
SCANS = "no index serves it: reads every row"
WALKS = "walks the index of all that refer to it, for the first 50"
SKIPS = "steps over every id before the page"

QUESTIONS = (
    Question("list, first page", _get(f"/animals?page=1&limit={PAGE}")),
    Question("list, 1,000 rows", _get("/animals?page=1&limit=1000")),
    Question("list by record", _get(f"/animals?limit={PAGE}&sort_by=record&sort_order=asc")),
    Question("list by weight", _get(f"/animals?limit={PAGE}&sort_by=weight&sort_order=desc")),
    Question("page 100 by number", _get(f"/animals?page={FIXED_PAGE}&limit={PAGE}")),
    Question("page by cursor half way", _after("updated_at")),
    Question("page by cursor half way, by record", _after("record")),
    Question("page by cursor half way, by weight (ties)", _after("weight")),
    Question(
        "page by number half way", lambda size: ("GET", f"/animals?page={size.half}&limit={PAGE}", None), grows=SKIPS
    ),
    Question("list with relations", _get(f"/animals?page=1&limit={PAGE}&include_relations=true")),
    Question("filter: the young of one mother", _of_mother("/animals?idMother={}")),
    Question("filter: born on one day", _get("/animals?birth_date=2020-02-02"), grows=COUNTS),
    Question("filter: a breed that live here", _get("/animals?breeds_id=7&status=Vivo"), grows=COUNTS),
    Question("filter: Vivo", _get("/animals?status=Vivo"), grows=COUNTS),
    Question("filter: Vivo, page by cursor half way", _after("updated_at", "Vivo")),
    Question("filter: Hembra", _get("/animals?sex=Hembra"), grows=COUNTS),
    Question("filter: diagnoses of one animal", _of_id("/animal-diseases?animal_id={}")),
    Question("filter: diagnoses of one disease", _get("/animal-diseases?disease_id=3"), grows=COUNTS),
    Question("search", _get("/animals?search=G-0000099&limit=10"), grows=SCANS),
    Question("since, 10 changes", _since("few")),
    Question("since, 1,000 changes", _since("many")),
    Question("metadata", _get("/animals/metadata")),
    Question("stats", _get("/animals/stats")),
    Question("status", _get("/animals/status"), grows=SCANS.replace("reads every row", "counts every row")),
    Question("detail", _of_id("/animals/{}")),
    Question("detail with relations", _of_id("/animals/{}?include_relations=true")),
    Question("breed with its animals", _get("/breeds/7?include_relations=true"), grows=WALKS),
    Question("disease with its animals", _get("/diseases/3?include_relations=true"), grows=WALKS),
    Question("person with their diseases", _get("/users/3?include_relations=true"), grows=WALKS),
    Question("dependencies", _of_id("/animals/{}/dependencies")),
    Question("ancestors", _of_id("/animals/tree/ancestors?animal_id={}&max_depth=3")),
    Question("descendants", _of_mother("/animals/tree/descendants?animal_id={}&max_depth=2")),
    Question("insert", lambda size: ("POST", "/animals", _row(size)), after=_forget_one),
    Question("update", _update),
    Question("delete", _deletes),
    Question("bulk insert of 1,000", _bulk, after=_forget_all),
    Question("bulk change of 1,000", _bulk_change),
    Question("bulk delete of 1,000", _bulk_delete),
)
