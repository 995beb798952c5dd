"""What a credit note takes: some of all that is left, or of lines with what stands beside them.

A share is that of all that is credited of the line by now, rounded once, less what was credited of
it before. So in whichever order and parts a line is credited the end is the same: a credit of all
of it leaves nothing beside it. What goes with a line never gives back more than its credit takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Literal

from msgspec import Struct

from domain.errors import Rejected
from domain.facts import When
from domain.invoice_facts import CreditLine, InvoiceLine, Treatment
from domain.invoicing import CreditTo
from domain.money import rounded

NOTHING, ALL = Fraction(0), Fraction(1)


class CreditInvoice(
    Struct, frozen=True, kw_only=True, tag="credit-invoice", forbid_unknown_fields=True
):
    """Credit an amount over all that is left of an invoice, tax and coupons included; without one,
    all of it. With `paid_minor` no more than what was paid of it and is not credited yet; where the
    entity elects to credit up to what is `paid`, the ledger knows itself what was.
    """

    when: When
    number: str | None = None
    amount_minor: int | None = None
    paid_minor: int | None = None
    treatment: Treatment | None = None
    purpose: Literal["correction", "concession"] = "concession"
    to: CreditTo | None = None


def capped(minor: int, paid_minor: int, credited_minor: int) -> int:
    """What may be credited where no more goes back than was paid: never less than nothing."""
    return max(0, min(minor, paid_minor, paid_minor - credited_minor))


def all_rows(
    command: CreditInvoice,
    lines: Sequence[InvoiceLine],
    credited: Mapping[str, int],
    paid_minor: int | None,
) -> tuple[CreditLine, ...]:
    """What a credit of an invoice takes of each line. Raises Rejected where nothing is left."""
    if paid_minor is None:
        return spread(lines, credited, command.amount_minor)
    before = sum(credited.values())
    left = sum(line.amount_minor for line in lines) - before
    wanted = left if command.amount_minor is None else command.amount_minor
    minor = capped(wanted, paid_minor, before)
    if not minor:
        raise Rejected("nothing-paid-to-credit", field="paid_minor", paid=paid_minor)
    return spread(lines, credited, minor)


def with_companions(
    lines: Sequence[InvoiceLine], credited: Mapping[str, int], rows: Sequence[CreditLine]
) -> tuple[CreditLine, ...]:
    """The rows of a credit note, and what goes with them of lines that it does not name itself.

    `credited`: what was credited of each line before.
    """
    after = dict(credited)
    for row in rows:
        after[row.line] = after.get(row.line, 0) + row.amount_minor
    named = {row.line for row in rows}
    net: dict[str, int] = {}
    for line in (line for line in lines if line.line in named):
        taken = sum(row.amount_minor for row in rows if row.line == line.line)
        net[line.of_line or line.line] = net.get(line.of_line or line.line, 0) + taken
    found, sums = list(rows), dict[tuple[str, str], tuple[int, int]]()
    for line in _in_turn(lines):
        if line.of_line not in net:
            continue
        # All of one kind are rounded together, so that no more waits than the last credit can take.
        whole, gone = sums.get((line.of_line, line.kind), (0, 0))
        whole += line.amount_minor
        upto = rounded(whole * _share(line, lines, after))
        sums[line.of_line, line.kind] = whole, upto
        if line.line in named:
            continue
        minor = upto - gone - after.get(line.line, 0)
        # What would give back more than the line's credit takes waits for the next one.
        minor = max(minor, -max(net[line.of_line], 0))
        if minor * line.amount_minor > 0:
            found.append(CreditLine(line=line.line, amount_minor=minor))
            after[line.line] = after.get(line.line, 0) + minor
            net[line.of_line] += minor
    return (*found, *_taxes(lines, named, credited, after))


def _taxes(
    lines: Sequence[InvoiceLine],
    named: Collection[str],
    credited: Mapping[str, int],
    after: Mapping[str, int],
) -> Iterator[CreditLine]:
    """Of each tax what the credited parts of the lines it taxes have in it."""
    taxes = [(one, one.tax) for one in lines if one.tax is not None and one.line not in named]
    shares = credited_shares(lines, after) if taxes else {}
    for line, tax in taxes:
        parts = {part.line: Fraction(part.taxable_minor) for part in tax.parts}
        whole = sum(parts.values())
        gone = sum(taxable * shares.get(name, NOTHING) for name, taxable in parts.items())
        share = min(max(gone / whole, NOTHING), ALL) if whole else NOTHING
        minor = rounded(line.amount_minor * share) - credited.get(line.line, 0)
        if minor * line.amount_minor > 0:
            yield CreditLine(line=line.line, amount_minor=minor)


def credited_shares(
    lines: Sequence[InvoiceLine], credited: Mapping[str, int]
) -> dict[str, Fraction]:
    """How much of each line that charges for something is credited, with what was altered of it."""
    sums: dict[str | None, tuple[int, int]] = {}
    for line in lines:
        for name in {line.line, line.of_line if line.kind == "adjustment" else None}:
            whole, gone = sums.get(name, (0, 0))
            sums[name] = whole + line.amount_minor, gone + credited.get(line.line, 0)
    return {line.line: _part(*sums[line.line]) for line in lines if line.is_charged}


def spread(
    lines: Sequence[InvoiceLine], credited: Mapping[str, int], minor: int | None
) -> tuple[CreditLine, ...]:
    """An amount over all that is left of an invoice, in proportion.

    The rows add up to it: what rounding leaves goes where most is missing, then by the lines' ids.
    """
    left = {line.line: line.amount_minor - credited.get(line.line, 0) for line in lines}
    rest = sum(left.values())
    if minor is None and any(left.values()):
        return tuple(CreditLine(line=name, amount_minor=own) for name, own in left.items() if own)
    minor = minor or 0
    if minor <= 0:
        raise Rejected("credit-not-positive", field="amount_minor", left=rest)
    if minor > rest:
        raise Rejected("credit-above-invoice", field="amount_minor", left=rest)
    shares = {name: Fraction(own * minor, rest) for name, own in left.items()}
    parts = {name: floor(share) for name, share in shares.items()}
    missing = sorted(parts, key=lambda name: (parts[name] - shares[name], name))
    for name in missing[: minor - sum(parts.values())]:
        parts[name] += 1
    return tuple(CreditLine(line=name, amount_minor=part) for name, part in parts.items() if part)


def _in_turn(lines: Iterable[InvoiceLine]) -> Iterator[InvoiceLine]:
    """Coupons and tax rest on what adjustments leave."""
    beside = [line for line in lines if line.is_beside]
    yield from (line for line in beside if line.kind == "adjustment")
    yield from (line for line in beside if line.kind != "adjustment")


def _share(
    line: InvoiceLine, lines: Sequence[InvoiceLine], credited: Mapping[str, int]
) -> Fraction:
    """How much is credited of what a line beside another is a part of."""
    name = line.of_line or ""
    match line.kind:
        case "adjustment":
            return _part(*_of(name, (), lines, credited))
        case "coupon":
            return _part(*_less_taken_off(name, lines, credited))
        case _:
            return _part(*_of(name, ("adjustment", "coupon"), lines, credited))


def _of(
    name: str, kinds: Collection[str], lines: Iterable[InvoiceLine], credited: Mapping[str, int]
) -> tuple[int, int]:
    """What a line came to with some of those beside it, and what is credited of that."""
    own = [one for one in lines if one.line == name or (one.of_line == name and one.kind in kinds)]
    return (
        sum(one.amount_minor for one in own),
        sum(credited.get(one.line, 0) for one in own),
    )


def _less_taken_off(
    name: str, lines: Sequence[InvoiceLine], credited: Mapping[str, int]
) -> tuple[Fraction, Fraction]:
    """The same less the line's share of discounts on its service: of that coupons were taken."""
    (line,) = (one for one in lines if one.line == name)
    service = [one for one in lines if one.is_charged and one.service == line.service]
    off = [one for one in service if one.is_taken_off]
    own, gone = _of(name, ("adjustment",), lines, credited)
    sides = [_of(one.line, ("adjustment",), lines, credited) for one in off]
    whole, taken = sum(side for side, _ in sides), sum(side for _, side in sides)
    # What gives more of a discount back than is taken off reduces no coupon.
    if line.is_taken_off or whole >= 0:
        return Fraction(own), Fraction(gone)
    above = sum(
        max(0, _of(one.line, ("adjustment",), lines, credited)[0])
        for one in service
        if not one.is_taken_off
    )
    share = Fraction(own, above) if own > 0 else NOTHING
    return own + whole * share, gone + taken * share


def _part(whole: Fraction | int, taken: Fraction | int) -> Fraction:
    """How much of something is credited; of what comes to nothing, nothing."""
    return min(max(Fraction(taken) / whole, NOTHING), ALL) if whole else NOTHING
