"""The benchmarks run and count what they wrote; nothing here asserts a time."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import tieout
from bench import contract, workload
from bench.lap import Lap, Taken
from bench.run import Figure, figures
from domain.invoice import IssueCredit
from domain.subscription import AmendSubscription, StartSubscription

ROOT = Path(__file__).parents[2]
FLOORS = sorted((ROOT / "bench" / "floors").glob("*.py"))
OURS = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"connectors"}

SETTINGS = {
    *("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"),
    *("wal_level", "max_wal_size", "tieout", "psycopg", "msgspec", "python", "cores"),
}


def test_every_figure_is_measured_beside_its_floors() -> None:
    ran = CliRunner().invoke(tieout, ["bench", "--rows", "100", "--rounds", "2", "--json"])
    assert ran.exit_code == 0, ran.output
    report = json.loads(ran.stdout)

    assert [(row["name"], row["unit"]) for row in report["figures"]] == [
        ("append", "facts/s"),
        ("append-heap", "facts/s"),
        ("ingest", "rows/s"),
        ("ingest-one-table", "rows/s"),
        ("catch-up", "facts/s"),
        ("rebuild-view", "lines/s"),
        ("rebuild-journal", "lines/s"),
        ("measure", "contracts/s"),
    ]
    assert {*report["settings"]} == SETTINGS
    assert [report["settings"][name] for name in ("fsync", "synchronous_commit")] == ["on", "on"]
    assert report["settings"]["full_page_writes"] == "on"
    assert (report["rows"], report["rounds"]) == (100, 2)
    for row in report["figures"]:
        assert {*row} == {*Figure.__struct_fields__}
        assert 0 < row["low"] <= row["value"] <= row["high"]
        assert 0 < row["floor_low"] <= row["floor"] <= row["floor_high"]
        assert row["ratio"] > 0
        assert (row["bar"], row["met"]) == (None, None)
    assert report["peak_mib"] == max(row["peak_mib"] for row in report["figures"]) > 0


def test_people_are_told_the_same_in_words() -> None:
    ran = CliRunner().invoke(tieout, ["bench", "measure", "--rows", "100", "--rounds", "1"])

    assert ran.exit_code == 0, ran.output
    assert "fsync on, synchronous_commit on, full_page_writes on" in ran.stdout
    assert "100 rows, medians of 1 rounds" in ran.stdout
    assert "contracts/s" in ran.stdout


def test_a_figure_is_the_median_of_its_rounds_and_its_ratio_that_of_their_ratios() -> None:
    laps = [
        Lap(
            figure="append",
            unit="facts/s",
            count=120,
            taken=Taken(seconds, peak_mib=50 + seconds),
            floors={"": floor, "heap": 1.0},
        )
        for seconds, floor in ((2.0, 1.0), (4.0, 1.0), (3.0, 2.0))
    ]

    assert [*figures(laps)] == [
        Figure(
            name="append",
            value=40.0,
            unit="facts/s",
            floor=120.0,
            ratio=0.5,
            low=30.0,
            high=60.0,
            floor_low=60.0,
            floor_high=120.0,
            peak_mib=54.0,
        ),
        Figure(
            name="append-heap",
            value=40.0,
            unit="facts/s",
            floor=120.0,
            ratio=1 / 3,
            low=30.0,
            high=60.0,
            floor_low=120.0,
            floor_high=120.0,
            peak_mib=54.0,
        ),
    ]


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def of_ours(source: str) -> list[str]:
    return [
        name
        for name in imported(source)
        if (name.partition(".")[0] in OURS and not name.startswith("bench.floors"))
        or name.startswith(".")
    ]


@pytest.mark.parametrize("path", FLOORS, ids=lambda path: path.stem)
def test_a_floor_imports_nothing_of_ours(path: Path) -> None:
    assert of_ours(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import store.db",
        "from domain.journal import Slot",
        "def f():\n    from bench import workload",
        "from .. import lap",
    ],
)
def test_a_floor_that_does_is_seen(source: str) -> None:
    assert of_ours(source)


def test_the_typical_contract_has_what_makes_contracts_hard() -> None:
    found = contract.typical("c1")
    facts = [act for act in found.acts if not isinstance(act, contract.Run)]
    submits = [act for act in facts if isinstance(act, contract.Submit)]
    amended = [act.command for act in submits if isinstance(act.command, AmendSubscription)]
    prices = {row.stream: getattr(row.command, "pattern", None) for row in found.master}
    (started,) = [act.command for act in submits if isinstance(act.command, StartSubscription)]

    assert len(facts) == 43
    assert [str(change.when.effective) for change in amended] == [
        *("2024-04-16", "2024-06-01", "2024-08-12", "2025-03-01", "2025-07-01", "2025-07-01"),
    ]
    assert [act.key for act in submits if act.command is None] == ["c1:sandbox-retracted"]
    assert [act.key for act in submits if isinstance(act.command, IssueCredit)] == ["c1:credit"]
    assert {str(prices[f"price:{item.price}"]) for item in started.items} == {
        *("None", "point-in-time", "as-invoiced"),
    }
    assert sum(len(act.rows) for act in facts if isinstance(act, contract.Ingest)) == 122


def test_contracts_share_no_name() -> None:
    one, other = (
        {
            row["event_id"]
            for act in found.acts
            if isinstance(act, contract.Ingest)
            for row in act.rows
        }
        | {act.key for act in found.acts if isinstance(act, contract.Submit)}
        for found in map(contract.typical, ("c1", "c2"))
    )

    assert len(one) == len(other) == 122 + 18
    assert not one & other


def test_each_twentieth_usage_row_is_sent_again() -> None:
    lines = workload.usage(60)

    assert len(set(lines)) == 60
    assert lines[60:] == [lines[0], lines[20], lines[40]]
