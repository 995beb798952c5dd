"""The credits that prepaid items buy: for each of their charges a purse, open from day to day.

A purse is open until it expires, or until the subscription ends, or until its item ends and what is
not drawn is given back. It is known from the deal alone; what is drawn is told in `drawdown.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from domain.billing import given_back, runs
from domain.calendar import ONE_DAY, add_months
from domain.charge import PREPAID, Charge
from domain.cover import NEVER
from domain.explain import Step
from domain.facts import causes_of
from domain.money import decimal_text, to_minor
from domain.price import Prices, PriceVersion, version_named
from domain.pricing import Prepaid
from domain.pricing.prepaid import credited
from domain.stretch import Ending
from domain.terms import Act, Terms

_by_day = attrgetter("day", "by")


class Purse(Struct, frozen=True, kw_only=True):
    """Credits of one charge of a prepaid item, open on [start, until).

    `lapses` is when they expire whatever becomes of item and subscription, `runs_to` the earlier of
    that and the end agreed for the subscription. `gives_back`: what is not drawn by `until` is
    given back. What was paid is net of discounts.
    """

    charge: Charge
    paid_minor: int
    credits_minor: int
    model: Prepaid
    currency: str
    until: date
    runs_to: date
    lapses: date
    gives_back: bool
    is_ratable: bool
    causes: tuple[int, ...]

    @property
    def item(self) -> str:
        return self.charge.item

    @property
    def start(self) -> date:
        return self.charge.start

    @property
    def name(self) -> str:
        return f"{self.item} of {self.start}"

    def may_cover(self, item: str, day: date) -> bool:
        """Whether it is for an item's usage of a day, had nothing ended it early."""
        return self.start <= day < self.lapses and self.model.covered(item)

    def is_open(self, day: date) -> bool:
        return self.start <= day < self.until

    def steps(self) -> Iterator[Step]:
        """What bought it, and how it may be drawn."""
        yield from self.charge.steps
        paid = decimal_text(self.paid_minor, self.currency)
        granted = decimal_text(self.credits_minor, self.currency)
        yield Step(what=f"credits {self.name}", value=f"{granted} for {paid}, {self._open()}")

    def _open(self) -> str:
        until = "without end" if self.until == NEVER else f"until {self.until}"
        back = ", the rest given back" if self.gives_back else ""
        return f"{until}{back}, priority {self.model.priority}"


def acts_on_purses(terms: Terms, prices: Prices) -> tuple[Act, ...]:
    """The facts that change which credits are bought, in order of time: what was not bought because
    of one is why others were drawn.
    """
    bought = {one.item for one in terms.started.items if _buys(one.price, prices)}
    found = []
    for act in sorted(terms.acts, key=_by_day):
        bought.update(item for item, price in act.prices.items() if _buys(price, prices))
        if act.is_of_all or bought & act.prices.keys():
            found.append(act)
    return tuple(found)


def _buys(price: str | None, prices: Prices) -> bool:
    return any(one.price.is_prepaid for one in prices.get(price or "", ()))


def purses_of(charges: Sequence[Charge], terms: Terms, prices: Prices) -> tuple[Purse, ...]:
    """All purses of a subscription, in the order in which they are drawn."""
    bought: dict[tuple[str, date, str], list[Charge]] = {}
    for charge in charges:
        if charge.pattern == PREPAID:
            bought.setdefault((charge.item, charge.start, charge.price), []).append(charge)
    found = [_purse(own, terms, prices) for own in bought.values()]
    return tuple(sorted(found, key=_in_order))


def _in_order(one: Purse) -> tuple[int, date, date, str]:
    return one.model.priority, one.lapses, one.start, one.item


def _purse(own: Sequence[Charge], terms: Terms, prices: Prices) -> Purse:
    charge = own[0]
    version = version_named(charge.price, prices)
    assert version is not None, charge
    model = version.price.model
    assert isinstance(model, Prepaid), charge
    currency = terms.started.currency
    granted = to_minor(credited(model, charge.quantity), currency)
    # What grants nothing is earned where it is bought.
    lapses = _lapses(charge, version, model, terms) if granted else charge.start + ONE_DAY
    if given_back(charge.item, charge.period, terms):
        granted = 0
    open_for = _closed(charge, version, terms, lapses)
    return Purse(
        charge=charge,
        paid_minor=sum(one.minor for one in own),
        credits_minor=granted,
        model=model,
        currency=currency,
        until=open_for.until,
        runs_to=min(lapses, terms.agreed[-1].end),
        lapses=lapses,
        gives_back=open_for.gives_back,
        is_ratable=version.price.options.shortfall == "ratable",
        causes=causes_of(open_for.causes, *(one.causes for one in own)),
    )


def _lapses(charge: Charge, version: PriceVersion, model: Prepaid, terms: Terms) -> date:
    """The first day on which the credits are void by themselves."""
    if model.expires_months is not None:
        return add_months(charge.start, model.expires_months)
    if model.expires_days is not None:
        return charge.start + timedelta(days=model.expires_days)
    if model.expires_periods is None:
        return NEVER
    stretch = next(
        one
        for one in terms.stretches
        if one.item == charge.item and one.start <= charge.start < one.end
    )
    periods = terms.billing_periods(stretch, version.price.every)
    last = periods.index(charge.period) + model.expires_periods - 1
    return periods[last].end if last < len(periods) else NEVER


class _Open(NamedTuple):
    """Until when credits can be drawn, what says so, and whether the rest is given back."""

    until: date
    causes: tuple[int, ...] = ()
    gives_back: bool = False


def _closed(charge: Charge, version: PriceVersion, terms: Terms, lapses: date) -> _Open:
    """Where the end of the item or of the subscription comes before that of the credits."""
    found = _Open(lapses)
    for ending in terms.endings:
        back = ending.refund == "prorated" and _is_running(charge, version, ending)
        if ending.item == charge.item and back and charge.start < ending.day < found.until:
            found = _Open(ending.day, ending.causes, gives_back=True)
    cancelled = terms.cancelled
    if cancelled is not None and cancelled.day < found.until:
        found = _Open(max(cancelled.day, charge.start + ONE_DAY), cancelled.causes)
    return _in_term(found, terms)


def _in_term(found: _Open, terms: Terms) -> _Open:
    """The term as agreed, with those of its renewals without which it would end before."""
    first = terms.agreed[0].end
    if found.until <= first:
        return found
    renewed = [row for row in terms.agreed[1:] if row.start < found.until]
    causes = causes_of(found.causes, *(row.causes for row in renewed))
    if terms.agreed[-1].end < found.until:
        return _Open(terms.agreed[-1].end, causes)
    return found._replace(causes=causes)


def _is_running(charge: Charge, version: PriceVersion, ending: Ending) -> bool:
    return version.price.once or runs(charge.period, ending)
