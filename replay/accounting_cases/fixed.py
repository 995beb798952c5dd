"""Contracts with a fixed price: one for everything, by stand-alone prices, by lines, by units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from domain.calendar import add_months
from domain.contract_facts import Obligation, RegularBundle, VariableAmount
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.phrases import UPON_BOOKING, percent_of_sales
from replay.accounting_cases.survey import Survey
from replay.accounting_cases.terms import first_of_month, promised, term
from replay.accounting_cases.words import Words

# What units are that are sold first, and that a change adds.
ORIGINAL = "original"
CONSIDERATION = "consideration"
ROYALTY = "royalty"
RETROSPECTIVE = "retrospective-price"
# `saas_months` is the term of the promise `saas` alone.
OWN_TERM = "_months"


def whole(fact: Words, known: Survey) -> Deal:
    """One price for one promise."""
    price = fact.money("transaction_price" if fact.has("transaction_price") else "amount")
    one = promised(known.promise, price, *term(fact))
    distinct = known.first("contract_modified", "distinct")
    counted = known.first("contract_modified", "quantity_from")
    if distinct is not None:
        one = structs.replace(one, distinct=distinct.flag("distinct"))
    if counted is not None:
        # The price of so many: a change states the price of each.
        quantity = counted.units("quantity_from")
        return Deal(obligations=(structs.replace(one, quantity=quantity, price_minor=price),))
    return Deal(obligations=(one,), price_minor=price)


def released(fact: Words, known: Survey) -> Deal:
    """Delivered when it is booked; its price is that of the promise."""
    if fact.text("release") != UPON_BOOKING:
        fact.refuse("release", f"{UPON_BOOKING!r}")
    price = fact.money("amount")
    one = Obligation(
        obligation=known.promise, ssp_minor=price, price_minor=price, pattern="point-in-time"
    )
    return Deal(obligations=(one,), at_once=(one.obligation,))


def shared(fact: Words, known: Survey) -> Deal:
    """A price shared among promises by what each would sell for alone."""
    del known
    price = fact.money("transaction_price" if fact.has("transaction_price") else "amount")
    rows = fact.raw["ssp"]
    if not isinstance(rows, dict) or not rows:
        fact.refuse("ssp", "amounts by name")
    return Deal(
        obligations=tuple(_alone(fact, promise, value) for promise, value in rows.items()),
        price_minor=price,
        bundles=tuple(_bundles(fact)),
    )


def _alone(fact: Words, promise: str, value: Any) -> Obligation:
    """With the term that all have or that its own name has; a range is no price."""
    low_high = fact.ranged("ssp", value)
    ssp = 0 if low_high else fact.minor("ssp", value)
    start, end = term(fact)
    if fact.has(f"{promise}{OWN_TERM}"):
        start = fact.day("effective")
        end = fact.months_after(start, f"{promise}{OWN_TERM}")
    return structs.replace(
        promised(promise, ssp, start if end else None, end), ssp_range_minor=low_high
    )


def _bundles(fact: Words) -> Iterator[RegularBundle]:
    if fact.has("regular_bundle"):
        bundle = fact.part("regular_bundle")
        yield RegularBundle(obligations=bundle.names("members"), price_minor=bundle.money("price"))


def conditional(fact: Words, known: Survey) -> Deal:
    """Nothing is due for any promise before a certain one is kept."""
    del known
    alone = fact.by_name("ssp_allocation")
    return Deal(
        obligations=tuple(promised(name, ssp, None, None) for name, ssp in alone.items()),
        price_minor=fact.money("transaction_price"),
        right_after=fact.text("payment_conditional_on"),
    )


def named(fact: Words, known: Survey) -> Deal:
    """Promises with their own prices; one whose price is a share of sales is measured by these."""
    rows = [(name, row) for name, row in fact.parts("obligations").items()]
    return Deal(
        obligations=tuple(_named(name, row) for name, row in rows),
        variable=tuple(
            VariableAmount(
                name=ROYALTY,
                estimate_minor=row.money("estimate"),
                included_minor=0 if known.elected.royalty_as_it_occurs else None,
                obligations=(name,),
            )
            for name, row in rows
            if row.has("estimate")
        ),
    )


def _named(name: str, row: Words) -> Obligation:
    percent = percent_of_sales(row.text("price"))
    if percent is None:
        return Obligation(
            obligation=name,
            ssp_minor=row.money("ssp"),
            price_minor=row.money("price"),
            pattern="point-in-time",
        )
    return Obligation(
        obligation=name,
        ssp_minor=row.money("ssp"),
        pattern="percent-of-base",
        percent_of_base=percent,
    )


def by_lines(fact: Words, known: Survey) -> Deal:
    """Each line a promise kept in its month, at its own price; alone it sells at a list price."""
    del known
    return Deal(obligations=tuple(_line(row) for row in fact.lines()))


def _line(row: Words) -> Obligation:
    start = first_of_month(row, "month")
    return Obligation(
        obligation=row.text("id"),
        price_minor=row.money("sell"),
        list_minor=row.money("list"),
        ssp_percent=row.number("ssp_percent"),
        service_from=start,
        service_to=add_months(start, 1),
    )


def counted(fact: Words, known: Survey) -> Deal:
    """Units at a price each: earned as they are handed over, or evenly where the policy says so."""
    start, end = term(fact)
    one = Obligation(
        obligation=ORIGINAL,
        pattern="ratable" if known.elected.delivered_evenly else "units",
        quantity=fact.units("units"),
        unit_price=fact.price("unit_price"),
        service_from=start,
        service_to=end,
    )
    return Deal(obligations=(one,))


def rebated(fact: Words, known: Survey) -> Deal:
    """As many units as the price falls at, for all of them: so many are expected."""
    del known
    variable: tuple[VariableAmount, ...] = ()
    if fact.flag("expected_to_exceed"):
        price = fact.price("retro_unit_price")
        variable = (VariableAmount(name=RETROSPECTIVE, unit_price=price, obligations=(ORIGINAL,)),)
    one = Obligation(
        obligation=ORIGINAL,
        pattern="units",
        quantity=fact.units("threshold_units"),
        unit_price=fact.price("unit_price"),
    )
    return Deal(obligations=(one,), variable=variable)


def at_once(fact: Words, known: Survey) -> Deal:
    """One promise that is kept at a point in time; a price that is estimated is all uncertain."""
    price = fact.money("price" if fact.has("price") else "stated_price")
    one = Obligation(
        obligation=known.promise,
        pattern="point-in-time",
        quantity=fact.units("units") if fact.has("units") else None,
    )
    if known.first("estimate_made", "expected_consideration"):
        uncertain = VariableAmount(name=CONSIDERATION, stated_minor=price)
        return Deal(obligations=(one,), variable=(uncertain,))
    return Deal(obligations=(one,), price_minor=price)
