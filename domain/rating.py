"""What usage is worth: each billing period at the price version in force, measured every time.

A charge priced over a whole period is earned cumulatively, as if the period ended at each date
(law 10): its marks say what it stood at after each day with usage. Usage nobody sold yet, or
outside the term, is pending with its reason and has no effect until a fact cures it.

What a subscription's usage costs in one billing period is rounded once, as one sum: the items are
cut from it by cumulative rounding in item order (rule 47), so many charges of a fraction of a cent
are neither lost nor made up, and an invoice's total is its exact total, rounded.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain, groupby
from operator import attrgetter, sub

from msgspec import Struct, structs

from domain.accounting.documents import BilledLine
from domain.accounting.schedule import PendingUsage
from domain.charge import Charge
from domain.currency import exponent
from domain.decimals import EXACT
from domain.explain import Step
from domain.facts import causes_of
from domain.master import MasterData
from domain.metered import Exact, Metered, by_days_of_entity
from domain.money import decimal_text, minors, to_minor
from domain.pricing import is_whole, pricer
from domain.pricing.parts import text
from domain.reading import as_decimal
from domain.sales import Sales
from domain.terms import Terms
from domain.usage import UsageDay

_ZERO = Decimal(0)
# Places of a quantity that is shown and kept; amounts are worked out from the exact one.
_SHOWN = Decimal(1).scaleb(-15)
_in_order = attrgetter("day", "meter", "position", "reason")
_by_meter = attrgetter("meter", "day", "position")
_meter = attrgetter("meter")
_as_told = attrgetter("item", "start", "price", "group", "meter")


class RatedUsage(Struct, frozen=True):
    """Charges of one subscription's usage, what they were made of, and what has no effect yet."""

    charges: tuple[Charge, ...]
    pending: tuple[PendingUsage, ...]
    metered: tuple[Metered, ...] = ()


def rate_usage(
    usage: Iterable[UsageDay],
    terms: Terms | None,
    master: MasterData,
    billed: Sequence[BilledLine] = (),
) -> RatedUsage:
    """Charges of one subscription's usage, and what is pending with its reason.

    `billed` are its lines, for prices that do not take usage of any age.
    """
    sales = Sales(terms, master, billed)
    for meter, rows in groupby(sorted(usage, key=_by_meter), key=_meter):
        sales.take(meter, [*rows])
    groups = [sales.groups[key] for key in sorted(sales.groups)]
    charges = sorted(_by_days_of_entity(groups), key=_as_told)
    return RatedUsage(tuple(charges), tuple(sorted(sales.pending(), key=_in_order)), tuple(groups))


def _by_days_of_entity(groups: Sequence[Metered]) -> Iterator[Charge]:
    """Charges, and where the entity's days are others, what they stood at on those."""
    if not any(row.earned_on for group in groups for row in group.rows):
        yield from _charges(groups)
        return
    earned = {_as_told(one): one.marks for one in _charges([*map(by_days_of_entity, groups)])}
    for charge in _charges(groups):
        yield structs.replace(charge, earned=earned.get(_as_told(charge), ()))


def _charges(groups: Sequence[Metered]) -> Iterator[Charge]:
    """By billing period what is rounded together, and each by itself what its price rounds so."""
    alone: list[Metered] = []
    by_period: dict[tuple[date, date], list[Metered]] = {}
    for group in groups:
        if not (group.rows or group.before):
            continue
        if group.version.price.options.rounding == "line":
            alone.append(group)
        else:
            by_period.setdefault((group.period.start, group.period.end), []).append(group)
    alone += [own[0] for own in by_period.values() if len(own) == 1]
    yield from _alone([group for group in alone if group.adds_up])
    for group in alone:
        if not group.adds_up:
            yield from _by_itself(group)
    for together in by_period.values():
        if len(together) > 1:
            yield from _shared(together)


class _Carried(Struct, frozen=True):
    """The exact sum of the items before after each day with usage, that sum rounded, and why."""

    exact: Sequence[Exact]
    minor: Sequence[int]
    causes: tuple[int, ...] = ()
    items: tuple[Metered, ...] = ()

    def steps(self) -> Iterator[Step]:
        """One rounding is shared, so an item shows the items before it as they show themselves."""
        for group in self.items:
            yield Step(what="item before", value=group.item)
            yield from group.steps()
        if self.items:
            yield Step(what="exact sum of the items before", value=text(Fraction(self.exact[-1])))


_NOTHING_CARRIED = _Carried((), ())


def _alone(groups: Sequence[Metered]) -> Iterator[Charge]:
    """With nothing to carry, what each day comes to is rounded as it stands: all in one pass."""
    by_currency: dict[str, list[Metered]] = {}
    for group in groups:
        by_currency.setdefault(group.version.price.currency, []).append(group)
    for currency, mine in by_currency.items():
        totals = [group.totals() for group in mine]
        models = {group.version.name: group.version.price.model for group in mine}
        prices = {name: pricer(model) for name, model in models.items()}
        exact = [
            map(prices[group.version.name], own) for group, own in zip(mine, totals, strict=True)
        ]
        stood = iter(minors(chain.from_iterable(exact), currency))
        for group, own in zip(mine, totals, strict=True):
            marks = dict(zip([row.day for row in group.rows], stood, strict=False))
            yield _charge(group, group.causes(), own[-1], tuple(marks.items()), _NOTHING_CARRIED)


def _by_itself(group: Metered) -> Iterator[Charge]:
    """The same of usage whose rows do not add up. A level of nothing is not charged."""
    stood = dict(group.stood())
    minor = _rounded([*stood.values()], group.version.price.currency)
    marks = _moved({row.day for row in group.rows}, stood, minor)
    if marks and (group.rows or any(minor)):
        yield _charge(group, group.causes(), _quantity(group), marks, _NOTHING_CARRIED)


def _shared(groups: Sequence[Metered]) -> Iterator[Charge]:
    """The items of one billing period, cut from their exact sum in item order.

    Each is the sum with it less the sum before it, both rounded.
    """
    own = [dict(group.stood()) for group in groups]
    days = sorted(set().union(*own))
    carried = _Carried([_ZERO] * len(days), [0] * len(days))
    for group, mine in zip(groups, own, strict=True):
        exact = [*map(_plus, carried.exact, _all_days(mine, days))]
        minor = _rounded(exact, group.version.price.currency)
        marks = _moved({row.day for row in group.rows}, days, map(sub, minor, carried.minor))
        causes = group.causes()
        if marks and (group.rows or any(minor)):
            yield _charge(group, causes, _quantity(group), marks, carried)
        if _is_always_whole(group):
            carried = _Carried(exact, minor, carried.causes, carried.items)
        else:
            rests_on = causes_of(carried.causes, causes)
            carried = _Carried(exact, minor, rests_on, (*carried.items, group))


def _rounded(exact: Sequence[Exact], currency: str) -> list[int]:
    decimals = [amount for amount in exact if isinstance(amount, Decimal)]
    if len(decimals) == len(exact):
        return minors(decimals, currency)
    return [to_minor(amount, currency) for amount in exact]


def _plus(one: Exact, other: Exact) -> Exact:
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return EXACT.add(one, other)
    return Fraction(one) + Fraction(other)


def _all_days(own: dict[date, Exact], days: Sequence[date]) -> Iterator[Exact]:
    """A group's exact amount as it stood after each day, as if the period ended there."""
    exact: Exact = _ZERO
    for day in days:
        exact = own.get(day, exact)
        yield exact


def _quantity(group: Metered) -> Decimal:
    """What was used in all, to be shown and kept."""
    used = group.used()
    quantity = used[-1][1] if used else _ZERO
    exact = as_decimal(quantity)
    if exact is not None:
        return exact
    top, bottom = quantity.as_integer_ratio()
    return EXACT.quantize(EXACT.divide(Decimal(top), Decimal(bottom)), _SHOWN)


def _moved(
    own: Container[date], days: Iterable[date], minor: Iterable[int]
) -> tuple[tuple[date, int], ...]:
    """The marks of a charge: days that change nothing are left out, but not those of its own."""
    marks: list[tuple[date, int]] = []
    for day, stood in zip(days, minor, strict=True):
        if day in own or stood != (marks[-1][1] if marks else 0):
            marks.append((day, stood))
    return tuple(marks)


def _is_always_whole(group: Metered) -> bool:
    """Whole minor units whichever of its batches are known: it moves no cent of a later item."""
    if not group.adds_up or group.is_free:
        return False
    units = group.is_counted or all(_is_whole(row.quantity) for row in group.rows)
    price = group.version.price
    return units and is_whole(price.model, exponent(price.currency))


def _is_whole(exact: Decimal) -> bool:
    return exact == exact.to_integral_value()


def _charge(
    group: Metered,
    causes: tuple[int, ...],
    quantity: Decimal,
    marks: tuple[tuple[date, int], ...],
    carried: _Carried,
) -> Charge:
    minor = marks[-1][1]
    return Charge(
        item=group.item,
        price=group.version.name,
        period=group.period,
        start=group.period.start,
        end=group.period.end,
        minor=minor,
        running_minor=minor,
        bill_on=group.ends_on,
        causes=causes_of(causes, carried.causes) if carried.causes else causes,
        pattern="usage",
        kind="usage",
        meter=group.version.price.meter or "",
        quantity=quantity,
        group=group.values,
        marks=marks,
        told=lambda: _told(group, carried, minor),
        made=group.parts,
    )


def _told(group: Metered, carried: _Carried, minor: int) -> Iterator[Step]:
    yield from group.steps()
    yield from carried.steps()
    charged = decimal_text(minor, group.version.price.currency)
    yield Step(what="charged, rounded once", value=charged)
