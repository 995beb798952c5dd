"""A significant financing part (rule 21): the price is what would be paid at transfer.

Rates are of a separate loan at inception and never change. Interest stands month by month, by
cumulative rounding, apart from revenue (ASC 606-10-32-15 to 32-20, IFRS 15.60 to 65).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from domain.accounting.contract.pricing import months_of
from domain.accounting.contract.promise import Deal
from domain.accounting.curves import Steps
from domain.accounting.schedule import Flow, frozen
from domain.calendar import ONE_DAY, add_months
from domain.contract_facts import Financing
from domain.explain import Step
from domain.money import rounded

MONTHS = 12
EXPENSE = (("interest-expense", 1), ("contract-liability", -1))
INCOME = (("contract-liability", 1), ("interest-income", -1))
RULE = "significant-financing@1"


def price_now(stated_minor: int, terms: Financing, start: date) -> int:
    """What is stated, as it would be paid at transfer."""
    if terms.kind == "advance":
        assert terms.until is not None
        return stated_minor + _interest(stated_minor, terms, start, terms.until)
    if terms.until is not None:
        return rounded(stated_minor / _growth(terms, start, terms.until))
    return rounded(_worth(stated_minor, terms))


def _instalment(stated_minor: int, terms: Financing) -> Fraction:
    """Equal instalments that pay what is stated back at the stated rate."""
    rate = Fraction(terms.stated_rate_percent) / 100 / MONTHS
    if not rate:
        return Fraction(stated_minor, terms.instalments)
    return stated_minor * rate / (1 - 1 / (1 + rate) ** terms.instalments)


def _worth(stated_minor: int, terms: Financing) -> Fraction:
    rate = Fraction(terms.rate_percent) / 100 / MONTHS
    instalment = _instalment(stated_minor, terms)
    if not rate:
        return instalment * terms.instalments
    return instalment * (1 - 1 / (1 + rate) ** terms.instalments) / rate


def _interest(minor: int, terms: Financing, start: date, after: date) -> int:
    return rounded(minor * (_growth(terms, start, after) - 1))


def _growth(terms: Financing, start: date, after: date) -> Fraction:
    """Compounded yearly; within a year in proportion to its months."""
    years = months_of(start, after) / MONTHS
    rate = Fraction(terms.rate_percent) / 100
    whole = int(years)
    return (1 + rate) ** whole * (1 + rate * (years - whole))


def interest(
    stated_minor: int,
    terms: Financing,
    start: date,
    obligation: str,
    causes: tuple[int, ...],
    deal: Deal,
) -> Iterator[Flow]:
    """Interest on what was paid in advance until it is transferred, or on what is paid after."""
    if terms.kind == "advance":
        rows = _until(stated_minor, terms, start)
    elif terms.until is not None:
        rows = _until(price_now(stated_minor, terms, start), terms, start)
    else:
        rows = _arrears(stated_minor, terms, start)
    if not any(minor for _, minor in rows):
        return
    steps = (
        Step(what="stated price", value=deal.text(stated_minor)),
        Step(what="yearly rate", value=f"{terms.rate_percent} %"),
        Step(what="price at transfer", value=deal.text(price_now(stated_minor, terms, start))),
        *_implicit(stated_minor, terms, start),
    )
    yield Flow(
        kind="interest",
        subject=obligation,
        obligation=obligation,
        legs=EXPENSE if terms.kind == "advance" else INCOME,
        curve=Steps(rows),
        causes=causes,
        rule=RULE,
        told=lambda: steps,
    )


def until_the_end(lent: tuple[Flow, ...], day: date, cause: int) -> tuple[Flow, ...]:
    """When nothing is to come any more for what was paid in advance, it bears no interest; what is
    still to be paid for what was transferred goes on (ASC 606-10-32-20, IFRS 15.65).
    """
    advanced = tuple(flow for flow in lent if flow.legs == EXPENSE)
    return frozen(advanced, day, (cause,)) if advanced else lent


def _implicit(minor: int, terms: Financing, start: date) -> tuple[Step, ...]:
    """The yearly rate at which what would be paid later is worth what is paid now: only told."""
    if terms.later_minor is None or terms.until is None or not minor:
        return ()
    years = months_of(start, terms.until) / MONTHS
    power = Decimal(years.denominator) / Decimal(years.numerator)
    rate = ((Decimal(terms.later_minor) / Decimal(minor)) ** power - 1) * 100
    return (Step(what="implicit yearly rate", value=f"{rate.quantize(Decimal('0.1'))} %"),)


def _until(minor: int, terms: Financing, start: date) -> tuple[tuple[date, int], ...]:
    """What a sum bears up to one day, month by month."""
    until = terms.until or start
    days, month = [], 1
    while (end := add_months(start, month)) < until:
        days.append(end)
        month += 1
    days.append(until)
    rows = {day - ONE_DAY: _interest(minor, terms, start, day) for day in days}
    return tuple(rows.items())


def _arrears(minor: int, terms: Financing, start: date) -> tuple[tuple[date, int], ...]:
    """Each month's interest is on what is still owed; instalments fall at its end."""
    rate = Fraction(terms.rate_percent) / 100 / MONTHS
    instalment, owed = _instalment(minor, terms), _worth(minor, terms)
    total, rows = Fraction(0), []
    for month in range(1, terms.instalments + 1):
        total += owed * rate
        owed = owed * (1 + rate) - instalment
        rows.append((add_months(start, month), rounded(total)))
    return tuple(rows)
