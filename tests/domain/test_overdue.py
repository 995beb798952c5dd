"""Work that has cost more than it is expected to: which estimates are overdue, and since when."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    ExpectationRevised,
    Obligation,
    ProgressMeasured,
    Restated,
)
from domain.facts import Event
from domain.overdue import Overdue, overdue
from tests.domain.contracting import on, opened, revenue, scheduled
from tests.domain.given import facts

WORK = Obligation(
    obligation="work", ssp_minor=1, pattern="percent-complete", expected_cost_minor=1000
)
DEAL = opened("2024-01-01", WORK, price_minor=3000)


def cost(day: str, incurred_minor: int | None, **how: Any) -> ProgressMeasured:
    return ProgressMeasured(when=on(day), obligation="work", incurred_minor=incurred_minor, **how)


def expected(day: str, minor: int | None = None, **how: Any) -> ExpectationRevised:
    return ExpectationRevised(when=on(day), obligation="work", expected_cost_minor=minor, **how)


def changed(day: str, *rows: Restated, **how: Any) -> ContractModified:
    return ContractModified(when=on(day), price_change_minor=0, restated=rows, **how)


def found(*events: Event) -> list[Overdue]:
    return [*overdue(facts("contract:k1", events))]


def late(since: int, incurred: int, estimate: int = 1000, name: str = "work") -> Overdue:
    return Overdue(
        obligation=name,
        currency="USD",
        incurred_minor=incurred,
        expected_minor=estimate,
        since=since,
    )


def test_costs_above_the_estimate_earn_the_whole_and_are_told() -> None:
    over = cost("2024-02-01", 1001)

    assert found(DEAL, over) == [late(2, 1001)]
    assert revenue(scheduled(DEAL, over), "2024-01-01", "2024-12-31") == 3000
    assert found(DEAL, cost("2024-02-01", 1000)) == []


MORE = Restated(obligation="work", added_cost_minor=101)
OTHER = structs.replace(WORK, obligation="other", expected_cost_minor=10)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        # Since the first that was above, and no more once the estimate is above again.
        ([cost("2024-02-01", 1001), cost("2024-03-01", 1100)], [late(2, 1100)]),
        ([cost("2024-02-01", 1100), expected("2024-03-01", 1100)], []),
        ([cost("2024-02-01", 1100), expected("2024-03-01", 1099)], [late(2, 1100, 1099)]),
        ([cost("2024-02-01", 1100, expected_minor=1200)], []),
        ([cost("2024-02-01", 1100), changed("2024-03-01", MORE)], []),
        (
            [cost("2024-02-01", 1100), expected("2024-03-01", 1100), cost("2024-04-01", 1101)],
            [late(4, 1101, 1100)],
        ),
        # Told in any order: the last by its day counts.
        ([cost("2024-03-01", 900), cost("2024-02-01", 1100)], []),
        ([expected("2024-01-15", 1100), cost("2024-02-01", 1100)], []),
        # Waste shows no progress, and is expected in all none the less.
        ([cost("2024-02-01", 1100, excluded_minor=200)], [late(2, 1100)]),
        # Materials that are still to come cost 150 more.
        ([expected("2024-01-15", materials_minor=200), cost("2024-02-01", 850)], [late(3, 850)]),
        (
            [
                expected("2024-01-15", materials_minor=200),
                cost("2024-02-01", 950, materials_minor=150),
            ],
            [],
        ),
        # A percentage needs no estimate, nor does what ended.
        ([cost("2024-02-01", 1100), cost("2024-03-01", None, percent=Decimal(90))], []),
        ([cost("2024-02-01", 1100), ContractTerminated(when=on("2024-03-01"))], []),
        # What is said of others is none of it.
        (
            [
                changed("2024-01-15", added=(OTHER,)),
                structs.replace(cost("2024-02-01", 11), obligation="other"),
                cost("2024-02-01", 900),
            ],
            [late(3, 11, 10, "other")],
        ),
    ],
)
def test_an_estimate_is_overdue_until_it_is_mended(given: list[Event], told: list[Overdue]) -> None:
    assert found(DEAL, *given) == told


def test_costs_of_work_of_which_nothing_was_expected_are_told() -> None:
    bare = opened("2024-01-01", structs.replace(WORK, expected_cost_minor=None), price_minor=3000)

    assert found(bare, cost("2024-02-01", 1)) == [late(2, 1, 0)]


def test_what_is_said_of_a_contract_nobody_opened_says_nothing_yet() -> None:
    assert found(cost("2024-02-01", 1100)) == []
