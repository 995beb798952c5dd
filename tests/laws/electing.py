"""Drawn histories in which every book elects the same, whatever else it elects."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.policy import PolicyAdopted
from domain.price import PriceSet
from domain.rates import Rate, RatesPublished
from tests.laws.memory import Arrival, History


def electing(history: History, **options: Any) -> History:
    """The history with some options of every policy as given."""
    return History(
        history.seed,
        {
            entity: tuple(_electing(one, options) for one in log)
            for entity, log in history.logs.items()
        },
    )


def _electing(one: Arrival, options: dict[str, Any]) -> Arrival:
    if not isinstance(one.event, PolicyAdopted):
        return one
    elected = structs.replace(one.event.options, **options)
    return structs.replace(one, event=structs.replace(one.event, options=elected))


def selling_alone(history: History) -> History:
    """The history with every price of what is sold over time, or at once, saying what one unit
    sells for alone, whatever its currency: another amount in each of its versions.
    """
    return History(
        history.seed,
        {entity: tuple(map(_selling, log)) for entity, log in history.logs.items()},
    )


def _selling(one: Arrival) -> Arrival:
    event = one.event
    if not isinstance(event, PriceSet) or event.meter is not None or event.upfront:
        return one
    pattern = None if event.pattern == "as-invoiced" else event.pattern
    ssp = Decimal(1 + sum(map(ord, one.stream + one.key)) % 97)
    return structs.replace(one, event=structs.replace(event, pattern=pattern, ssp=ssp))


def quoting_across(history: History) -> History:
    """The history with every rate of a pair quoted as two against a third currency that say the
    same together, and books that work it out so.
    """
    crossed = History(
        history.seed,
        {entity: tuple(map(_quoting, log)) for entity, log in history.logs.items()},
    )
    return electing(crossed, cross_rates="common-currency")


def _quoting(one: Arrival) -> Arrival:
    event = one.event
    if not isinstance(event, RatesPublished):
        return one
    rows = tuple(rate for row in event.rates for rate in _across(row, event.when.effective.day))
    return structs.replace(one, event=structs.replace(event, rates=rows))


def _across(row: Rate, day: int) -> tuple[Rate, Rate]:
    """What one of the third currency is worth in either, other on other days."""
    worth = 1 + Decimal(day) / 32
    return (
        Rate(currency="EUR", into=row.currency, rate=worth),
        Rate(currency="EUR", into=row.into, rate=worth * row.rate),
    )
