"""A figure is read to the letter, asks one thing of the books, and fails by name if it cannot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from domain.facts import Fact
from replay.accounting_cases.answers import BOOK, Disclosed, Left, Posted, Told
from replay.accounting_cases.figure import compare
from replay.accounting_cases.figures import figures, last_month
from replay.accounting_cases.format import document
from replay.accounting_cases.variants import scaled
from replay.case_format import CaseError, read_document
from replay.case_variants import shifted

HERE = Path(__file__).parent
CASES = sorted((HERE / "accounting").glob("*.json"))
# The worked cases are copied to the byte. A file that differs from these is another case.
DIGESTS: dict[str, str] = json.loads((HERE / "accounting_digests.json").read_text(encoding="utf-8"))


class Books(Struct, frozen=True, kw_only=True):
    """Answers written down by hand."""

    rows: tuple[Posted, ...] = ()
    ahead: tuple[Posted, ...] = ()
    position: int = 0
    steps: tuple[Told, ...] = ()
    waits: tuple[str, ...] = ()

    def posted(self, book: str = BOOK) -> tuple[Posted, ...]:
        return self.rows if book == BOOK else ()

    def at(self, position: int, through: date) -> tuple[Posted, ...]:
        return tuple(row for row in self.rows if row.known_at <= position and row.dated <= through)

    def told(self, upto: int | None = None, book: str = BOOK) -> tuple[Told, ...]:
        return self.steps if upto is None and book == BOOK else ()

    def disclosed(self, since: date, through: date) -> Disclosed:
        raise NotImplementedError

    def remaining(self, day: date) -> tuple[Left, ...]:
        return (Left(contract="C", year="2018", minor=day.year),)

    def facts(self) -> tuple[Fact, ...]:
        return ()

    def ends(self) -> dict[int, int]:
        return {}

    def refused(self) -> tuple[str, ...]:
        return self.waits

    def forecast(self, known_on: date) -> tuple[Posted, ...]:
        assert known_on == date(2024, 2, 29)
        return self.ahead

    def left_over(self) -> tuple[str, ...]:
        return ()

    def position_on(self, known_on: date) -> int:
        assert known_on >= date(2024, 1, 14)
        return self.position


def row(account: str, booked: str, earned: str, minor: int, known_at: int = 9) -> Posted:
    return Posted(
        account=account,
        booked=booked,
        booked_first=date.fromisoformat(f"{booked}-01"),
        earned=date.fromisoformat(f"{earned}-28"),
        known_at=known_at,
        minor=minor,
        dated=date.fromisoformat(f"{booked}-15"),
    )


def found(expected: dict[str, Any], books: Books) -> dict[str, int | None]:
    rows = compare(figures(expected), books, "USD")
    return {compared.figure.name: compared.found_minor for compared in rows}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every number a case expects, by where it stands in the file."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for place, part in enumerate(value, start=1):
            yield from leaves(part, (*path, str(place)))
    else:
        yield "/".join(path), str(value).lower() if isinstance(value, bool) else str(value)


def sides(journals: Any) -> dict[str, Decimal]:
    """What entries move on each date in each account, debits positive."""
    moved: dict[str, Decimal] = {}
    for entry in journals:
        for line in entry["lines"]:
            name = f"journals/{entry['date']}/{line['account']}"
            minor = Decimal(line["debit"]) - Decimal(line["credit"])
            moved[name] = moved.get(name, Decimal(0)) + minor
    return moved


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_expectations_are_copied_unchanged(path: Path) -> None:
    raw = read_document(path)
    read = {figure.name: figure.text for figure in figures(raw["expected"])}
    journals = raw["expected"].pop("journals", [])

    assert read == {**dict(leaves(raw["expected"])), **texts(sides(journals))}
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGESTS[path.stem]


def texts(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {name: str(amount) for name, amount in amounts.items()}


def test_every_case_of_the_folder_is_a_copy() -> None:
    assert {path.stem for path in CASES} == {*DIGESTS}


def test_a_change_is_an_increase_of_the_accounts_normal_balance() -> None:
    books = Books(
        rows=(
            row("revenue", "2024-01", "2024-01", -1000),
            row("revenue", "2024-02", "2024-02", -250),
            row("accounts-receivable", "2024-01", "2024-01", 3000),
            row("accounts-receivable", "2024-02", "2024-02", -3000),
            row("contract-liability", "2024-01", "2024-01", -2000),
            row("contract-liability", "2024-02", "2024-02", 250),
        )
    )
    expected = {
        "revenue_by_period": {"2024-02": "0", "2024": "0"},
        "deferred_balance_by_period": {"2024-02": "0"},
        "receivable_by_period": {"2024-01": "0", "2024-02": "0"},
        "account_changes_by_period": {
            "DeferredRevenue": {"2024-02": "0"},
            "AccountsReceivable": {"2024-02": "0"},
        },
        "total_revenue": "0",
    }

    assert found(expected, books) == {
        "revenue_by_period/2024-02": 250,
        "revenue_by_period/2024": 1250,
        "deferred_balance_by_period/2024-02": 1750,
        "receivable_by_period/2024-01": 3000,
        "receivable_by_period/2024-02": 0,
        "account_changes_by_period/DeferredRevenue/2024-02": -250,
        "account_changes_by_period/AccountsReceivable/2024-02": -3000,
        "total_revenue": 1250,
    }


def test_a_prior_period_adjustment_is_revenue_earned_before_the_period_it_is_booked_in() -> None:
    books = Books(
        rows=(
            row("revenue", "2024-04", "2024-03", -100),
            row("revenue", "2024-04", "2024-04", -160),
            row("accounts-receivable", "2024-04", "2024-03", 100),
        )
    )
    expected = {
        "prior_period_adjustment_by_period": {"2024-03": "0", "2024-04": "0"},
        "as_of_views": {"restated_by_effective_date": {"2024-03": "0", "2024-04": "0"}},
    }

    assert found(expected, books) == {
        "prior_period_adjustment_by_period/2024-03": 0,
        "prior_period_adjustment_by_period/2024-04": 100,
        "as_of_views/restated_by_effective_date/2024-03": 100,
        "as_of_views/restated_by_effective_date/2024-04": 160,
    }


def test_a_known_at_view_is_what_was_booked_and_what_the_schedule_still_held() -> None:
    books = Books(
        rows=(
            row("revenue", "2024-01", "2024-01", -100, known_at=5),
            row("revenue", "2024-02", "2024-02", -100, known_at=7),
            row("revenue", "2024-02", "2024-02", -50, known_at=8),
        ),
        ahead=(row("revenue", "2024-03", "2024-03", -75),),
        position=7,
    )
    view = {"2024-01": "0", "2024-02": "0", "2024-03": "0"}

    assert found({"as_of_views": {"known_at_2024-02-29": view}}, books) == {
        "as_of_views/known_at_2024-02-29/2024-01": 100,
        "as_of_views/known_at_2024-02-29/2024-02": 100,
        "as_of_views/known_at_2024-02-29/2024-03": 75,
    }


def test_a_figure_may_be_called_by_its_periods_or_stand_alone() -> None:
    books = Books(
        rows=(
            row("revenue", "2024-01", "2024-01", -100, known_at=5),
            row("revenue", "2024-02", "2024-01", -40, known_at=7),
            row("interest-income", "2024-02", "2024-02", -7),
        ),
        position=7,
    )
    told = {
        "revenue_by_month": {"2024-02": "0"},
        "revenue_by_quarter": {"2024-Q1": "0"},
        "interest_income_by_year": {"2024": "0"},
        "interest_income": "0",
        "restated": {"2024-01": "0"},
        "as_known_at_2024-02-29": {"2024-01": "0"},
        "remaining_performance_obligations": {"2024-12-31": "0"},
    }

    assert found(told, books) == {
        "revenue_by_month/2024-02": 40,
        "revenue_by_quarter/2024-Q1": 140,
        "interest_income_by_year/2024": 7,
        "interest_income": 7,
        "restated/restated/2024-01": 140,
        "as_known_at_2024-02-29/known_at_2024-02-29/2024-01": 100,
        "remaining_performance_obligations/2024-12-31": 2024,
    }
    assert last_month(figures({"interest_income_by_year": {"2024": "0"}})) == "2024-12"


def test_an_account_may_go_by_another_name_in_any_figure() -> None:
    books = Books(
        rows=(
            row("accounts-receivable", "2024-01", "2024-01", 700),
            row("contract-liability", "2024-01", "2024-01", -700),
            row("revenue", "2024-01", "2024-01", -100),
            row("revenue", "2024-02", "2024-02", -300),
            row("currency-exchange", "2024-02", "2024-02", -40),
        )
    )

    assert found(
        {
            "account_changes_by_period": {"TradeReceivables": {"2024-01": "7.00"}},
            "unearned_revenue_by_period": {"2024-02": "7.00"},
            "deferred_revenue_by_period": {"2024-01": "7.00"},
            "exchange_gain_total": "0.40",
            "cumulative_revenue_by_period": {"2024-01": "1.00", "2024-02": "4.00"},
            "revenue_recognised_by_period": {"2024-02": "3.00"},
        },
        books,
    ) == {
        "account_changes_by_period/TradeReceivables/2024-01": 700,
        "unearned_revenue_by_period/2024-02": 700,
        "deferred_revenue_by_period/2024-01": 700,
        "exchange_gain_total": 40,
        "cumulative_revenue_by_period/2024-01": 100,
        "cumulative_revenue_by_period/2024-02": 400,
        "revenue_recognised_by_period/2024-02": 300,
    }


def test_a_difference_is_told_beside_what_was_expected() -> None:
    books = Books(rows=(row("revenue", "2024-01", "2024-01", -99),))
    (compared,) = compare(figures({"total_revenue": "1.00"}), books, "USD")

    assert compared.difference() == {
        "figure": "total_revenue",
        "expected": "1.00",
        "found": "0.99",
        "difference": "-0.01",
    }


def test_entries_of_one_date_are_compared_together_and_a_memo_says_of_which_days() -> None:
    books = Books(
        rows=(
            row("revenue", "2024-01", "2024-01", -1000),
            row("contract-liability", "2024-01", "2024-01", 1000),
            row("revenue", "2024-02", "2024-01", 900),
        ),
        position=9,
    )
    sides = [
        {"account": "Revenue", "debit": "0.00", "credit": "6.00"},
        {"account": "Revenue", "debit": "0.00", "credit": "4.00"},
        {"account": "DeferredRevenue", "debit": "10.00", "credit": "0.00"},
    ]
    month = "earliest open date; posting day policy-dependent"
    back = {"date": "2024-02-01", "lines": [{"account": "Revenue", "debit": "9", "credit": "0"}]}
    journals = [
        {"date": "2024-01-15", "lines": sides[:1]},
        {"date": "2024-01-15", "lines": sides[1:]},
    ]

    assert found({"journals": [*journals, back]}, books) == {
        "journals/2024-01-15/Revenue": -1000,
        "journals/2024-01-15/DeferredRevenue": 1000,
        "journals/2024-02-01/Revenue": 0,
    }
    assert found({"journals": [{**back, "memo": month}]}, books) == {
        "journals/2024-02-01/Revenue": 900
    }


def test_what_is_due_without_any_invoice_is_receivable_in_a_case_that_has_none() -> None:
    books = Books(rows=(row("unbilled-receivable", "2024-01", "2024-01", 500),), position=9)
    line = {"account": "AccountsReceivable", "debit": "5.00", "credit": "0.00"}
    entry = {"date": "2024-01-15", "lines": [line]}

    assert found({"journals": [entry]}, books) == {"journals/2024-01-15/AccountsReceivable": 500}


def test_periods_are_months_quarters_years_and_days() -> None:
    books = Books(
        rows=(
            row("revenue", "2024-03", "2024-03", -300),
            row("revenue", "2024-04", "2024-04", -40),
            row("contract-liability", "2024-03", "2024-03", -5),
        )
    )
    labels = {"2024-Q1": "0", "2024-Q2": "0", "2024-Q1-catch-up": "0", "2024": "0"}
    expected = {
        "revenue_by_period": labels,
        "deferred_balance_by_period": {"2024-03-14-after-renewal-cash": "0", "2024-Q1": "0"},
    }

    assert found(expected, books) == {
        "revenue_by_period/2024-Q1": 300,
        "revenue_by_period/2024-Q2": 40,
        "revenue_by_period/2024-Q1-catch-up": 300,
        "revenue_by_period/2024": 340,
        "deferred_balance_by_period/2024-03-14-after-renewal-cash": 0,
        "deferred_balance_by_period/2024-Q1": 5,
    }


def told(what: str, value: str, obligation: str = "A") -> Told:
    return Told(unit="contract:c", obligation=obligation, what=what, value=value)


def test_a_step_of_the_explanation_is_read_as_it_is_told_the_last_one_counts() -> None:
    books = Books(
        steps=(
            told("promised", "60.00"),
            told("promised", "30.00", "B"),
            told("allocated price", "50.00"),
            told("allocated price", "60.00"),
            told("allocated price", "30.00", "B"),
            told("unit price", "280/3"),
            told("percent complete", "51.2 %"),
        )
    )
    expected = {
        "transaction_price": "1",
        "allocation": {"A": "1", "B": "1", "C": "1"},
        "unit_price": {"A": "93.33"},
        "blended_unit_price": "93.34",
    }
    rows = compare(figures(expected), books, "USD")

    assert [(row.figure.name, row.said, row.is_equal) for row in rows] == [
        ("transaction_price", "90.00", False),
        ("allocation/A", "60.00", False),
        ("allocation/B", "30.00", False),
        ("allocation/C", "nothing", False),
        ("unit_price/A", "93.33", True),
        ("blended_unit_price", "93.33", False),
    ]


def test_a_contract_that_waits_is_not_accepted_and_says_what_was_left() -> None:
    expected = {
        "accepted": False,
        "residual_result": "5.00",
        "action": "estimate SSP of D another way and re-allocate relative SSP",
    }
    waits = Books(waits=("residual-out-of-range (residual=500)",))

    assert [row.is_equal for row in compare(figures(expected), waits, "USD")] == [True] * 3
    assert [row.is_equal for row in compare(figures(expected), Books(), "USD")] == [False] * 3


@pytest.mark.parametrize(
    ("booked_minor", "expected", "is_equal"),
    [(-410968, "4110.00", True), (-410949, "4110.00", False), (-8929, "89.29", True)],
)
def test_a_source_that_shows_whole_units_is_compared_in_these_where_it_says_no_others(
    booked_minor: int, expected: str, is_equal: bool
) -> None:
    books = Books(rows=(row("revenue", "2024-01", "2024-01", booked_minor),))
    wanted = figures({"revenue_by_period": {"2024-01": expected}})
    (shown,) = compare(wanted, books, "USD", in_whole=True)
    (exact,) = compare(wanted, books, "USD")

    assert shown.is_equal is is_equal
    assert exact.is_equal is (expected == "89.29")


def test_a_number_that_was_multiplied_may_miss_by_half_of_one_more_than_the_factor() -> None:
    books = Books(steps=(told("unit price", "280.00"),))
    (compared,) = compare(figures({"blended_unit_price": "279.99"}), books, "USD")

    assert not compared.is_equal
    assert compared.is_about(3)
    assert not compared.is_about(0)


def test_words_after_an_amount_are_the_sources_own() -> None:
    books = Books(rows=(row("revenue", "2024-01", "2024-01", -800),))
    (compared,) = compare(figures({"revenue_by_period": {"2024-01": "8.00 fixed"}}), books, "USD")

    assert compared.is_equal


def test_the_last_month_is_the_latest_any_figure_speaks_of() -> None:
    expected = {
        "revenue_by_period": {"2024-01": "1.00", "2023": "1.00"},
        "as_of_views": {"known_at_2024-01-31": {"2024-05": "1.00"}},
        "total_revenue": "1.00",
    }

    assert last_month(figures(expected)) == "2024-05"
    assert last_month(figures({"total_revenue": "1.00"})) is None


@pytest.mark.parametrize(
    ("expected", "reasons"),
    [
        ({}, ("no expected figure to compare",)),
        ({"weather": []}, ("unknown figure weather",)),
        (
            {"account_changes_by_period": {"Loans": {}, "Rain": {}}, "weather": {}},
            ("unknown account Loans", "unknown account Rain", "unknown figure weather"),
        ),
        (
            {"journals": [{"date": "2024-01-01", "lines": [], "memo": "more or less"}]},
            ("unknown phrase for journals/1/memo: more or less",),
        ),
        (
            {"journals": [{"date": "2024-01-01", "lines": [{"account": "Cash"}]}]},
            ("expected journals/1/lines/1 must hold account, credit, debit",),
        ),
        ({"action": "wait and see"}, ("unknown phrase for action: wait and see",)),
        ({"as_of_views": {"as_it_was": {}}}, ("unknown view as_it_was",)),
        (
            {"revenue_by_period": {"before_lunch": "1.00"}},
            ("unknown period revenue_by_period/before_lunch",),
        ),
        (
            {"revenue_by_period": {"2024-13": "1.00"}},
            ("unknown period revenue_by_period/2024-13",),
        ),
        (
            {"total_revenue": None},
            ("expected total_revenue must be an amount, not None",),
        ),
    ],
)
def test_a_figure_that_cannot_be_read_fails_by_name(
    expected: dict[str, Any], reasons: tuple[str, ...]
) -> None:
    with pytest.raises(CaseError) as refused:
        figures(expected)

    assert refused.value.reasons == reasons


def test_an_amount_finer_than_the_currency_fails_by_name() -> None:
    with pytest.raises(CaseError, match="expected total_revenue: wrong-scale"):
        compare(figures({"total_revenue": "1.005"}), Books(), "USD")


def test_money_scales_and_percentages_units_and_labels_do_not() -> None:
    raw = {
        "currency": "USD",
        "policy": {"ratable": "by month"},
        "facts": [
            {
                "event": "usage_reported",
                "seq": 1,
                "effective": "2024-01-31",
                "units": 3,
                "unit_price": "0.005",
            },
            {"event": "contract_signed", "months": 12, "amount": "12.00", "ssp": {"A": "7.50"}},
            {"event": "invoice_issued", "number": "7", "lines": [{"amount": "-30.00"}]},
            {"event": "plan_changed", "from_price": "90.00", "to_price": "120.00"},
        ],
        "expected": {"revenue_by_period": {"2024-01": "0.02", "2024": 5}, "total_revenue": "0.02"},
    }

    assert scaled(raw, 7) == {
        "currency": "USD",
        "policy": {"ratable": "by month"},
        "facts": [
            {
                "event": "usage_reported",
                "seq": 1,
                "effective": "2024-01-31",
                "units": 3,
                "unit_price": "0.035",
            },
            {"event": "contract_signed", "months": 12, "amount": "84.00", "ssp": {"A": "52.50"}},
            {"event": "invoice_issued", "number": "7", "lines": [{"amount": "-210.00"}]},
            {"event": "plan_changed", "from_price": "630.00", "to_price": "840.00"},
        ],
        "expected": {"revenue_by_period": {"2024-01": "0.14", "2024": 35}, "total_revenue": "0.14"},
    }


def test_what_is_no_amount_of_money_does_not_scale() -> None:
    expected = {
        "accepted": False,
        "percent_complete": {"2020-12-31": "0.600"},
        "remaining_units": 90,
        "contract_position_after_each_event": ["100.00 asset", "0.00"],
        "journals": [{"date": "2020-01-01", "lines": [{"account": "Cash", "debit": "4000.00"}]}],
    }
    facts = [
        {"event": "contract_signed", "ssp": {"A": "40.00", "D": "observed range 15-45"}},
        {
            "event": "contract_signed",
            "lines": [{"id": "1", "sell": "12.00", "ssp_percent": "72"}],
        },
        {"event": "contract_signed", "obligations": {"Y": {"price": "3% of sales", "ssp": "9.00"}}},
        {"event": "contract_signed", "regular_bundle": {"members": ["B"], "price": "60.00"}},
        {"event": "invoice_issued", "amount": "30.00", "fx_rate": "1.20"},
    ]

    assert scaled({"facts": facts, "expected": expected}, 3) == {
        "facts": [
            {"event": "contract_signed", "ssp": {"A": "120.00", "D": "observed range 45-135"}},
            {
                "event": "contract_signed",
                "lines": [{"id": "1", "sell": "36.00", "ssp_percent": "72"}],
            },
            {
                "event": "contract_signed",
                "obligations": {"Y": {"price": "3% of sales", "ssp": "27.00"}},
            },
            {"event": "contract_signed", "regular_bundle": {"members": ["B"], "price": "180.00"}},
            {"event": "invoice_issued", "amount": "90.00", "fx_rate": "1.20"},
        ],
        "expected": {
            **expected,
            "contract_position_after_each_event": ["300.00 asset", "0.00"],
            "journals": [
                {"date": "2020-01-01", "lines": [{"account": "Cash", "debit": "12000.00"}]}
            ],
        },
    }


def test_years_of_any_label_shift() -> None:
    labels = {"2024-Q1": "1", "2020-before-renewal": "1", "2020-12-31-after-renewal-cash": "1"}

    assert shifted({"expected": {"gross_profit_2020": "1", "by": labels}})["expected"] == {
        "gross_profit_2048": "1",
        "by": {"2052-Q1": "1", "2048-before-renewal": "1", "2048-12-31-after-renewal-cash": "1"},
    }


def test_dates_and_years_in_labels_shift_and_amounts_do_not() -> None:
    raw = {
        "currency": "USD",
        "policy": {"as_of": "2017-12-31"},
        "facts": [
            {
                "event": "invoice_issued",
                "effective": "2024-02-29T12:00:00Z",
                "amount": "2024.00",
                "lines": [{"service_from": "2024-02-29", "service_to": "2025-02-28"}],
            }
        ],
        "expected": {
            "revenue_by_period": {"2024-02": "2024.00", "2025": "1.00"},
            "as_of_views": {"known_at_2024-03-31": {"2024-12": "1.00"}},
        },
    }

    assert shifted(raw) == {
        "currency": "USD",
        "policy": {"as_of": "2045-12-31"},
        "facts": [
            {
                "event": "invoice_issued",
                "effective": "2052-02-29T12:00:00Z",
                "amount": "2024.00",
                "lines": [{"service_from": "2052-02-29", "service_to": "2053-02-28"}],
            }
        ],
        "expected": {
            "revenue_by_period": {"2052-02": "2024.00", "2053": "1.00"},
            "as_of_views": {"known_at_2052-03-31": {"2052-12": "1.00"}},
        },
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_shifted_there_and_back_is_the_case(path: Path) -> None:
    raw = read_document(path)
    back = shifted(shifted(raw), -28)

    assert document(back, path.stem) == document(raw, path.stem)
