"""What a price model returns: the exact amount together with the steps that lead to it."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from domain.explain import Step


class Rated(Struct, frozen=True):
    """An exact amount in major units; nothing is rounded yet."""

    amount: Fraction
    steps: tuple[Step, ...]
