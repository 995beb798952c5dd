"""A case that comes out right by chance does not scale, or does not shift, and fails."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec import structs

from domain.money import decimal_text
from replay.accounting_cases.answers import Posted
from replay.accounting_cases.figure import Compared, Figure, Found
from replay.cases import Played, scales, shifts, unbalanced


def played(found_minor: int, expected_minor: int, *posted: Posted, lines: int = 1) -> Played:
    found = Found(minor=found_minor, lines=lines)
    figure = Figure(
        path=("revenue_by_period", "2024-01"),
        text=decimal_text(expected_minor, "USD"),
        ask=lambda _: found,
    )
    compared = Compared(figure=figure, found=found, currency="USD", lines=lines)
    return Played(compared=(compared,), posted=posted, notes=())


def line(account: str, booked: str, minor: int) -> Posted:
    return Posted(
        account=account,
        booked=booked,
        booked_first=date.fromisoformat(f"{booked}-01"),
        earned=date.fromisoformat(f"{booked}-28"),
        known_at=9,
        minor=minor,
    )


BALANCED = (line("revenue", "2024-01", -100), line("contract-liability", "2024-01", 100))


@pytest.mark.parametrize("found_minor", [298, 300, 302])
def test_a_figure_may_miss_its_multiple_by_half_of_one_more_than_the_factor(
    found_minor: int,
) -> None:
    seen = played(found_minor, 300)

    assert list(scales(played(100, 100), 3, seen, marks=1)) == []


@pytest.mark.parametrize("found_minor", [297, 303])
def test_a_figure_that_misses_it_by_more_is_told(found_minor: int) -> None:
    seen = played(found_minor, 300)
    told = f"revenue_by_period/2024-01: {found_minor} is not about 300 minor units"

    assert list(scales(played(100, 100), 3, seen, marks=1)) == [told, told]


def test_each_line_is_the_difference_of_two_rounded_marks() -> None:
    assert list(scales(played(100, 100), 3, played(308, 300, lines=2))) == []
    assert list(scales(played(100, 100), 3, played(309, 300, lines=2))) != []


def test_the_journal_of_a_shifted_case_is_the_same_journal_later() -> None:
    base = played(100, 100, *BALANCED)
    later = [structs.replace(row, booked="2052-01") for row in BALANCED]
    elsewhere = [structs.replace(row, booked="2052-02") for row in BALANCED]
    fault = "the journal is not the same journal with later dates"

    assert list(shifts(base, played(100, 100, *later))) == []
    assert list(shifts(base, played(100, 100, *elsewhere))) == [fault]
    assert list(shifts(base, played(101, 100, *later))) == [
        "revenue_by_period/2024-01: 1.01, before 1.00"
    ]


def test_lines_must_sum_to_zero_per_run_and_period() -> None:
    over = line("cash-clearing", "2024-02", 1)

    assert list(unbalanced(BALANCED)) == []
    assert list(unbalanced((*BALANCED, over))) == ["the lines of run 9 booked in 2024-02 sum to 1"]
