"""The parts of what a line bills: tiers, packages, windows, discounts; in words and amounts.

A line bills what a charge came to since the run before: so its parts are the charge's parts now
less those it had then.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from msgspec import Struct, structs

from domain.charge import Charge
from domain.currency import exponent
from domain.pricing.parts import Part
from replay.billing_cases.papers import Line
from replay.billing_cases.seen import Seen

ZERO = Fraction(0)
# What stands before it is the window, or the cell, that a part is one of.
JOINT = ", "


class Piece(Struct, frozen=True, kw_only=True):
    """Some parts of one kind: their units, their exact amount, and what is taken off it."""

    what: str
    units: Fraction
    amount: Fraction
    discount: Fraction = ZERO


def parts_of(charge: Charge) -> tuple[Part, ...]:
    found: tuple[Part, ...] = getattr(charge, "parts", ())
    return tuple(found)


def pieces(
    seen: Seen, place: int, line: Line, kind: str, discount: Fraction = ZERO
) -> Iterator[Piece]:
    """What is new in the parts of a line; `grouped`: those of one window or cell together;
    `charges`: those of one charge.

    What is taken off is a discount on them in order, from where it is reached.
    """
    room = sum((piece.amount for piece in _news(seen, place, line, kind)), ZERO) - discount
    for piece in _news(seen, place, line, kind):
        paid = min(piece.amount, room) if discount else piece.amount
        room -= paid
        yield structs.replace(piece, discount=piece.amount - paid)


def _news(seen: Seen, place: int, line: Line, kind: str) -> Iterator[Piece]:
    """The parts of a charge now less those it had at the run before."""
    if kind == "charges":
        yield from _charges(seen, place, line)
        return
    before = _parts(seen, place - 1, line, kind) if place else {}
    now = _parts(seen, place, line, kind)
    for what in dict.fromkeys([*now, *before]):
        units = now.get(what, (ZERO, ZERO))[0] - before.get(what, (ZERO, ZERO))[0]
        amount = now.get(what, (ZERO, ZERO))[1] - before.get(what, (ZERO, ZERO))[1]
        if units or amount:
            yield Piece(what=what, units=units, amount=amount)


def _charges(seen: Seen, place: int, line: Line) -> Iterator[Piece]:
    """Of a line that bills several charges, such as usage and what it falls short of, each."""
    own = [one for one in _own(seen, place, line) if one.minor]
    scale = 10 ** exponent(seen.course.currency)
    for charge in own if len(own) > 1 else ():
        units = Fraction(charge.quantity)
        yield Piece(what=charge.kind, units=units, amount=Fraction(charge.minor, scale))


def _own(seen: Seen, place: int, line: Line) -> list[Charge]:
    """The charges that a line bills."""
    charges = seen.runs[place].measured.charges.get(line.subscription or "", ())
    return [one for one in charges if one.item == line.item and _holds(one, line)]


def _parts(seen: Seen, place: int, line: Line, kind: str) -> dict[str, tuple[Fraction, Fraction]]:
    found: dict[str, tuple[Fraction, Fraction]] = {}
    for charge in _own(seen, place, line):
        for part in parts_of(charge):
            name = part.what.partition(JOINT)[0] if kind == "grouped" else part.what
            units, amount = found.get(name, (ZERO, ZERO))
            found[name] = (units + part.units, amount + part.amount)
    return found


def _holds(charge: Charge, line: Line) -> bool:
    if line.service_from is None:
        return False
    return charge.period.start <= line.service_from < charge.period.end
