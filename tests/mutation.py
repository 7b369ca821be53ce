"""Changes one thing at a time in the modules that exactness rests on, and counts the changes that no test notices.

`python tests/mutation.py` (`make mutants`) prints each survivor and the share that was found out; it fails below
`--least`. A test run is a fork of this process, so that everything but the changed module is imported once.
"""

import argparse
import ast
import importlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 10  # a change that makes the tests run longer is found out
TESTS = {
    "service/cache/segment.py": ("unit/test_counters.py", "unit/test_generations.py", "exactness/test_slots.py"),
    "service/cache/generations.py": ("unit/test_counters.py", "unit/test_generations.py", "exactness/test_slots.py"),
    "service/cache/lru.py": ("unit/test_cache_counts.py", "unit/test_lru.py"),
    "service/cache/page.py": ("unit/test_page.py", "unit/test_cache_counts.py"),
    "service/http/conditional.py": ("unit/test_accepted_encoding.py", "unit/test_conditional_headers.py"),
    "service/db/pool.py": ("unit/test_gate.py",),
    "service/db/transaction.py": ("unit/test_transaction.py",),
}
PRELOADED = ("aiohttp", "aiomysql", "orjson", "pydantic")
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Continue: ast.Break,
    ast.Break: ast.Continue,
}


@dataclass(frozen=True)
class Mutant:
    """A module with one thing changed."""

    path: str
    line: int
    change: str
    code: CodeType

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.change}"


def mutants_of(path: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    text = (ROOT / path).read_text()
    for at in range(len(list(_changes(ast.parse(text))))):
        tree = ast.parse(text)
        node, change, apply = list(_changes(tree))[at]
        apply()
        ast.fix_missing_locations(tree)
        yield Mutant(path, getattr(node, "lineno", 0), change, compile(tree, str(ROOT / path), "exec"))


Change = tuple[ast.AST, str, Callable[[], None]]


def _changes(tree: ast.AST) -> Iterator[Change]:
    """What may be changed below `tree`: where, in words, and the deed."""
    decorators = {id(part) for node in ast.walk(tree) for part in _in_decorators(node)}
    for node in ast.walk(tree):
        if id(node) in decorators:  # frozen, slots: not what these tests are about
            continue
        match node:
            case ast.Compare():
                for place, operator in enumerate(node.ops):
                    yield _swap(node, node.ops, place, operator)
            case ast.BoolOp() | ast.BinOp() | ast.AugAssign() if type(node.op) in SWAPS:
                swapped = SWAPS[type(node.op)]
                yield node, f"{_name(node.op)} to {swapped.__name__}", _setter(node, "op", swapped())
            case ast.Constant(value=bool(value)):
                yield node, f"{value} to {not value}", _setter(node, "value", not value)
            case ast.Constant(value=int(value) | float(value)):
                yield node, f"{value} to {value + 1}", _setter(node, "value", value + 1)
            case ast.If() | ast.While() | ast.IfExp():
                negated = ast.UnaryOp(ast.Not(), node.test)
                yield node, f"not {ast.unparse(node.test)}", _setter(node, "test", negated)
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                yield node, f"return None for {ast.unparse(value)[:60]}", _setter(node, "value", ast.Constant(None))
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                for place, statement in enumerate(block):
                    if _is_deed(statement):
                        yield statement, f"without {ast.unparse(statement)[:60]}", _placer(block, place, ast.Pass())
                    elif type(statement) in SWAPS:
                        yield _swap(statement, block, place, statement)


def _in_decorators(node: ast.AST) -> Iterator[ast.AST]:
    for decorator in getattr(node, "decorator_list", ()):
        yield from ast.walk(decorator)


def _is_deed(node: ast.AST) -> bool:
    """A statement that may be left out: a call, a change of something, or a raise; not a word for the log."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()):
            return not ast.unparse(node).startswith("log.")
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]) | ast.AugAssign() | ast.Raise() | ast.Delete():
            return True
    return False


def _swap(node: ast.AST, block: list[Any], place: int, operator: ast.AST) -> Change:
    swapped = SWAPS[type(operator)]
    return node, f"{_name(operator)} to {swapped.__name__}", _placer(block, place, swapped())


def _setter(node: ast.AST, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, name, value)


def _placer(block: list[Any], place: int, value: ast.AST) -> Callable[[], None]:
    return lambda: block.__setitem__(place, value)


def _name(node: ast.AST) -> str:
    return type(node).__name__


def is_found_out(mutant: Mutant | None, tests: Sequence[str], folder: Path) -> bool:
    """Whether a test fails, or never ends, with the mutant in the module's place."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        if mutant is not None:
            _put_in_place(mutant)
        words = ["-x", "-q", "--noconftest", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider"]
        words.append(f"--basetemp={folder}/tests")
        os._exit(pytest.main([*words, *(f"{ROOT}/tests/{test}" for test in tests)]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _put_in_place(mutant: Mutant) -> None:
    get_code = SourceFileLoader.get_code

    def get_changed_code(self: SourceFileLoader, name: str) -> CodeType | None:
        return mutant.code if self.path == str(ROOT / mutant.path) else get_code(self, name)

    loader: Any = SourceFileLoader
    loader.get_code = get_changed_code


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", default=list(TESTS), help="paths from the project's folder; default: all")
    parser.add_argument("--least", type=float, default=95, help="percent that must be found out")
    wanted = parser.parse_args()
    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(ROOT))
    for name in PRELOADED:
        importlib.import_module(name)
    count, survivors = 0, []
    with tempfile.TemporaryDirectory(prefix="herdbook-mutants-") as folder:
        for path in wanted.modules:
            if is_found_out(None, TESTS[path], Path(folder)):
                print(f"{path}: its tests fail as it is")
                return 2
            of_module = list(mutants_of(path))
            alive = [one for one in of_module if not is_found_out(one, TESTS[path], Path(folder))]
            print(*alive, f"{path}: {len(of_module) - len(alive)} of {len(of_module)} found out", sep="\n", flush=True)
            count += len(of_module)
            survivors += alive
    share = 100 * (1 - len(survivors) / max(count, 1))
    print(f"{count} mutants, {len(survivors)} survivors, {share:.1f} % found out")
    return 0 if share >= wanted.least else 1


if __name__ == "__main__":
    sys.exit(main())
