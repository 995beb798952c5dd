"""Tax tables: the rates of a place by tax code, and where the seller is registered.

The stream is `tax:JURISDICTION`. A version counts from its effective date until the next, for
documents of those days; one that went out keeps its tax. Every level of a place adds its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Literal

from msgspec import Struct, structs

from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When, timeline
from domain.tax.status import require_jurisdiction

PERCENT_MAX = 100
Seller = Literal["established", "registered", "none"]


class TaxRate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is due on a tax code; with none, on lines that have no code.

    `at_zero` says what it means that a rate of nothing takes nothing.
    """

    name: str
    percent: Decimal
    code: str | None = None
    at_zero: Literal["zero-rated", "exempt"] = "zero-rated"


class TaxRatesSet(Event, frozen=True, kw_only=True, tag="tax-rates-set"):
    """The whole table of one place; without rates the place adds nothing to those it lies in.

    `seller`: whether the entity is established or registered there, and in all that lies in it.
    `union`: a group of places within which the tax of businesses is the customer's to declare.
    """

    rates: tuple[TaxRate, ...] = ()
    seller: Seller = "none"
    union: str | None = None

    def rate(self, code: str | None) -> TaxRate | None:
        """What the place takes of a tax code."""
        return next((rate for rate in self.rates if rate.code == code), None)


class SetTaxRates(
    Struct, frozen=True, kw_only=True, tag="set-tax-rates", forbid_unknown_fields=True
):
    """Set the table of a place, in force from `effective` until the next."""

    when: When
    rates: tuple[TaxRate, ...] = ()
    seller: Seller = "none"
    union: str | None = None


_since = itemgetter(0)


class TaxTables(Struct, frozen=True, kw_only=True):
    """The tables of all places, each by the days that its versions count from."""

    places: dict[str, tuple[tuple[date, TaxRatesSet], ...]] = {}

    def on(self, place: str, day: date) -> TaxRatesSet | None:
        """The version in force; none before the first, or of a place nobody told of."""
        versions = self.places.get(place, ())
        found = bisect_right(versions, day, key=_since)
        return versions[found - 1][1] if found else None

    def of_union(self, union: str, day: date) -> dict[str, TaxRatesSet]:
        """The places of a union, as they stand on a day."""
        standing = {place: self.on(place, day) for place in sorted(self.places)}
        return {place: at for place, at in standing.items() if at and at.union == union}


def tables(facts: Iterable[Fact]) -> TaxTables:
    """Fold facts of tax tables, corrected and in effective order."""
    places: dict[str, dict[date, TaxRatesSet]] = {}
    for fact in timeline(facts):
        if isinstance(fact.event, TaxRatesSet):
            place = fact.stream.partition(":")[2]
            places.setdefault(place, {})[fact.when.effective] = fact.event
    return TaxTables(
        places={place: tuple(sorted(own.items(), key=_since)) for place, own in places.items()}
    )


def evolve(state: None, fact: Fact) -> None:
    """Versions stand each for themselves; which is in force is read by effective date."""
    del state
    assert isinstance(fact.event, TaxRatesSet), fact


def decide(command: SetTaxRates, state: None, context: Context) -> tuple[Event, ...]:
    """A place has one rate for a code, named and between nothing and all."""
    del state
    require_jurisdiction(context.name, "stream")
    codes = [rate.code for rate in command.rates]
    if len(set(codes)) < len(codes):
        raise Rejected("duplicate-tax-code", field="rates.code")
    for rate in command.rates:
        require_name(rate.name, "rates.name")
        if not (rate.percent.is_finite() and 0 <= rate.percent <= PERCENT_MAX):
            raise Rejected("tax-percent-out-of-range", field="rates.percent", percent=rate.percent)
        if rate.code is not None:
            require_name(rate.code, "rates.code")
    if command.union is not None:
        require_name(command.union, "union")
    return (TaxRatesSet(**structs.asdict(command)),)


DECIDER: Decider[None, SetTaxRates] = Decider(
    category="tax",
    initial=None,
    evolve=evolve,
    decide=decide,
    commands=(SetTaxRates,),
    events=(TaxRatesSet, Retracted),
)
