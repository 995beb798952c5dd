"""What a fee paid upfront is for: what is sold beside it, since when and until when.

A fee for its term is an advance for what is sold in it (rule 36, ASC 606-10-55-51, IFRS 15.B49). As
long as nothing is, it waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from domain.charge import Charge
from domain.price import Prices, version_of
from domain.stretch import Ending, Stretch
from domain.terms import Terms


def is_of_its_term(charge: Charge, prices: Prices) -> bool:
    """Whether a fee is for what is sold in its term, and for nothing beyond it."""
    return not _is_of_use_beyond(charge.price.rpartition("@")[0], prices)


def fees_of_terms(terms: Terms, prices: Prices) -> set[str]:
    """Items that are earned with whatever is sold beside them in their term."""
    return {
        one.item
        for one in terms.stretches
        if _is_a_fee(one, prices) and not _is_of_use_beyond(one.price, prices)
    }


def _is_of_use_beyond(name: str, prices: Prices) -> bool:
    """Whether a price says, in any of its versions, for how long what it asks is of use."""
    return any(one.price.benefits_months for one in prices.get(name, ()))


def begun(charge: Charge, terms: Terms, prices: Prices) -> tuple[date | None, tuple[int, ...]]:
    """Since when a fee is earned, and because of which facts: one for its term since something is
    sold beside it, which may be never; one that says for how long it is of use, at once.
    """
    if not is_of_its_term(charge, prices):
        return charge.start, ()
    beside = [
        (max(one.start, charge.start), one.causes)
        for one in terms.stretches
        if one.end > charge.start and one.start < charge.end and not _is_a_fee(one, prices)
    ]
    # Of things sold from one day on, the one that rests on the fewest facts.
    return min(beside, key=lambda row: (row[0], len(row[1]), row[1]), default=(None, ()))


class Waiting(NamedTuple):
    """A fee of a term that is not over: what was paid, from when something is sold beside it that
    shares no price, as usage, and until when it goes on.
    """

    item: str
    minor: int
    begin: date | None
    over: date


def waiting(
    charges: Sequence[Charge], terms: Terms, prices: Prices, day: date, *, runs_on: bool
) -> Iterator[Waiting]:
    """The fees that go on beyond a day: what is sold until then is what they are for."""
    for fee in charges:
        if fee.benefits_to is None or fee.kind == "discount":
            continue
        ended = None if runs_on else ending(terms, fee)
        over = fee.end if ended is None else min(fee.end, ended.day)
        if over > max(fee.start, day):
            # With what is taken off it.
            paid = sum(one.minor for one in charges if _is_of(one, fee))
            served = (max(fee.start, since) for since in _served(terms, prices, day, over))
            yield Waiting(fee.item, paid, min(served, default=None), over)


def _is_of(one: Charge, fee: Charge) -> bool:
    return (one.item, one.start, one.benefits_to) == (fee.item, fee.start, fee.benefits_to)


def _served(terms: Terms, prices: Prices, day: date, until: date) -> Iterator[date]:
    """Since when something is sold after a day that is given day by day."""
    for one in terms.stretches:
        if one.end > day and one.start < until and not _is_a_fee(one, prices):
            version = version_of(one.price, one.start, prices)
            if version is not None and version.price.pattern != "point-in-time":
                yield one.start


def _is_a_fee(sold: Stretch, prices: Prices) -> bool:
    version = version_of(sold.price, sold.start, prices)
    return version is not None and version.price.upfront


def ending(terms: Terms, charge: Charge) -> Ending | None:
    """When the item of a charge is sold no more, as far as that is said."""
    endings = (one for one in terms.endings if one.item == charge.item)
    later = (one for one in endings if one.day >= charge.start)
    return min(later, key=lambda one: one.day, default=None)
