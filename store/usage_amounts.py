"""Quantities of usage rows as whole numbers of their last place, and in PostgreSQL's binary form.

Sums of whole numbers are exact and quick; a numeric is its decimal digits in groups of four.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
# One group before the point and one behind it are enough for most.
_SHORT_PLACE = 10 ** (SCALE - _GROUP_DIGITS)
_SHORT_MAX = _GROUP**2
_SHORT_SIZE = 12
# A line of digits without a zero that could be left out, or any other.
_PLAIN = re.compile(r"^(?:(-?)([1-9]\d{0,14})(?:\.(\d{0,14}[1-9]))?|.*)$", re.ASCII | re.MULTILINE)
_LENGTHS = tuple(length.to_bytes(4, "big") for length in range(33))

_short = Struct(">ihhHHHH").pack
_head = Struct(">ihhHH").pack


# A quantity: scaled, as a text of the leaf, as a field of a row.
Amount = tuple[int, bytes, bytes]


def plain_amounts(texts: Iterable[str]) -> dict[str, Amount]:
    """Those of the texts that are numbers written as they are hashed; looked at all together."""
    lines = list(texts)
    found = _PLAIN.findall("\n".join(lines))
    if len(found) != len(lines):
        return {}  # a text of several lines, which is no number
    made = {}
    for written, (minus, before, behind) in zip(lines, found, strict=True):
        if before:
            scaled = int(minus + before + behind.ljust(SCALE, "0"))
            made[written] = scaled, _LENGTHS[len(written)] + written.encode(), numeric(scaled)
    return made


def read_amount(written: str) -> Amount:
    """Any quantity. Raises Malformed for what is none."""
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
    groups = _groups(whole, 1)
    weight = len(groups) - 1
    if fraction:
        groups += _groups(fraction * 10, _GROUPS_BEHIND)
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
