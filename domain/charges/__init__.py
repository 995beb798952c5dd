"""Everything a subscription is charged: recurring, used, taken off, drawn from credits, and what
falls short of what was promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.billing import ALWAYS, recurring_charges
from domain.charge import PREPAID, Charge
from domain.charges.bounds import bounds
from domain.charges.drawdown import Drawn, drawdown
from domain.charges.purses import acts_on_purses, purses_of
from domain.charges.reductions import reduced
from domain.charges.shortfalls import shortfalls
from domain.cycle import Span
from domain.price import Prices
from domain.terms import Terms


class Charged(NamedTuple):
    """Charges, and the credits they draw."""

    charges: tuple[Charge, ...]
    purses: tuple[Drawn, ...] = ()


def all_charges(
    terms: Terms, prices: Prices, used: Sequence[Charge], within: Span = ALWAYS
) -> tuple[Charge, ...]:
    """Every charge, of which `used` are those of usage; of billing periods that end by the first
    day of `within`, or begin after its last, some may be missing.
    """
    if not is_adjusted(terms, prices):
        return (*recurring_charges(terms, prices, within=within), *used)
    return _charged((*recurring_charges(terms, prices), *used), terms, prices).charges


def _charged(own: Sequence[Charge], terms: Terms, prices: Prices) -> Charged:
    """What credits pay was used all the same: it counts towards what was promised."""
    net = (*own, *reduced(own, terms, prices))
    drawn = drawdown(net, purses_of(net, terms, prices), acts_on_purses(terms, prices))
    minimums, commitments = bounds(terms, prices, "minimum"), bounds(terms, prices, "commitment")
    short = shortfalls(net, terms.started.currency, minimums, commitments)
    return Charged((*net, *drawn.charges, *short), drawn.purses)


def deal_charges(terms: Terms, prices: Prices, *, but: str = "") -> tuple[Charge, ...]:
    """What the deal alone says is charged and taken off, but for charges of one pattern.

    What buys credits is not in it: usage decides when that is earned.
    """
    if not is_adjusted(terms, prices):
        return recurring_charges(terms, prices, but=but)
    own = recurring_charges(terms, prices)
    every = (*own, *reduced(own, terms, prices))
    return tuple(one for one in every if one.pattern not in (but, PREPAID))


def usage_charges(terms: Terms, prices: Prices, used: Sequence[Charge]) -> Charged:
    """What usage decides beside the deal: its charges, what is taken off them or drawn from credits
    for them, and shortfalls.
    """
    if not is_adjusted(terms, prices):
        return Charged(tuple(used))
    found = _charged((*recurring_charges(terms, prices), *used), terms, prices)
    return found._replace(charges=tuple(one for one in found.charges if one.marks))


def is_adjusted(terms: Terms, prices: Prices) -> bool:
    """Whether anything may be taken off charges or added to them, or credits be drawn."""
    if terms.grants:
        return True
    # In plain loops: every unit asks this whenever it is measured.
    for price in {stretch.price for stretch in terms.stretches}:
        for version in prices.get(price, ()):
            if version.price.adjusts_charges:
                return True
    return False
