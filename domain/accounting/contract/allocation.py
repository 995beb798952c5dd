"""Who shares the price: relative stand-alone selling prices, and the exceptions (rules 25 to 29).

Amounts that relate to one promise are its own; a discount that evidence ties to some promises is
theirs; a promise whose price is only observed as a range gets what is left, if that is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.accounting.contract.pricing import stated_minor, weight_minor
from domain.contract_facts import Obligation, RegularBundle
from domain.currency import exponent
from domain.errors import Rejected
from domain.money import allocate
from domain.policy import PLACES, Options

HUNDRED = 100


def shares(
    minor: int,
    obligations: Sequence[Obligation],
    bundles: Sequence[RegularBundle],
    currency: str,
    options: Options,
) -> dict[str, int]:
    """The fixed price by promise; the parts sum to it. Refused: `residual-out-of-range`."""
    weights = {own.obligation: weight_minor(own, currency) for own in obligations}
    open_priced = [own for own in obligations if own.ssp_range_minor is not None]
    given = _by_evidence(minor, weights, bundles, bool(open_priced), options)
    if open_priced:
        return _residual(minor, obligations, open_priced, given or weights)
    if given is not None:
        return given
    portfolio = max((own.portfolio for own in obligations), default=1)
    parts = by_weight(minor, [*weights.values()], currency, options, portfolio)
    return dict(zip(weights, parts, strict=True))


def by_weight(
    minor: int,
    weights: Sequence[int],
    currency: str,
    options: Options,
    portfolio: int = 1,
) -> list[int]:
    """Largest remainder (rule 25), ties to the first listed; equal parts where nothing is known.

    A policy may have the shares rounded to a percentage, or the parts to whole units of currency.
    """
    if not weights:
        return []
    rates = weights if any(weights) else [1] * len(weights)
    if options.allocation_percent != "exact":
        rates = allocate(HUNDRED * 10 ** PLACES[options.allocation_percent], rates)
    if options.allocation_unit == "minor":
        return [*allocate(minor, rates)]
    unit = 10 ** exponent(currency) * portfolio
    wholes = abs(minor) // unit
    parts = [part * unit for part in allocate(wholes, rates)]
    # What is no whole unit goes to the first that weighs most.
    parts[rates.index(max(rates))] += abs(minor) - wholes * unit
    sign = 1 if minor >= 0 else -1
    return [sign * part for part in parts]


def _by_evidence(
    minor: int,
    weights: Mapping[str, int],
    bundles: Sequence[RegularBundle],
    has_residual: bool,  # noqa: FBT001 (a claim)
    options: Options,
) -> dict[str, int] | None:
    """A discount wholly of some promises: regularly sold together at that discount (rule 27)."""
    if options.discounts == "to-all":
        return None
    discount = sum(weights.values()) - minor
    for bundle in bundles:
        alone = {name: weights[name] for name in bundle.obligations if name in weights}
        saved = sum(alone.values()) - bundle.price_minor
        if saved > 0 and any(alone.values()) and (saved == discount or has_residual):
            parts = dict(zip(alone, allocate(bundle.price_minor, [*alone.values()]), strict=True))
            return {name: parts.get(name, weight) for name, weight in weights.items()}
    return None


def _residual(
    minor: int,
    obligations: Sequence[Obligation],
    open_priced: Sequence[Obligation],
    given: Mapping[str, int],
) -> dict[str, int]:
    """What is left after all that have a price, if it is one that was observed (rule 28)."""
    if len(open_priced) > 1:
        names = [own.obligation for own in open_priced]
        raise Rejected("residual-out-of-range", field="ssp_range_minor", obligations=names)
    (own,) = open_priced
    left = minor - sum(part for name, part in given.items() if name != own.obligation)
    assert own.ssp_range_minor is not None
    low, high = own.ssp_range_minor
    if not low <= left <= high:
        raise Rejected(
            "residual-out-of-range",
            field="ssp_range_minor",
            obligation=own.obligation,
            residual=left,
            low=low,
            high=high,
        )
    return {one.obligation: left if one is own else given[one.obligation] for one in obligations}


def stated(obligations: Sequence[Obligation], currency: str) -> int:
    return sum(stated_minor(own, currency) for own in obligations)
