"""Statements: files, checked when they are loaded; values become literals and nothing else."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.db.connection import escaped
from service.db.statements import Statement, StatementError, Statements, literal
from service.resources import all_resources

RESOURCES = {one.table: one for one in all_resources()}
SQL = Path(__file__).resolve().parents[2] / "sql"


def escape(text: str) -> str:
    return str(pymysql.converters.escape_string(text))


def render(text: str, **values: Any) -> str:
    return " ".join(Statement.parse("x", text).render(values, escape).split())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one statement."""
    (tmp_path / "cows").mkdir()
    (tmp_path / "cows" / "get.sql").write_text("-- One cow.\nSELECT id FROM cows WHERE id = %(id)s;\n")
    return tmp_path


def test_a_statement_has_the_name_of_its_file(folder: Path) -> None:
    statements = Statements(folder)
    assert list(statements) == ["cows/get"]
    assert statements.get("cows/get", {"id"}).parameters == {"id"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (set(), "asks for unknown id"),
        ({"id", "name"}, "lacks name"),
        ({"name"}, "lacks name and asks for unknown id"),
    ],
)
def test_a_parameter_too_many_or_too_few_is_an_error_at_load(folder: Path, given: set[str], says: str) -> None:
    with pytest.raises(StatementError, match=says):
        Statements(folder).get("cows/get", given)


def test_a_missing_file_is_an_error_at_load(folder: Path) -> None:
    with pytest.raises(StatementError, match=r"sql/cows/list\.sql"):
        Statements(folder).get("cows/list")


def test_a_folder_without_statements_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StatementError, match="no statements"):
        Statements(tmp_path)


def test_a_value_that_is_missing_when_it_is_sent_is_an_error() -> None:
    with pytest.raises(KeyError, match="id"):
        render("SELECT %(id)s")


def test_a_line_that_is_optional_needs_a_parameter() -> None:
    with pytest.raises(StatementError, match="needs a parameter"):
        Statement.parse("x", "SELECT 1\nAND TRUE -- if given")


def test_a_line_is_left_out_where_one_of_its_values_is_not_given() -> None:
    text = "SELECT 1\nWHERE TRUE\nAND a = %(a)s  -- if given\nAND b BETWEEN %(b)s AND %(c)s -- if given"
    assert render(text) == "SELECT 1 WHERE TRUE"
    assert render(text, a=5) == "SELECT 1 WHERE TRUE AND a = 5"
    assert render(text, b=1) == "SELECT 1 WHERE TRUE"
    assert render(text, b=1, c=None) == "SELECT 1 WHERE TRUE AND b BETWEEN 1 AND NULL"


def test_text_between_marks_may_be_chosen_and_is_then_checked() -> None:
    statement = Statement.parse("x", "SELECT id\nORDER BY /* order: */ id /* :order */;")
    assert "name DESC" in statement.choose(order="name DESC").text
    assert statement.marked("order").strip() == "id"
    with pytest.raises(StatementError, match="no place for limit"):
        statement.choose(limit="1")
    with pytest.raises(StatementError, match="no mark after"):
        statement.marked("after")


def test_comments_at_the_top_are_not_sent() -> None:
    assert render("-- Says what.\n  -- And more.\nSELECT 1;") == "SELECT 1;"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (False, "FALSE"),
        (-5, "-5"),
        (2**63, str(2**63)),
        ("a", "'a'"),
        ("a'b", "'a\\'b'"),
        ("a\\", "'a\\\\'"),
        ("%(x)s", "'%(x)s'"),
        (date(2024, 2, 29), "'2024-02-29'"),
        ((1, "b", None), "(1, 'b', NULL)"),
    ],
)
def test_a_value_becomes_a_literal(value: Any, text: str) -> None:
    assert literal(value, escape) == text


@pytest.mark.parametrize("value", [1.5, b"x", [1], {"a": 1}, (), {1}, object(), (1.5,), ([1],)])
def test_a_value_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        literal(value, escape)


def test_an_integer_of_a_class_of_its_own_is_written_as_a_number() -> None:
    class Odd(int):
        def __str__(self) -> str:
            return "1 OR 1=1"

    assert literal(Odd(5), escape) == "5"


@given(st.text())
def test_no_text_leaves_its_quotes(text: str) -> None:
    sent = (
        render("SELECT %(a)s, %(b)s", a=text, b=1)
        if not text.split()
        else Statement.parse("x", "SELECT %(a)s, 1").render({"a": text}, escape)
    )
    inside = Statement.parse("x", "SELECT %(a)s").render({"a": text}, escape).strip().removeprefix("SELECT ")
    assert inside[0] == inside[-1] == "'"
    at, body = 0, inside[1:-1]
    while at < len(body):
        assert body[at] != "'"
        at += 2 if body[at] == "\\" else 1
    assert at == len(body)
    assert sent


def test_a_value_is_never_read_as_a_mark_or_a_parameter() -> None:
    statement = Statement.parse("x", "SELECT %(a)s\nAND %(b)s -- if given\nORDER BY /* order: */ id /* :order */")
    sent = statement.render({"a": "%(b)s -- if given", "b": "/* order: */ x /* :order */"}, escape)
    assert "'%(b)s -- if given'" in sent
    assert "'/* order: */ x /* :order */'" in sent


@pytest.mark.parametrize("name", sorted(path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql")))
def test_every_file_says_on_top_what_it_answers_and_holds_one_statement(name: str) -> None:
    text = (SQL / name).read_text("utf-8")
    assert text.startswith("-- ")
    assert re.search(r"^-- By (no index|\w+\.\w+|\w+ whole)\b", text, re.MULTILINE), "its header names no index"
    sent = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    assert sent.rstrip().endswith(";")
    assert sent.count(";") == 1
    assert "SELECT *" not in sent.replace("SELECT *\n  FROM JSON_TABLE", "").replace(
        "WITH matching AS (\n  SELECT *", ""
    )


@given(st.text(st.sampled_from("\\\\'\"\n\r\0\x1a%_ñ🐄a")))
def test_a_text_is_escaped_as_the_driver_does_it(text: str) -> None:
    assert escaped(text) == pymysql.converters.escape_string(text)


# Where each kind of statement names the columns of its table.
NAMING = {
    "get": r"\"(\w+)\":",
    "list": r"\"(\w+)\":",
    "since": r"\"(\w+)\":",
    "get_with_relations": r"\"(\w+)\":",
    "insert": r"%\((\w+)\)s",
    "update": r"%\((\w+)\)s",
    "bulk_insert": r"^    (\w+) +[A-Z(0-9)]+ PATH",
    "bulk_update": r"^    (\w+) +[A-Z(0-9)]+ PATH",
}


@pytest.mark.parametrize("kind", NAMING)
@pytest.mark.parametrize("table", RESOURCES)
def test_columns_stand_in_the_same_order_everywhere(table: str, kind: str) -> None:
    resource = RESOURCES[table]
    order = ["id", *resource.record.model_fields, *resource.derived, "created_at", "updated_at"]
    text = (SQL / table / f"{kind}.sql").read_text("utf-8").partition("/* relations: */")[0]
    named = [name for name in re.findall(NAMING[kind], text, re.MULTILINE) if name in order]
    if kind == "update":
        named.remove("id")  # in its WHERE, at the end
    places = [order.index(name) for name in named]
    begins = [at for at, place in enumerate(places) if at == 0 or place <= places[at - 1]]
    assert len(places) > 1 or table == "species"
    assert all(places[at] == min(places) for at in begins), named  # a second list of them begins anew


@pytest.mark.parametrize("name", sorted(path.relative_to(SQL).as_posix() for path in SQL.rglob("*.sql")))
def test_a_clause_begins_a_line_of_its_own(name: str) -> None:
    lines = [line for line in (SQL / name).read_text("utf-8").splitlines() if not line.startswith("--")]
    for line in lines:
        bare = re.sub(r"^DELETE FROM|'[^']*'|/\*.*?\*/", "", line).strip()
        inside = 0
        for at, letter in enumerate(bare):
            inside += (letter == "(") - (letter == ")")
            for clause in ("FROM", "WHERE", "GROUP BY", "LIMIT"):
                if at and inside == 0 and re.match(rf" {clause} ", bare[at:]):
                    raise AssertionError(f"{clause} stands in the midst of: {line}")
