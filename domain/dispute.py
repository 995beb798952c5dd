"""Disputes on an invoice: opened on all of it, on lines or on an amount; resolved in parts.

What a customer disputes is still owed. Each part of it is upheld, credited by a credit note that is
issued with the resolution, or withdrawn by the customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import assert_never

from msgspec import Struct, structs

from domain.errors import Rejected, require_name
from domain.facts import When
from domain.invoice_facts import (
    CreditLine,
    DisputeOpened,
    DisputeOutcome,
    DisputeResolved,
    Treatment,
)
from domain.money import rounded_share


class OpenDispute(
    Struct, frozen=True, kw_only=True, tag="open-dispute", forbid_unknown_fields=True
):
    """A customer disputes some lines, an amount, or with neither all that is left."""

    when: When
    dispute: str
    reason: str = ""
    lines: tuple[CreditLine, ...] = ()
    amount_minor: int | None = None


class ResolveDispute(
    Struct, frozen=True, kw_only=True, tag="resolve-dispute", forbid_unknown_fields=True
):
    """A part of a dispute is settled, without an amount all that is open of it. What is credited
    is on a credit note of this `number` and `treatment`.
    """

    when: When
    dispute: str
    outcome: DisputeOutcome
    amount_minor: int | None = None
    number: str | None = None
    treatment: Treatment | None = None


class Disputed(Struct, frozen=True, kw_only=True):
    """One dispute: what it was opened on, and what became of how much."""

    opened: DisputeOpened | None = None
    minor: dict[DisputeOutcome, int] = {}

    @property
    def open_minor(self) -> int:
        """What nobody has resolved; nothing of a dispute that is not known to be open."""
        amount = self.opened.amount_minor if self.opened else 0
        return amount - sum(self.minor.values())


Disputes = dict[str, Disputed]
NOT_KNOWN = Disputed()


def disputing(state: Disputes, event: DisputeOpened | DisputeResolved) -> Disputes:
    """With one fact more; a part may be resolved before the dispute is known."""
    found = state.get(event.dispute, NOT_KNOWN)
    match event:
        case DisputeOpened():
            found = structs.replace(found, opened=event)
        case DisputeResolved():
            minor = found.minor.get(event.outcome, 0) + event.amount_minor
            found = structs.replace(found, minor={**found.minor, event.outcome: minor})
        case _:
            assert_never(event)
    return state | {event.dispute: found}


def opened(command: OpenDispute, left: Mapping[str, int], state: Disputes) -> DisputeOpened:
    """`left` is what is left of each line of the invoice."""
    require_name(command.dispute, "dispute")
    if state.get(command.dispute, NOT_KNOWN).opened is not None:
        raise Rejected("duplicate-dispute", field="dispute", dispute=command.dispute)
    if command.lines and command.amount_minor is not None:
        raise Rejected("lines-or-amount", field="amount_minor")
    for row in command.lines:
        if row.line not in left:
            raise Rejected("unknown-line", field="lines.line", line=row.line)
        if abs(row.amount_minor) > abs(left[row.line]):
            raise Rejected("dispute-above-invoice", field="lines.amount_minor", left=left[row.line])
    whole = sum(left.values())
    amount = sum(row.amount_minor for row in command.lines) if command.lines else whole
    if command.amount_minor is not None:
        amount = command.amount_minor
    if amount > whole:
        raise Rejected("dispute-above-invoice", field="amount_minor", left=whole)
    if amount <= 0:
        raise Rejected("amount-not-positive", field="amount_minor")
    return DisputeOpened(
        when=command.when,
        dispute=command.dispute,
        reason=command.reason,
        lines=command.lines,
        amount_minor=amount,
    )


def part_of(command: ResolveDispute, state: Disputes) -> int:
    """How much of the dispute the command settles."""
    found = state.get(command.dispute, NOT_KNOWN)
    if found.opened is None:
        raise Rejected("unknown-dispute", field="dispute", dispute=command.dispute)
    amount = found.open_minor if command.amount_minor is None else command.amount_minor
    if amount > found.open_minor:
        raise Rejected("above-dispute", field="amount_minor", left=found.open_minor)
    if amount <= 0:
        raise Rejected("amount-not-positive", field="amount_minor")
    return amount


def disputed_lines(
    dispute: str, minor: int, state: Disputes, left: Mapping[str, int]
) -> tuple[CreditLine, ...]:
    """An amount spread over the lines that are disputed, in proportion to what is left of each; no
    lines where the invoice is disputed as such.
    """
    found = state[dispute].opened
    assert found is not None, dispute
    weights = {row.line: _within(row.amount_minor, left[row.line]) for row in found.lines}
    if not weights:
        return ()
    whole = sum(weights.values())
    if minor > whole:
        raise Rejected("credit-above-invoice", field="amount_minor", left=whole)
    marks = [rounded_share(minor, part, whole) for part in accumulate(weights.values(), initial=0)]
    shares = zip(weights, pairwise(marks), strict=True)
    return tuple(
        CreditLine(line=line, amount_minor=after - before)
        for line, (before, after) in shares
        if after != before
    )


def _within(wanted: int, left: int) -> int:
    """No more than is left of a line since it was disputed."""
    return min(wanted, left) if left >= 0 else max(wanted, left)
