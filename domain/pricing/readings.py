"""Prices of single readings: what their amount is a function of, in the order they were taken.

Most prices ask only how much was used in a billing period. A price of readings (a percentage of
each payment, a matrix by dimension, hourly windows, levels over time, milestones) asks for each
usage row by itself:

    unpriced(model, dimensions)               # why a reading has no price: it is pending, not added
    running = started(model)                  # one for each billing period, item and price
    for reading in readings:                  # what stands, by (at, order of arrival)
        running.add(reading)
    running.amount                            # exact, in major units, of all readings so far
    running.parts()                           # what that is made of; the parts sum to it

`amount` after the last reading of a day is the charge's mark of that day: what it comes to as if
the period ended there (law 10). Ask for it as often as marks are wanted and for `parts` once. Where
time gives readings their weights, weights grow from day to day: each mark is a run of its own.

A row that a correction or retraction took away is left out by whoever hands in the readings: no
price knows of positions. The reasons for having no price are `missing-dimension` and
`no-price-for-dimensions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Protocol

from domain.pricing.parts import Part


class Reading(NamedTuple):
    """One usage row as a price sees it.

    `at` is aware, in the subscription's zone, since windows are cut by its clock. `quantity` is in
    the meter's unit, at a recurring meter the change of its level. `weighted` is for levels over
    time, in tiers or in the cells of a matrix: the change times the share of the billing period
    left after it, as the source states it or as its time comes to; none counts it in full.
    """

    at: datetime
    quantity: Decimal
    dimensions: Mapping[str, str] = {}
    weighted: Fraction | None = None


class Running(Protocol):
    """What the readings of one billing period come to so far."""

    def add(self, reading: Reading) -> None:
        """Take the next reading in order."""

    @property
    def amount(self) -> Fraction:
        """Exact, in major units, of the readings taken so far."""

    def parts(self) -> tuple[Part, ...]:
        """What the amount is made of."""
