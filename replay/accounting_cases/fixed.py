"""Contracts with a fixed price: one for everything, by stand-alone prices, by lines, by units."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from msgspec import structs

from domain.calendar import add_months
from domain.contract_facts import Milestone, Obligation, RegularBundle, VariableAmount
from replay.accounting_cases.deals import Deal
from replay.accounting_cases.phrases import UPON_BOOKING, percent_of_sales
from replay.accounting_cases.survey import PRICES, Survey, is_a_right, passing, the_price
from replay.accounting_cases.terms import first_of_month, own_term, promised, term
from replay.accounting_cases.words import Words

# What units are that are sold first, and that a change adds.
ORIGINAL = "original"
CONSIDERATION = "consideration"
ROYALTY = "royalty"
RETROSPECTIVE = "retrospective-price"
UPFRONT_FEE = "upfront-fee"
CUSTOMER_LIFE = "customer_life"
# Estimates of a share of what a promise is stated at.
SHARES_OF_PRICE = ("expected_concession_percent", "expected_return_percent", "expected_returns")
LIVES = (f"{CUSTOMER_LIFE}_months", f"{CUSTOMER_LIFE}_years")
PRESENTED: dict[str, Literal["gross", "net"]] = {
    "net": "net",
    "agent": "net",
    "gross": "gross",
    "principal": "gross",
}


def whole(fact: Words, known: Survey) -> Deal:
    """One price for one promise, kept as what is told of it says."""
    if known.first("estimate_made", "expected_consideration"):
        return at_once(fact, known)
    price = the_price(fact)
    start, end = term(fact)
    if start is None and known.of("units_transferred"):
        return _in_units(fact, known, price)
    measured = known.of("progress_measured")
    one = promised(known.promise, price, start, end)
    if measured:
        one = structs.replace(one, pattern="percent-complete")
    distinct = known.first("contract_modified", "distinct")
    counted = known.first("contract_modified", "quantity_from")
    if distinct is not None:
        one = structs.replace(one, distinct=distinct.flag("distinct"))
    if counted is not None or known.first("contract_modified", "quantity_to"):
        # The price of so many: a change states the price of each.
        quantity = counted.units("quantity_from") if counted else _how_many(fact)
        return Deal(obligations=(structs.replace(one, quantity=quantity, price_minor=price),))
    one = structs.replace(one, quantity=_how_many(fact))
    anew = known.first("contract_modified", "transaction_price") or known.of("contract_corrected")
    if anew or any(one.has(field) for one in known.facts for field in SHARES_OF_PRICE):
        # What is stated anew later, or expected to go back, is of what the promise is stated at.
        return Deal(obligations=(structs.replace(one, price_minor=price),))
    return Deal(obligations=(one,), price_minor=price)


def _in_units(fact: Words, known: Survey, price: int) -> Deal:
    """A price for so many units, earned as they are handed over."""
    one = Obligation(
        obligation=known.promise, pattern="units", quantity=fact.units("units"), price_minor=price
    )
    return Deal(obligations=(one,))


def in_stages(fact: Words, known: Survey) -> Deal:
    """One price, earned stage by stage by the weight of each."""
    stages = fact.numbers("milestones")
    one = Obligation(
        obligation=known.promise,
        pattern="milestones",
        milestones=tuple(Milestone(milestone=name, weight=share) for name, share in stages.items()),
    )
    return Deal(obligations=(one,), price_minor=the_price(fact))


def as_told(_fact: Words, _known: Survey, deal: Deal) -> Deal:
    """What of the price is uncertain is named: what becomes of it is told by later facts."""
    return deal


def with_fee(fact: Words, known: Survey, deal: Deal) -> Deal:
    """A fee up front is no promise: its price is one with that of the service (rule 36). One that
    gives a right to renew without it is earned as long as customers are expected to stay.
    """
    del known
    fee, rows = fact.money("upfront_fee"), deal.obligations
    if any(fact.has(field) for field in LIVES):
        start, end = own_term(fact, CUSTOMER_LIFE)
        stays = Obligation(
            obligation=UPFRONT_FEE, price_minor=fee, service_from=start, service_to=end
        )
        return structs.replace(deal, obligations=(*rows, stays))
    if deal.price_minor and len(rows) == 1:
        rows = (structs.replace(rows[0], price_minor=deal.price_minor),)
    elif deal.price_minor:
        fact.refuse("upfront_fee", "nothing beside a price that several promises share")
    return structs.replace(deal, obligations=rows, price_minor=fee)


def presented(fact: Words, known: Survey, deal: Deal) -> Deal:
    """Sold for others: their share is no revenue."""
    del known
    share = fact.money("others_share") if fact.has("others_share") else 0
    rows = tuple(
        structs.replace(
            one,
            presented=_presented(fact) if fact.has("presentation") else one.presented,
            others_share_minor=share,
        )
        for one in deal.obligations
    )
    return structs.replace(deal, obligations=rows)


def _presented(fact: Words) -> Literal["gross", "net"]:
    said = fact.text("presentation")
    if said not in PRESENTED:
        fact.refuse("presentation", " or ".join(PRESENTED))
    return PRESENTED[said]


def available(fact: Words, known: Survey, deal: Deal) -> Deal:
    """The customer can use it only from a day on (rule 32)."""
    del known
    day = fact.day("available_from")
    rows = tuple(structs.replace(one, available_from=day) for one in deal.obligations)
    return structs.replace(deal, obligations=rows)


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
    return Deal(
        obligations=sold_alone(fact, known),
        price_minor=the_price(fact),
        bundles=tuple(_bundles(fact)),
    )


def sold_alone(fact: Words, known: Survey) -> tuple[Obligation, ...]:
    """Promises by what each would sell for alone."""
    rows = fact.raw["ssp"]
    if not isinstance(rows, dict) or not rows:
        fact.refuse("ssp", "amounts by name")
    return tuple(_alone(fact, known, promise, value) for promise, value in rows.items())


def _alone(fact: Words, known: Survey, promise: str, value: Any) -> Obligation:
    """With the term that its own name has, or all have unless it passes at once; one that is used
    or lost is a right. A range is no price.
    """
    low_high = fact.ranged("ssp", value)
    ssp = 0 if low_high else fact.minor("ssp", value)
    if is_a_right(promise, known):
        return Obligation(
            obligation=promise, ssp_minor=ssp, pattern="as-exercised", quantity=Decimal(1)
        )
    start, end = own_term(fact, promise, passes=promise in passing(known))
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
    """Promises with their own prices, or sharing one; one whose price is a share of sales is
    measured by these.
    """
    rows = [(name, row) for name, row in fact.parts("obligations").items()]
    shares = any(fact.has(field) for field in PRICES)
    if known.elected.royalty_shared:
        promises = (promise_of(fact, name, row) for name, row in rows)
        # What it comes to is told as it is earned, and shared as the fixed price is (15.84, 32-39).
        return Deal(
            obligations=tuple(_without_a_base(one) for one in promises),
            price_minor=the_price(fact) if shares else 0,
        )
    return Deal(
        obligations=tuple(promise_of(fact, name, row) for name, row in rows),
        price_minor=the_price(fact) if shares else 0,
        bundles=tuple(_bundles(fact)),
        variable=tuple(
            VariableAmount(
                name=f"{ROYALTY}-{name}",
                estimate_minor=row.money("estimate"),
                included_minor=0 if known.elected.royalty_as_it_occurs else None,
                obligations=(name,),
            )
            for name, row in rows
            if row.has("estimate")
        ),
    )


def _without_a_base(promise: Obligation) -> Obligation:
    """Of sales nothing is wholly its own."""
    if promise.pattern != "percent-of-base":
        return promise
    return structs.replace(promise, pattern="point-in-time", percent_of_base=None, price_minor=0)


def promise_of(fact: Words, name: str, row: Words) -> Obligation:
    """A promise by its own fields: what it is stated at, what it sells for, how long it runs."""
    start, end = term(row.within(fact)) if _has_term(row) else own_term(fact, name)
    one = structs.replace(
        promised(name, 0, start if end else None, end),
        ssp_minor=row.money("ssp") if row.has("ssp") else 0,
    )
    if row.has("presentation"):
        one = structs.replace(one, presented=_presented(row))
    if row.has("others_share"):
        one = structs.replace(one, others_share_minor=row.money("others_share"))
    if row.has("expected_costs"):
        one = structs.replace(
            one,
            pattern="percent-complete",
            expected_cost_minor=row.money("expected_costs"),
            materials_minor=row.money("expected_materials") if row.has("expected_materials") else 0,
        )
    if row.has("unit_price"):
        return structs.replace(
            one,
            pattern=one.pattern if end else "units",
            quantity=row.units("units") if row.has("units") else None,
            unit_price=row.price("unit_price"),
        )
    if not row.has("price"):
        return one
    percent = percent_of_sales(row.text("price"))
    if percent is None:
        return structs.replace(one, price_minor=row.money("price"))
    return structs.replace(one, pattern="percent-of-base", percent_of_base=percent)


def _has_term(row: Words) -> bool:
    return any(row.has(field) for field in ("months", "years", "service_from", "service_to"))


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
        quantity=_how_many(fact),
        unit_price=fact.price("unit_price"),
        service_from=start,
        service_to=end,
    )
    return Deal(obligations=(one,))


def _how_many(fact: Words) -> Decimal | None:
    """So many are promised, or as many as there will be."""
    field = next((one for one in ("units", "quantity") if fact.has(one)), None)
    return fact.units(field) if field else None


def rebated(fact: Words, known: Survey) -> Deal:
    """As many units as the price falls at, for all of them: so many are expected."""
    del known
    variable: tuple[VariableAmount, ...] = ()
    if fact.has("expected_to_exceed") and fact.flag("expected_to_exceed"):
        variable = (at_the_lower_price(fact),)
    one = Obligation(
        obligation=ORIGINAL,
        pattern="units",
        quantity=fact.units("threshold_units"),
        unit_price=fact.price("unit_price"),
    )
    return Deal(obligations=(one,), variable=variable)


def at_the_lower_price(fact: Words) -> VariableAmount:
    """All units at the price that more of them would have."""
    price = fact.price("retro_unit_price")
    return VariableAmount(name=RETROSPECTIVE, unit_price=price, obligations=(ORIGINAL,))


def at_once(fact: Words, known: Survey) -> Deal:
    """One promise that is kept at a point in time; a price that is estimated is all uncertain."""
    price = the_price(fact)
    one = Obligation(
        obligation=known.promise,
        pattern="point-in-time",
        quantity=fact.units("units") if fact.has("units") else None,
    )
    if known.first("estimate_made", "expected_consideration"):
        uncertain = VariableAmount(name=CONSIDERATION, stated_minor=price)
        return Deal(obligations=(one,), variable=(uncertain,))
    return Deal(obligations=(one,), price_minor=price)
