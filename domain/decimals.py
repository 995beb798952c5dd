"""Exact decimals in and out of text: no binary float, no NaN, no silent rounding."""

from __future__ import annotations

from decimal import Context, Decimal

from domain.errors import Malformed

# Sums and products of quantities stay exact: the default context would round at 28 digits.
EXACT = Context(prec=200)


def exact_decimal(text: str | Decimal | int, field: str = "amount") -> Decimal:
    """A finite decimal from its text. Floats never get here; NaN and infinity are refused."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise Malformed("not-a-decimal", field=field, value=str(text)) from None
    if not value.is_finite():
        raise Malformed("not-finite", field=field, value=str(text))
    return value


def plain(value: Decimal) -> str:
    """Decimal text without exponent or trailing zeros: the form that is hashed and printed."""
    if value == 0:
        return "0"
    return format(value.normalize(EXACT), "f")
