"""Charges of one subscription in tests: prices by name, facts in order, what comes of them."""

from datetime import date
from decimal import Decimal

from domain.billing import ALWAYS
from domain.charge import Charge
from domain.charges import all_charges
from domain.cycle import Span
from domain.facts import Event, timeline
from domain.price import Prices, PriceSet, PriceVersion
from domain.pricing import Flat, Model
from domain.subscription import Item, SubscriptionStarted
from domain.terms import horizon, terms
from tests.domain.given import facts, on

LONG_AGO = date(2000, 1, 1)


def price(amount: str | Model = "1", **more: object) -> PriceSet:
    model = Flat(amount=Decimal(amount)) if isinstance(amount, str) else amount
    return PriceSet(when=on(1, 1, year=2000), currency="USD", model=model, **more)  # type: ignore[arg-type]


def prices(**by_name: PriceSet) -> Prices:
    return {
        name: (PriceVersion(f"{name}@2000-01-01", LONG_AGO, one),) for name, one in by_name.items()
    }


def started(day: date, to: date | None, *items: str, **more: object) -> SubscriptionStarted:
    sold = tuple(Item(item=item, price=item) for item in items)
    fields = {"when": on(day.month, day.day, year=day.year), "term_from": day, "term_to": to}
    return SubscriptionStarted(
        **fields | {"customer": "c", "currency": "USD", "items": sold} | more  # type: ignore[arg-type]
    )


def charged(
    by_name: Prices,
    *events: Event,
    through: date = date(2024, 12, 31),
    used: tuple[Charge, ...] = (),
    within: Span = ALWAYS,
) -> tuple[Charge, ...]:
    known = timeline(facts("subscription:s1", events))
    folded = terms(known, by_name, horizon(through))
    assert folded is not None
    return all_charges(folded, by_name, used, within)


def lines(*charges: Charge) -> list[tuple[str, str, int]]:
    return [(str(one.start), str(one.end), one.minor) for one in charges]
