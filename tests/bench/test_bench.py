"""The benchmarks on a few rows: every figure has its floor, and a floor knows nothing of tieout."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.bars import Bar
from bench.floors import copied
from bench.lap import Lap, Reading, Taken
from bench.measures import MEASURES
from bench.page import page
from bench.run import Report, bench, figures

FLOORS = Path(copied.__file__).parent
OURS = {"api", "domain", "projections", "replay", "store", "tieout"}


@pytest.mark.parametrize(("measures", "rounds"), [(("append",), 2), (tuple(MEASURES)[1:], 1)])
def test_every_figure_has_a_floor_taken_in_the_same_rounds(
    measures: tuple[str, ...], rounds: int
) -> None:
    """What is taken more than once is seen of the cheapest: each round is the whole measure."""
    report = bench(measures, rows=100, rounds=rounds)

    named = [row.name for row in report.figures]
    for name in measures:
        assert any(figure.startswith(name) for figure in named), (name, named)
    assert report.ceiling > 0
    for row in report.figures:
        assert row.low <= row.value <= row.high, row
        if row.floor is not None:
            assert row.floor_low is not None, row
            assert row.floor_high is not None, row
            assert 0 < row.floor_low <= row.floor <= row.floor_high, row
            assert row.ratio is not None, row
            assert row.ratio > 0, row
        assert (row.bar is None) == (row.met is None), row
    wanted = {"fsync", "synchronous_commit", "full_page_writes", "shared_buffers"}
    assert wanted <= set(report.settings)


def test_a_figure_is_the_median_and_its_ratio_the_median_of_ratios() -> None:
    laps = [
        Lap(
            figure="append",
            unit="facts/s",
            count=100,
            taken=Taken(seconds, 1.0),
            floors={"": floor},
        )
        for seconds, floor in ((1.0, 0.5), (2.0, 0.25), (4.0, 1.0))
    ]

    (found,) = figures(laps, 400.0)

    assert (found.value, found.low, found.high, found.floor) == (50.0, 25.0, 100.0, 200.0)
    assert (found.ratio, found.ratio_low, found.ratio_high) == (0.25, 0.125, 0.5)
    assert found.shape is not None
    assert (found.shape.found, found.shape.alike) == (0.5, True)


def test_a_reading_has_no_floor_and_is_judged_by_its_bar() -> None:
    (found,) = figures(
        [Reading(figure="memory", unit="times", value=value) for value in (1.1, 1.4, 1.2)], 400.0
    )

    assert (found.value, found.low, found.high, found.ratio) == (1.2, 1.1, 1.4, None)
    assert found.met is True


@pytest.mark.parametrize(
    ("bar", "value", "ratio", "met"),
    [
        (Bar(value=10, ratio=0.5), 10, 0.5, True),
        (Bar(value=10, ratio=0.5), 10, 0.4, False),
        (Bar(value=10, ratio=0.5, either=True), 9, 0.5, True),
        (Bar(value=10, ratio=0.5, either=True), 9, 0.4, False),
        (Bar(value=10, sense="at most"), 11, None, False),
        (Bar(ratio=0.5), 10, None, False),
    ],
)
def test_a_bar_is_met_by_value_and_ratio_or_by_either(
    bar: Bar, value: float, ratio: float | None, met: bool
) -> None:
    assert bar.met(value, ratio) is met


@pytest.mark.parametrize("path", sorted(FLOORS.glob("*.py")), ids=lambda path: path.name)
def test_a_floor_imports_nothing_of_tieout(path: Path) -> None:
    named = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add((node.module or "").partition(".")[0])

    assert named & OURS == set()


def test_a_page_shows_what_was_missed_and_the_settings_once() -> None:
    laps = [Reading(figure="memory", unit="times", value=value) for value in (1.1, 1.4, 1.5)]
    report = Report(
        rows=1000,
        rounds=3,
        settings={"fsync": "on"},
        ceiling=2000.0,
        peak_mib=30.0,
        figures=[*figures(laps, 400.0)],
    )

    lines = [*page([report, report])]

    assert lines.count("fsync on.") == 1
    assert lines.count("| 1,000 | 3 | 2,000 | 30 | `memory` |") == 2
    assert "| `memory` | 1.4 | 1.1 to 1.5 | times |  |  | at most 1.3 | **no** |" in lines
