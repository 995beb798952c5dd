"""Percentage: a share of each event's money, with a fee, an allowance and limits for each event."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import EXACT, plain, require_price
from domain.pricing.checks import require_allowance, require_limits
from domain.pricing.parts import Part, total
from domain.pricing.readings import Reading

_ZERO = Decimal(0)


class Percentage(
    Struct,
    frozen=True,
    kw_only=True,
    tag="percentage",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """`percent` of each reading's quantity, which is money, and `fixed_per_event` on top.

    The first `free_events` are free, and so is money up to `free_amount` (0: not given); with both
    an event is free within both only. An event that is free whole costs nothing, one that is free
    in part has its fee. `min_per_event` and `max_per_event` hold after that.
    """

    percent: Decimal
    fixed_per_event: Decimal = _ZERO
    free_events: int = 0
    free_amount: Decimal = _ZERO
    min_per_event: Decimal | None = None
    max_per_event: Decimal | None = None


class PercentageRunning(Struct):
    """What the events so far come to: their money free and charged, their fees and the limits."""

    model: Percentage
    rate: Decimal
    events: int = 0
    free: Decimal = _ZERO
    charged: Decimal = _ZERO
    fees: int = 0
    raised: Decimal = _ZERO
    cut: Decimal = _ZERO

    def add(self, reading: Reading) -> None:
        if reading.quantity < 0:
            self._give_back(reading.quantity)
            return
        self.events += 1
        free = self._free(reading.quantity)
        self.free = EXACT.add(self.free, free or _ZERO)
        if free is None or free < reading.quantity:
            self._charge(EXACT.subtract(reading.quantity, free or _ZERO))

    def _free(self, quantity: Decimal) -> Decimal | None:
        """How much of an event is free; none where no allowance is left for it."""
        model = self.model
        if model.free_events and self.events > model.free_events:
            return None
        if not model.free_amount:
            return quantity if model.free_events else None
        room = EXACT.subtract(model.free_amount, self.free)
        return min(quantity, room) if room > 0 else None

    def _charge(self, money: Decimal) -> None:
        model = self.model
        cost = EXACT.fma(money, self.rate, model.fixed_per_event)
        self.charged = EXACT.add(self.charged, money)
        self.fees += 1
        if model.min_per_event is not None and cost < model.min_per_event:
            self.raised = EXACT.add(self.raised, EXACT.subtract(model.min_per_event, cost))
        if model.max_per_event is not None and cost > model.max_per_event:
            self.cut = EXACT.add(self.cut, EXACT.subtract(cost, model.max_per_event))

    def _give_back(self, quantity: Decimal) -> None:
        """Money returned gives its share back, at most the maximum and what is left of all shares.

        Fees and what a minimum raised are for handling the event, and stay.
        """
        left = EXACT.subtract(EXACT.multiply(self.charged, self.rate), self.cut)
        charged = max(quantity, EXACT.minus(self.charged))
        self.charged = EXACT.add(self.charged, charged)
        self.free = EXACT.add(self.free, EXACT.subtract(quantity, charged))
        given, limit = EXACT.multiply(EXACT.minus(charged), self.rate), max(left, _ZERO)
        if self.model.max_per_event is not None:
            limit = min(limit, self.model.max_per_event)
        if given > limit:
            self.cut = EXACT.subtract(self.cut, EXACT.subtract(given, limit))

    @property
    def amount(self) -> Fraction:
        return total(self.parts())

    def parts(self) -> tuple[Part, ...]:
        """The free money, the share, the fees, what the limits changed; none that is 0."""
        model = self.model
        free = Part(what="free", units=Fraction(self.free))
        charged = (
            Part(
                what=f"{plain(model.percent)}%",
                units=Fraction(self.charged),
                unit_amount=Fraction(self.rate),
            ),
            Part(
                what="fee for each event",
                units=Fraction(self.fees),
                unit_amount=Fraction(model.fixed_per_event),
            ),
            Part(what="raised to the minimum for each event", flat=Fraction(self.raised)),
            Part(what="cut to the maximum for each event", flat=-Fraction(self.cut)),
        )
        return (*((free,) if self.free else ()), *(part for part in charged if part.amount))


def started(model: Percentage) -> PercentageRunning:
    return PercentageRunning(model, EXACT.scaleb(model.percent, -2))


def require_valid(model: Percentage) -> None:
    require_price(model.percent, "model.percent")
    require_price(model.fixed_per_event, "model.fixed_per_event")
    require_allowance(Decimal(model.free_events), "model.free_events")
    require_allowance(model.free_amount, "model.free_amount")
    for limit, field in (
        (model.min_per_event, "model.min_per_event"),
        (model.max_per_event, "model.max_per_event"),
    ):
        if limit is not None:
            require_price(limit, field)
    require_limits(model.min_per_event, model.max_per_event, "model.min_per_event")
