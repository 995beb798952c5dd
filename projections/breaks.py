"""A difference between what should be and what is: a value in a list, for a person to follow up."""

from __future__ import annotations

from msgspec import Struct


class Break(Struct, frozen=True, kw_only=True):
    """`what` names the place, `positions` the facts to look at first. `row`: what was compared,
    name by name, where that is more than two figures.
    """

    check: str
    entity: str
    what: str
    expected: str
    found: str
    positions: tuple[int, ...] = ()
    row: dict[str, str | int] = {}


class Verdict(Struct, frozen=True, kw_only=True):
    """One check of one law: how much was compared, and what differed. No comparison proves none."""

    law: int
    check: str
    comparisons: int
    breaks: tuple[Break, ...] = ()
