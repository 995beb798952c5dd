"""What an amount is made of: one part for each tier, package, rule or fee that a price applies.

The parts of an amount sum to it exactly, because it is their sum; the steps of an explanation and
the lines below an invoice line are written from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct, structs

from domain.decimals import EXACT
from domain.explain import Step

_ZERO = Fraction(0)


class Part(Struct, frozen=True, kw_only=True):
    """`units` at `unit_amount` each and `flat` once, at most `maximum`: exact, in major units."""

    what: str
    units: Fraction = _ZERO
    unit_amount: Fraction = _ZERO
    flat: Fraction = _ZERO
    maximum: Fraction | None = None

    @property
    def amount(self) -> Fraction:
        amount = self.units * self.unit_amount + self.flat
        return amount if self.maximum is None else min(amount, self.maximum)

    def under(self, name: str) -> Part:
        """The same part as one of a whole that has several of its kind."""
        return structs.replace(self, what=f"{name}, {self.what}")


def total(parts: Iterable[Part]) -> Fraction:
    """The exact amount that the parts come to."""
    return sum((part.amount for part in parts), _ZERO)


class Rated(Struct, frozen=True):
    """An exact amount in major units by its parts; nothing is rounded yet."""

    parts: tuple[Part, ...]

    @property
    def amount(self) -> Fraction:
        return total(self.parts)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(map(step_of, self.parts))


def step_of(part: Part) -> Step:
    """A part as a person checks it: `900 x 0.05 + 2, at most 40`."""
    terms = []
    if part.unit_amount or not part.flat:
        terms.append(f"{text(part.units)} x {text(part.unit_amount)}")
    if part.flat:
        terms.append(text(part.flat))
    limit = "" if part.maximum is None else f", at most {text(part.maximum)}"
    return Step(what=part.what, value=" + ".join(terms) + limit)


def text(exact: Fraction) -> str:
    """A decimal where it has an end, else a fraction in its lowest terms."""
    bottom = exact.denominator
    for prime in (2, 5):
        while bottom % prime == 0:
            bottom //= prime
    if bottom > 1:
        return str(exact)
    quotient = EXACT.divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return format(quotient.normalize(EXACT), "f")
