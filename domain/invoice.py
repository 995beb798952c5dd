"""Invoices, credit notes and voids: drafted, issued, credited and voided, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.adjusting import AdjustDraft
from domain.credit_note import CreditInvoice, all_rows, with_companions
from domain.crediting import paid_minor, require_last, require_paid
from domain.currency import require_kept
from domain.dispute import (
    OpenDispute,
    ResolveDispute,
    disputed_lines,
    opened,
    part_of,
)
from domain.draft import (
    ApproveDraft,
    DiscardDraft,
    altered,
    approved,
    discarded,
    require_approved,
    require_undiscarded,
)
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Retracted, When
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    DisputeOpened,
    DisputeResolved,
    DocumentSent,
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
    TaxedBy,
    Treatment,
)
from domain.invoice_lines import billed_deal, require_lines
from domain.invoice_state import InvoiceState, evolve
from domain.invoicing import CreditTo
from domain.issuing import (
    billed_to,
    drafted_for,
    due_on,
    is_skipped,
    require_debited,
    require_replaced,
    terms_days,
)
from domain.numbering import ELECTIONS, Kind, elections, numbered
from domain.opening import require_listed
from domain.sending import SendDocument, sent
from domain.stated_rate import needs_entity, require_stated
from domain.write_off import (
    RecoverInvoice,
    WriteOffInvoice,
    recovered,
    written_off,
)


class DraftInvoice(
    Struct, frozen=True, kw_only=True, tag="draft-invoice", forbid_unknown_fields=True
):
    """Prepare an invoice; a later draft takes the place of an earlier one. With `issue_on` the
    billing run issues it from that day on, `is_measured` as it measures the lines then.
    """

    when: When
    customer: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None
    issue_on: date | None = None
    is_measured: bool = False
    taxed_by: TaxedBy | None = None


class IssueInvoice(
    Struct, frozen=True, kw_only=True, tag="issue-invoice", forbid_unknown_fields=True
):
    """With no `lines` the draft is issued as it stands. Its `number` is the next of the entity's
    series; without a series as stated, else the stream's id.
    """

    when: When
    customer: str | None = None
    currency: str | None = None
    lines: tuple[InvoiceLine, ...] = ()
    number: str | None = None
    due_on: date | None = None
    replaces: str | None = None
    tax_point: date | None = None
    debits: str | None = None
    taxed_by: TaxedBy | None = None
    opening: str | None = None
    rate: Decimal | None = None


class IssueCredit(
    Struct, frozen=True, kw_only=True, tag="issue-credit", forbid_unknown_fields=True
):
    """Credit some of some lines. What stands beside one goes with it in proportion, unless it is
    named as well.

    `treatment` defaults by purpose: correction as if never, concession from now. `number` is stated
    where no series gives one.
    """

    when: When
    number: str | None = None
    lines: tuple[CreditLine, ...]
    treatment: Treatment | None = None
    purpose: Literal["correction", "concession"] = "concession"
    to: CreditTo | None = None


class VoidInvoice(
    Struct, frozen=True, kw_only=True, tag="void-invoice", forbid_unknown_fields=True
):
    """Take back what is left of an invoice, paid or not: its money becomes unapplied. What rests
    on it is taken back first.
    """

    when: When
    treatment: Treatment | None = None


InvoiceCommand = (
    DraftInvoice
    | AdjustDraft
    | ApproveDraft
    | DiscardDraft
    | IssueInvoice
    | IssueCredit
    | CreditInvoice
    | VoidInvoice
    | WriteOffInvoice
    | RecoverInvoice
    | SendDocument
    | OpenDispute
    | ResolveDispute
)


def needs(command: InvoiceCommand) -> tuple[str, ...]:
    """A deal that is known must be in the currency of the lines that bill it; the customer's terms
    say when it is due.
    """
    match command:
        case (
            AdjustDraft()
            | ApproveDraft()
            | DiscardDraft()
            | VoidInvoice()
            | WriteOffInvoice()
            | RecoverInvoice()
            | SendDocument()
            | OpenDispute()
        ):
            return ()
        case IssueCredit() | CreditInvoice() | ResolveDispute():
            return (ELECTIONS,)
        case DraftInvoice() | IssueInvoice():
            streams = {stream for line in command.lines if (stream := billed_deal(line))}
            if command.customer:
                streams.add(f"customer:{command.customer}")
            if isinstance(command, IssueInvoice):
                named = (command.debits, command.replaces)
                streams |= {f"invoice:{name}" for name in named if name}
                if command.opening:
                    streams.add(f"opening:{command.opening}")
                streams.update(needs_entity(command.rate))
            return (*sorted(streams), ELECTIONS)
        case _:
            assert_never(command)


def stated_number(command: object, stream: str) -> str | None:
    """The number that a document would come with, were no series to give it."""
    if isinstance(command, IssueCredit | CreditInvoice | ResolveDispute):
        return command.number
    if isinstance(command, IssueInvoice):
        return command.number or stream.partition(":")[2]
    return None


def decide(command: InvoiceCommand, state: InvoiceState, context: Context) -> tuple[Event, ...]:
    """Documents are refused by the state of documents alone: a void may take back what is paid
    (SPEC 12), but not what a later document rests on.

    An outside system's credit or void may come before the invoice it belongs to, and waits for it.
    """
    match command:
        case DraftInvoice():
            return (_drafted(command, state, context),)
        case AdjustDraft():
            _require_unissued(state)
            return (altered(command, state.drafting),)
        case ApproveDraft():
            _require_unissued(state)
            return (approved(command, state.drafting, context),)
        case DiscardDraft():
            _require_unissued(state)
            return (discarded(command, state.drafting),)
        case IssueInvoice():
            return (_issued(command, state, context),)
        case IssueCredit() | CreditInvoice():
            return (_credited(command, state, context),)
        case VoidInvoice():
            _require_issued(state, context)
            if state.is_void:
                raise Rejected("already-void", field="stream")
            require_last(context)
            return (InvoiceVoided(when=command.when, treatment=command.treatment),)
        case WriteOffInvoice():
            _require_issued(state, context)
            if state.is_void:
                raise Rejected("already-void", field="stream")
            return (written_off(command, state.total_left_minor),)
        case RecoverInvoice():
            if not state.is_written_off and not context.outside:
                raise Rejected("not-written-off", field="stream")
            return (recovered(command),)
        case SendDocument():
            _require_issued(state, context)
            return (sent(command, state.credits, outside=context.outside),)
        case OpenDispute():
            _require_standing(state)
            return (opened(command, state.lines_left, state.disputes),)
        case ResolveDispute():
            return _resolved(command, state, context)
        case _:
            assert_never(command)


def _require_unissued(state: InvoiceState) -> None:
    if state.issued is not None:
        raise Rejected("already-issued", field="stream")


def _drafted(command: DraftInvoice, state: InvoiceState, context: Context) -> InvoiceDrafted:
    _require_unissued(state)
    require_undiscarded(state.drafting)
    require_name(command.customer, "customer")
    require_lines(command.lines, command.currency, context)
    days = terms_days(command.customer, command.when.effective, context)
    return InvoiceDrafted(**structs.asdict(command), payment_terms_days=days)


def _issued(command: IssueInvoice, state: InvoiceState, context: Context) -> InvoiceIssued:
    _require_unissued(state)
    draft = state.drafting.draft
    lines = command.lines or (draft.lines if draft else ())
    customer, currency = billed_to(
        command.customer, command.currency, draft, as_drafted=not command.lines
    )
    require_kept(currency, context.replaces)
    require_lines(lines, currency, context)
    require_stated(command.rate, currency, context)
    day = command.when.effective
    if (
        elections(day, context).approval == "required"
        and not context.outside
        and context.replaces is None
    ):
        require_approved(state.drafting, as_drafted=not command.lines)
    require_debited(command.debits, (customer, currency), context)
    require_replaced(command.replaces, (customer, currency), context)
    kind: Kind = "invoice" if command.debits is None else "debit-note"
    number, series = "", None
    if not is_skipped(lines, day, context):
        number, series = numbered(kind, command.number, day, context, context.name)
    require_listed(command.opening, number, (customer, currency), lines, context)
    return InvoiceIssued(
        when=command.when,
        customer=customer,
        currency=currency,
        number=number,
        series=series,
        due_on=due_on(command.due_on, draft, customer, day, context),
        lines=lines,
        replaces=command.replaces,
        tax_point=command.tax_point or drafted_for(draft, day),
        debits=command.debits,
        opening=command.opening,
        rate=command.rate,
        taxed_by=command.taxed_by or (draft.taxed_by if draft and not command.lines else None),
    )


def _require_issued(state: InvoiceState, context: Context) -> None:
    if state.issued is None and not context.outside:
        raise Rejected("not-issued", field="stream")


def _require_standing(state: InvoiceState) -> None:
    """A dispute is on what a customer has in hand, whoever issued it."""
    if state.issued is None:
        raise Rejected("not-issued", field="stream")
    if state.is_void:
        raise Rejected("already-void", field="stream")


def _resolved(command: ResolveDispute, state: InvoiceState, context: Context) -> tuple[Event, ...]:
    """What is credited goes on a credit note, accepted together with the resolution."""
    minor = part_of(command, state.disputes)
    resolved = DisputeResolved(
        when=command.when, dispute=command.dispute, outcome=command.outcome, amount_minor=minor
    )
    if command.outcome != "credited":
        return (resolved,)
    _require_standing(state)
    lines = disputed_lines(command.dispute, minor, state.disputes, state.lines_left)
    note: IssueCredit | CreditInvoice = CreditInvoice(
        when=command.when, number=command.number, amount_minor=minor, treatment=command.treatment
    )
    if lines:
        note = IssueCredit(
            when=command.when, number=command.number, lines=lines, treatment=command.treatment
        )
    credit = _credited(note, state, context)
    return credit, structs.replace(resolved, credit=credit.number)


def _credited(
    command: IssueCredit | CreditInvoice, state: InvoiceState, context: Context
) -> CreditIssued:
    _require_issued(state, context)
    if state.is_void:
        raise Rejected("already-void", field="stream")
    if command.number is not None:
        require_name(command.number, "number")
    if command.number in state.credits:
        raise Rejected("duplicate-credit-number", field="number", number=command.number)
    rows = _credit_rows(command, state, context)
    taken: dict[str, int] = {}
    for row in rows:
        if row.amount_minor == 0 or row.amount_minor * (state.line_minor(row.line) or 0) < 0:
            raise Rejected("credit-not-positive", field="lines.amount_minor", line=row.line)
        taken[row.line] = taken.get(row.line, 0) + row.amount_minor
    for line, minor in taken.items():
        _require_left(line, minor, state, context)
    if sum(taken.values()) < 0:
        raise Rejected("negative-credit", field="lines.amount_minor")
    default: Treatment = "as-if-never" if command.purpose == "correction" else "from-now"
    day = command.when.effective
    number, series = numbered("credit-note", command.number, day, context)
    return CreditIssued(
        when=command.when,
        number=number,
        series=series,
        lines=rows,
        treatment=command.treatment or default,
        purpose=command.purpose,
        to=command.to,
    )


def _credit_rows(
    command: IssueCredit | CreditInvoice, state: InvoiceState, context: Context
) -> tuple[CreditLine, ...]:
    """What is credited of which line. An outside document is as it says."""
    lines, credited = state.issued.lines if state.issued else (), state.credited_minor
    if isinstance(command, CreditInvoice):
        return all_rows(command, lines, credited, paid_minor(command, context))
    if not command.lines:
        raise Rejected("no-lines", field="lines")
    if context.outside:
        return command.lines
    rows = with_companions(lines, credited, command.lines)
    require_paid(command.purpose, rows, credited, context)
    return rows


def _require_left(line: str, minor: int, state: InvoiceState, context: Context) -> None:
    if state.issued is None and context.outside:
        return
    left = state.left_minor(line)
    if left is None:
        raise Rejected("unknown-line", field="lines.line", line=line)
    if abs(minor) > abs(left):
        raise Rejected("credit-above-invoice", field="lines.amount_minor", line=line, left=left)


DECIDER: Decider[InvoiceState, InvoiceCommand] = Decider(
    category="invoice",
    initial=InvoiceState(),
    evolve=evolve,
    decide=decide,
    commands=(
        DraftInvoice,
        AdjustDraft,
        ApproveDraft,
        DiscardDraft,
        IssueInvoice,
        IssueCredit,
        CreditInvoice,
        VoidInvoice,
        WriteOffInvoice,
        RecoverInvoice,
        SendDocument,
        OpenDispute,
        ResolveDispute,
    ),
    events=(
        InvoiceDrafted,
        DraftAdjusted,
        DraftApproved,
        DraftDiscarded,
        InvoiceIssued,
        CreditIssued,
        InvoiceVoided,
        InvoiceWrittenOff,
        InvoiceRecovered,
        DocumentSent,
        DisputeOpened,
        DisputeResolved,
        Retracted,
    ),
    needs=needs,
)
