"""What a case sells: its price shapes, told apart by their keys, as plans of items.

A plan is the items sold together; what changes a plan changes its items of the same name. A shape
with one price is one plan. An amount the case does not state is one whole unit of money: then only
dates, days or factors can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from domain.meter import Aggregation
from domain.pricing.commitment import Commitment
from domain.pricing.per_unit import PerUnit
from replay.billing_cases.checks import DAY_OF_MONTH_MAX
from replay.billing_cases.fields import fields_of
from replay.billing_cases.models import HOURS, block_list, model_of, per_block, windowed
from replay.billing_cases.phrases import Elections
from replay.billing_cases.sold import (
    COMMITMENT,
    ITEM,
    SUBSCRIPTION,
    USAGE,
    Asked,
    Metered,
    Offer,
    Plan,
    Sale,
    fee_of,
)
from replay.billing_cases.terms import Bill, Said, said, said_only, together
from replay.billing_cases.words import Fields, is_number, number
from replay.case_format import CaseError

AGGREGATIONS: dict[str, Aggregation] = {
    "sum": "sum",
    "count": "count",
    "max": "max",
    "latest": "latest",
    "unique_count": "unique-count",
    "weighted_sum": "time-weighted-sum",
}
# What is counted apart where a price names nothing.
SEAT = "seat"
# Keys any price may have beside those of its shape.
BESIDE = ("billing", "timing", "bill_cycle_day", "billing_period")


def offer(raw: Mapping[str, Any], events: Iterable[Mapping[str, Any]], elected: Elections) -> Offer:
    """The shape is what its keys say; a key no shape knows is refused by name."""
    price = Fields("price", raw)
    terms = together(
        said_only(price.text("billing"), "price.billing"),
        said_only(f"in {price.text('timing')}" if price.has("timing") else "", "price.timing"),
        said_only(price.text("billing_period"), "price.billing_period"),
    )
    day = _day_of_month(price)
    more, granted, asked = Said(), None, None
    plans: dict[str, Plan]
    if "default" in raw:
        plans = {ITEM: (_usage(USAGE, windowed(price, elected)),)}
    elif "model" in raw:
        plans = {ITEM: (_by_model(price, elected),)}
    elif "old_plan" in raw or "new_plan" in raw:
        plans = {name[:3]: _plan_of(Fields(name, price.take(name))) for name in _two(raw)}
        more = _plan_terms(raw)
    elif "matched" in raw:
        plans = _matched(price)
    elif "subscription" in raw or "rate" in raw:
        plans, more = _composed(price)
    elif "old" in raw and "new" in raw:
        plans = {name: _either(price.take(name)) for name in ("old", "new")}
    elif "unit_amount" in raw:
        plans = {ITEM: (Sale(item=ITEM, model=PerUnit(unit_amount=price.number("unit_amount"))),)}
    elif "net" in raw:
        plans = {ITEM: (_taxed(price),)}
    elif "potential_credit" in raw:
        plans = {ITEM: (fee_of(ITEM, price.text("paid")),)}
        asked = Asked(
            amount=price.number("potential_credit"),
            already=price.number("already_credited"),
            paid=price.number("paid"),
        )
    elif "amount" in raw:
        granted = price.maybe("credit")
        text = price.text("amount")
        plans, more = {ITEM: (fee_of(ITEM, text),)}, said(text)
    else:
        plans = _named(price, [*events], elected)
    price.done()
    first = _first(plans, [*events])
    return Offer(
        plans=plans,
        first=first,
        terms=together(terms, more),
        bill_cycle_day=day,
        granted=granted,
        asked=asked,
    )


def _day_of_month(price: Fields) -> int | None:
    day = price.whole("bill_cycle_day") if price.has("bill_cycle_day") else None
    if day is not None and not 1 <= day <= DAY_OF_MONTH_MAX:
        price.refuse("bill_cycle_day", f"1 to {DAY_OF_MONTH_MAX}")
    price.take("bill_cycle_day")
    return day


def _taxed(price: Fields) -> Sale:
    """What one invoice asks for before tax."""
    fee = fee_of(ITEM, price.text("net"))
    return Sale(item=fee.item, model=fee.model, tax_percent=price.maybe("tax_percent"))


def _usage(item: str, model: Any, meter: str | None = None) -> Sale:
    return Sale(item=item, model=model, metered=Metered(meter=meter or item))


def _by_model(price: Fields, elected: Elections) -> Sale:
    prorated, recurring = price.flag("prorated"), price.flag("recurring")
    aggregation = price.text("aggregation", "sum")
    groups = tuple(price.text("group_by").split()) if price.has("group_by") else ()
    sale = Sale(
        item=USAGE,
        model=model_of(price, elected),
        metered=_metered(aggregation, groups, prorated=prorated, recurring=recurring),
        minimum=price.maybe("minimum"),
        maximum=price.maybe("maximum"),
        discount_percent=price.maybe("discount_percent"),
        thresholds=_numbers(price, "thresholds"),
        group_by=groups,
    )
    price.take("group_by")
    return sale


def _metered(
    aggregation: str, groups: tuple[str, ...], *, prorated: bool, recurring: bool
) -> Metered:
    """What is prorated is a level weighted by time; what is gathered in windows is summed there."""
    if prorated:
        return Metered(
            meter=USAGE, aggregation="time-weighted-sum", dimensions=groups, recurring=True
        )
    counted = AGGREGATIONS.get(aggregation)
    if counted is None and " per " in aggregation:
        return Metered(meter=USAGE)
    if counted is None:
        raise CaseError(f"unknown aggregation {aggregation}")
    told_apart = (groups or (SEAT,))[0] if counted == "unique-count" else None
    return Metered(
        meter=USAGE,
        aggregation=counted,
        property=told_apart,
        dimensions=groups or ((told_apart,) if told_apart else ()),
        recurring=recurring,
    )


def _two(raw: Mapping[str, Any]) -> list[str]:
    return [name for name in ("old_plan", "new_plan") if name in raw]


def _plan_of(plan: Fields) -> Plan:
    """A subscription fee and fixed charges."""
    found = []
    if plan.has("subscription"):
        text = plan.text("subscription")
        found.append(_billed(fee_of(SUBSCRIPTION, text), said(text).bill))
    for row in plan.rows("fixed") if plan.has("fixed") else ():
        model = PerUnit(unit_amount=row.number("unit_amount"))
        units = row.number("units")
        found.append(_billed(Sale(item=row.name("id"), model=model, quantity=units), "advance"))
        row.done()
    plan.done()
    return tuple(found)


def _billed(sale: Sale, bill: Bill | None) -> Sale:
    return Sale(**{name: getattr(sale, name) for name in Sale.__struct_fields__} | {"bill": bill})


def _plan_terms(raw: Mapping[str, Any]) -> Said:
    """When the fees of plans are billed, each by itself; how often, all of them."""
    texts = [said(str(raw[name].get("subscription", ""))) for name in _two(raw)]
    every = next((text.every for text in texts if text.every), None)
    return Said(every=every)


def _matched(price: Fields) -> dict[str, Plan]:
    """Items in both plans with their two prices, some that come and some that go: each is one
    amount, or a list of such.
    """
    old: list[Sale] = []
    new: list[Sale] = []
    for item, both in _several(ITEM, _pairs(price)):
        old.append(fee_of(item, both[0]))
        new.append(fee_of(item, both[1]))
    for sales, field in ((old, "removed"), (new, "added")):
        if price.has(field):
            value = price.take(field)
            rows = value if isinstance(value, list) else [value]
            sales += [fee_of(item, one) for item, one in _several(field, rows)]
    return {"old": tuple(old), "new": tuple(new)}


def _pairs(price: Fields) -> list[list[Any]]:
    """Each of two amounts: one item before and after."""
    rows = price.take("matched")
    if isinstance(rows, list) and not any(isinstance(row, list) for row in rows):
        rows = [rows]
    if not isinstance(rows, list) or any(not _is_pair(row) for row in rows):
        price.refuse("matched", "two amounts, or a list of such")
    return rows


def _is_pair(row: object) -> bool:
    return isinstance(row, list) and len(row) == len(("before", "after"))


def _several(name: str, rows: list[Any]) -> Iterator[tuple[str, Any]]:
    """Each by a name of its own."""
    for place, row in enumerate(rows, start=1):
        yield (name if place == 1 else f"{name}-{place}"), row


def _composed(price: Fields) -> tuple[dict[str, Plan], Said]:
    """A fee with a commitment, metered charges, or usage with thresholds."""
    text = price.text("subscription") if price.has("subscription") else price.text("rate")
    terms = said(text)
    found = [fee_of(SUBSCRIPTION, text)]
    if price.has("minimum_commitment"):
        model: Any = Commitment(amount=price.number("minimum_commitment"))
        found.append(Sale(item=COMMITMENT, model=model))
    found += [_charge(str(row)) for row in _list(price, "charges")]
    if price.has("usage"):
        usage = Fields("price.usage", price.take("usage"))
        model = PerUnit(unit_amount=usage.number("unit_amount"))
        found.append(
            Sale(
                item=USAGE,
                model=model,
                metered=Metered(meter=USAGE),
                thresholds=_numbers(price, "thresholds"),
                minimum=usage.maybe("minimum_per_period"),
            )
        )
        usage.done()
    if price.has("usage_unit"):
        text = price.text("usage_unit")
        fee = fee_of(USAGE, text)
        found.append(
            Sale(item=USAGE, model=fee.model, metered=Metered(meter=USAGE), bill=said(text).bill)
        )
    return {ITEM: tuple(found)}, terms


def _charge(text: str) -> Sale:
    """`metered in advance 1.00`: a price for each unit; `recurring` where the level goes on."""
    found = said(text)
    if found.rest not in ("metered", "recurring") or found.amount is None:
        raise CaseError(f"unknown charge {text}")
    name = f"{found.rest}-in-{found.bill}" if found.bill else found.rest
    return Sale(
        item=name,
        model=PerUnit(unit_amount=found.amount),
        metered=Metered(meter=name, recurring=found.rest == "recurring"),
        bill=found.bill,
    )


def _either(value: Any) -> Plan:
    """A plan that is an amount, or an object with its trial and the price of its usage."""
    if not isinstance(value, Mapping):
        return (fee_of(ITEM, value),)
    plan = Fields("price", value)
    fee = fee_of(ITEM, plan.text("amount"))
    days = plan.whole("trial_days") if plan.has("trial_days") else 0
    plan.take("trial_days")
    found = [Sale(item=ITEM, model=fee.model, trial_days=days)]
    if plan.has("usage"):
        model = PerUnit(unit_amount=plan.number("usage"))
        found.append(Sale(item=USAGE, model=model, metered=Metered(meter=USAGE), trial_days=days))
    plan.done()
    return tuple(found)


def _named(price: Fields, events: list[Mapping[str, Any]], elected: Elections) -> dict[str, Plan]:
    """Prices under names of the case's own: plans where events change to them, else items."""
    names = price.left()
    values = {name: price.take(name) for name in names}
    if any(HOURS.fullmatch(name) for name in names):
        raise CaseError("missing field price.default")
    sold = {
        name: value
        for event in events
        for name, value in _sold_in(event)
        if not names or value not in names
    }
    if not names:
        field, value = next(iter(sold.items()), ("", ""))
        return {ITEM: (fee_of(_item(field) if field else ITEM, value),)}
    plans = any(value in names for event in events for _, value in _sold_in(event))
    if plans:
        return {name: (_one(name, value, elected, as_plan=True),) for name, value in values.items()}
    return {ITEM: tuple(_one(name, value, elected) for name, value in values.items())}


def _item(field: str) -> str:
    return ITEM if field in ("plan", "to") else field


def _sold_in(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, kind in fields_of(event).items():
        if kind == "sold" and field in event:
            yield field, str(event[field])


def _one(name: str, value: Any, elected: Elections, *, as_plan: bool = False) -> Sale:
    if isinstance(value, list):
        return _usage(name, block_list(f"price.{name}", value, (elected.takes or ("own",))[0]))
    packages = per_block(str(value))
    if packages is not None:
        return _usage(USAGE if as_plan else name, packages, meter=name)
    if not is_number(value):
        raise CaseError(f"unknown price {name}: {value}")
    return fee_of(ITEM if as_plan else name, value)


def _first(plans: Mapping[str, Plan], events: list[Mapping[str, Any]]) -> str:
    """The plan the first event that names one names, unless that event is a change to it."""
    for event in events:
        for _, value in _sold_in(event):
            if value in plans:
                changes = str(event["type"]).startswith(("plan_change", "upgrade", "changed"))
                return next(iter(plans)) if changes else value
    return next(iter(plans))


def _numbers(price: Fields, field: str) -> tuple[Decimal, ...]:
    return tuple(number(value, field) for value in _list(price, field))


def _list(price: Fields, field: str) -> list[Any]:
    found = price.take(field, [])
    if not isinstance(found, list):
        price.refuse(field, "a list")
    return found
