"""The house rules: who may import whom, where each tool lives, how long things may be.

Each rule reads the syntax tree of one module and yields its faults. Each is also shown a module
that breaks it, because a rule that finds nothing may also be one that cannot.
"""

import ast
import importlib
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# Each arrow may skip, none turns back. The command line also starts the benchmarks.
MAY_IMPORT = {
    "domain": set(),
    "store": {"domain"},
    "projections": {"domain", "store"},
    "replay": {"domain", "store", "projections"},
    "connectors": {"domain"},
    "bench": {"domain", "store", "projections", "replay", "api"},
    "api": {"domain", "store", "projections", "replay", "connectors", "bench"},
}
PACKAGES = tuple(MAY_IMPORT)

# Where a library may be imported: one home each, so that replacing it is one folder's work.
HOMES = {
    "eventsourcing": ("store",),
    "psycopg": ("store", "projections", "api", "bench"),
    "psycopg_pool": ("store", "projections", "api", "bench"),
    "litestar": ("api",),
    "uvicorn": ("api",),
    "click": ("api.cli",),
    "rich": ("api.cli", "bench"),
    "httpx": ("replay.tax",),
    "pybreaker": ("replay.tax",),
    "redis": ("api", "projections.runner"),
    "babel": ("replay.documents.formats",),
    "jinja2": ("replay.documents.html",),
    "typst": ("replay.documents.pdf",),
    "opentelemetry": ("store", "projections.runner", "api.telemetry"),
}

# Time, chance and surroundings come in as arguments; only these may look for themselves.
MAY_LOOK_OUTSIDE = ("store", "api.app", "api.cli", "api.surroundings", "bench")
OUTSIDE = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "os.environ",
    "os.getenv",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
}
CHANCE = {"random", "secrets"}

# What a pure module has no use for. dataclasses: the event library patches them for the process.
IMPURE = {
    "asyncio", "dataclasses", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
}  # fmt: skip

FILE_LINES_MAX = 400
FILE_LINES_MEDIAN_MAX = 150
FUNCTION_LINES_MAX = 50
FUNCTION_LINES_P90_MAX = 25
IMPORT_DEPTH_MAX = 10
# Folders that are one module to all others: what is inside is counted by itself.
ONE_MODULE = (
    "domain.accounting.contract",
    *("domain.charges", "domain.pricing", "domain.settlement", "domain.statement", "domain.terms"),
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
SQL = re.compile(
    r"\s*(WITH\s+\w+.*\bAS\b|SELECT\b.*\bFROM\b|INSERT\s+INTO\b|UPDATE\s+\S+\s+SET\b"
    r"|DELETE\s+FROM\b)",
    re.IGNORECASE | re.DOTALL,
)


class Module(NamedTuple):
    """One file of ours, read once."""

    name: str
    source: str
    tree: ast.Module
    has_sql: bool = False

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_package(self) -> bool:
        return (ROOT / self.name.replace(".", "/")).is_dir()


def module(name: str, source: str, *, has_sql: bool = False) -> Module:
    return Module(name, source, ast.parse(source), has_sql)


@cache
def modules() -> dict[str, Module]:
    found = {}
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        source = path.read_text(encoding="utf-8")
        found[name] = module(name, source, has_sql=path.with_suffix(".sql").exists())
    return found


def imports(one: Module) -> Iterator[tuple[int, str]]:
    """Each imported module by its full name; `from a import b` is a.b where a.b is a module."""
    for node in ast.walk(one.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(one, node)
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield node.lineno, inner if inner in modules() else source


def _absolute(one: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = one.name.split(".")
    kept = parts[: len(parts) - node.level + one.is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def lives_in(name: str, homes: tuple[str, ...]) -> bool:
    return any(name == home or name.startswith(f"{home}.") for home in homes)


def top(name: str) -> str:
    return name.partition(".")[0]


def docstrings(tree: ast.Module) -> set[ast.Constant]:
    """The nodes that are docstrings, which are prose."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            assert isinstance(first.value, ast.Constant)
            found.add(first.value)
    return found


@cache
def code_lines(one: Module) -> set[int]:
    """The lines that hold code: not blank, not only comment, not docstring."""
    prose = {
        line
        for text in docstrings(one.tree)
        for line in range(text.lineno, (text.end_lineno or 0) + 1)
    }
    silent = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENDMARKER,
    }  # fmt: skip
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(one.source).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - prose


def functions(one: Module) -> Iterator[Function]:
    return (node for node in ast.walk(one.tree) if isinstance(node, Function))


def body_lines(one: Module, function: Function) -> int:
    within = range(function.body[0].lineno, (function.end_lineno or 0) + 1)
    return len(code_lines(one).intersection(within))


# The rules.


def opens_with_what_it_knows(one: Module) -> Iterator[str]:
    if not ast.get_docstring(one.tree):
        yield "1: no docstring"


def imports_only_inward(one: Module) -> Iterator[str]:
    for line, name in imports(one):
        other = top(name)
        if other == "tests" or (
            other in PACKAGES and other != one.package and other not in MAY_IMPORT[one.package]
        ):
            yield f"{line}: {one.package} may not import {name}"


def each_library_has_one_home(one: Module) -> Iterator[str]:
    for line, name in imports(one):
        if (homes := HOMES.get(top(name))) and not lives_in(one.name, homes):
            yield f"{line}: {top(name)} belongs to {', '.join(homes)}"


def the_domain_is_pure(one: Module) -> Iterator[str]:
    if one.package != "domain":
        return
    for line, name in imports(one):
        known = top(name) in sys.stdlib_module_names or top(name) in {"domain", "msgspec"}
        if not known or top(name) in IMPURE:
            yield f"{line}: the domain may not import {name}"


def the_domain_has_no_float(one: Module) -> Iterator[str]:
    if one.package != "domain":
        return
    for node in ast.walk(one.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"{node.lineno}: a float, {node.value}"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in {"float", "round"}
        ):
            yield f"{node.lineno}: a call of {node.func.id}()"


def a_projection_never_imports_another(one: Module) -> Iterator[str]:
    """One question per file: those with an .sql twin. The runner and the list know them all."""
    if one.package != "projections" or one.name in {"projections", "projections.runner"}:
        return
    for line, name in imports(one):
        other = modules().get(name)
        if other and other.package == "projections" and other.has_sql and name != one.name:
            yield f"{line}: a projection may not import {name}"


def the_outside_comes_in_as_an_argument(one: Module) -> Iterator[str]:
    if lives_in(one.name, MAY_LOOK_OUTSIDE):
        return
    for line, name in imports(one):
        if name in CHANCE:
            yield f"{line}: chance, {name}"
    for node in ast.walk(one.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in OUTSIDE:
                    yield f"{node.lineno}: {node.module}.{alias.name}"
        if isinstance(node, ast.Attribute):
            said = ".".join(ast.unparse(node).split(".")[-2:])
            if said in OUTSIDE:
                yield f"{node.lineno}: {said}"


def sql_is_not_in_python(one: Module) -> Iterator[str]:
    """Short utility statements (SET, COPY, LISTEN) are no queries; what reads or writes rows is."""
    if one.package in {"domain", "bench"}:
        return
    prose = docstrings(one.tree)
    for node in ast.walk(one.tree):
        if not isinstance(node, ast.Constant) or node in prose:
            continue
        if isinstance(node.value, str) and SQL.match(node.value):
            yield f"{node.lineno}: SQL, {node.value[:40]!r}"


def files_are_short(one: Module) -> Iterator[str]:
    if (count := len(code_lines(one))) > FILE_LINES_MAX:
        yield f"1: {count} lines of code"


def functions_are_short(one: Module) -> Iterator[str]:
    for function in functions(one):
        if (count := body_lines(one, function)) > FUNCTION_LINES_MAX:
            yield f"{function.lineno}: {function.name} has {count} lines"


Rule = Callable[[Module], Iterator[str]]
RULES: tuple[Rule, ...] = (
    opens_with_what_it_knows,
    imports_only_inward,
    each_library_has_one_home,
    the_domain_is_pure,
    the_domain_has_no_float,
    a_projection_never_imports_another,
    the_outside_comes_in_as_an_argument,
    sql_is_not_in_python,
    files_are_short,
    functions_are_short,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule: Rule) -> None:
    faults = [f"{name}:{fault}" for name, one in modules().items() for fault in rule(one)]

    assert faults == []


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (opens_with_what_it_knows, "domain.x", "a = 1"),
        (imports_only_inward, "domain.x", "from store import db"),
        (imports_only_inward, "store.x", "def f():\n    import projections.runner"),
        (imports_only_inward, "replay.x", "import api"),
        (imports_only_inward, "connectors.x", "import store.db"),
        (imports_only_inward, "store.x", "from tests import conftest"),
        (each_library_has_one_home, "projections.x", "import eventsourcing.persistence"),
        (each_library_has_one_home, "replay.x", "from psycopg import sql"),
        (each_library_has_one_home, "projections.x", "import redis"),
        (each_library_has_one_home, "api.app", "import opentelemetry.trace"),
        (the_domain_is_pure, "domain.x", "import litestar"),
        (the_domain_is_pure, "domain.x", "import logging"),
        (the_domain_is_pure, "domain.x", "from os import environ"),
        (the_domain_has_no_float, "domain.x", "rate = 0.1"),
        (the_domain_has_no_float, "domain.x", "rate = float('0.1')"),
        (the_domain_has_no_float, "domain.x", "rate = round(amount, 2)"),
        (the_outside_comes_in_as_an_argument, "replay.x", "import random"),
        (the_outside_comes_in_as_an_argument, "replay.x", "from uuid import uuid4"),
        (the_outside_comes_in_as_an_argument, "projections.x", "at = datetime.datetime.now()"),
        (the_outside_comes_in_as_an_argument, "domain.x", "at = datetime.now(UTC)"),
        (the_outside_comes_in_as_an_argument, "api.auth", "import os\nkey = os.environ['KEY']"),
        (sql_is_not_in_python, "store.x", "sql = 'SELECT a FROM b'"),
        (sql_is_not_in_python, "projections.x", "sql = f'delete from {table} where a = 1'"),
        (sql_is_not_in_python, "store.x", "sql = '''\n  INSERT INTO a (b)\n  VALUES (1)'''"),
        (files_are_short, "store.x", "a = 1\n" * 401),
        (functions_are_short, "store.x", "def f():\n" + "    a = 1\n" * 51),
    ],
)
def test_each_rule_sees_a_breach(rule: Rule, name: str, source: str) -> None:
    assert list(rule(module(name, source)))


def test_a_projection_that_imports_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    one = module("projections.one", "from projections import two", has_sql=True)
    two = module("projections.two", "", has_sql=True)
    monkeypatch.setattr(sys.modules[__name__], "modules", lambda: {one.name: one, two.name: two})

    assert list(a_projection_never_imports_another(one))


def test_what_is_no_breach_passes() -> None:
    fine = '"""SELECT a FROM b."""\nstatement = "SET timezone TO UTC"\nother = "SELECT 1"\n'

    assert list(sql_is_not_in_python(module("store.x", fine))) == []
    assert (
        list(functions_are_short(module("store.x", "def f():\n" + "    # why\n" * 60 + "    pass")))
        == []
    )


def test_the_middle_file_and_function_are_short() -> None:
    files = [len(code_lines(one)) for one in modules().values() if not one.is_package]
    bodies = [
        body_lines(one, function) for one in modules().values() for function in functions(one)
    ]

    assert statistics.median(files) <= FILE_LINES_MEDIAN_MAX
    assert statistics.quantiles(bodies, n=10)[-1] <= FUNCTION_LINES_P90_MAX


def graph(package: str = "") -> dict[str, set[str]]:
    """Who imports whom among our modules, or among those of one package."""
    ours = {name for name in modules() if not package or lives_in(name, (package,))}
    return {name: {other for _, other in imports(modules()[name])} & ours - {name} for name in ours}


def as_one_module(edges: dict[str, set[str]], package: str) -> dict[str, set[str]]:
    """The same graph with each such folder drawn as one, unless it is the one that is looked at."""

    def drawn(name: str) -> str:
        return next((one for one in ONE_MODULE if one != package and lives_in(name, (one,))), name)

    found: dict[str, set[str]] = {}
    for name, others in edges.items():
        found.setdefault(drawn(name), set()).update(map(drawn, others))
    return {name: others - {name} for name, others in found.items()}


def longest_chain(edges: dict[str, set[str]]) -> list[str]:
    """The longest way from a module down its imports; a cycle is an assertion that names it."""
    longest: dict[str, list[str]] = {}

    def walk(name: str, above: tuple[str, ...]) -> list[str]:
        assert name not in above, f"a cycle: {' -> '.join([*above[above.index(name) :], name])}"
        if name not in longest:
            below = (walk(other, (*above, name)) for other in sorted(edges[name]))
            longest[name] = [name, *max(below, key=len, default=[])]
        return longest[name]

    return max((walk(name, ()) for name in sorted(edges)), key=len)


def test_no_import_goes_round() -> None:
    assert longest_chain(graph())


@pytest.mark.parametrize(
    "package", ["domain", *ONE_MODULE, "store", "projections", "replay", "api"]
)
def test_no_import_goes_too_deep(package: str) -> None:
    """Counted within a package: between packages the depth is that of the arrows, and wanted."""
    edges = as_one_module(graph(package), package)
    chain = longest_chain(edges) if edges else []

    assert len(chain) - 1 <= IMPORT_DEPTH_MAX, " -> ".join(chain)


def test_a_cycle_is_seen() -> None:
    with pytest.raises(AssertionError, match="a cycle: b -> c -> b"):
        longest_chain({"a": {"b"}, "b": {"c"}, "c": {"b"}})


def test_the_packages_that_python_finds_are_ours() -> None:
    """Names as common as `api` and `domain` could be another distribution's."""
    for package in {top(name) for name in modules()}:
        found = importlib.import_module(package).__file__

        assert found, package
        assert Path(found).is_relative_to(ROOT), package
