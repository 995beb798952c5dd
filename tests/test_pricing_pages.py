"""The pages of price models are true: each model has one, and its worked examples come out.

A `json` block on a page is a model; the tables below it say what it comes to. A table by quantity
prices each row by itself, a table of readings adds them up row by row, and `made of` tells the
parts of the row or of all readings.
"""

import json
import re
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.reading import read_as
from domain.pricing import Model, ReadingModel, rate, require_valid, started
from domain.pricing.parts import Part, step_of, total
from domain.pricing.readings import Reading

PRICING = Path(__file__).parents[1] / "docs/reference/pricing"
PAGES = sorted(path for path in PRICING.glob("*.md") if path.stem != "index")
EXAMPLE = re.compile(
    r"^```json\n(?P<model>.*?)^```$(?P<text>.*?)(?=^```|^## |\Z)", re.MULTILINE | re.DOTALL
)
TABLE = re.compile(r"^\|(?P<head>.*)\|\n\|[-|]+\|\n(?P<rows>(?:\|.*\|\n)+)", re.MULTILINE)

Row = dict[str, str]


class Example(NamedTuple):
    """A model and the tables below it."""

    model: Model
    tables: list[list[Row]]


def tables(text: str) -> Iterator[list[Row]]:
    for found in TABLE.finditer(text):
        names = cells(found["head"])
        yield [
            dict(zip(names, cells(line[1:-1]), strict=True)) for line in found["rows"].splitlines()
        ]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def examples(page: Path) -> list[Example]:
    text = page.read_text(encoding="utf-8")
    kind: Any = Model
    return [
        Example(read_as(json.loads(found["model"]), kind), [*tables(found["text"] + "\n")])
        for found in EXAMPLE.finditer(text)
    ]


def told(part: Part) -> str:
    step = step_of(part)
    return f"{step.what}: {step.value}"


def reading(row: Row) -> Reading:
    weighted = row.get("weighted")
    return Reading(
        at=datetime.fromisoformat(row["at"]),
        quantity=Decimal(row["quantity"]),
        dimensions=dict(pair.split("=") for pair in row.get("dimensions", "").split()),
        weighted=None if weighted is None else Fraction(weighted),
    )


def wrong_by_quantity(model: Any, rows: list[Row]) -> Iterator[str]:
    for row in rows:
        rated = rate(model, Decimal(row["quantity"]))
        if rated.amount != Fraction(row["comes to"]):
            yield f"{row}: {rated.amount}"
        if "; ".join(map(told, rated.parts)) != row["made of"]:
            yield f"{row}: {rated.parts}"


def wrong_by_reading(model: ReadingModel, rows: list[Row], made_of: list[Row]) -> Iterator[str]:
    running = started(model)
    for row in rows:
        running.add(reading(row))
        if running.amount != Fraction(row["comes to"]):
            yield f"{row}: {running.amount}"
    if made_of and [row["made of"] for row in made_of] != [*map(told, running.parts())]:
        yield f"made of {running.parts()}"
    if made_of and sum(Fraction(row["amount"]) for row in made_of) != total(running.parts()):
        yield "the parts do not sum"


def tags() -> dict[str, Any]:
    return {model.__struct_config__.tag: model for model in typing.get_args(Model)}


def test_every_model_has_a_page_and_no_other() -> None:
    assert {path.stem for path in PAGES} == set(tags())


def test_the_index_names_every_page() -> None:
    index = (PRICING / "index.md").read_text(encoding="utf-8")

    assert [path.stem for path in PAGES if f"[{path.stem}]({path.name})" not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_says_who_would_want_its_model(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "\n**Who would want it.** " in text
    assert [
        heading for heading in ("Parameters", "Worked example") if f"\n## {heading}\n" not in text
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_worked_examples_of_a_page_come_out(page: Path) -> None:
    found = examples(page)

    assert found
    for model, (first, *rest) in found:
        assert model.__struct_config__.tag == page.stem
        require_valid(model)
        if isinstance(model, ReadingModel):
            assert [*wrong_by_reading(model, first, rest[0] if rest else [])] == []
        else:
            assert [*wrong_by_quantity(model, first)] == []


def test_a_wrong_figure_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "flat.md"
    page.write_text(
        '```json\n{"type": "flat", "amount": "5"}\n```\n\n'
        "| quantity | comes to | made of |\n|---|---|---|\n| 1 | 6 | flat price: 5 |\n"
    )

    [(model, [rows])] = examples(page)

    assert len([*wrong_by_quantity(model, rows)]) == 1
