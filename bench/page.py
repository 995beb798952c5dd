"""Figures as the table of docs/reference/performance.md.

    tieout bench --json > figures.json
    python -m bench.page figures.json ...

prints it; several files are several runs, and a figure that is in two is taken from the last.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from bench.bars import Bar
from bench.run import Figure, Report

RUNS = ("rows a round", "rounds", "ceiling, rows/s", "client, MiB at most", "figures")
COLUMNS = ("figure", "median", "low to high", "unit", "floor", "of the floor", "bar", "met")
SHAPES = ("floor of", "of the ceiling", "published", "what was published", "what differs")
WHOLE = 1_000


def page(reports: Sequence[Report]) -> Iterator[str]:
    """Lines of Markdown: the settings, the figures, the floors beside published ones."""
    figures = {figure.name: figure for report in reports for figure in report.figures}
    for settings in dict.fromkeys(_settings(report) for report in reports):
        yield settings
        yield ""
    yield from _table(RUNS, map(_run, reports))
    yield ""
    yield from _table(COLUMNS, (_row(figure) for figure in figures.values()))
    yield ""
    yield from _table(SHAPES, (_shape(f) for f in figures.values() if f.shape))


def _settings(report: Report) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(report.settings.items())) + "."


def _run(report: Report) -> list[str]:
    return [
        f"{report.rows:,}",
        str(report.rounds),
        f"{report.ceiling:,.0f}",
        f"{report.peak_mib:.0f}",
        " ".join(f"`{figure.name}`" for figure in report.figures),
    ]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(columns)
    yield "|" + "---|" * len(columns)
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _row(figure: Figure) -> list[str]:
    return [
        f"`{figure.name}`",
        _amount(figure.value),
        f"{_amount(figure.low)} to {_amount(figure.high)}",
        figure.unit,
        "" if figure.floor is None else _amount(figure.floor),
        "" if figure.ratio is None else f"{figure.ratio:.3f}",
        _bar(figure.bar),
        {None: "", True: "yes", False: "**no**"}[figure.met],
    ]


def _bar(bar: Bar | None) -> str:
    if bar is None:
        return ""
    value = None if bar.value is None else _amount(bar.value)
    ratio = None if bar.ratio is None else f"{bar.ratio} of the floor"
    joined = (" or " if bar.either else ", ").join(filter(None, (value, ratio)))
    return f"{bar.sense} {joined}"


def _shape(figure: Figure) -> list[str]:
    shape = figure.shape
    assert shape is not None, figure
    published = "" if shape.published is None else f"{shape.published:.3f}"
    return [f"`{figure.name}`", f"{shape.found:.3f}", published, shape.like, shape.differs]


def _amount(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= WHOLE else f"{amount:.4g}"


def main(*files: str) -> None:
    reports = [msgspec.json.decode(Path(name).read_bytes(), type=Report) for name in files]
    print("\n".join(page(reports)))


if __name__ == "__main__":
    main(*sys.argv[1:])
