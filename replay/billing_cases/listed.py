"""A price that is a list: plans that events change between, usage by name, or items sold together.

What each row is follows from how the events name it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from domain.pricing.per_unit import PerUnit
from replay.billing_cases.fields import fields_of
from replay.billing_cases.sold import ITEM, Metered, Offer, Plan, Sale
from replay.billing_cases.terms import Said
from replay.billing_cases.words import Fields
from replay.case_format import CaseError

Event = Mapping[str, Any]


def listed(raw: list[Any], events: Sequence[Event]) -> Offer:
    """Each row one thing that is sold."""
    rows = [_row(Fields("price", row)) for row in raw]
    if not rows:
        raise CaseError("price must not be empty")
    names = {sale.item for sale in rows}
    plans: dict[str, Plan] = {ITEM: tuple(rows)}
    if names & _plans(events):
        plans = {sale.item: (structs.replace(sale, item=ITEM),) for sale in rows}
    elif names & {str(event["price"]) for event in events if "price" in event}:
        used = (structs.replace(sale, metered=Metered(meter=sale.item)) for sale in rows)
        plans = {ITEM: tuple(used)}
    return Offer(plans=plans, first=next(iter(plans)), terms=Said())


def item_name(written: str) -> str:
    """The name of an item, as a case writes it."""
    return written.replace(" ", "-")


def _row(row: Fields) -> Sale:
    name = row.name("fee" if row.has("fee") else "id")
    sale = Sale(
        item=item_name(name),
        model=PerUnit(unit_amount=row.number("amount")),
        tax_percent=row.maybe("tax_percent"),
        coupon=row.maybe("coupon"),
    )
    row.done()
    return sale


def _plans(events: Sequence[Event]) -> set[str]:
    return {
        str(event[field])
        for event in events
        for field, kind in fields_of(event).items()
        if kind == "sold" and field in event
    }
