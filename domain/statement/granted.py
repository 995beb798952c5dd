"""What is granted on service that is billed already comes off the lines of what it is taken off.

A discount or prepaid credits known later than the bill have no line that a credit note could name.
As lines of an invoice they lower what it bills of that item's billing period. Where that would fall
below nothing they are owed back, together with their item, on its lines: by themselves they would
wait for another invoice, and it may never come. Afterwards item and discount no longer agree each
with its own lines, but together they do.
Where they do, as when usage that prepaid credits paid comes to less, nobody owes anything: there is
no document.

Where coupons may come off an item that is billed already, or another invoice moved its discounts,
they are told with it from then on, as one amount: what is credited of an invoice is no more than
both come to on it, and a coupon on it is a share of that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import structs

from domain.statement.spans import Difference, Group

# Of which days of which billing period of an item.
_Place = tuple[str, str, Group, date, date]
_Period = tuple[str, str, Group, date | None]


def beside_their_items(found: Iterable[Difference], *, has_coupons: bool) -> list[Difference]:
    """The differences, each that may be owed back with its item told which that is; with coupons
    its discounts are told with it.

    What agrees together with its item needs no document, where credit notes took it off the item's
    lines or the item comes to less.
    """
    told: list[Difference] = []
    for place in _by_place(found).values():
        own = _with_discounts(place, has_coupons=has_coupons)
        item, off = _parted(own)
        left = _sum(own)
        if item is None or not off:
            told += own
        elif left < 0 and _sum(off) < 0:
            told += [one if one is item else structs.replace(one, beside=item) for one in own]
        elif left or not _agrees(item, off):
            told += own
    return told


def with_their_items(owed: Sequence[Difference]) -> list[Difference]:
    """What is owed back of a billing period together with its item as one difference, on the lines
    of both. An invoice that bills other service would be lowered by it, and could not be credited
    whole afterwards.
    """
    in_all: Counter[_Period] = Counter()
    for one in owed:
        in_all[_period(one)] += one.minor
    joined: list[Difference] = []
    for own in _by_place(owed).values():
        item = next((one.beside for one in own if one.beside is not None), None)
        if item is None or in_all[_period(item)] >= 0:
            joined += own
            continue
        joined.append(_as_one(item, [one for one in own if one.is_taken_off]))
    return joined


def _period(one: Difference) -> _Period:
    return one.subscription, one.item, one.group, one.part and one.part[0]


def _with_discounts(own: Sequence[Difference], *, has_coupons: bool) -> list[Difference]:
    items = [one for one in own if not one.is_taken_off]
    discounts = [one for one in own if one.discount]
    if len(items) != 1 or not items[0].lines or len(discounts) != len(own) - 1 or not discounts:
        return [*own]
    if not has_coupons and not _are_apart(items[0], discounts):
        return [*own]
    return [_as_one(items[0], discounts)]


def _are_apart(item: Difference, discounts: Iterable[Difference]) -> bool:
    """Whether an invoice gave a discount back, or does not bill the item it takes it off."""
    bills = {row.invoice for row in item.lines if not row.is_void}
    rows = (row for one in discounts for row in one.lines if not row.is_void)
    return any(row.left_minor > 0 or row.invoice not in bills for row in rows)


def _as_one(item: Difference, off: Sequence[Difference]) -> Difference:
    charged = item.charged_minor + sum(one.charged_minor for one in off)
    lines = tuple(row for one in (*off, item) for row in one.lines)
    return structs.replace(item, charged_minor=charged, lines=lines)


def _by_place(found: Iterable[Difference]) -> dict[_Place | int, list[Difference]]:
    by_place: dict[_Place | int, list[Difference]] = {}
    for count, one in enumerate(found):
        key = count if one.part is None else (one.subscription, one.item, one.group, *one.part)
        by_place.setdefault(key, []).append(one)
    return by_place


def _sum(own: Iterable[Difference]) -> int:
    return sum(one.minor for one in own)


def _agrees(item: Difference, off: Iterable[Difference]) -> bool:
    """Whether an item that comes to nothing more together with what is taken off it is done with:
    credit notes took that off its lines, or as much less is taken off as it comes to less.
    """
    stands = any(not row.is_void for row in item.lines)
    credited = any(not cut.concession for row in item.lines for cut in row.cuts)
    return stands and (item.minor < 0 or (credited and _sum(off) < 0))


def _parted(own: Sequence[Difference]) -> tuple[Difference | None, list[Difference]]:
    """The item whose lines a credit note may name, if there is one, and what is taken off it."""
    items = [one for one in own if not one.is_taken_off]
    item = items[0] if len(items) == 1 and _may_be_credited(items[0]) else None
    return item, [one for one in own if one.is_taken_off]


def _may_be_credited(item: Difference) -> bool:
    is_made_anew = item.kind == "usage" and item.options.late_usage == "rebill"
    return bool(item.lines) and item.options.credits == "credit-note" and not is_made_anew
