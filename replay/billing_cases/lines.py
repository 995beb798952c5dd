"""Expected lines beside produced ones: each must be matched by one of the same amount and place.

A line is matched by what a run issued, or by a part of it: a window, a tier. Of several runs the
last ones are looked at first. A line of nothing is also there where nothing was issued.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec import Struct, structs

from domain.pricing.parts import text
from replay.billing_cases.checks import wrong
from replay.billing_cases.fields import Kind
from replay.billing_cases.papers import Line
from replay.billing_cases.parts import pieces
from replay.billing_cases.seen import Seen
from replay.billing_cases.words import is_number, number
from replay.case_format import CaseError

# What a line may say of itself; `id` and `reverses` are for the reader where no item has that name.
FIELDS: Mapping[str, Kind] = {
    "amount": "money",
    "net": "money",
    "total": "money",
    "discount": "money",
    "units": "number",
    "from": "day",
    "to": "day",
    "on": "day",
    "unit": "text",
    "type": "text",
    "id": "text",
    "reverses": "text",
}
AMOUNTS = ("net", "total", "amount")
NOTHING = Fraction(0)
TYPES = (
    "recurring", "recurring_after_void", "repair", "credit_gained", "credit_used", "usage"
)  # fmt: skip


class Matched(Struct, frozen=True, kw_only=True):
    """An expected line, and whether there is one."""

    name: str
    expected: str
    found: str
    is_found: bool
    why: str = ""


class Candidate(Struct, frozen=True, kw_only=True):
    """A produced line, or a piece of it, that an expected line may be."""

    place: int
    line: Line
    amount: Fraction
    units: Fraction | None
    discount: Fraction = NOTHING


def unknown_words(rows: Any, name: str) -> list[str]:
    """What no line can say: other fields, other types, and what is no amount or day."""
    if not isinstance(rows, list):
        return [f"expected {name} must be a list"]
    found: list[str] = []
    for row in rows:
        if isinstance(row, dict):
            found += _wrong(row, name)
        elif not is_number(row):
            found.append(f"expected {name} must be lines, not {row!r}")
    return found


def _wrong(row: dict[str, Any], name: str) -> Iterator[str]:
    """A line may say its type where its days stand, and have none."""
    yield from (f"unknown field {name}.{field}" for field in row if field not in FIELDS)
    if "type" in row and row["type"] not in TYPES:
        yield f"unknown type of line {row['type']}"
    if not any(field in row for field in AMOUNTS):
        yield f"missing field {name}.amount"
    for field, value in row.items():
        if field in FIELDS and not (FIELDS[field] == "day" and value in ("", *TYPES)):
            yield from wrong(f"{name}.{field}", value, FIELDS[field])


def matched(
    rows: list[Any], seen: Seen, slack: Fraction, name: str = "lines"
) -> tuple[list[Matched], set[int]]:
    """Each expected line with what it is matched by, and the runs that hold those."""
    wanted = [row if isinstance(row, dict) else {"amount": row} for row in rows]
    best: list[Candidate | None] = []
    for first in range(len(seen.runs) - 1, -1, -1):
        best = _assigned(wanted, seen, first, slack)
        if all(one is not None or not _amount(row) for one, row in zip(best, wanted, strict=True)):
            break
    best = best or [None] * len(wanted)
    told = [
        _told(f"{name}/{place}", row, one, seen)
        for place, (row, one) in enumerate(zip(wanted, best, strict=True), start=1)
    ]
    return told, {one.place for one in best if one is not None}


def _assigned(
    wanted: list[dict[str, Any]], seen: Seen, first: int, slack: Fraction
) -> list[Candidate | None]:
    """What matches each line among the runs from one on; whole lines before their pieces."""
    whole = [*_lines(seen, first)]
    found: list[Candidate | None] = [None] * len(wanted)
    taken: set[int] = set()
    for at, row in enumerate(wanted):
        place = next(
            (i for i, one in enumerate(whole) if i not in taken and _is(row, one, slack)), None
        )
        if place is not None:
            taken.add(place)
            found[at] = whole[place]
    left = [one for i, one in enumerate(whole) if i not in taken]
    for kind in ("charges", "grouped", "single"):
        parts = [piece for one in left for piece in _pieces(one, seen, kind)]
        for at, row in enumerate(wanted):
            if found[at] is None and (one := next((p for p in parts if _is(row, p, slack)), None)):
                parts.remove(one)
                found[at] = one
    return found


def _lines(seen: Seen, first: int) -> Iterator[Candidate]:
    """What each run issued; what a line of its own takes off another belongs to that."""
    for place in range(first, len(seen.runs)):
        lines = seen.runs[place].lines
        for line in lines:
            if line.kind == "discount" and any(_takes_off(line, other) for other in lines):
                continue
            yield Candidate(
                place=place,
                line=line,
                amount=line.amount,
                units=None if line.quantity is None else Fraction(line.quantity),
                discount=-sum((one.amount for one in lines if _takes_off(one, line)), NOTHING),
            )
        yield from _drawn(seen, place)


def _drawn(seen: Seen, place: int) -> Iterator[Candidate]:
    """What invoices of a run drew from credit that was granted."""
    for paper in seen.runs[place].papers:
        drawn = seen.settled.drawn.get(paper.invoice, NOTHING)
        if paper.kind == "invoice" and drawn:
            line = structs.replace(paper.lines[0], kind="credit", amount=-drawn)
            yield Candidate(place=place, line=line, amount=-drawn, units=None)


def _takes_off(one: Line, other: Line) -> bool:
    """Whether a line is a discount on another of the same item and days."""
    same = (one.subscription, one.item, one.service_from) == (
        other.subscription,
        other.item,
        other.service_from,
    )
    return same and one.kind == "discount" and other.kind not in ("discount", "credit")


def _pieces(one: Candidate, seen: Seen, kind: str) -> Iterator[Candidate]:
    for piece in pieces(seen, one.place, one.line, kind, one.discount):
        yield Candidate(
            place=one.place,
            line=one.line,
            amount=piece.amount,
            units=piece.units,
            discount=piece.discount,
        )


def _amount(row: dict[str, Any]) -> Fraction:
    for field in AMOUNTS:
        if field in row:
            return _money(row, field)
    raise CaseError("an expected line without an amount")


def _money(row: dict[str, Any], field: str) -> Fraction:
    return Fraction(number(row[field], field))


def _is(row: dict[str, Any], one: Candidate, slack: Fraction) -> bool:
    net = one.amount - one.discount
    said = {"amount": one.amount, "net": net, "total": net}
    if any(abs(_money(row, field) - said[field]) > slack for field in AMOUNTS if field in row):
        return False
    return all(_agrees(field, str(value), one, slack) for field, value in row.items())


def _agrees(field: str, value: str, one: Candidate, slack: Fraction) -> bool:
    line = one.line
    if field in ("from", "type") and value in TYPES:
        return _is_type(value, one)
    if field in ("from", "on"):
        return str(line.service_from) == value
    if field == "to":
        return not value or str(line.service_to) == value
    if field == "units":
        return one.units == Fraction(Decimal(value))
    if field == "unit":
        return line.meter == value
    if field == "discount":
        return abs(one.discount - Fraction(number(value, field))) <= slack
    return True


def _is_type(value: str, one: Candidate) -> bool:
    is_credit = one.line.kind == "credit"
    match value:
        case "credit_gained":
            return is_credit and one.amount > 0
        case "credit_used":
            return is_credit and one.amount < 0
        case "repair":
            return not is_credit and one.amount < 0
        case "usage":
            return one.line.kind == "usage"
        case _:
            return one.line.kind == "subscription" and one.amount >= 0


def _told(name: str, row: dict[str, Any], one: Candidate | None, seen: Seen) -> Matched:
    said = " ".join(f"{field} {value}" for field, value in row.items())
    if one is not None:
        return Matched(name=name, expected=said, found=text(one.amount), is_found=True)
    nothing = not _amount(row)
    issued = "; ".join(_in_words(line) for ran in seen.runs for line in ran.lines)
    return Matched(
        name=name,
        expected=said,
        found="nothing" if nothing else issued or "nothing was issued",
        is_found=nothing,
        why="no such line",
    )


def _in_words(line: Line) -> str:
    served = f"{line.service_from} to {line.service_to}" if line.service_from else ""
    return f"{line.item or line.kind} {served} {text(line.amount)}"
