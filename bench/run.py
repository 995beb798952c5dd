"""Rounds of all measurements in turn, so that a slow minute of the machine falls on each of them.

A figure is the median of its rounds; its ratio is the median of each round's own ratio to the floor
taken in that round. No figure is judged here: absolute ones move with the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median

from msgspec import Struct

from bench.measures import MEASURES, Round
from bench.stand import settings, stand
from store.db import open_database

ROUNDS = 5
ROWS = 20_000
Told = Callable[[str], None]


class Figure(Struct, frozen=True, kw_only=True):
    """`value`, `low` and `high` in `unit`; `floor` in the same; `ratio` is value to floor."""

    name: str
    value: float
    unit: str
    floor: float
    ratio: float
    low: float
    high: float
    rounds: int


class Report(Struct, frozen=True, kw_only=True):
    """The figures, and the settings that decide them."""

    rows: int
    settings: dict[str, str]
    figures: tuple[Figure, ...]


def bench(
    names: Sequence[str], *, rows: int = ROWS, rounds: int = ROUNDS, told: Told = lambda _: None
) -> Report:
    """Each round measures every name once, each in a database of its own."""
    taken: dict[str, list[Round]] = {name: [] for name in names}
    with ExitStack() as open_ones:
        server = open_ones.enter_context(open_database())
        stands = {name: open_ones.enter_context(stand(server.dsn, name, rows)) for name in names}
        for number in range(rounds):
            for name in names:
                told(f"round {number + 1} of {rounds}: {name}")
                measure, _ = MEASURES[name]
                taken[name].append(measure(stands[name], number))
        found = settings(stands[names[0]].floor)
    figures = tuple(figure(name, MEASURES[name][1], taken[name]) for name in names)
    return Report(rows=rows, settings=found, figures=figures)


def figure(name: str, unit: str, taken: Sequence[Round]) -> Figure:
    rates = [one.count / one.seconds for one in taken]
    floors = [one.count / one.floor_seconds for one in taken]
    ratios = [rate / floor for rate, floor in zip(rates, floors, strict=True)]
    return Figure(
        name=name,
        value=median(rates),
        unit=unit,
        floor=median(floors),
        ratio=median(ratios),
        low=min(rates),
        high=max(rates),
        rounds=len(taken),
    )
