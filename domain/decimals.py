"""Exact decimals in and out of text: no binary float, no NaN, no silent rounding."""

from __future__ import annotations

from decimal import Context, Decimal

from domain.errors import Malformed, Rejected

# Sums and products of quantities stay exact: the default context would round at 28 digits. Three
# numbers of 120 digits, as many as `bounded` allows, may be multiplied and added up.
EXACT = Context(prec=500)
# Beyond any price or quantity. What is larger or finer could not be multiplied in reasonable time,
# and beyond the context's own range it would silently become zero.
DIGITS_MAX = 60


def exact_decimal(text: str | Decimal | int, field: str = "amount") -> Decimal:
    """A finite decimal from its text. Floats never get here; NaN and infinity are refused."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise Malformed("not-a-decimal", field=field, value=str(text)) from None
    return bounded(value, field)


def bounded(value: Decimal, field: str | None = None) -> Decimal:
    """The value, if it is finite and has at most 60 digits on either side of the point."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise Malformed("not-finite", field=field, value=str(value))
    if value.adjusted() >= DIGITS_MAX:
        raise Malformed("amount-too-large", field=field, value=str(value))
    if exponent < -DIGITS_MAX:
        raise Malformed("wrong-scale", field=field, value=str(value))
    return value


def require_price(amount: Decimal, field: str) -> None:
    """A price is a finite amount of zero or more, of any precision."""
    if bounded(amount, field) < 0:
        raise Rejected("negative-price", field=field, amount=plain(amount))


def plain(value: Decimal) -> str:
    """Decimal text without exponent or trailing zeros: the form that is hashed and printed."""
    if value == 0:
        return "0"
    return format(bounded(value).normalize(EXACT), "f")
