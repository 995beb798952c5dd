"""The parts of what a line bills: tiers, packages, windows, discounts; in words and amounts.

A line bills what a charge came to since the run before: so its parts are the charge's parts now
less those it had then.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from msgspec import Struct

from domain.charge import Charge
from domain.money import rounded_share
from domain.pricing.parts import Part
from replay.billing_cases.stage import Line, Seen

ZERO = Fraction(0)
JOINT = ": "


class Piece(Struct, frozen=True, kw_only=True):
    """Some parts of one kind: their units and exact amount."""

    what: str
    units: Fraction
    amount: Fraction


def rounded(amount: Fraction, places: int) -> Fraction:
    """To so many places, half away from zero."""
    scale: int = 10**places
    return Fraction(rounded_share(scale * amount.numerator, 1, amount.denominator), scale)


def parts_of(charge: Charge) -> tuple[Part, ...]:
    found: tuple[Part, ...] = getattr(charge, "parts", ())
    return tuple(found)


def pieces(seen: Seen, place: int, line: Line, kind: str) -> Iterator[Piece]:
    """What is new in the parts of a line; `grouped`: those of one window or cell together."""
    before = _parts(seen, place - 1, line, kind) if place else {}
    now = _parts(seen, place, line, kind)
    for what in dict.fromkeys([*now, *before]):
        units = now.get(what, (ZERO, ZERO))[0] - before.get(what, (ZERO, ZERO))[0]
        amount = now.get(what, (ZERO, ZERO))[1] - before.get(what, (ZERO, ZERO))[1]
        if units or amount:
            yield Piece(what=what, units=units, amount=amount)


def _parts(seen: Seen, place: int, line: Line, kind: str) -> dict[str, tuple[Fraction, Fraction]]:
    found: dict[str, tuple[Fraction, Fraction]] = {}
    for charge in seen.runs[place].measured.charges.get(line.subscription or "", ()):
        if charge.item != line.item or not _holds(charge, line):
            continue
        for part in parts_of(charge):
            name = part.what.rpartition(JOINT)[0] if kind == "grouped" else part.what
            units, amount = found.get(name, (ZERO, ZERO))
            found[name] = (units + part.units, amount + part.amount)
    return found


def _holds(charge: Charge, line: Line) -> bool:
    if line.service_from is None:
        return False
    return charge.period.start <= line.service_from < charge.period.end
