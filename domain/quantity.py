"""A quantity is an exact decimal and its unit; prices keep any precision."""

from __future__ import annotations

from decimal import Context, Decimal

from domain.errors import Malformed
from domain.money import exact_decimal

# Usage columns are numeric(38, 15); what does not fit is refused, never rounded.
SCALE = 15
LARGEST = Decimal(10) ** 18
# Sums and products of quantities stay exact: the default context would round at 28 digits.
EXACT = Context(prec=200)


def quantity(text: str | Decimal | int, field: str = "quantity") -> Decimal:
    """A finite decimal of at most 15 places and below 10^18 in magnitude."""
    value = exact_decimal(text, field)
    if abs(value) >= LARGEST:
        raise Malformed("quantity-too-large", field=field, value=str(text))
    exponent = value.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > SCALE:
        raise Malformed("wrong-scale", field=field, value=str(text))
    return value


def plain(value: Decimal) -> str:
    """Decimal text without exponent or trailing zeros: the form that is hashed and printed."""
    if value == 0:
        return "0"
    return format(value.normalize(EXACT), "f")
