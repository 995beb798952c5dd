"""A level of spend that a subscription's usage reached while its billing period still ran.

Streams are `threshold:SUBSCRIPTION`. The billing run that bills for it states it, once for each
level and period. It moves no amount: the invoice does.
"""

from __future__ import annotations

from datetime import date
from typing import assert_never

from msgspec import Struct, structs

from domain.facts import Context, Decider, Event, Fact, Retracted, When


class ThresholdReached(Event, frozen=True, kw_only=True, tag="threshold-reached"):
    """By the end of `effective` the period's usage of an item came to `amount_minor`."""

    item: str
    price: str
    level_minor: int
    amount_minor: int
    currency: str
    period_from: date
    period_to: date


class ReachThreshold(
    Struct, frozen=True, kw_only=True, tag="reach-threshold", forbid_unknown_fields=True
):
    """State that a level is reached; the billing run does."""

    when: When
    item: str
    price: str
    level_minor: int
    amount_minor: int
    currency: str
    period_from: date
    period_to: date


def evolve(state: None, fact: Fact) -> None:
    """What a period was billed is on its invoices: nothing is folded from here."""
    del state
    assert isinstance(fact.event, ThresholdReached), fact


def decide(command: ReachThreshold, state: None, context: Context) -> tuple[Event, ...]:
    """Never refused: it says what a run found. Its key is used once for a level and a period."""
    del state, context
    match command:
        case ReachThreshold():
            return (ThresholdReached(**structs.asdict(command)),)
        case _:
            assert_never(command)


DECIDER: Decider[None, ReachThreshold] = Decider(
    category="threshold",
    initial=None,
    evolve=evolve,
    decide=decide,
    commands=(ReachThreshold,),
    events=(ThresholdReached, Retracted),
)
