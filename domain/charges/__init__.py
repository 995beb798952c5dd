"""Everything a subscription is charged: recurring, used, taken off, short of what was promised."""

from __future__ import annotations

from collections.abc import Sequence

from domain.billing import recurring_charges
from domain.charge import Charge
from domain.charges.bounds import bounds, has_bounds
from domain.charges.reductions import reduced
from domain.charges.shortfalls import shortfalls
from domain.price import Prices
from domain.terms import Terms


def all_charges(terms: Terms, prices: Prices, used: Sequence[Charge]) -> tuple[Charge, ...]:
    """Every charge, of which `used` are those of usage."""
    own = (*recurring_charges(terms, prices), *used)
    if not is_adjusted(terms, prices):
        return own
    net = (*own, *reduced(own, terms, prices))
    minimums, commitments = bounds(terms, prices, "minimum"), bounds(terms, prices, "commitment")
    return (*net, *shortfalls(net, terms.started.currency, minimums, commitments))


def deal_charges(terms: Terms, prices: Prices, *, but: str = "") -> tuple[Charge, ...]:
    """What the deal alone says is charged and taken off, but for charges of one pattern."""
    if not is_adjusted(terms, prices):
        return recurring_charges(terms, prices, but=but)
    own = recurring_charges(terms, prices)
    return tuple(one for one in (*own, *reduced(own, terms, prices)) if one.pattern != but)


def usage_charges(terms: Terms, prices: Prices, used: Sequence[Charge]) -> tuple[Charge, ...]:
    """What usage decides beside the deal: its charges, what is taken off them, and shortfalls."""
    if not is_adjusted(terms, prices):
        return tuple(used)
    return tuple(one for one in all_charges(terms, prices, used) if one.marks)


def is_adjusted(terms: Terms, prices: Prices) -> bool:
    """Whether anything may be taken off charges, or added to them."""
    return bool(terms.grants) or has_bounds(terms, prices)
