"""Rounds of all measurements in turn, so that a slow minute of the machine falls on each of them.

A figure is the median of its rounds; its ratio is the median of each round's own ratio to the floor
taken in that round. No figure is judged here yet: `bar` and `met` are for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from msgspec import Struct

from bench.lap import Lap
from bench.measures import MEASURES
from bench.stand import settings, stand

ROUNDS = 5
ROWS = 20_000
Told = Callable[[str], None]


class Figure(Struct, frozen=True, kw_only=True):
    """Rates in `unit`, medians with low and high; `ratio` is value to floor, more is better.

    `peak_mib` is the largest the client was while this was timed, what it was fed included.
    """

    name: str
    value: float
    unit: str
    floor: float
    ratio: float
    low: float
    high: float
    floor_low: float
    floor_high: float
    peak_mib: float
    bar: float | None = None
    met: bool | None = None


class Report(Struct, frozen=True, kw_only=True):
    """The figures, and the settings that decide them."""

    rows: int
    rounds: int
    settings: dict[str, str]
    peak_mib: float
    figures: tuple[Figure, ...]


def bench(
    names: Sequence[str], *, rows: int = ROWS, rounds: int = ROUNDS, told: Told = lambda _: None
) -> Report:
    """Each round measures every name once, on entities of its own."""
    taken: dict[str, list[Lap]] = {}
    with stand(rows) as measured:
        for number in range(rounds):
            for name in names:
                told(f"round {number + 1} of {rounds}: {name}")
                for lap in MEASURES[name](measured, number):
                    taken.setdefault(lap.figure, []).append(lap)
        found = settings(measured.floor)
    made = tuple(figure for laps in taken.values() for figure in figures(laps))
    return Report(
        rows=rows,
        rounds=rounds,
        settings=found,
        peak_mib=max(figure.peak_mib for figure in made),
        figures=made,
    )


def figures(laps: Sequence[Lap]) -> Iterator[Figure]:
    """One for each floor; a floor that is not the usual one lends the figure its name."""
    for floor in laps[0].floors:
        rates = [lap.count / lap.taken.seconds for lap in laps]
        floors = [lap.count / lap.floors[floor] for lap in laps]
        ratios = [rate / beside for rate, beside in zip(rates, floors, strict=True)]
        yield Figure(
            name="-".join(filter(None, (laps[0].figure, floor))),
            value=median(rates),
            unit=laps[0].unit,
            floor=median(floors),
            ratio=median(ratios),
            low=min(rates),
            high=max(rates),
            floor_low=min(floors),
            floor_high=max(floors),
            peak_mib=max(lap.taken.peak_mib for lap in laps),
        )
