"""Mutation testing of the modules that decide amounts: `python -m tests.mutants.of_code [WORD]`.

Each mutant changes one place of one function's syntax tree. The tests that draw nothing and call
that function are run in a forked process, fastest first, until one fails; a mutant that none of
them sees survives and is printed.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).parents[2]
# The journal's types have no function that decides anything.
CONTRACT = (
    *("allocation", "changes", "combined", "course", "ending", "financing", "ground", "parts"),
    *("priced", "pricing", "promise", "rights", "spread", "stretch", "term", "transfer"),
    "variable",
)
MODULES = (
    "domain.ledger",
    "domain.due",
    *(f"domain.accounting.contract.{name}" for name in CONTRACT),
    "domain.accounting.contracts",
    "domain.accounting.modification",
    "domain.accounting.revenue",
    "domain.accounting.curves",
    "domain.accounting.subscriptions",
    "domain.accounting.invoices",
    "domain.accounting.pools",
    "domain.accounting.exchange",
    "domain.accounting.remaining",
)
TESTS = ("tests/domain", "tests/laws/test_contracts.py")
# Of one test: what takes longer hangs.
SECONDS_MOST = 20

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
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
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


def variants(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """The node changed in one way each, and the change in words."""
    match node:
        case ast.Compare(ops=[op, *_]):
            new = copy.deepcopy(node)
            new.ops[0] = _COMPARED[type(op)]()
            yield new, "compares otherwise"
        case ast.BinOp(op=op) if type(op) in _COUNTED and not _is_text(node):
            new_op = copy.deepcopy(node)
            new_op.op = _COUNTED[type(op)]()
            yield new_op, "counts otherwise"
        case ast.BoolOp(op=op):
            both = copy.deepcopy(node)
            both.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield both, "and for or"
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand, "not negated"
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value), "true for false"
        case ast.Constant(value=int() as value):
            yield ast.Constant(value + 1), "one more"
        case ast.IfExp(body=body, orelse=other):
            yield body, "always the first"
            yield other, "always the second"
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None)), "returns nothing"
        case ast.Continue():
            yield ast.Break(), "stops"
        case _:
            pass


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in sides)


class Mutant:
    """One change in one function of a module, ready to be put in place."""

    def __init__(self, module: str, function: str, line: int, what: str, code: CodeType) -> None:
        self.module, self.function, self.line = module, function, line
        self.what, self.code = what, code

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}: {self.what}"


def mutants_of(name: str) -> Iterator[Mutant]:
    source = (ROOT / (name.replace(".", "/") + ".py")).read_text()
    tree, lines = ast.parse(source), source.splitlines()
    for function, place in list(_inside_functions(tree)):
        for new, what in variants(place.node):
            place.put(ast.fix_missing_locations(ast.copy_location(new, place.node)))
            code = _function(compile(tree, name, "exec"), function)
            place.put(place.node)
            line = getattr(place.node, "lineno", 0)
            yield Mutant(name, function, line, f"{what}: {lines[line - 1].strip()}", code)


class Place(NamedTuple):
    """Where a node is in the tree: in a field of its parent, or in a list in that field."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _inside_functions(tree: ast.Module) -> Iterator[tuple[str, Place]]:
    """Every node of every function's body but its asserts, what it says in words, and types.

    That lengths are equal (`strict`) is asserted, too.
    """
    for node in tree.body:
        rows = node.body if isinstance(node, ast.ClassDef) else [node]
        for one in rows:
            if isinstance(one, ast.FunctionDef):
                prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                for inner in _walked(one):
                    if inner.field != "decorator_list":
                        yield prefix + one.name, inner


def _walked(parent: ast.AST) -> Iterator[Place]:
    for name, value in ast.iter_fields(parent):
        # What a call is given is in `args`, too; a function's own are names and types.
        is_given = name == "args" and isinstance(parent, ast.Call)
        if name in ("annotation", "returns", "args", "decorator_list") and not is_given:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_asserted(child):
                yield Place(parent, name, index, child)
                yield from _walked(child)


def _is_asserted(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict")


def _function(code: CodeType, name: str) -> CodeType:
    for part in name.split("."):
        found = (one for one in code.co_consts if isinstance(one, CodeType))
        code = next(one for one in found if one.co_name == part)
    return code


def put(mutant: Mutant) -> None:
    module = sys.modules[mutant.module]
    _found(module, mutant.function).__code__ = mutant.code


def _found(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = found.__dict__[part]
    found = getattr(found, "fget", found)
    assert isinstance(found, FunctionType), name
    return found


class Session:
    """The tests once with every call noted, then once more for each mutant that they call."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.calls: dict[CodeType, dict[pytest.Item, float]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What draws has a seed of its own and takes long; the laws are tested by mutants too."""
        items[:] = [one for one in items if not hasattr(getattr(one, "obj", None), "hypothesis")]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        wanted = {}
        for name in MODULES:
            importlib.import_module(name)
            for mutant in mutants_of(name):
                if not self.words or any(word in str(mutant) for word in self.words):
                    code = _found(sys.modules[name], mutant.function).__code__
                    wanted.setdefault(code, []).append(mutant)
        for item in session.items:
            self._note(item, set(wanted))
        for name, rows in groupby(wanted.items(), key=lambda row: row[1][0].module):
            seen = [self._judged(mutant, code) for code, mutants in rows for mutant in mutants]
            share = f"{sum(seen)} of {len(seen)}, {sum(seen) * 100 // len(seen)} %"
            self._tell(f"{name}: {share}")
        return True

    def _judged(self, mutant: Mutant, code: CodeType) -> bool:
        tests = sorted(self.calls.get(code, {}).items(), key=lambda row: row[1])
        if self._is_seen(mutant, [item for item, _ in tests]):
            return True
        self._tell(f"survived  {mutant}")
        return False

    def _tell(self, line: str) -> None:
        sys.__stdout__.write(f"{line}\n")
        sys.__stdout__.flush()

    def _note(self, item: pytest.Item, wanted: set[CodeType]) -> None:
        called: set[CodeType] = set()

        def seen(frame: Any, event: str, _: object) -> None:
            if event == "call" and frame.f_code in wanted:
                called.add(frame.f_code)

        began = time.perf_counter()
        sys.setprofile(seen)
        reports = runtestprotocol(item, log=False, nextitem=None)
        sys.setprofile(None)
        if all(report.passed for report in reports):
            for code in called:
                self.calls.setdefault(code, {})[item] = time.perf_counter() - began

    def _is_seen(self, mutant: Mutant, items: list[pytest.Item]) -> bool:
        """In a process of its own, so that nothing of the mutant stays; what hangs is seen."""
        child = os.fork()
        if child == 0:
            os._exit(self._fails(mutant, items))
        _, status = os.waitpid(child, 0)
        return status != 0

    def _fails(self, mutant: Mutant, items: list[pytest.Item]) -> int:
        try:
            put(mutant)
            _forget()
            for item in items:
                signal.alarm(SECONDS_MOST)
                if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
                    return 1
        except BaseException:  # noqa: BLE001 (whatever a mutant breaks, it was seen)
            return 1
        return 0


def _forget() -> None:
    """What was worked out before the code was broken is not kept."""
    for name, module in [*sys.modules.items()]:
        if name.startswith(("domain", "tests")):
            for one in [*vars(module).values()]:
                if callable(clear := getattr(one, "cache_clear", None)):
                    clear()


def main(words: list[str]) -> int:
    session = Session(words)
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--no-header")
    pytest.main([*options, *(str(ROOT / test) for test in TESTS)], plugins=[session])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
