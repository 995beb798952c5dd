"""What is granted on service that is billed already comes off the lines of what it is taken off.

A discount or prepaid credits known later than the bill have no line that a credit note could name.
As lines of an invoice they lower it. Where it would fall below nothing they are owed back, together
with their item, on its lines: by themselves they would wait for another invoice, and it may never
come. Afterwards item and discount no longer agree each with its own lines, but together they do.
Where they do, as when usage that prepaid credits paid comes to less, nobody owes anything: there is
no document.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import structs

from domain.statement.spans import Difference, Group

# Of which days of which billing period of an item.
_Place = tuple[str, str, Group, date, date]


def beside_their_items(found: Iterable[Difference]) -> list[Difference]:
    """The differences, each that may be owed back with its item told which that is.

    What agrees together with its item needs no document, where credit notes took it off the item's
    lines or the item comes to less.
    """
    told: list[Difference] = []
    for own in _by_place(found).values():
        item, off = _parted(own)
        left = _sum(own)
        if item is None or not off:
            told += own
        elif left < 0 and _sum(off) < 0:
            told += [one if one is item else structs.replace(one, beside=item) for one in own]
        elif left or not _agrees(item, off):
            told += own
    return told


def with_their_items(owed: Iterable[Difference]) -> list[Difference]:
    """What may be owed back with its item as one difference, on the lines of both."""
    joined: list[Difference] = []
    for own in _by_place(owed).values():
        item = next((one.beside for one in own if one.beside is not None), None)
        if item is None:
            joined += own
            continue
        off = [one for one in own if one.is_taken_off]
        charged = item.charged_minor + sum(one.charged_minor for one in off)
        lines = tuple(row for one in (*off, item) for row in one.lines)
        joined.append(structs.replace(item, charged_minor=charged, lines=lines))
    return joined


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
