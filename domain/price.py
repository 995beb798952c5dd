"""A price: its model, its billing period, what part of a period costs what, and its elections.

A price stream holds versions. Changing any of this is another version, in force from its day on.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter
from typing import Literal

from msgspec import Struct, field

from domain.billing_options import MEASURED_EXACTLY, BillingOptions, require_options
from domain.currency import exponent
from domain.cycle import DayCount, Every
from domain.decimals import require_price
from domain.errors import Rejected, require_name
from domain.facts import Event, When
from domain.meter import MeterDefined
from domain.pricing import Commitment, Model, Prepaid, ReadingModel, require_valid, weighs

# Models of what is worked out from other charges.
_ADJUSTING = (Commitment, Prepaid)
_since = attrgetter("since")
Pattern = Literal["ratable", "point-in-time", "as-invoiced"]

# A billing period longer than a century would reach beyond the dates there are.
INTERVAL_MONTHS_MAX = 1200
INTERVAL_DAYS_MAX = 36_525


class PriceSet(Event, frozen=True, kw_only=True, tag="price-set"):
    """A price version. With a meter it prices usage, without one a recurring quantity.

    The billing period is `interval_months`, or `interval_days` where said, or the whole term
    (`once`). `bill` says whether it is charged at its start or its end; `pattern` how it is earned
    (none: usage as it occurs, recurring as the policy says). `where` takes only usage with one of
    these values, `group_by` charges each combination of values by itself. `minimum` and `maximum`
    are per billing period. `profile` is where `options` came from; the options are what counts.
    `tax_code` is what tax tables call it, where that is not what they call its product. A price
    that `includes_tax` is what the customer pays. A fee paid `upfront` transfers nothing by itself
    and is not given back: it is an advance for what is sold beside it, earned over the term, or
    over `benefits_months` where who renews without paying it again has a material right. `ssp` is
    what one unit sells for alone in a billing period: by it items share a subscription's price.
    """

    currency: str
    model: Model
    product: str | None = None
    meter: str | None = None
    unit: str | None = None
    interval_months: int = 1
    bill: Literal["advance", "arrears"] = "advance"
    proration: DayCount = "day"
    pattern: Pattern | None = None
    interval_days: int | None = None
    once: bool = False
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    trial_days: int = 0
    thresholds: tuple[Decimal, ...] = ()
    options: BillingOptions = MEASURED_EXACTLY
    profile: str | None = None
    tax_code: str | None = None
    includes_tax: bool = False
    upfront: bool = False
    benefits_months: int | None = None
    ssp: Decimal | None = None

    @property
    def is_commitment(self) -> bool:
        return isinstance(self.model, Commitment)

    @property
    def is_prepaid(self) -> bool:
        return isinstance(self.model, Prepaid)

    @property
    def is_earned_evenly(self) -> bool:
        """Over the days of what is charged: neither at once, as used, as invoiced, nor as drawn."""
        by_itself = self.meter is None and not isinstance(self.model, _ADJUSTING)
        return by_itself and self.pattern in (None, "ratable")

    @property
    def adjusts_charges(self) -> bool:
        """Whether charges may be too high for it, or too low, or drawn from what it buys."""
        bounds = self.minimum is not None or self.maximum is not None
        return bounds or isinstance(self.model, _ADJUSTING)

    @property
    def every(self) -> Every:
        """The length of a billing period."""
        if self.once:
            return Every()
        return Every(days=self.interval_days) if self.interval_days else Every(self.interval_months)


class PriceVersion(Struct, frozen=True):
    """A price as it stands from a day on; `name` is `ID@day`, what a line cites."""

    name: str
    since: date
    price: PriceSet


# The versions of each price, in order of their days.
Prices = dict[str, tuple[PriceVersion, ...]]


def version_of(price: str, day: date, prices: Prices) -> PriceVersion | None:
    """The version in force on a day; none if nobody ever set the price.

    A price set later than it is sold counts from the start: agreed, if not yet keyed.
    """
    versions = prices.get(price, ())
    if len(versions) > 1:
        return versions[max(bisect_right(versions, day, key=_since) - 1, 0)]
    return versions[0] if versions else None


def version_named(name: str, prices: Prices) -> PriceVersion | None:
    """The version of a price that a line or a charge cites."""
    versions = prices.get(name.rpartition("@")[0], ())
    return next((one for one in versions if one.name == name), None)


class SetPrice(Struct, frozen=True, kw_only=True, tag="set-price", forbid_unknown_fields=True):
    """Set a price version, in force from `effective` until the next."""

    when: When
    currency: str
    model: Model
    product: str | None = None
    meter: str | None = None
    unit: str | None = None
    interval_months: int = 1
    bill: Literal["advance", "arrears"] = "advance"
    proration: DayCount = "day"
    pattern: Pattern | None = None
    interval_days: int | None = None
    once: bool = False
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    trial_days: int = 0
    thresholds: tuple[Decimal, ...] = ()
    options: BillingOptions = MEASURED_EXACTLY
    profile: str | None = None
    tax_code: str | None = None
    includes_tax: bool = False
    upfront: bool = False
    benefits_months: int | None = None
    ssp: Decimal | None = None


def require_priced(price: PriceSet, currency: str | None) -> None:
    """Refuse a price nobody could charge; `currency` is that of the price's other versions."""
    exponent(price.currency)
    if currency not in (None, price.currency):
        raise Rejected("currency-mismatch", field="currency", price=currency)
    _require_interval(price)
    if price.meter is not None:
        require_name(price.meter, "meter")
    elif price.where or price.group_by or price.thresholds or isinstance(price.model, ReadingModel):
        raise Rejected("price-without-meter", field="meter")
    _require_dimensions(price)
    _require_bounds(price)
    require_code(price.tax_code)
    require_options(price.options)
    require_valid(price.model)
    if isinstance(price.model, Prepaid):
        _require_prepaid(price, price.model)
    _require_upfront(price)
    _require_ssp(price)


def require_code(tax_code: str | None) -> None:
    """A tax code, where there is one, says something."""
    if tax_code is not None:
        require_name(tax_code, "tax_code")


def ignores(model: Model, meter: MeterDefined) -> str | None:
    """Why a price cannot go by what a meter says, if it cannot."""
    is_weighted = meter.aggregation == "time-weighted-sum"
    if is_weighted and isinstance(model, ReadingModel) and not weighs(model):
        return "price-ignores-weights"
    return None


def require_heeded(price: PriceSet, meter: MeterDefined | None) -> None:
    """Refuse a price that has no use for what its meter, if it is known, says."""
    problem = ignores(price.model, meter) if meter is not None else None
    if problem is not None:
        raise Rejected(problem, field="model", meter=price.meter)


def _require_interval(price: PriceSet) -> None:
    months, days = price.interval_months, price.interval_days
    if days is not None and (months != 1 or price.once):
        raise Rejected("months-or-days", field="interval_days")
    if months < 1:
        raise Rejected("interval-below-one-month", field="interval_months")
    if months > INTERVAL_MONTHS_MAX:
        raise Rejected("term-too-long", field="interval_months", months_max=INTERVAL_MONTHS_MAX)
    if days is not None and not 1 <= days <= INTERVAL_DAYS_MAX:
        raise Rejected("interval-out-of-range", field="interval_days", days_max=INTERVAL_DAYS_MAX)
    if not 0 <= price.trial_days <= INTERVAL_DAYS_MAX:
        raise Rejected("interval-out-of-range", field="trial_days", days_max=INTERVAL_DAYS_MAX)


def _require_dimensions(price: PriceSet) -> None:
    for name in (*price.where, *price.group_by):
        require_name(name, "group_by")
    if len(set(price.group_by)) < len(price.group_by):
        raise Rejected("duplicate-dimension", field="group_by")
    if not all(price.where.values()):
        raise Rejected("filter-without-value", field="where")


def _require_bounds(price: PriceSet) -> None:
    least, most = price.minimum, price.maximum
    if least is not None:
        require_price(least, "minimum")
    if most is not None:
        require_price(most, "maximum")
    if least is not None and most is not None and least > most:
        raise Rejected("minimum-above-maximum", field="minimum")
    for threshold in price.thresholds:
        require_price(threshold, "thresholds")
    steps = (Decimal(0), *price.thresholds)
    if any(after <= before for before, after in pairwise(steps)):
        raise Rejected("thresholds-must-rise", field="thresholds")


def _require_prepaid(price: PriceSet, model: Prepaid) -> None:
    """Credits are bought whole and ahead, and earned as they are drawn."""
    wanted = {
        "meter": price.meter is None,
        "bill": price.bill == "advance",
        "proration": price.proration == "none",
        "pattern": price.pattern is None,
        "minimum": price.minimum is None,
        "maximum": price.maximum is None,
        "model.expires_periods": not (price.once and model.expires_periods),
    }
    for name, is_kept in wanted.items():
        if not is_kept:
            raise Rejected("not-for-prepaid", field=name)


def _require_upfront(price: PriceSet) -> None:
    """A fee for nothing in particular is charged once, whole, and earned with what it is for."""
    months = price.benefits_months
    if months is not None and not 1 <= months <= INTERVAL_MONTHS_MAX:
        raise Rejected("benefit-out-of-range", field="benefits_months")
    wanted = {
        "benefits_months": price.upfront or months is None,
        "once": price.once or not price.upfront,
        "proration": price.proration == "none" or not price.upfront,
        "meter": price.meter is None or not price.upfront,
        "model": not (price.upfront and isinstance(price.model, _ADJUSTING)),
        "pattern": price.pattern in (None, "ratable") or not price.upfront,
    }
    for name, is_kept in wanted.items():
        if not is_kept:
            raise Rejected("not-for-upfront", field=name)


def _require_ssp(price: PriceSet) -> None:
    """What shares a price sells for something alone; what is charged otherwise shares none."""
    if price.ssp is None:
        return
    require_price(price.ssp, "ssp")
    if not price.ssp:
        raise Rejected("ssp-not-positive", field="ssp")
    if price.upfront or not (price.is_earned_evenly or _is_at_once(price)):
        raise Rejected("ssp-of-no-share", field="ssp")


def _is_at_once(price: PriceSet) -> bool:
    by_itself = price.meter is None and not isinstance(price.model, _ADJUSTING)
    return by_itself and price.pattern == "point-in-time"
