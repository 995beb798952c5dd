"""Contracts whose price is fees by the month or the year, and rights to renew."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from msgspec import structs

from domain.contract_facts import Fee, Obligation, Renewal
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.fixed import sold_alone
from replay.accounting_cases.survey import Survey
from replay.accounting_cases.terms import a_year_after, served, yearly_fees
from replay.accounting_cases.words import Words
from replay.case_format import CaseError

FIRST_YEAR = "1"
BY_MONTH = ("monthly", "monthly_fee", "monthly_bill")


def by_year(fact: Words, known: Survey) -> Deal:
    """Steps that do not follow what is delivered: one service at the sum of its fees. Those that
    do are what each year is worth: a promise for each.
    """
    fees = yearly_fees(fact, "fees")
    if fact.flag("fees_match_value"):
        return Deal(obligations=tuple(_worth_its_fee(known.promise, fee) for fee in fees))
    first, last = fees[0], next(reversed(fees))
    one = Obligation(
        obligation=known.promise,
        service_from=first.service_from,
        service_to=last.service_to,
        fees=fees,
    )
    return Deal(obligations=(one,))


def _worth_its_fee(promise: str, fee: Fee) -> Obligation:
    return Obligation(
        obligation=f"{promise}-{fee.service_from:%Y}",
        service_from=fee.service_from,
        service_to=fee.service_to,
        fees=(fee,),
    )


def with_free_months(fact: Words, known: Survey) -> Deal:
    """The fee runs from the end of the free months to the end of the term."""
    start, end = served(fact)
    begins = fact.months_after(start, "free_months") if fact.has("free_months") else start
    fee = Fee(
        amount_minor=fact.money("monthly_bill"), service_from=begins, service_to=end, per="month"
    )
    one = Obligation(obligation=known.promise, service_from=start, service_to=end, fees=(fee,))
    return Deal(obligations=(one,))


def monthly(fact: Words, known: Survey) -> Deal:
    """A fee by the month, of each of so many; without a number, of one."""
    start, end = served(fact)
    minor = fact.money("monthly" if fact.has("monthly") else "monthly_fee")
    many = fact.units("quantity") if fact.has("quantity") else Decimal(1)
    fee = Fee(amount_minor=minor, service_from=start, service_to=end, per="month", quantity=many)
    one = Obligation(obligation=known.promise, service_from=start, service_to=end, fees=(fee,))
    return Deal(obligations=(one,))


def several_by_month(fact: Words, known: Survey) -> Deal:
    """A fee by the month for all that is promised: due with the one service that runs on, and
    shared by what each would sell for alone.
    """
    rows = sold_alone(fact, known)
    served = [row for row in rows if row.service_from and row.service_to]
    if len(served) != 1:
        fact.refuse("ssp", "promises of which one has a term, which the fee is paid over")
    (one,) = served
    assert one.service_from is not None, one
    assert one.service_to is not None, one
    fee = Fee(
        amount_minor=fact.money(next(field for field in BY_MONTH if fact.has(field))),
        service_from=one.service_from,
        service_to=one.service_to,
        per="month",
    )
    return Deal(
        obligations=tuple(
            structs.replace(row, fees=(fee,)) if row is one else structs.replace(row, price_minor=0)
            for row in rows
        )
    )


def annual(fact: Words, known: Survey) -> Deal:
    """A series of years at a fee each: one promise."""
    if fact.has("series") and not fact.flag("series"):
        fact.refuse("series", "true: else each year is a promise of its own")
    start, end = served(fact)
    fee = Fee(amount_minor=fact.money("annual_fee"), service_from=start, service_to=end, per="year")
    priced = fact.has("ssp_per_year")
    one = Obligation(
        obligation=known.promise,
        service_from=start,
        service_to=end,
        fees=(fee,),
        unit_ssp=fact.price("ssp_per_year") if priced else None,
        quantity=fact.units("years") if priced else None,
    )
    return Deal(obligations=(one,))


def renewable(fact: Words, known: Survey) -> Deal:
    """A year that so many customers bought, and those they may renew for less than others pay.

    What others pay shows that the right is material; the service looked through is what is stated.
    """
    expected = known.first("estimate_made", "renewal_rate")
    if expected is None:
        raise CaseError("missing field estimate_made.renewal_rate")
    if set(fact.by_name("prices_without_option")) != set(fact.by_name("renewal_prices")):
        fact.refuse("prices_without_option", "the years of renewal_prices")
    years = tuple(_years(fact, expected))
    one = Obligation(
        obligation=known.promise,
        service_from=years[0].service_from,
        service_to=next(reversed(years)).service_to,
        renewals=years,
        portfolio=fact.count("customers"),
    )
    return Deal(obligations=(one,))


def _years(fact: Words, expected: Words) -> Iterator[Renewal]:
    """The year bought, then each renewal with the chance that it is taken up."""
    costs = expected.by_name("expected_costs")
    prices = {FIRST_YEAR: fact.money("year1_price"), **fact.by_name("renewal_prices")}
    start = fact.day("effective")
    for year, price in prices.items():
        if year not in costs:
            expected.refuse("expected_costs", f"the cost of year {year} too")
        end = a_year_after(start)
        bought = year == FIRST_YEAR
        yield Renewal(
            service_from=start,
            service_to=end,
            price_minor=price,
            expected_cost_minor=costs[year],
            probability=Decimal(1) if bought else expected.number("renewal_rate"),
        )
        start = end
