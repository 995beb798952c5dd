"""A quantity is an exact decimal of bounded scale and size; what does not fit is refused."""

from __future__ import annotations

from decimal import Decimal

from domain.decimals import EXACT, exact_decimal
from domain.errors import Malformed

# Usage columns are numeric(38, 15).
SCALE = 15
LARGEST = Decimal(10) ** 18


def quantity(text: str | Decimal | int, field: str = "quantity") -> Decimal:
    """A finite decimal of at most 15 places and below 10^18 in magnitude."""
    value = exact_decimal(text, field)
    if value.copy_abs() >= LARGEST:
        raise Malformed("quantity-too-large", field=field, value=str(text))
    exponent = value.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > SCALE:
        raise Malformed("wrong-scale", field=field, value=str(text))
    return value
