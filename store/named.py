"""SQL lives in .sql files beside its only user; this reads the blocks by name.

A file is a list of blocks. Each opens with `-- name: some_name`, goes on with comment lines that
say why, then holds the statement.
"""

import re
from pathlib import Path
from types import MappingProxyType
from typing import LiteralString

from store.failure import StoreError

_NAME = re.compile(r"^-- name:[ \t]*(\S*)[ \t]*$", re.MULTILINE)


class Queries:
    """The statements of one file. `queries.revenue_by_period` is that block's SQL."""

    __slots__ = ("_by_name",)

    def __init__(self, by_name: dict[str, str]) -> None:
        object.__setattr__(self, "_by_name", MappingProxyType(dict(by_name)))

    def __getattr__(self, name: str) -> LiteralString:
        by_name: MappingProxyType[str, str] = object.__getattribute__(self, "_by_name")
        if name not in by_name:
            raise AttributeError(f"no query named {name}; there are: {', '.join(sorted(by_name))}")
        # Text of our own source tree, as a literal is; nothing of a user's ever gets into it.
        return by_name[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"queries are read from their file, {name} cannot be set")

    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)


def queries(source: str | Path) -> Queries:
    """Read the blocks of an .sql file, or of the twin of the module whose `__file__` is given."""
    path = Path(source).with_suffix(".sql")
    before, *parts = _NAME.split(path.read_text(encoding="utf-8"))
    _require(not _statement(before), path, "has a statement before the first name")
    by_name: dict[str, str] = {}
    for name, block in zip(parts[::2], parts[1::2], strict=True):
        _require(name.isidentifier(), path, f"has a block whose name is '{name}'")
        _require(name not in by_name, path, f"has two blocks named {name}")
        _require(bool(_statement(block)), path, f"has no statement under {name}")
        by_name[name] = _statement(block)
    return Queries(by_name)


def _statement(block: str) -> str:
    """The block without its leading comments; those within a statement stay."""
    lines = block.strip().splitlines()
    while lines and (not lines[0].strip() or lines[0].startswith("--")):
        lines.pop(0)
    return "\n".join(lines).strip().removesuffix(";")


def _require(claim: bool, path: Path, fault: str) -> None:  # noqa: FBT001 (a claim, as in assert)
    if not claim:
        raise StoreError("bad-query-file", f"{path.name} {fault}")
