"""The benchmarks on a few rows: every figure has its floor, and a floor knows nothing of tieout."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bench.floors import copied
from bench.lap import Lap, Taken
from bench.measures import MEASURES
from bench.run import bench, figures

FLOORS = Path(copied.__file__).parent
OURS = {"api", "domain", "projections", "replay", "store", "tieout"}


def test_every_figure_has_a_floor_taken_in_the_same_rounds() -> None:
    report = bench(tuple(MEASURES), rows=100, rounds=2)

    named = [row.name for row in report.figures]
    for name in ("append", "ingest", "catch-up", "rebuild", "measure"):
        assert any(figure.startswith(name) for figure in named), (name, named)
    for row in report.figures:
        assert 0 < row.low <= row.value <= row.high, row
        assert 0 < row.floor_low <= row.floor <= row.floor_high, row
        assert row.ratio > 0, row
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

    (found,) = figures(laps)

    assert (found.value, found.low, found.high, found.floor) == (50.0, 25.0, 100.0, 200.0)
    assert found.ratio == 0.25


@pytest.mark.parametrize("path", sorted(FLOORS.glob("*.py")), ids=lambda path: path.name)
def test_a_floor_imports_nothing_of_tieout(path: Path) -> None:
    named = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add((node.module or "").partition(".")[0])

    assert named & OURS == set()
