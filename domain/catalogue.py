"""Products, meters and price versions: shared master data with effective dates.

Streams are `product:ID`, `meter:ID` and `price:ID`. A price stream holds versions; the version in
force on a day is the latest effective one. Shared master data lives in the group entity's log and
takes effect elsewhere by an `adopted` fact that carries the content.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from domain.facts import Event, When
from domain.pricing import Model

Pattern = Literal["ratable", "point-in-time", "as-invoiced"]


class ProductDefined(Event, frozen=True, kw_only=True, tag="product-defined"):
    name: str


class MeterDefined(Event, frozen=True, kw_only=True, tag="meter-defined"):
    """What usage is counted and how: the sum of quantities, or the count of rows."""

    aggregation: Literal["sum", "count"]
    unit: str = "unit"


class PriceSet(Event, frozen=True, kw_only=True, tag="price-set"):
    """A price version. With a meter it prices usage, without one a recurring quantity.

    `interval_months` is the billing period; `bill` says whether it is charged at its start or its
    end; `pattern` how it is earned (none: usage as it occurs, recurring as the policy says).
    """

    currency: str
    model: Model
    product: str | None = None
    meter: str | None = None
    unit: str | None = None
    interval_months: int = 1
    bill: Literal["advance", "arrears"] = "advance"
    proration: Literal["day", "none"] = "day"
    pattern: Pattern | None = None


CatalogueEvent = ProductDefined | MeterDefined | PriceSet


class Adopted(Event, frozen=True, kw_only=True, tag="adopted"):
    """A group fact taken into this entity's log, content and digest: nothing is measured across logs."""

    origin: str
    origin_position: int
    origin_stream: str
    origin_leaf: str
    content: CatalogueEvent


class DefineProduct(Struct, frozen=True, kw_only=True, tag="define-product", forbid_unknown_fields=True):
    when: When
    name: str


class DefineMeter(Struct, frozen=True, kw_only=True, tag="define-meter", forbid_unknown_fields=True):
    when: When
    aggregation: Literal["sum", "count"]
    unit: str = "unit"


class SetPrice(Struct, frozen=True, kw_only=True, tag="set-price", forbid_unknown_fields=True):
    when: When
    currency: str
    model: Model
    product: str | None = None
    meter: str | None = None
    unit: str | None = None
    interval_months: int = 1
    bill: Literal["advance", "arrears"] = "advance"
    proration: Literal["day", "none"] = "day"
    pattern: Pattern | None = None


class Adopt(Struct, frozen=True, kw_only=True, tag="adopt", forbid_unknown_fields=True):
    """Take a group fact into this entity; the store looks the content up by origin and position."""

    when: When
    origin: str
    origin_position: int
    origin_stream: str
    origin_leaf: str
    content: CatalogueEvent
