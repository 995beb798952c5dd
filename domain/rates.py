"""Rates of exchange as facts: what a source says one currency is worth in another on a day.

Streams are `rates:SOURCE`; `rates:self` is the table that books use where their policy names no
other. A rate is a fact of master data, so it posts nothing by itself: the next run measures with
it. One that was wrong is corrected, and what rested on it is measured again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from domain.currency import exponent
from domain.decimals import bounded, plain
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When

OWN = "self"


class Rate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One unit of `currency` is worth `rate` units of `into`; both in major units."""

    currency: str
    into: str
    rate: Decimal


class RatesPublished(Event, frozen=True, kw_only=True, tag="rates-published"):
    """The rates of one source on the day `effective`; of two for one pair and day the last counts.

    A correction takes the place of the whole publication.
    """

    rates: tuple[Rate, ...]


class PublishRates(
    Struct, frozen=True, kw_only=True, tag="publish-rates", forbid_unknown_fields=True
):
    """State the rates of a source on a day."""

    when: When
    rates: tuple[Rate, ...]


class RateOf(NamedTuple):
    """A published rate: its day, its exact value, and the fact that says so."""

    day: date
    rate: Fraction
    position: int
    told: str


# By source and pair (currency, into), in order of days.
Published = dict[tuple[str, str, str], tuple[RateOf, ...]]
_day = attrgetter("day")


def require_rate(rate: Decimal, field: str) -> None:
    """A rate is a finite number above nothing, of any precision."""
    if bounded(rate, field) <= 0:
        raise Rejected("rate-not-positive", field=field, rate=plain(rate))


def published(facts: Iterable[Fact]) -> Published:
    """Every rate in force; facts are known and in effective order."""
    found: dict[tuple[str, str, str], dict[date, RateOf]] = {}
    for fact in facts:
        if isinstance(fact.event, RatesPublished):
            source, day = fact.stream.partition(":")[2], fact.when.effective
            for row in fact.event.rates:
                told = f"1 {row.currency} = {plain(row.rate)} {row.into} on {day} by {source}"
                rate = RateOf(day, Fraction(row.rate), fact.position, told)
                found.setdefault((source, row.currency, row.into), {})[day] = rate
    return {pair: tuple(days[day] for day in sorted(days)) for pair, days in found.items()}


def currencies_of(facts: Iterable[Fact], since: int) -> frozenset[str]:
    """The currencies that rates came of after a position, or that a source is corrected on."""
    rates = [fact for fact in facts if fact.stream.startswith("rates:")]
    sources = {fact.stream for fact in rates if fact.position > since}
    return frozenset(
        currency
        for fact in rates
        if fact.stream in sources and isinstance(fact.event, RatesPublished)
        for row in fact.event.rates
        for currency in (row.currency, row.into)
    )


def published_on(
    published: Published, source: str, currency: str, into: str, day: date, age_days: int
) -> RateOf | None:
    """The latest rate of a pair up to a day that is not older than so many days.

    A source that quotes the pair the other way round is read as its inverse, exactly; of both the
    later counts, of one day the direct one.
    """
    found = [
        _latest(published.get((source, currency, into), ()), day),
        _latest(published.get((source, into, currency), ()), day, inverse=True),
    ]
    young = [rate for rate in found if rate is not None and (day - rate.day).days <= age_days]
    return max(young, key=_day, default=None)


class Crossed(NamedTuple):
    """A rate worked out over a currency that a source quotes two others against, exactly."""

    rate: Fraction
    told: str
    positions: tuple[int, ...]


def crossed_on(
    published: Published, source: str, currency: str, into: str, day: date, age_days: int
) -> Crossed | None:
    """What two rates of one day say together: the latest day up to `day` that is not older than so
    many days; over several currencies that would do, the first by name.
    """
    between = _commons(published, source, currency, into)
    days = (day - timedelta(days=back) for back in range(age_days + 1)) if between else ()
    for on in days:
        for common in between:
            first = published_on(published, source, currency, common, on, 0)
            then = published_on(published, source, common, into, on, 0)
            if first is not None and then is not None:
                told = f"{first.told}, {then.told}"
                rests = tuple(sorted({first.position, then.position}))
                return Crossed(first.rate * then.rate, told, rests)
    return None


def is_quoted(published: Published, currency: str, into: str, *, crossing: bool) -> bool:
    """Whether any source ever gave a rate between two currencies, or two that say one together."""
    if any({pair[1], pair[2]} == {currency, into} for pair in published):
        return True
    sources = {source for source, _, _ in published} if crossing else set()
    return any(_commons(published, source, currency, into) for source in sources)


def _commons(published: Published, source: str, currency: str, into: str) -> list[str]:
    """The currencies that a source quotes both of two others against, by name."""
    pairs = [{one, other} for name, one, other in published if name == source]
    ours, theirs = (
        {other for pair in pairs if own in pair for other in pair - {own}}
        for own in (currency, into)
    )
    return sorted(ours & theirs)


def _latest(rates: tuple[RateOf, ...], day: date, *, inverse: bool = False) -> RateOf | None:
    place = bisect_right(rates, day, key=_day)
    if not place:
        return None
    last = rates[place - 1]
    return last._replace(rate=1 / last.rate, told=f"{last.told}, inverted") if inverse else last


def evolve(state: None, fact: Fact) -> None:
    """Publications stand each for themselves; which counts is read by its day."""
    del state
    assert isinstance(fact.event, RatesPublished), fact


def decide(command: PublishRates, state: None, context: Context) -> tuple[Event, ...]:
    """Each pair once, one way round, of two currencies that there are, at more than nothing."""
    del state, context
    if not command.rates:
        raise Rejected("no-rates", field="rates")
    seen: set[tuple[str, str]] = set()
    for row in command.rates:
        exponent(row.currency)
        exponent(row.into)
        require_rate(row.rate, "rates.rate")
        pair = row.currency, row.into
        if row.currency == row.into:
            raise Rejected("rate-of-itself", field="rates.into", currency=row.currency)
        if pair in seen or pair[::-1] in seen:
            raise Rejected("duplicate-rate", field="rates", currency=row.currency, into=row.into)
        seen.add(pair)
    return (RatesPublished(when=command.when, rates=command.rates),)


DECIDER: Decider[None, PublishRates] = Decider(
    category="rates",
    initial=None,
    evolve=evolve,
    decide=decide,
    commands=(PublishRates,),
    events=(RatesPublished, Retracted),
)
