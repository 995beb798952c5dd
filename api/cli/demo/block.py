"""One answer of the demo: what it shows, and the commands that give it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from api.views import ask
from projections.question import Answer
from replay.demo.months import Played
from store.db import Connection


class Block(Struct, frozen=True, kw_only=True):
    """A table, what it says, and how much of it is left out (`more`).

    One that `goes_on` belongs to the one before.
    """

    title: str
    queries: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    says: str = ""
    goes_on: bool = False
    more: str = ""


def everywhere(view: str, played: Played) -> tuple[str, ...]:
    first, *others = played.entities
    return (f"tieout report {view} -e {first}      (and -e {', '.join(others)})",)


def asked(connection: Connection, view: str, entity: str, **said: str) -> Answer[Any]:
    return ask(connection, view, entity, {"book": "main", **said})


def left_out(count: int, shown: int, what: str) -> str:
    return f"and {count - shown} more {what}" if count > shown else ""


def counted(reasons: Mapping[str, int]) -> str:
    """Each with its count, in order of names; nothing where there is but one without a name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(reasons.items()) if name)
