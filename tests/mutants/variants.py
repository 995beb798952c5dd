"""The mutants of a module: each changes one place of one function's syntax tree."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

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


def file_of(name: str) -> Path:
    return ROOT / (name.replace(".", "/") + ".py")


class Mutant:
    """One change in one function of a module, ready to be put in place."""

    def __init__(
        self, module: str, function: str, lines: tuple[int, ...], what: str, code: CodeType
    ) -> None:
        self.module, self.function, self.lines = module, function, lines
        self.what, self.code = what, code

    def __str__(self) -> str:
        return f"{self.module}:{self.lines[0]} {self.function}: {self.what}"


def mutants_of(name: str) -> Iterator[Mutant]:
    source = file_of(name).read_text()
    tree, lines = ast.parse(source), source.splitlines()
    for function, place in list(_inside_functions(tree)):
        for new, what in variants(place.node):
            place.put(ast.fix_missing_locations(ast.copy_location(new, place.node)))
            code = _function(compile(tree, name, "exec"), function)
            place.put(place.node)
            line = place.lines[0]
            yield Mutant(name, function, place.lines, f"{what}: {lines[line - 1].strip()}", code)


class Place(NamedTuple):
    """Where a node is in the tree: in a field of its parent, or in a list in that field; and in
    which statement.
    """

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    statement: ast.stmt

    @property
    def lines(self) -> tuple[int, ...]:
        """Its own, and the first of its statement: whoever comes to it comes to one of them."""
        assert isinstance(self.node, ast.expr | ast.stmt), self.node
        last = self.node.end_lineno or self.node.lineno
        return (*range(self.node.lineno, last + 1), self.statement.lineno)

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
                for inner in _walked(one, one):
                    if inner.field != "decorator_list":
                        yield prefix + one.name, inner


def _walked(parent: ast.AST, statement: ast.stmt) -> Iterator[Place]:
    for name, value in ast.iter_fields(parent):
        # What a call is given is in `args`, too; a function's own are names and types.
        is_given = name == "args" and isinstance(parent, ast.Call)
        if name in ("annotation", "returns", "args", "decorator_list") and not is_given:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_asserted(child):
                within = child if isinstance(child, ast.stmt) else statement
                yield Place(parent, name, index, child, within)
                yield from _walked(child, within)


def _is_asserted(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict")


def _function(code: CodeType, name: str) -> CodeType:
    for part in name.split("."):
        found = (one for one in code.co_consts if isinstance(one, CodeType))
        code = next(one for one in found if one.co_name == part)
    return code
