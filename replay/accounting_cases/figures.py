"""The figures a case expects: what each asks of the ledger, read literally and compared exactly.

A figure that is not listed is not compared. A name that the tables do not hold fails the case by
that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from domain.contract_facts import ProgressMeasured
from replay.accounting_cases import explained, notes, sums
from replay.accounting_cases.answers import Answers
from replay.accounting_cases.changes import ADDITIONAL
from replay.accounting_cases.explained import SHARE, each, one, per_year, price_of
from replay.accounting_cases.figure import Figure, Found, object_of, text_of
from replay.accounting_cases.fixed import ORIGINAL
from replay.accounting_cases.journals import journals
from replay.accounting_cases.periods import months_of
from replay.accounting_cases.remaining import remaining
from replay.accounting_cases.sold import CONCESSION
from replay.case_format import CaseError

Read = Callable[[tuple[str, ...], Any], Iterator[Figure]]


def _gross_profit(path: tuple[str, ...], value: Any, year: str) -> Iterator[Figure]:
    """Revenue of the year less the costs that its progress was measured by: those of all years up
    to it less those of the years before.
    """
    months = months_of(path, year)

    def ask(answers: Answers) -> Found:
        earned = sums.summed(sums.REVENUE, sums.change(months))(answers)
        costs = {
            f"{fact.when.effective:%Y}": fact.event.incurred_minor or 0
            for fact in answers.facts()
            if isinstance(fact.event, ProgressMeasured)
        }
        if earned.minor is None or year not in costs:
            return Found()
        before = max((other for other in costs if other < year), default=None)
        spent = costs[year] - (costs[before] if before else 0)
        return Found(minor=earned.minor - spent, lines=earned.lines)

    yield Figure(path=path, text=text_of(path, value), ask=ask, last=months.last)


def _gross_profits(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    for year, amount in object_of(path, value).items():
        yield from _gross_profit((*path, year), amount, year)


def _in_periods(path: tuple[str, ...], value: Any, name: str) -> Iterator[Figure]:
    """By month, quarter or year: the label of each says which it is."""
    yield from _figures(path, f"{name}_by_period", value)


def _known_at(path: tuple[str, ...], value: Any, day: str) -> Iterator[Figure]:
    yield from sums.views(path, {f"known_at_{day}": value})


def _restated(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    yield from sums.views(path, {"restated": value})


def _left_on_days(path: tuple[str, ...], value: Any) -> Iterator[Figure]:
    for day, amounts in object_of(path, value).items():
        yield from remaining((*path, day), amounts, day)


def _account(path: tuple[str, ...], value: Any, name: str) -> Iterator[Figure]:
    """Of an account by its name: period by period, or all that is booked in it."""
    read = sums.named_by_period if isinstance(value, Mapping) else sums.named_total
    yield from read(path, value, name)


def _worth(path: tuple[str, ...], value: Any, name: str) -> Iterator[Figure]:
    """What the promise that the figure itself names sells for alone."""
    yield from one("stand-alone selling price", obligation=name)(path, value)


FIGURES: dict[str, Read] = {
    "revenue_by_period": sums.revenue,
    "prior_period_adjustment_by_period": sums.by_month(sums.REVENUE, sums.prior),
    "deferred_balance_by_period": sums.deferred,
    "contract_position_after_each_event": sums.positions,
    "account_changes_by_period": sums.accounts,
    "account_changes_by_period_and_currency": sums.by_currency,
    "revenue_by_obligation": sums.by_obligation,
    "revenue_by_period_and_obligation": sums.by_obligation,
    "revenue_by_obligation_and_period": sums.by_obligation,
    "revenue_from_prior_period_performance": notes.from_earlier,
    "revenue_from_earlier_performance": notes.from_earlier,
    "prior_period_performance_by_period": notes.from_earlier,
    "revenue_from_opening_contract_liability": notes.from_opening,
    "net_revenue": sums.net_revenue,
    "net_revenue_by_period": sums.net_revenue,
    "corrections_by_period": sums.by_month(sums.REVENUE, sums.prior),
    "revenue_per_month": sums.even,
    "monthly": sums.monthly,
    "segment_values": sums.segments,
    "cumulative_revenue_by_period": sums.by_month(sums.REVENUE, sums.balance),
    "revenue_to_date_by_period": sums.by_month(sums.REVENUE, sums.balance),
    "total_revenue": sums.total(sums.REVENUE),
    "gross_profit_by_period": _gross_profits,
    "restated": _restated,
    "restated_by_effective_date": _restated,
    "remaining_performance_obligations": _left_on_days,
    "catch_up_adjustment": sums.change_of_day,
    "cumulative_catch_up": sums.change_of_day,
    "revenue_adjustment_at_modification": sums.change_of_day,
    "fx_gain": sums.gains,
    "fx_gain_loss_by_period": sums.gains,
    "as_of_views": sums.views,
    "journals": journals,
    "revenue_by_period_unrounded_percent": sums.beside("exact-percent"),
    "transaction_price": explained.transaction_price,
    "case_a_transaction_price": price_of(book="not-adjusted"),
    "modified_original_transaction_price": price_of(ORIGINAL),
    "new_contract_transaction_price": price_of(ADDITIONAL),
    "transaction_price_per_contract": one("price of one contract"),
    "unit_price": each("unit price", "number"),
    "blended_unit_price": one("unit price", "number"),
    "remaining_consideration": one("remaining consideration"),
    "remaining_units": one("remaining units", "number"),
    "remaining_years": explained.in_unit("remaining months", Fraction(1, 12)),
    "percent_complete": explained.share_by_day("percent complete"),
    "unconstrained_estimate": one(f"expected after {CONCESSION}"),
    "incentive_included": price_of(),
    "implicit_rate_percent": one("implicit yearly rate", "number"),
    "allocation": explained.allocation,
    "allocation_cents": each(SHARE),
    "without_exception": each(SHARE, book="to-all"),
    "allocation_per_contract": per_year("share of one contract"),
    "adjusted_costs": per_year("expected cost of the stretch"),
    "extended_ssp": each("stand-alone selling price"),
    "ssp": each("stand-alone selling price"),
    "carves": each("carved in or out"),
    "accepted": explained.accepted,
    "action": explained.action,
    "residual_result": explained.residual,
}
# Names that hold a date, a year or a number of units themselves.
PATTERNS: tuple[tuple[re.Pattern[str], Callable[..., Iterator[Figure]]], ...] = (
    (re.compile(r"gross_profit_([0-9]{4})"), _gross_profit),
    (re.compile(r"revenue_for_first_([0-9]+)"), sums.first_units),
    (re.compile(r"rpo_as_of_([0-9]{4}-[0-9]{2}-[0-9]{2})"), remaining),
    (re.compile(r"([a-z0-9_]+)_ssp"), _worth),
    (re.compile(r"([a-z0-9_]+)_revenue_by_period"), sums.promise_by_period),
    (re.compile(r"([a-z_]+)_by_period"), sums.named_by_period),
    (re.compile(r"(?:as_)?known_at_([0-9]{4}-[0-9]{2}-[0-9]{2})"), _known_at),
    (re.compile(r"([a-z0-9_]+)_by_(?:month|quarter|year)"), _in_periods),
    (re.compile(r"([a-z_]+)_total"), sums.named_total),
    (re.compile(r"total_([a-z_]+)"), sums.named_total),
    (re.compile(r"([a-z_]+)"), _account),
)
# What is no amount of money: it stays as it is when all money is multiplied.
NO_MONEY = frozenset(
    {
        "accepted",
        "action",
        "implicit_rate_percent",
        "percent_complete",
        "remaining_units",
        "remaining_years",
    }
)


def figures(expected: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Every figure of a case, in file order; all that cannot be read is named at once."""
    found: list[Figure] = []
    unknown: list[str] = []
    for name, value in expected.items():
        try:
            found += _figures((name,), name, value)
        except CaseError as no:
            unknown += no.reasons
    if not found and not unknown:
        unknown.append("no expected figure to compare")
    if unknown:
        raise CaseError(*unknown)
    return tuple(found)


def _figures(path: tuple[str, ...], name: str, value: Any) -> Iterator[Figure]:
    if name in FIGURES:
        yield from FIGURES[name](path, value)
        return
    for pattern, read in PATTERNS:
        found = pattern.fullmatch(name)
        if found:
            yield from read(path, value, found[1])
            return
    raise CaseError(f"unknown figure {name}")


def last_month(wanted: Iterable[Figure]) -> str | None:
    """The last month any figure speaks of."""
    return max((figure.last for figure in wanted if figure.last), default=None)


def to_the_end(wanted: Iterable[Figure]) -> bool:
    """Whether any figure speaks of all that is to come."""
    return any(figure.to_the_end for figure in wanted)
