"""Products, meters and price versions: shared master data with effective dates.

Streams are `product:ID`, `meter:ID` and `price:ID`. A price stream holds versions; the version in
force on a day is the latest effective one. Shared master data lives in the group entity's log and
takes effect elsewhere by an `adopted` fact that carries the content.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, structs

from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.meter import DefineMeter, MeterDefined, grown, require_sound
from domain.price import PriceSet, SetPrice, require_code, require_heeded, require_priced
from domain.profiles import options_of


class ProductDefined(Event, frozen=True, kw_only=True, tag="product-defined"):
    """What is sold, by name. `tax_code`: what tax tables call it."""

    name: str
    tax_code: str | None = None


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
    tax_code: str | None = None


class Adopt(Struct, frozen=True, kw_only=True, tag="adopt", forbid_unknown_fields=True):
    """Take a group fact into this entity; the store looks the content up by origin and position."""

    when: When
    origin: str
    origin_position: int
    origin_stream: str
    origin_leaf: str
    content: CatalogueEvent


CatalogueCommand = DefineProduct | DefineMeter | SetPrice | Adopt


class CatalogueState(Struct, frozen=True, kw_only=True):
    """What a price or a meter keeps through all its versions; which is in force is read by date.

    Of a meter the definition with all units and dimensions that were ever added to it.
    """

    currency: str | None = None
    meter: MeterDefined | None = None


def evolve(state: CatalogueState, fact: Fact) -> CatalogueState:
    event = fact.event
    assert isinstance(event, CatalogueEvent | Adopted), fact
    content = event.content if isinstance(event, Adopted) else event
    match content:
        case PriceSet():
            return CatalogueState(currency=content.currency)
        case MeterDefined():
            return CatalogueState(meter=grown(content, state.meter))
        case ProductDefined():
            return state
        case _:
            assert_never(content)


def decide(command: CatalogueCommand, state: CatalogueState, context: Context) -> tuple[Event, ...]:
    """A version counts from its effective date, however late it is keyed."""
    match command:
        case DefineProduct():
            event: CatalogueEvent = ProductDefined(**structs.asdict(command))
        case DefineMeter():
            event = MeterDefined(**structs.asdict(command))
        case SetPrice():
            options = options_of(command.profile, command.options)
            event = PriceSet(**structs.asdict(command) | {"options": options})
        case Adopt():
            _require_own_stream(command, context)
            _require_sound(command.content, state)
            return (Adopted(**structs.asdict(command)),)
        case _:
            assert_never(command)
    _require_sound(event, state)
    if isinstance(event, PriceSet):
        require_heeded(event, _meter_of(event.meter, context))
    return (event,)


def _meter_of(name: str | None, context: Context) -> MeterDefined | None:
    known = context.others.get(f"meter:{name}")
    return known.meter if isinstance(known, CatalogueState) else None


def needs(command: CatalogueCommand) -> tuple[str, ...]:
    """A meter that is known must say something that its price goes by."""
    if isinstance(command, SetPrice) and command.meter:
        return (f"meter:{command.meter}",)
    return ()


def _require_own_stream(command: Adopt, context: Context) -> None:
    """A group fact keeps its name, so that both logs mean the same price by it."""
    kinds = {"product": ProductDefined, "meter": MeterDefined, "price": PriceSet}
    category = context.stream.partition(":")[0]
    if command.origin_stream != context.stream or type(command.content) is not kinds.get(category):
        raise Rejected("wrong-origin", field="origin_stream", origin=command.origin_stream)


def _require_sound(content: CatalogueEvent, state: CatalogueState) -> None:
    match content:
        case ProductDefined():
            require_name(content.name, "name")
            require_code(content.tax_code)
        case MeterDefined():
            require_sound(content, state.meter)
        case PriceSet():
            require_priced(content, state.currency)
        case _:
            assert_never(content)


def _decider(
    category: str, commands: tuple[type, ...], events: tuple[type[Event], ...]
) -> Decider[CatalogueState, CatalogueCommand]:
    return Decider(
        category=category,
        initial=CatalogueState(),
        evolve=evolve,
        decide=decide,
        needs=needs,
        commands=(*commands, Adopt),
        events=(*events, Adopted, Retracted),
    )


PRODUCT = _decider("product", (DefineProduct,), (ProductDefined,))
METER = _decider("meter", (DefineMeter,), (MeterDefined,))
PRICE = _decider("price", (SetPrice,), (PriceSet,))
