"""What a contract states for a promise, what the promise would sell for alone, what is uncertain.

All in minor units of the contract's currency; each amount is rounded once, where it is worked out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from operator import mul
from typing import TypeVar

from msgspec import Struct, structs

from domain.accounting.curves import months_between
from domain.calendar import add_months
from domain.contract_facts import (
    ContractModified,
    Fee,
    NonCash,
    Obligation,
    Restated,
    VariableAmount,
)
from domain.decimals import EXACT
from domain.explain import Telling
from domain.money import rounded, to_minor

MONTHS_OF_A_YEAR = 12
_Stated = TypeVar("_Stated")


def fee_minor(fee: Fee) -> int:
    """A fee by month or year is charged for the months of its stretch, parts of them by days; of so
    many, rounded once.
    """
    if fee.per == "whole":
        return _of_each(fee, Fraction(1))
    months = months_of(fee.service_from, fee.service_to)
    return _of_each(fee, months if fee.per == "month" else months / MONTHS_OF_A_YEAR)


def _of_each(fee: Fee, times: Fraction) -> int:
    if fee.quantity != 1:
        return rounded(fee.amount_minor * Fraction(fee.quantity) * times)
    # Nearly all fees are of one thing for whole months.
    if times.denominator == 1:
        return fee.amount_minor * times.numerator
    return rounded(fee.amount_minor * times)


def months_of(start: date, end: date) -> Fraction:
    """Whole months counted from day to day, so that a year from any day is twelve; of the month
    that is left, its days.
    """
    whole = (end.year - start.year) * MONTHS_OF_A_YEAR + end.month - start.month
    if start.day == end.day:
        return Fraction(whole)
    if add_months(start, whole) > end:
        whole -= 1
    begin, after = add_months(start, whole), add_months(start, whole + 1)
    return whole + Fraction((end - begin).days, (after - begin).days)


def stated_minor(own: Obligation, currency: str) -> int:
    """What the contract states for a promise: an amount, units at a price, or fees."""
    if own.price_minor is not None:
        return own.price_minor
    if own.unit_price is not None:
        return of_units(own.unit_price, own.quantity or Decimal(0), currency)
    if own.renewals:
        return sum(rounded(minor) for minor in expected_prices(own)) * own.portfolio
    return sum(fee_minor(fee) for fee in own.fees)


def of_units(unit_price: Decimal, quantity: Decimal, currency: str) -> int:
    return to_minor(EXACT.multiply(unit_price, quantity), currency)


def given_minor(rows: Iterable[NonCash], currency: str) -> int:
    """What is given that is no money, at its fair value when it was agreed (rule 22)."""
    return sum([of_units(row.unit_value, row.quantity, currency) for row in rows])


def shared_minor(rows: Iterable[Obligation], given: Iterable[NonCash], currency: str) -> int:
    """What is stated of promises for a price that they share, and what is given for it."""
    stated = [stated_minor(own, currency) for own in rows if not own.is_priced_by_itself]
    return sum(stated) + given_minor(given, currency)


def agreed_minor(change: ContractModified, currency: str) -> int:
    """What a change costs, but for what it states anew of promises."""
    return change.price_change_minor + shared_minor(change.added, change.non_cash, currency)


def is_apart(change: ContractModified, currency: str) -> bool:
    """Whether a change is a contract of its own, as judged or by rule: distinct additions at a
    price that reflects what they sell for alone (rule 7, ASC 606-10-25-12, IFRS 15.20).
    """
    if not _has_own_price(change):
        return False
    if change.treatment != "by-rule":
        return change.treatment == "separate"
    if change.restated or change.variable:
        return False
    if change.price_reflects_ssp:
        return True
    alone = [ssp_minor(own, currency) for own in change.added]
    is_stated = any(own.is_stated for own in change.added)
    return all(alone) and is_stated and sum(alone) == agreed_minor(change, currency)


def _has_own_price(change: ContractModified) -> bool:
    """Whether what is added can bear the price that is agreed for it."""
    if not change.added:
        return False
    is_free = not (change.price_change_minor or change.non_cash)
    return is_free or any(not own.is_priced_by_itself for own in change.added)


def chances(own: Obligation) -> tuple[Fraction, ...]:
    """How likely each stretch is reached: those before it were renewed into, too."""
    return tuple(accumulate((Fraction(one.probability) for one in own.renewals), mul))


def expected_prices(own: Obligation) -> tuple[Fraction, ...]:
    pairs = zip(own.renewals, chances(own), strict=True)
    return tuple(one.price_minor * chance for one, chance in pairs)


def expected_costs(own: Obligation) -> tuple[Fraction, ...]:
    """Costs by stretch, as far as they are expected to be reached (IFRS 15.IE260, 55-347)."""
    pairs = zip(own.renewals, chances(own), strict=True)
    return tuple(one.expected_cost_minor * chance for one, chance in pairs)


def ssp_minor(own: Obligation, currency: str) -> int:
    """Stand-alone selling price at inception; nothing where only a range was observed."""
    if own.unit_ssp is not None:
        return of_units(own.unit_ssp, own.quantity or Decimal(0), currency)
    if own.list_minor is not None and own.ssp_percent is not None:
        return rounded(own.list_minor * Fraction(own.ssp_percent) / 100)
    if own.option is not None:
        above = Fraction(own.option.percent) - Fraction(own.option.percent_for_anybody)
        worth = own.option.average_purchase_minor * max(above, Fraction(0)) / 100
        return rounded(worth * Fraction(own.option.probability))
    return own.ssp_minor


def weight_minor(own: Obligation, currency: str) -> int:
    """What a promise counts in an allocation: what it sells for alone, else what is stated."""
    return ssp_minor(own, currency) or (0 if own.ssp_range_minor else stated_minor(own, currency))


class Change(Struct, frozen=True):
    """What a fact changes of the price, what that rests on, and what is told of it."""

    minor: int
    cause: int
    causes: tuple[int, ...]
    told: Telling


class Estimate(Struct, frozen=True):
    """A variable amount: what is expected of it, and what is included in the price of it.

    `stated_minor`: what promises state, of which it is a concession; it is then less than nothing.
    """

    expected_minor: int
    included_minor: int
    stated_minor: int = 0


def estimated(row: VariableAmount, sharers: Iterable[Obligation], currency: str) -> Estimate:
    """Rules 16 and 17; `sharers` are the promises it relates to. A concession that states nothing
    itself is of what they state.
    """
    base, taken = row.stated_minor, 0
    if row.is_of_its_promises and row.unit_price is None:
        base = taken = sum(stated_minor(own, currency) for own in sharers if own.is_stated)
    units = next((own for own in sharers if own.unit_price is not None), None)
    expected = _expected(row, units, base, currency) - taken
    included = expected
    if row.included_minor is not None:
        included = row.included_minor
    elif row.included_conceded_percent is not None:
        included = _kept(base, row.included_conceded_percent) - taken
    return Estimate(expected, included, taken)


def _expected(row: VariableAmount, units: Obligation | None, base: int, currency: str) -> int:
    if row.non_cash is not None:
        return given_minor((row.non_cash,), currency)
    if row.estimate_minor is not None:
        return row.estimate_minor
    if row.conceded_percent is not None:
        return _kept(base, row.conceded_percent)
    if row.conceded_quantity is not None and units is not None and units.unit_price is not None:
        return base - of_units(units.unit_price, row.conceded_quantity, currency)
    if row.outcomes and row.method == "most-likely":
        return max(row.outcomes, key=lambda one: one.probability).amount_minor
    if row.outcomes:
        parts = (one.amount_minor * Fraction(one.probability) for one in row.outcomes)
        return rounded(sum(parts, Fraction(0)))
    if row.unit_price is not None and units is not None and units.quantity is not None:
        whole = of_units(row.unit_price, units.quantity, currency)
        return whole - stated_minor(units, currency)
    return row.stated_minor


def _kept(minor: int, percent: Decimal) -> int:
    return minor - rounded(minor * Fraction(percent) / 100)


def restated(own: Obligation, row: Restated, since: date) -> Obligation:
    """A promise as a change states it: fees before the change stay, those after it are replaced,
    and those by the month or the year end with the term.

    Costs that it adds are no part of it: what is expected is followed fact by fact (rule 31).
    """
    quantity = own.quantity if row.quantity is None else row.quantity
    if row.added_quantity is not None:
        quantity = (quantity or Decimal(0)) + row.added_quantity
    fees = own.fees
    if row.fees:
        begins = min(since, *(fee.service_from for fee in row.fees))
        fees = (*within(own.fees, date.min, begins), *row.fees)
    if row.service_to is not None:
        fees = _ending(fees, row.service_to)
    return structs.replace(
        own,
        service_to=row.service_to or own.service_to,
        fees=fees,
        quantity=quantity,
        unit_price=_stated_anew(own.unit_price, row.unit_price, row.price_minor),
        price_minor=_stated_anew(own.price_minor, row.price_minor, row.unit_price),
    )


def more_minor(own: Obligation, anew: Obligation, row: Restated, currency: str) -> int:
    """What a promise stated anew costs more than before, of the price that promises share."""
    if own.is_priced_by_itself:
        return 0
    if row.added_quantity is not None and row.added_unit_price is not None:
        return of_units(row.added_unit_price, row.added_quantity, currency)
    return stated_minor(anew, currency) - stated_minor(own, currency)


def _ending(fees: tuple[Fee, ...], end: date) -> tuple[Fee, ...]:
    """A fee by the month or the year is for no month after the term; a whole one is owed."""
    whole = tuple(fee for fee in fees if fee.per == "whole")
    return (*whole, *within(tuple(fee for fee in fees if fee.per != "whole"), date.min, end))


def _stated_anew(before: _Stated | None, now: _Stated | None, otherwise: object) -> _Stated | None:
    """A price is stated in one way: by the unit takes the place of as a whole, and the reverse."""
    return before if now is None and otherwise is None else now


def within(fees: tuple[Fee, ...], begin: date, end: date) -> tuple[Fee, ...]:
    """Fees as far as they are for service in [begin, end); a whole one is cut by its months."""
    kept = []
    for fee in fees:
        start, stop = max(fee.service_from, begin), min(fee.service_to, end)
        if (start, stop) == (fee.service_from, fee.service_to):
            kept.append(fee)
        elif start < stop:
            whole = months_between(fee.service_from, fee.service_to)
            part = months_between(start, stop)
            cut = structs.replace(fee, service_from=start, service_to=stop)
            if fee.per == "whole":
                minor = rounded(fee_minor(fee) * part / whole)
                cut = structs.replace(cut, amount_minor=minor, quantity=Decimal(1))
            kept.append(cut)
    return tuple(kept)
