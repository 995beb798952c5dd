"""Quantities of usage rows as whole numbers of their last place, and in PostgreSQL's binary form.

Sums of whole numbers are exact and quick; a numeric is its decimal digits in groups of four.
"""

from __future__ import annotations

import re
from decimal import Decimal
from struct import Struct

from domain.decimals import EXACT, plain
from domain.quantity import LARGEST, SCALE
from store.copying import text
from store.usage_input import read_quantity

AMOUNT_MAX = int(LARGEST)

_WHOLE = 10**SCALE
_GROUP_DIGITS = 4
_GROUP = 10**_GROUP_DIGITS
_GROUPS_BEHIND = 4
_NEGATIVE = 0x4000
# The common quantity, written as it is hashed: one group before the point and at most one behind.
_SHORT = re.compile(r"(-?)([1-9]\d{0,3})(?:\.(\d{0,3}[1-9]))?", re.ASCII)
_SHORT_PLACE = 10 ** (SCALE - _GROUP_DIGITS)
_SHORT_SIZE = 12
_LENGTHS = tuple(length.to_bytes(4, "big") for length in range(16))
_SHORT_MAX = _GROUP**2

_short = Struct(">ihhHHHH").pack
_head = Struct(">ihhHH").pack


# A quantity: scaled, as a text of the leaf, as a field of a row.
Amount = tuple[int, bytes, bytes]


def read_amount(written: str) -> Amount:
    """Raises Malformed for what is no quantity."""
    found = _SHORT.fullmatch(written)
    if found is None:
        return _any_amount(written)
    minus, before, behind = found.groups("")
    whole, fraction = int(before), int(behind.ljust(_GROUP_DIGITS, "0"))
    scaled = (whole * _GROUP + fraction) * _SHORT_PLACE
    sign = _NEGATIVE if minus else 0
    field = _short(_SHORT_SIZE, 2, 0, sign, SCALE, whole, fraction)
    leaf = _LENGTHS[len(written)] + written.encode()
    return -scaled if minus else scaled, leaf, field


def _any_amount(written: str) -> Amount:
    value = read_quantity(written)
    scaled = int(EXACT.scaleb(value, SCALE))
    return scaled, text(plain(value)), numeric(scaled)


def numeric(scaled: int) -> bytes:
    """A field of type numeric, with all its places."""
    sign, size = (_NEGATIVE, -scaled) if scaled < 0 else (0, scaled)
    short, finer = divmod(size, _SHORT_PLACE)
    if not finer and short < _SHORT_MAX:
        return _short(_SHORT_SIZE, 2, 0, sign, SCALE, *divmod(short, _GROUP))
    whole, fraction = divmod(size, _WHOLE)
    groups = _groups(whole, 1) + _groups(fraction * 10, _GROUPS_BEHIND)
    weight = len(groups) - _GROUPS_BEHIND - 1
    head = _head(8 + 2 * len(groups), len(groups), weight, sign, SCALE)
    return head + b"".join(group.to_bytes(2, "big") for group in groups)


def unscaled(scaled: int) -> Decimal:
    return EXACT.scaleb(Decimal(scaled), -SCALE)


def _groups(number: int, at_least: int) -> list[int]:
    """Digits to the base of 10,000, the highest first."""
    groups: list[int] = []
    while number or len(groups) < at_least:
        number, group = divmod(number, _GROUP)
        groups.append(group)
    return groups[::-1]
