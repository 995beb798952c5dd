"""What a price model returns: the exact amount together with the steps that lead to it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from domain.explain import Step

# What a quantity costs at a price, exactly; rounding is for whoever charges it.
Pricer = Callable[[Decimal], Decimal]


class Rated(Struct, frozen=True):
    """An exact amount in major units; nothing is rounded yet."""

    amount: Fraction
    steps: tuple[Step, ...]
