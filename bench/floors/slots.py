"""A unit's own slots built in plain Python from amounts that are already there.

Whoever measures has to hold its slots in the end, so nothing can be faster that says the same.
Imports nothing of tieout.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct


class Row(NamedTuple):
    """What is known of one slot."""

    earned: date
    kind: str
    subject: str
    account: str
    obligation: str
    document: str
    minor: int
    functional_minor: int
    causes: tuple[int, ...]
    rule: str
    on: date | None


class Slot(Struct, frozen=True, order=True):
    """What an amount is about."""

    earned: date
    kind: str
    subject: str
    account: str
    obligation: str
    document: str


class Amount(Struct, frozen=True):
    """What stands there, and why."""

    minor: int
    functional_minor: int
    causes: tuple[int, ...]
    rule: str
    on: date | None


def build(rows: Sequence[Row]) -> dict[Slot, Amount]:
    return {
        Slot(row[0], row[1], row[2], row[3], row[4], row[5]): Amount(
            row[6], row[7], row[8], row[9], row[10]
        )
        for row in rows
    }
