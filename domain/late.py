"""Usage that came after its bill: whether a price still takes it.

What is late follows from the facts: a row is late if its batch came after a bill of its item whose
billing period is its own or a later one. Most prices take usage of any age; one that holds it says
how many billing periods back from the last one billed still count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from domain.billing_options import BillingOptions
from domain.calendar import ONE_DAY


class Bill(Struct, frozen=True):
    """A line that bills an item from a day on, known from a position on."""

    item: str
    service_from: date
    position: int


class Bills(Struct, frozen=True):
    """What was billed of a subscription, in order of positions."""

    lines: tuple[Bill, ...] = ()

    def last_before(self, item: str, position: int) -> Bill | None:
        """Of an item the line of the latest service that was billed when a batch came."""
        known = [one for one in self.lines if one.item == item and one.position < position]
        return max(known, key=lambda one: (one.service_from, -one.position), default=None)


def holds(options: BillingOptions) -> bool:
    """Whether a price holds any late usage at all."""
    return options.late_usage == "hold" or options.late_periods is not None


def held_by(
    bills: Bills,
    item: str,
    starts: Sequence[date],
    options: BillingOptions,
    *,
    day: date,
    position: int,
) -> Bill | None:
    """The bill after which usage of a day, known from a position on, no longer counts, if any.

    `starts` are the first days of the billing periods, in order.
    """
    last = bills.last_before(item, position)
    if last is None:
        return None
    back = _place(starts, last.service_from) - _place(starts, day)
    return last if back >= (options.late_periods or 0) else None


def _place(starts: Sequence[date], day: date) -> int:
    return bisect_left(starts, day + ONE_DAY) - 1
