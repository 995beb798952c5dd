"""A charge: one amount to bill and to earn for a service period, with its causes and its steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.calendar import ONE_DAY
from domain.cycle import BillingPeriod
from domain.explain import Step, Told, steps_of
from domain.money import rounded_share
from domain.pricing.parts import Part
from domain.proration import Portion

# What stood at the end of each day on which it moved.
Marks = tuple[tuple[date, int], ...]
Kind = Literal["recurring", "usage", "one-off", "commitment", "discount", "drawdown"]


# The pattern of what buys credits: earned as they are drawn.
PREPAID = "prepaid"


class Charge(Struct, frozen=True, kw_only=True):
    """One amount to charge for [start, end) of a billing period, with its causes and steps.

    `running_minor` is what it would have come to had it run to the end of the period. `quantity` is
    what was sold, or used of the meter it names; `marks` is what usage stood at after each day, and
    `group` the combination of dimension values it is for; `earned` the same by the days of the
    entity, where these are others. `portion` is the part of the whole
    period, where it is one. A discount is negative and names the discount; so is a drawdown, which
    names the prepaid item that it is `drawn_from`. `unserved`: kept of what would have been earned
    over days on which the item is sold no more. `benefits_to`: until when the customer is expected
    to benefit from a fee paid upfront.
    """

    item: str
    price: str
    period: BillingPeriod
    start: date
    end: date
    minor: int
    running_minor: int
    bill_on: date
    causes: tuple[int, ...]
    pattern: str
    kind: Kind = "recurring"
    meter: str = ""
    quantity: Decimal = Decimal(0)
    marks: Marks = ()
    earned: Marks = ()
    group: tuple[tuple[str, str], ...] = ()
    portion: Portion | None = None
    discount: str = ""
    drawn_from: str = ""
    unserved: bool = False
    benefits_to: date | None = None
    told: Told = ()
    made: Callable[[], tuple[Part, ...]] | None = None

    @property
    def usage(self) -> bool:
        return self.kind == "usage"

    @property
    def parts(self) -> tuple[Part, ...]:
        """What usage comes to exactly, part by part, worked out when somebody asks."""
        return self.made() if self.made is not None else ()

    @property
    def steps(self) -> tuple[Step, ...]:
        return steps_of(self.told)


def stood(marks: Marks, day: date) -> int:
    """What stands at the end of a day."""
    place = bisect_right(marks, day, key=lambda mark: mark[0])
    return marks[place - 1][1] if place else 0


def passed(minor: int, running_minor: int, days: tuple[date, date, date], day: date) -> int:
    """What of an amount for days, and how far it might have run, is over at the end of a day.

    Until it ends it is as if it ran on, so when it ends moves nothing before (law 10).
    """
    start, end, running_end = days
    if day < start:
        return 0
    if day >= end - ONE_DAY:
        return minor
    return rounded_share(running_minor, (day - start).days + 1, (running_end - start).days)
