"""What a price model returns: the exact amount together with the steps that lead to it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.decimals import bounded
from domain.errors import Rejected
from domain.explain import Step


class Rated(Struct, frozen=True):
    """An exact amount in major units; nothing is rounded yet."""

    amount: Fraction
    steps: tuple[Step, ...]


def require_price(amount: Decimal, field: str) -> None:
    """A price is a finite amount of zero or more."""
    if bounded(amount, field) < 0:
        raise Rejected("negative-price", field=field, amount=str(amount))
