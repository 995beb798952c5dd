"""The worked example of docs/reference/meters.md comes out as the page says."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from domain.aggregation import Span, Window, quantities
from domain.facts import When
from domain.meter import Aggregation, MeterDefined
from domain.usage import UsageDay

PAGE = Path(__file__).parents[1] / "docs/reference/meters.md"
EXAMPLE = PAGE.read_text(encoding="utf-8").partition("## Worked example")[2].partition("\n## ")[0]
MARCH = Window((Span(date(2024, 3, 1), date(2024, 4, 1)),), date(2024, 3, 1), 31)


def cells() -> list[list[str]]:
    lines = [line for line in EXAMPLE.splitlines() if line.startswith("| ")]
    return [[cell.strip("` ") for cell in line.strip("|").split("|")] for line in lines]


ROWS = [
    UsageDay(
        subscription="s",
        meter="m",
        day=date.fromisoformat(day),
        position=1,
        rows=1,
        quantity=Decimal(quantity),
        at=datetime.combine(date.fromisoformat(day), time(12), UTC),
        event=f"{number}",
        dimensions=(("user", user),),
    )
    for number, (day, quantity, user) in enumerate(row for row in cells() if row[0][:4] == "2024")
]
DAYS = [date.fromisoformat(day) for day in next(row for row in cells() if len(row) > 3)[2:]]
STATED = [row for row in cells() if len(row) > 3][1:]


@pytest.mark.parametrize(
    ("aggregation", "recurring", "stated"), [(r[0], r[1], r[2:]) for r in STATED]
)
def test_a_meter_comes_to_what_its_page_says(aggregation, recurring, stated):
    meter = MeterDefined(
        when=When(effective=date(2024, 1, 1)),
        aggregation=aggregation,
        recurring=recurring == "yes",
        property="user" if aggregation == "unique-count" else None,
    )
    found = dict(quantities(meter, ROWS, MARCH))

    for day, told in zip(DAYS, stated, strict=True):
        last = max(one for one in found if one <= day)
        assert (day, Fraction(found[last])) == (day, Fraction(told))


def test_the_example_has_every_way_to_count():
    told = {row[0] for row in STATED}

    assert told == {*get_args(Aggregation)}
