"""Bucketed: usage is gathered in windows of time, and each window is priced by itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal, assert_never

from msgspec import Struct, field

from domain.decimals import EXACT
from domain.errors import Malformed, Rejected
from domain.pricing import by_quantity
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.parts import Part
from domain.pricing.readings import Reading
from domain.pricing.scale import Pricer

Window = Literal["hour", "day", "week", "month"]
_ZERO = Decimal(0)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00").fullmatch


class ClockRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Windows that begin from `start` to before `end` by the clock (`09:00`, `24:00`)."""

    start: str
    end: str
    price: QuantityModel


class Bucketed(
    Struct, frozen=True, kw_only=True, tag="bucketed", tag_field="type", forbid_unknown_fields=True
):
    """`takes` of each `window` is priced by itself and the amounts are added.

    Windows follow the clock of the subscription's zone; one without usage costs nothing. A rule
    gives hours that begin within it a price of their own.
    """

    window: Window
    takes: Literal["max", "sum"]
    price: QuantityModel
    rules: tuple[ClockRule, ...] = ()


class Bucket(Struct):
    """One window's quantity so far, by its first reading, and what it costs."""

    since: datetime
    price: QuantityModel
    pricer: Pricer
    quantity: Decimal
    cost: Decimal = _ZERO


class BucketedRunning(Struct):
    """The windows with usage so far, and what all of them come to."""

    model: Bucketed
    rules: list[tuple[str, str, QuantityModel, Pricer]]
    buckets: dict[tuple[int, ...], Bucket] = field(default_factory=dict)
    sum: Decimal = _ZERO

    def add(self, reading: Reading) -> None:
        key = _window(self.model.window, reading.at)
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = self._opened(reading)
        elif self.model.takes == "sum":
            bucket.quantity = EXACT.add(bucket.quantity, reading.quantity)
        else:
            bucket.quantity = max(bucket.quantity, reading.quantity)
        cost = bucket.pricer(bucket.quantity)
        self.sum = EXACT.add(self.sum, EXACT.subtract(cost, bucket.cost))
        bucket.cost = cost

    def _opened(self, reading: Reading) -> Bucket:
        begins = f"{reading.at:%H}:00"
        for start, end, price, pricer in self.rules:
            if start <= begins < end:
                return Bucket(reading.at, price, pricer, reading.quantity)
        raise AssertionError(begins)

    @property
    def amount(self) -> Fraction:
        return Fraction(self.sum)

    def parts(self) -> tuple[Part, ...]:
        """Those of each window with usage, in the order of time."""
        return tuple(
            part.under(_name(self.model.window, bucket.since))
            for _, bucket in sorted(self.buckets.items())
            for part in by_quantity.parts(bucket.price, Fraction(bucket.quantity))
        )


def _window(window: Window, at: datetime) -> tuple[int, ...]:
    """The window an instant falls in; an hour that the clock shows twice is two (`fold`)."""
    match window:
        case "hour":
            return at.toordinal(), at.hour, at.fold
        case "day":
            return (at.toordinal(),)
        case "week":
            return (at.toordinal() - at.weekday(),)
        case "month":
            return at.year, at.month
        case _:
            assert_never(window)


def _name(window: Window, at: datetime) -> str:
    """The first moment of an instant's window; an hour with its offset from UTC."""
    match window:
        case "hour":
            return at.replace(minute=0, second=0, microsecond=0).isoformat(timespec="minutes")
        case "day":
            return str(at.date())
        case "week":
            return str(at.date() - timedelta(days=at.weekday()))
        case "month":
            return str(at.date().replace(day=1))
        case _:
            assert_never(window)


def started(model: Bucketed) -> BucketedRunning:
    """The first rule that holds a window prices it, the price of its own the rest."""
    rules = [(rule.start, rule.end, rule.price) for rule in model.rules]
    rules.append(("00:00", "24:00", model.price))
    return BucketedRunning(model, [(*rule, by_quantity.pricer(rule[2])) for rule in rules])


def require_valid(model: Bucketed) -> None:
    """Rules are for hours, and no hour is under two of them."""
    by_quantity.require_valid(model.price)
    if model.rules and model.window != "hour":
        raise Rejected("rules-need-hours", field="model.rules", window=model.window)
    for rule in model.rules:
        for name, clock in (("start", rule.start), ("end", rule.end)):
            if not _CLOCK(clock):
                raise Malformed("bad-time", field=f"model.rules.{name}", value=clock)
        if rule.end <= rule.start:
            raise Rejected("window-ends-before-it-begins", field="model.rules.end")
        by_quantity.require_valid(rule.price)
    spans = sorted((rule.start, rule.end) for rule in model.rules)
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise Rejected("rules-overlap", field="model.rules", start=start, end=end)
