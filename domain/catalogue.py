"""Products, meters and price versions: shared master data with effective dates.

Streams are `product:ID`, `meter:ID` and `price:ID`. A price stream holds versions; the version in
force on a day is the latest effective one. Shared master data lives in the group entity's log and
takes effect elsewhere by an `adopted` fact that carries the content.
"""

from __future__ import annotations

from typing import Any, Literal, assert_never

from msgspec import Struct

from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.pricing import Model, require_valid

Pattern = Literal["ratable", "point-in-time", "as-invoiced"]


class ProductDefined(Event, frozen=True, kw_only=True, tag="product-defined"):
    """What is sold, by name."""

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
    """A group fact taken into this log, content and digest: nothing is measured across logs."""

    origin: str
    origin_position: int
    origin_stream: str
    origin_leaf: str
    content: CatalogueEvent


class DefineProduct(
    Struct, frozen=True, kw_only=True, tag="define-product", forbid_unknown_fields=True
):
    """Name what is sold."""

    when: When
    name: str


class DefineMeter(
    Struct, frozen=True, kw_only=True, tag="define-meter", forbid_unknown_fields=True
):
    """Say what usage is counted and how."""

    when: When
    aggregation: Literal["sum", "count"]
    unit: str = "unit"


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


CatalogueCommand = DefineProduct | DefineMeter | SetPrice | Adopt


def evolve(state: None, fact: Fact) -> None:
    """Catalogue facts stand each for themselves; versions are read by effective date."""
    del state, fact


def decide(command: CatalogueCommand, state: None, context: Context) -> tuple[Event, ...]:
    del state, context
    match command:
        case DefineProduct():
            return (ProductDefined(when=command.when, name=command.name),)
        case DefineMeter():
            return (
                MeterDefined(when=command.when, aggregation=command.aggregation, unit=command.unit),
            )
        case SetPrice():
            _require_priced(command)
            return (PriceSet(**{name: getattr(command, name) for name in _PRICE_FIELDS}),)
        case Adopt():
            return (Adopted(**{name: getattr(command, name) for name in _ADOPT_FIELDS}),)
        case _:
            assert_never(command)


_PRICE_FIELDS = SetPrice.__struct_fields__
_ADOPT_FIELDS = Adopt.__struct_fields__


def _require_priced(command: SetPrice) -> None:
    exponent(command.currency)
    if command.interval_months < 1:
        raise Rejected("interval-below-one-month", field="interval_months")
    require_valid(command.model)


def _decider(category: str, commands: tuple[type, ...], events: tuple[type[Event], ...]) -> Any:
    return Decider(
        category=category,
        initial=None,
        evolve=evolve,
        decide=decide,
        commands=(*commands, Adopt),
        events=(*events, Adopted, Retracted),
    )


PRODUCT: Decider[None, CatalogueCommand] = _decider("product", (DefineProduct,), (ProductDefined,))
METER: Decider[None, CatalogueCommand] = _decider("meter", (DefineMeter,), (MeterDefined,))
PRICE: Decider[None, CatalogueCommand] = _decider("price", (SetPrice,), (PriceSet,))
