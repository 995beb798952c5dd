"""A line of a draft altered by hand: what it comes to instead, whatever it is measured at.

An adjustment belongs to the line that bills the same service, so it stays when the draft is made
anew. On the draft it is a line beside that one, of the difference; no charge asks for it, so no
later run bills it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count

from msgspec import Struct, structs

from domain.decimals import EXACT, bounded, require_price
from domain.errors import Rejected, require_name
from domain.facts import When
from domain.invoice_facts import DraftAdjusted, InvoiceDrafted, InvoiceLine
from domain.money import to_minor


class AdjustDraft(
    Struct, frozen=True, kw_only=True, tag="adjust-draft", forbid_unknown_fields=True
):
    """Let a line of a draft come to an amount, or to so many units at so much each (major units).

    A later adjustment of the line takes the place of an earlier one; retract it to undo it.
    """

    when: When
    line: str
    reason: str
    amount_minor: int | None = None
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None


def draft_adjusted(command: AdjustDraft, draft: InvoiceDrafted) -> DraftAdjusted:
    """A line that charges for something comes to no less than nothing, as does the draft."""
    line = next((one for one in draft.lines if one.line == command.line and one.is_charged), None)
    if line is None:
        raise Rejected("unknown-line", field="line", line=command.line)
    require_name(command.reason, "reason")
    minor = _minor(command, draft.currency)
    if minor * line.amount_minor < 0 or (minor < 0 and not line.amount_minor):
        raise Rejected("adjusted-below-nothing", field="amount_minor", line=line.line)
    found = DraftAdjusted(
        when=command.when,
        line=line,
        reason=command.reason,
        amount_minor=minor,
        quantity=command.quantity,
        unit_amount=command.unit_amount,
    )
    if sum(one.amount_minor for one in adjusted(draft.lines, [found])) < 0:
        raise Rejected("negative-invoice", field="amount_minor")
    return found


def _minor(command: AdjustDraft, currency: str) -> int:
    by_units = command.unit_amount is not None and command.quantity is not None
    if by_units is (command.amount_minor is not None):
        raise Rejected("amount-or-units", field="amount_minor")
    if command.amount_minor is not None:
        if command.unit_amount is not None or command.quantity is not None:
            raise Rejected("amount-or-units", field="unit_amount")
        return command.amount_minor
    assert command.unit_amount is not None, command
    assert command.quantity is not None, command
    require_price(command.unit_amount, "unit_amount")
    units = bounded(command.quantity, "quantity")
    return to_minor(EXACT.multiply(units, command.unit_amount), currency)


def adjusted(
    lines: Iterable[InvoiceLine], adjustments: Iterable[DraftAdjusted]
) -> tuple[InvoiceLine, ...]:
    """The lines with what adjustments make of them; what one made before is kept in its place."""
    own = list(lines)
    for one in adjustments:
        line = line_of(one, own)
        if line is not None:
            _adjust(own, line, one)
    return tuple(own)


def unadjusted(
    lines: Sequence[InvoiceLine], adjustments: Iterable[DraftAdjusted]
) -> tuple[InvoiceLine, ...]:
    """The lines without what other adjustments made of them, that are in force no more."""
    kept = {line.line for one in adjustments if (line := line_of(one, lines)) is not None}
    return tuple(one for one in lines if one.kind != "adjustment" or one.of_line in kept)


def _adjust(own: list[InvoiceLine], line: InvoiceLine, one: DraftAdjusted) -> None:
    beside = (row for row in own if row.kind == "adjustment" and row.of_line == line.line)
    before = next(beside, None)
    if one.amount_minor == line.amount_minor:
        own[:] = [row for row in own if row is not before]
    elif before is not None:
        own[own.index(before)] = _beside(line, one, before.line)
    else:
        used = {row.line for row in own}
        name = next(name for name in map(str, count(len(used) + 1)) if name not in used)
        own.append(_beside(line, one, name))


def line_of(adjustment: DraftAdjusted, lines: Iterable[InvoiceLine]) -> InvoiceLine | None:
    """The line that bills what the adjusted one did, if there still is one."""
    wanted = adjustment.line
    found = [one for one in lines if one.is_charged and service_of(one) == service_of(wanted)]
    return min(
        found, key=lambda one: (one.price != wanted.price, one.line != wanted.line), default=None
    )


def service_of(line: InvoiceLine) -> tuple[object, ...]:
    """What tells one line of an invoice from another, each time it is measured."""
    deal = line.subscription, line.contract, line.obligation
    alone = None if any(deal) else line.line
    taken = line.kind, line.discount, line.drawn_from, *sorted(line.group.items())
    return *deal, alone, line.service_from, line.service_to, *taken


def _beside(line: InvoiceLine, one: DraftAdjusted, name: str) -> InvoiceLine:
    return structs.replace(
        line,
        line=name,
        kind="adjustment",
        amount_minor=one.amount_minor - line.amount_minor,
        of_line=line.line,
        quantity=one.quantity,
        unit_amount=one.unit_amount,
        description=one.reason,
        discount=None,
        drawn_from=None,
    )
