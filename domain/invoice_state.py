"""An invoice as it stands: its draft, what was issued, what credits have left of each line."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, structs

from domain.dispute import Disputes, disputing
from domain.draft import Drafting, drafting
from domain.facts import Fact
from domain.invoice_facts import (
    CreditIssued,
    DisputeOpened,
    DisputeResolved,
    DocumentSent,
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceEvent,
    InvoiceIssued,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)


class InvoiceState(Struct, frozen=True, kw_only=True):
    """The draft, the issued document, what was credited of each line, and whether it is void."""

    drafting: Drafting = Drafting()
    issued: InvoiceIssued | None = None
    credited_minor: dict[str, int] = {}
    credits: frozenset[str] = frozenset()
    is_void: bool = False
    is_written_off: bool = False
    disputes: Disputes = {}

    @property
    def lines_left(self) -> dict[str, int]:
        """What credits have left of each line."""
        lines = self.issued.lines if self.issued else ()
        taken = self.credited_minor
        return {row.line: row.amount_minor - taken.get(row.line, 0) for row in lines}

    @property
    def total_left_minor(self) -> int | None:
        """What credits have left of the whole document; none before it is issued."""
        if self.issued is None:
            return None
        whole = sum(row.amount_minor for row in self.issued.lines)
        return whole - sum(self.credited_minor.values())

    def left_minor(self, line: str) -> int | None:
        """What credits have left of a line; none if the invoice has no such line."""
        amount = self.line_minor(line)
        return None if amount is None else amount - self.credited_minor.get(line, 0)

    def line_minor(self, line: str) -> int | None:
        """What a line was issued at; none if the invoice has no such line."""
        lines = self.issued.lines if self.issued else ()
        return next((row.amount_minor for row in lines if row.line == line), None)


def evolve(state: InvoiceState, fact: Fact) -> InvoiceState:
    """A credit an outside system dates before its invoice counts all the same."""
    event = fact.event
    assert isinstance(event, InvoiceEvent), fact
    match event:
        case InvoiceDrafted() | DraftAdjusted() | DraftApproved() | DraftDiscarded():
            return structs.replace(state, drafting=drafting(state.drafting, fact))
        case InvoiceIssued():
            return structs.replace(state, issued=event)
        case CreditIssued():
            credited = dict(state.credited_minor)
            for row in event.lines:
                credited[row.line] = credited.get(row.line, 0) + row.amount_minor
            return structs.replace(
                state, credited_minor=credited, credits=state.credits | {event.number}
            )
        case InvoiceVoided():
            return structs.replace(state, is_void=True)
        case InvoiceWrittenOff():
            return structs.replace(state, is_written_off=True)
        case InvoiceRecovered():
            return structs.replace(state, is_written_off=event.amount_minor is not None)
        case DocumentSent():
            return state
        case DisputeOpened() | DisputeResolved():
            return structs.replace(state, disputes=disputing(state.disputes, event))
        case _:
            assert_never(event)
