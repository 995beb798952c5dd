"""Coupons on an invoice: what each takes off which line, exactly and in whole minor units.

Limited coupons come off first, then the lowest order. Each is spread over what is left of the lines
it may reduce, in proportion and exactly: tax is worked out from what that leaves. In whole units a
coupon's lines add up to it; what is missing goes one by one where most is missing of all that has
come off a line exactly, of equals to the line with more left, then by what the lines bill. So in
which order lines are listed makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor

from msgspec import Struct, structs

from domain.accounting.documents import BilledLine
from domain.coupon import CouponGranted
from domain.discount import ALL_PERCENT
from domain.invoice_facts import InvoiceLine
from domain.money import minor_exactly, rounded

MayReduce = Callable[[InvoiceLine], bool]
Limit = Callable[[CouponGranted], MayReduce]


class Use(Struct, frozen=True):
    """What the invoices that stand have taken of a coupon, and how many have."""

    minor: int = 0
    invoices: int = 0


class Claim(Struct, frozen=True):
    """A coupon that an invoice may have: so many percent or so much of each line it may reduce."""

    coupon: str
    percent: Fraction | None
    minor: int
    may_reduce: MayReduce


class Reduced(Struct, frozen=True):
    """Coupon lines to stand on an invoice beside its others, and what they leave of each line that
    charges for something, in minor units and exactly.
    """

    lines: tuple[InvoiceLine, ...]
    net_minor: dict[str, Fraction]


class _Base(Struct):
    """A line that coupons may reduce: what is left of it and what came off it, exactly and in whole
    units.
    """

    line: InvoiceLine
    left: Fraction
    left_minor: int
    taken: Fraction = Fraction(0)
    taken_minor: int = 0


def uses(rows: Iterable[BilledLine]) -> dict[str, Use]:
    """What was used of each coupon: credits, voids and lines below zero give it back."""
    taken: dict[str, dict[str, int]] = {}
    for row in rows:
        if row.line.coupon is not None:
            invoices = taken.setdefault(row.line.coupon, {})
            invoices[row.invoice] = invoices.get(row.invoice, 0) - row.left_minor
    return {
        coupon: Use(minor, sum(1 for one in invoices.values() if one > 0) if minor else 0)
        for coupon, invoices in taken.items()
        for minor in (sum(invoices.values()),)
    }


def claims(
    coupons: Iterable[tuple[str, CouponGranted]], used: Mapping[str, Use], limit: Limit
) -> tuple[Claim, ...]:
    """What an invoice may have of coupons that are in force, in turn: limited ones first, then by
    their order, the oldest first. `limit` says which lines one may reduce.
    """
    found = (
        _claim(granted, name, used.get(name, Use()), limit(granted))
        for name, granted in sorted(coupons, key=_in_turn)
    )
    return tuple(one for one in found if one is not None)


def _in_turn(one: tuple[str, CouponGranted]) -> tuple[object, ...]:
    name, granted = one
    return not granted.is_limited, granted.order, granted.when.effective, name


def _claim(granted: CouponGranted, name: str, use: Use, may_reduce: MayReduce) -> Claim | None:
    """None if it is used up."""
    if granted.times is not None and use.invoices >= granted.times:
        return None
    if granted.percent is not None:
        return Claim(name, Fraction(granted.percent) / Fraction(ALL_PERCENT), 0, may_reduce)
    assert granted.amount is not None, granted
    assert granted.currency is not None, granted
    minor = minor_exactly(granted.amount, granted.currency)
    if granted.amount_per == "coupon":
        minor -= use.minor
    return Claim(name, None, minor, may_reduce) if minor > 0 else None


def reduced(lines: Sequence[InvoiceLine], claims: Iterable[Claim]) -> Reduced:
    """Take coupons, in turn, off the lines of an invoice to be; no more than all of it."""
    net = net_of(lines)
    bases = list(_bases(lines, net))
    total, found = sum(line.amount_minor for line in lines), list[InvoiceLine]()
    for one in claims:
        for base, minor in _spread(one, bases, total):
            found.append(_line(str(len(lines) + len(found) + 1), one.coupon, base.line, minor))
            total -= minor
    for base in bases:
        net[base.line.line] -= base.taken
    return Reduced(tuple(found), net)


def given_back(
    line: InvoiceLine,
    count: int,
    billed: Sequence[BilledLine],
    documents: Mapping[str, Sequence[BilledLine]],
) -> Iterator[InvoiceLine]:
    """What a line that takes back some of what was billed gives back with it of coupons that came
    off that, in proportion: lines beside it, numbered after `count`, that add to the invoice.
    """
    left = sum(row.left_minor for row in billed)
    part = min(Fraction(-line.amount_minor, left), Fraction(1)) if left > 0 else Fraction(1)
    own = {(row.invoice, row.line.line) for row in billed}
    stands: dict[str, int] = {}
    for invoice in sorted({row.invoice for row in billed}):
        for row in documents.get(invoice, ()):
            if row.line.coupon is not None and (invoice, row.line.of_line) in own:
                stands[row.line.coupon] = stands.get(row.line.coupon, 0) - row.left_minor
    whole = before = 0
    for name, minor in sorted(stands.items()):
        whole += minor
        upto = min(rounded(whole * part), -line.amount_minor)
        if upto > before:
            count += 1
            yield _line(str(count), name, line, before - upto)
            before = upto


def net_of(lines: Iterable[InvoiceLine]) -> dict[str, Fraction]:
    """What adjustments and coupons, as they are stated, leave of each line that charges."""
    own = list(lines)
    net = {line.line: Fraction(line.amount_minor) for line in own if line.is_charged}
    for line in own:
        if line.of_line in net and line.kind != "included-tax":
            net[line.of_line] += line.amount_minor
    return net


def _bases(lines: Iterable[InvoiceLine], net: Mapping[str, Fraction]) -> Iterator[_Base]:
    """Of one service what discounts and prepaid credits leave of its lines, in proportion.

    What only gives a discount or credits back is reduced by none.
    """
    services: dict[tuple[object, ...], list[InvoiceLine]] = {}
    for line in lines:
        if line.is_charged:
            services.setdefault(line.service, []).append(line)
    for own in services.values():
        above = [line for line in own if net[line.line] > 0 and not line.is_taken_off]
        whole = sum((net[line.line] for line in above), Fraction(0))
        left = min(whole, sum((net[line.line] for line in own), Fraction(0)))
        if left > 0:
            for line in above:
                yield _Base(line, net[line.line] * left / whole, int(net[line.line]))


def _spread(one: Claim, bases: Iterable[_Base], most: int) -> Iterator[tuple[_Base, int]]:
    """A coupon over the lines it may reduce: money first, then exact shares, then whole units."""
    own = [base for base in bases if base.left > 0 and one.may_reduce(base.line)]
    left = sum((base.left for base in own), Fraction(0))
    wanted = one.minor if one.percent is None else rounded(left * one.percent)
    minor = min(wanted, floor(left), sum(base.left_minor for base in own), most)
    if minor <= 0:
        return
    shares = [base.left * minor / left for base in own]
    for base, given in zip(own, _whole_units(own, shares, minor), strict=True):
        base.left_minor -= given
        base.taken_minor += given
        if given:
            yield base, given


def _whole_units(own: Sequence[_Base], shares: Sequence[Fraction], minor: int) -> list[int]:
    """Take the shares, and say how many whole units of `minor` each line gets."""
    before = [base.left for base in own]
    for base, share in zip(own, shares, strict=True):
        base.left -= share
        base.taken += share
    given = [min(base.left_minor, floor(s)) for base, s in zip(own, shares, strict=True)]

    def missing(place: int) -> tuple[object, ...]:
        base = own[place]
        behind = base.taken - base.taken_minor - given[place]
        return -behind, -before[place], _what(base.line)

    while rest := minor - sum(given):
        open_ones = [place for place, base in enumerate(own) if given[place] < base.left_minor]
        for place in sorted(open_ones, key=missing)[:rest]:
            given[place] += 1
    return given


def _what(line: InvoiceLine) -> tuple[str, ...]:
    """What a line bills, as far as it tells one from another."""
    bills = (*line.service, line.kind, line.price, line.quantity, line.description, line.line)
    return tuple(map(str, bills))


def _line(name: str, coupon: str, of: InvoiceLine, minor: int) -> InvoiceLine:
    return structs.replace(
        of,
        line=name,
        kind="coupon",
        amount_minor=-minor,
        of_line=of.line,
        coupon=coupon,
        quantity=None,
        description="",
    )
