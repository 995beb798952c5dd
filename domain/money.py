"""Money is whole minor units of one currency; every cent is placed by one named rounding.

Rounding is cumulative and half away from zero on the magnitude, so that parts sum to the whole
and a reversal mirrors what it reverses (SPEC 6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import cache
from itertools import accumulate, pairwise, repeat

from msgspec import Struct

from domain.currency import exponent
from domain.decimals import EXACT, exact_decimal, plain
from domain.errors import Malformed, Rejected

# A signed 64-bit column holds every amount; one digit less leaves room for sums.
LARGEST_MINOR = 10**18
# On the magnitude: half away from zero.
_HALF_AWAY = Context(prec=EXACT.prec, rounding=ROUND_HALF_UP)


class Money(Struct, frozen=True, order=True):
    """Whole minor units and an ISO 4217 code; closed under + and - within one currency."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        assert self.currency == other.currency, (self, other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        assert self.currency == other.currency, (self, other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Share by weight, in order. The parts sum to the whole."""
        return tuple(Money(part, self.currency) for part in split(self.minor, weights))

    def __str__(self) -> str:
        return f"{decimal_text(self.minor, self.currency)} {self.currency}"


def require_positive(minor: int, field: str) -> None:
    """An amount somebody states: above nothing, and not more than the ledger holds."""
    if minor <= 0:
        raise Rejected("amount-not-positive", field=field)
    require_size(minor, field)


def require_size(minor: int | None, field: str) -> None:
    """An amount of either sign, or none: not more than the ledger holds."""
    if minor is not None and abs(minor) > LARGEST_MINOR:
        raise Malformed("amount-too-large", field=field)


def rounded(exact: Fraction | Decimal | int) -> int:
    """The nearest integer, half away from zero: the only rounding in the ledger."""
    if isinstance(exact, Decimal):
        return int(_HALF_AWAY.to_integral_value(exact))
    magnitude = abs(Fraction(exact))
    top, bottom = magnitude.numerator, magnitude.denominator
    whole = (2 * top + bottom) // (2 * bottom)
    return whole if exact >= 0 else -whole


def decimal_of(exact: Fraction, places: int) -> Decimal:
    """A fraction as a decimal, rounded to so many places where it has more."""
    shifted = Decimal(rounded(exact * 10**places))
    return exact_decimal(plain(EXACT.scaleb(shifted, -places)))


def rounded_share(minor: int, part: int, total: int) -> int:
    """`minor * part / total` to the nearest minor unit, half away from zero."""
    assert total > 0, total
    if minor < 0:
        return -rounded_share(-minor, part, total)
    return (2 * minor * part + total) // (2 * total)


def split(minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Cut `minor` by weight with cumulative rounding (rule 47): the last part closes to zero."""
    total = sum(weights)
    assert total > 0, weights
    assert all(weight >= 0 for weight in weights), weights
    marks = [rounded_share(minor, part, total) for part in accumulate(weights, initial=0)]
    return tuple(after - before for before, after in pairwise(marks))


def allocate(minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share by largest remainder, ties to the earlier weight (rule 25); parts sum to `minor`."""
    total = sum(weights)
    assert total > 0, weights
    assert min(weights) >= 0, weights
    whole = abs(minor)
    parts = [whole * weight // total for weight in weights]
    left = whole - sum(parts)
    if left:
        rest = [whole * weight % total for weight in weights]
        # The sort is stable: of equal remainders the earlier comes first.
        for place in sorted(range(len(weights)), key=rest.__getitem__, reverse=True)[:left]:
            parts[place] += 1
    return tuple(parts) if minor >= 0 else tuple([-part for part in parts])


def bearing(*choices: Sequence[int]) -> Sequence[int]:
    """The first weights by which anybody bears something; else all bear alike."""
    return next((weights for weights in choices if any(weights)), [1] * len(choices[0]))


def within_left(minor: int, left: Sequence[int]) -> tuple[int, ...]:
    """As much of an amount as is left in all, by what each has left."""
    first = min(minor, sum(left))
    return allocate(first, left) if first else (0,) * len(left)


def to_minor(exact: Decimal | Fraction, currency: str) -> int:
    """The only way from a price to money: exact major units, rounded once."""
    if isinstance(exact, Decimal):
        return int(_HALF_AWAY.to_integral_value(EXACT.multiply(exact, minor_units(currency))))
    return rounded(exact * 10 ** exponent(currency))


def minors(exact: Iterable[Decimal], currency: str) -> list[int]:
    """`to_minor` of many amounts of one currency, each rounded for itself."""
    # The loop is in C: for usage day by day this is most of what measuring rounds.
    scaled = map(EXACT.multiply, exact, repeat(minor_units(currency)))
    return [*map(int, map(_HALF_AWAY.to_integral_value, scaled))]


@cache
def minor_units(currency: str) -> Decimal:
    """How many there are to a major unit."""
    return Decimal(10 ** exponent(currency))


def part_to_minor(exact: Decimal, part: int, total: int, currency: str) -> int:
    """`exact * part / total` in major units to money, rounded once."""
    if part == total:
        return to_minor(exact, currency)
    top, bottom = EXACT.scaleb(exact, exponent(currency)).as_integer_ratio()
    return rounded_share(top, part, bottom * total)


def minor_exactly(text: str | Decimal, currency: str, field: str = "amount") -> int:
    """Read a decimal amount in major units; refuses a scale the currency does not have."""
    amount = exact_decimal(text, field)
    minor = Fraction(amount) * 10 ** exponent(currency)
    if minor.denominator != 1:
        raise Malformed("wrong-scale", field=field, amount=str(text), currency=currency)
    if abs(minor) > LARGEST_MINOR:
        raise Malformed("amount-too-large", field=field, amount=str(text))
    return int(minor)


def decimal_text(minor: int, currency: str) -> str:
    """Minor units as a decimal with the currency's own number of places, never in exponent form."""
    places = exponent(currency)
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
