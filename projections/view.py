"""What a view is: tables of its own, folded from the log and the journal, made again at will."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import LiteralString

from msgspec import Struct

from store.db import Connection

# Fold what lies after one position, up to another, of one entity's log.
Apply = Callable[[Connection, str, int, int], None]


class View(Struct, frozen=True, kw_only=True):
    """Another `version` is another view: it is made beside the old one and switched in.

    `tables` makes the tables, unqualified, and `keys` what a first pass over everything would only
    be slowed down by. At most `step` facts are folded in one transaction. `digest` gives count and
    hash of an entity's rows as known at the position `upto`, also when the view has passed it.
    """

    name: str
    version: int
    tables: LiteralString
    keys: LiteralString
    step: int
    apply: Apply
    digest: LiteralString

    @property
    def shape(self) -> str:
        """What tables of it look like: rows of one shape are never folded into another."""
        return sha256(f"{self.version}\n{self.tables}\n{self.keys}".encode()).hexdigest()
