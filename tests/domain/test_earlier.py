"""Revenue for what was performed before a period: what a catch-up in it is for, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from domain.accounting.earlier import earlier_minor
from domain.accounting.schedule import Schedule
from domain.contract_facts import (
    ContractModified,
    ObligationSatisfied,
    PriceEstimated,
    VariableAmount,
)
from domain.facts import Event
from tests.domain.contracting import SERVICE, even, on, opened, point, scheduled, units

GOODS = units("goods", "100", "100")
REBATE = VariableAmount(name="rebate", estimate_minor=0)
HALF = even("half", "2024-04-01", "2024-10-01", 600_00, price_minor=600_00)


def delivered(day: str, name: str, quantity: int | None = None) -> ObligationSatisfied:
    return ObligationSatisfied(when=on(day), obligation=name, quantity=quantity)  # type: ignore[arg-type]


def estimated(day: str, minor: int) -> PriceEstimated:
    row = VariableAmount(name="rebate", estimate_minor=minor)
    return PriceEstimated(when=on(day), variable=(row,))


def cut(day: str, minor: int) -> ContractModified:
    return ContractModified(when=on(day), price_change_minor=minor)


def earlier(schedule: Schedule, first: str, last: str) -> int:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return sum(earlier_minor(flow, begin, end) for flow in schedule.flows)


DEAL = opened("2024-01-01", SERVICE, variable=(REBATE,))
UNITS = opened("2024-01-01", GOODS, variable=(REBATE,))
BOTH = opened(
    "2024-01-01", point("licence", 600_00, price_minor=600_00), SERVICE, variable=(REBATE,)
)
CAUGHT: list[tuple[tuple[Event, ...], tuple[str, str], int]] = [
    # 10.00 less a month from July on: for six months before it, for five before June.
    ((DEAL, estimated("2024-07-01", -120_00)), ("2024-07-01", "2024-07-31"), -60_00),
    ((DEAL, estimated("2024-07-01", -120_00)), ("2024-07-01", "2024-09-30"), -60_00),
    ((DEAL, estimated("2024-07-01", -120_00)), ("2024-06-01", "2024-07-31"), -50_00),
    ((DEAL, estimated("2024-07-01", -120_00)), ("2024-08-01", "2024-08-31"), 0),
    ((DEAL, estimated("2024-07-01", -120_00)), ("2024-05-01", "2024-06-30"), 0),
    # Another 10.00 a month: only that is caught up in September.
    (
        (DEAL, estimated("2024-07-01", -120_00), estimated("2024-09-01", -240_00)),
        ("2024-09-01", "2024-09-30"),
        -80_00,
    ),
    # What was caught up inside a month outlives what is spread anew in it.
    (
        (DEAL, estimated("2024-07-10", -120_00), cut("2024-07-20", -54_00)),
        ("2024-07-01", "2024-07-31"),
        -60_00,
    ),
    # Spread anew in July: what changes of the price before goes along the whole year.
    (
        (DEAL, cut("2024-07-01", -60_00), estimated("2024-09-01", -120_00)),
        ("2024-09-01", "2024-09-30"),
        -80_00,
    ),
    # 60.00 of the licence, 10.00 a month of the service.
    (
        (BOTH, delivered("2024-01-10", "licence"), estimated("2024-07-01", -180_00)),
        ("2024-07-01", "2024-07-31"),
        -60_00 - 60_00,
    ),
    # 10.00 less for each of 40 units, then of 60.
    (
        (
            UNITS,
            delivered("2024-01-10", "goods", 40),
            estimated("2024-02-01", -1000_00),
            delivered("2024-02-10", "goods", 20),
            estimated("2024-03-01", -2000_00),
        ),
        ("2024-02-01", "2024-02-29"),
        -400_00,
    ),
    (
        (
            UNITS,
            delivered("2024-01-10", "goods", 40),
            estimated("2024-02-01", -1000_00),
            delivered("2024-02-10", "goods", 20),
            estimated("2024-03-01", -2000_00),
        ),
        ("2024-03-01", "2024-03-31"),
        -600_00,
    ),
    # Agreed in June for April on: April and May are earlier, June is not.
    (
        (
            opened("2024-01-01", SERVICE),
            ContractModified(
                when=on("2024-04-01", "2024-06-10"), price_change_minor=0, added=(HALF,)
            ),
        ),
        ("2024-06-01", "2024-06-30"),
        200_00,
    ),
]


@pytest.mark.parametrize(("said", "period", "minor"), CAUGHT)
def test_a_catch_up_is_for_what_was_performed_before(
    said: tuple[Event, ...], period: tuple[str, str], minor: int
) -> None:
    assert earlier(scheduled(*said), *period) == minor
