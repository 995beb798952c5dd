"""What the parameters of a price must keep, wherever they stand: refused by name and field."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from domain.decimals import bounded, plain
from domain.errors import Rejected


def require_rising(bounds: Sequence[Decimal | None], field: str) -> None:
    """Upper bounds rise from above zero, so that none overlap, and only the last is open."""
    if not bounds or bounds[-1] is not None:
        raise Rejected("last-tier-must-be-open", field=field)
    floor = Decimal(0)
    for bound in bounds[:-1]:
        if bound is None or bounded(bound, f"{field}.up_to") <= floor:
            raise Rejected("tiers-must-rise", field=field, above=plain(floor))
        floor = bound


def require_size(size: Decimal, field: str) -> None:
    """A package holds something."""
    if bounded(size, field) <= 0:
        raise Rejected("size-not-positive", field=field, size=plain(size))


def require_allowance(free: Decimal, field: str) -> None:
    """What is free is nothing or more."""
    if bounded(free, field) < 0:
        raise Rejected("negative-allowance", field=field, amount=plain(free))


def require_limits(minimum: Decimal | None, maximum: Decimal | None, field: str) -> None:
    """A minimum above the maximum could not be kept."""
    if minimum is not None and maximum is not None and minimum > maximum:
        raise Rejected("minimum-above-maximum", field=field, maximum=plain(maximum))
