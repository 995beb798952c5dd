"""Rounds of all measurements in turn, so that a slow minute of the machine falls on each of them.

A figure is the median of its rounds; its ratio is the median of each round's own ratio to the floor
taken in that round. Each figure is judged by its bar, and its floor by what others measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from msgspec import Struct

from bench.bars import BARS, Bar
from bench.floors import ceiling
from bench.lap import Lap, Reading, timed
from bench.measures import MEASURES
from bench.shapes import SHAPES, Compared, compared
from bench.stand import Stand, settings, stand

ROUNDS = 5
# Of five rounds: a million rows for each figure that counts rows.
ROWS = 200_000
Told = Callable[[str], None]


class Figure(Struct, frozen=True, kw_only=True):
    """In `unit`, medians with low and high; `ratio` is value to floor, more is better.

    `floor` and `ratio` are none where no floor says anything. `peak_mib` is the largest the client
    was while this was timed, what it was fed included. `shape` compares the floor with published
    figures.
    """

    name: str
    value: float
    unit: str
    low: float
    high: float
    floor: float | None = None
    floor_low: float | None = None
    floor_high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    peak_mib: float
    bar: Bar | None = None
    met: bool | None = None
    shape: Compared | None = None


class Report(Struct, frozen=True, kw_only=True):
    """The figures, the settings that decide them, and the ceiling in rows/s."""

    rows: int
    rounds: int
    settings: dict[str, str]
    peak_mib: float
    ceiling: float
    figures: tuple[Figure, ...]


def bench(
    names: Sequence[str], *, rows: int = ROWS, rounds: int = ROUNDS, told: Told = lambda _: None
) -> Report:
    """Each round measures every name once, on entities of its own."""
    taken: dict[str, list[Lap | Reading]] = {}
    heights: list[float] = []
    with stand(rows) as measured:
        ceiling.make(measured.floor)
        for number in range(rounds):
            heights.append(_ceiling(measured))
            for name in names:
                told(f"round {number + 1} of {rounds}: {name}")
                for lap in MEASURES[name](measured, number):
                    taken.setdefault(lap.figure, []).append(lap)
        found = settings(measured.floor)
    height = median(heights)
    made = tuple(figure for laps in taken.values() for figure in figures(laps, height))
    return Report(
        rows=rows,
        rounds=rounds,
        settings=found,
        peak_mib=max(figure.peak_mib for figure in made),
        ceiling=height,
        figures=made,
    )


def _ceiling(stand: Stand) -> float:
    data = ceiling.encoded(stand.rows)
    taken = timed(stand.floor, lambda: ceiling.copy(stand.floor, data))
    assert ceiling.count(stand.floor) == stand.rows
    return stand.rows / taken.seconds


def figures(laps: Sequence[Lap | Reading], ceiling: float) -> Iterator[Figure]:
    """One for each floor; a floor that is not the usual one lends the figure its name."""
    rounds = [lap for lap in laps if isinstance(lap, Lap)]
    if not rounds:
        yield _reading([lap for lap in laps if isinstance(lap, Reading)])
        return
    for floor in rounds[0].floors:
        yield _beside(rounds, floor, ceiling)
    if not rounds[0].floors:
        yield _alone(rounds)


def _beside(laps: Sequence[Lap], floor: str, ceiling: float) -> Figure:
    rates = [lap.count / lap.taken.seconds for lap in laps]
    floors = [lap.count / lap.floors[floor] for lap in laps]
    ratios = [rate / beside for rate, beside in zip(rates, floors, strict=True)]
    name = "-".join(filter(None, (laps[0].figure, floor)))
    value, ratio, bar, shape = median(rates), median(ratios), BARS.get(name), SHAPES.get(name)
    return Figure(
        name=name,
        value=value,
        unit=laps[0].unit,
        low=min(rates),
        high=max(rates),
        floor=median(floors),
        floor_low=min(floors),
        floor_high=max(floors),
        ratio=ratio,
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        peak_mib=max(lap.taken.peak_mib for lap in laps),
        bar=bar,
        met=bar.met(value, ratio) if bar else None,
        shape=compared(shape, median(floors), ceiling) if shape else None,
    )


def _alone(laps: Sequence[Lap]) -> Figure:
    rates = [lap.count / lap.taken.seconds for lap in laps]
    peak = max(lap.taken.peak_mib for lap in laps)
    return _plain(laps[0].figure, laps[0].unit, rates, peak)


def _reading(laps: Sequence[Reading]) -> Figure:
    values = [lap.value for lap in laps]
    return _plain(laps[0].figure, laps[0].unit, values, max(lap.peak_mib for lap in laps))


def _plain(name: str, unit: str, values: Sequence[float], peak_mib: float) -> Figure:
    value, bar = median(values), BARS.get(name)
    return Figure(
        name=name,
        value=value,
        unit=unit,
        low=min(values),
        high=max(values),
        peak_mib=peak_mib,
        bar=bar,
        met=bar.met(value, None) if bar else None,
    )
