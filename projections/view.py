"""What a view is: tables of its own, folded from the log and the journal, made again at will."""

from __future__ import annotations

from collections.abc import Callable
from typing import LiteralString

from msgspec import Struct

from store.db import Connection

# Fold what lies after one position, up to another, of one entity's log.
Apply = Callable[[Connection, str, int, int], None]


class View(Struct, frozen=True, kw_only=True):
    """`tables` makes them, unqualified; `digest` gives count and hash of the rows of an entity."""

    name: str
    tables: LiteralString
    apply: Apply
    digest: LiteralString
