"""Invoices, credit notes and voids: the same facts from our billing run or from an outside system.

A line names the contract or subscription it bills; one that names none opens a contract of its own:
one obligation, price = line amount, term = service period (SPEC 4). A credit or void says whether
it goes back to the original service periods (`as-if-never`) or holds `from-now`; receivables use
its own date.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.currency import currency_of, exponent, require_kept
from domain.errors import Malformed, Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.money import LARGEST_MINOR
from domain.party import PAYMENT_TERMS_DAYS, CustomerState

Treatment = Literal["as-if-never", "from-now"]
LineKind = Literal["subscription", "usage", "one-off", "discount", "drawdown", "tax", "credit"]


class InvoiceLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A half-open service period at a price; without one, earned at issue.

    `price` and `quantity` say which version of which price was charged for how many, where the line
    is for one such only; `group` for which values of dimensions, `discount` which discount it is,
    `drawn_from` which prepaid item pays it.
    Lines of `kind` credit move what a customer has in credit.
    """

    line: str
    amount_minor: int
    kind: LineKind = "subscription"
    service_from: date | None = None
    service_to: date | None = None
    subscription: str | None = None
    contract: str | None = None
    obligation: str | None = None
    description: str = ""
    price: str | None = None
    quantity: Decimal | None = None
    group: dict[str, str] = {}
    discount: str | None = None
    drawn_from: str | None = None

    @property
    def is_for_service(self) -> bool:
        """Whether it charges for something that is sold."""
        return self.kind not in {"tax", "credit"}


class InvoiceDrafted(Event, frozen=True, kw_only=True, tag="invoice-drafted"):
    """A draft has no effect on the books. `payment_terms_days`: the customer's, as known then."""

    customer: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None
    payment_terms_days: int | None = None


class InvoiceIssued(Event, frozen=True, kw_only=True, tag="invoice-issued"):
    """A document went out, dated `effective`."""

    customer: str
    currency: str
    number: str
    due_on: date
    lines: tuple[InvoiceLine, ...]
    replaces: str | None = None


class CreditLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount_minor` is positive and reduces the line."""

    line: str
    amount_minor: int


class CreditIssued(Event, frozen=True, kw_only=True, tag="credit-issued"):
    """`purpose`: a correction follows a change of the deal, a concession is a cut of its price."""

    number: str
    lines: tuple[CreditLine, ...]
    treatment: Treatment
    purpose: Literal["correction", "concession"] = "concession"


class InvoiceVoided(Event, frozen=True, kw_only=True, tag="invoice-voided"):
    """What is left of the invoice is taken back; without a treatment as the policy says."""

    treatment: Treatment | None = None


class DraftInvoice(
    Struct, frozen=True, kw_only=True, tag="draft-invoice", forbid_unknown_fields=True
):
    """Prepare an invoice; a later draft takes the place of an earlier one."""

    when: When
    customer: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None


class IssueInvoice(
    Struct, frozen=True, kw_only=True, tag="issue-invoice", forbid_unknown_fields=True
):
    """With no `lines` the draft is issued as it stands; `number` defaults to the stream's id."""

    when: When
    customer: str | None = None
    currency: str | None = None
    lines: tuple[InvoiceLine, ...] = ()
    number: str | None = None
    due_on: date | None = None
    replaces: str | None = None


class IssueCredit(
    Struct, frozen=True, kw_only=True, tag="issue-credit", forbid_unknown_fields=True
):
    """`treatment` defaults by purpose: correction as if never, concession from now."""

    when: When
    number: str
    lines: tuple[CreditLine, ...]
    treatment: Treatment | None = None
    purpose: Literal["correction", "concession"] = "concession"


class VoidInvoice(
    Struct, frozen=True, kw_only=True, tag="void-invoice", forbid_unknown_fields=True
):
    """Take back what is left of an invoice, paid or not: its money becomes unapplied."""

    when: When
    treatment: Treatment | None = None


InvoiceEvent = InvoiceDrafted | InvoiceIssued | CreditIssued | InvoiceVoided
InvoiceCommand = DraftInvoice | IssueInvoice | IssueCredit | VoidInvoice


class InvoiceState(Struct, frozen=True, kw_only=True):
    """The draft, the issued document, what was credited of each line, and whether it is void."""

    draft: InvoiceDrafted | None = None
    issued: InvoiceIssued | None = None
    credited_minor: dict[str, int] = {}
    credits: frozenset[str] = frozenset()
    is_void: bool = False

    def left_minor(self, line: str) -> int | None:
        """What credits have left of a line; none if the invoice has no such line."""
        lines = self.issued.lines if self.issued else ()
        amount = next((row.amount_minor for row in lines if row.line == line), None)
        return None if amount is None else amount - self.credited_minor.get(line, 0)


def evolve(state: InvoiceState, fact: Fact) -> InvoiceState:
    """A credit an outside system dates before its invoice counts all the same."""
    event = fact.event
    assert isinstance(event, InvoiceEvent), fact
    match event:
        case InvoiceDrafted():
            return structs.replace(state, draft=event)
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
        case _:
            assert_never(event)


def needs(command: InvoiceCommand) -> tuple[str, ...]:
    """A deal that is known must be in the currency of the lines that bill it; the customer's terms
    say when it is due.
    """
    if isinstance(command, IssueCredit | VoidInvoice):
        return ()
    streams = {stream for line in command.lines if (stream := _billed(line))}
    if command.customer:
        streams.add(f"customer:{command.customer}")
    return tuple(sorted(streams))


def _billed(line: InvoiceLine) -> str | None:
    if line.subscription is not None:
        return f"subscription:{line.subscription}"
    return f"contract:{line.contract}" if line.contract is not None else None


def decide(command: InvoiceCommand, state: InvoiceState, context: Context) -> tuple[Event, ...]:
    """Documents are refused by their own state alone: a void may take back what is paid (SPEC 12).

    An outside system's credit or void may come before the invoice it belongs to, and waits for it.
    """
    match command:
        case DraftInvoice():
            return (_drafted(command, state, context),)
        case IssueInvoice():
            return (_issued(command, state, context),)
        case IssueCredit():
            return (_credited(command, state, context),)
        case VoidInvoice():
            _require_issued(state, context)
            if state.is_void:
                raise Rejected("already-void", field="stream")
            return (InvoiceVoided(when=command.when, treatment=command.treatment),)
        case _:
            assert_never(command)


def _drafted(command: DraftInvoice, state: InvoiceState, context: Context) -> InvoiceDrafted:
    if state.issued is not None:
        raise Rejected("already-issued", field="stream")
    require_name(command.customer, "customer")
    _require_lines(command.lines, command.currency, context)
    days = _terms_days(command.customer, command.when.effective, context)
    return InvoiceDrafted(**structs.asdict(command), payment_terms_days=days)


def _terms_days(customer: str, day: date, context: Context) -> int | None:
    """The customer's payment terms on a day; none if no terms of the customer are known."""
    known = context.others.get(f"customer:{customer}")
    if not isinstance(known, CustomerState) or not known.payment_terms:
        return None
    return known.payment_terms_days(day)


def _issued(command: IssueInvoice, state: InvoiceState, context: Context) -> InvoiceIssued:
    if state.issued is not None:
        raise Rejected("already-issued", field="stream")
    draft = state.draft
    lines = command.lines or (draft.lines if draft else ())
    customer = command.customer or (draft.customer if draft else None)
    currency = command.currency or (draft.currency if draft else None)
    if customer is None or currency is None:
        raise Rejected("nothing-to-issue", field="customer" if customer is None else "currency")
    require_name(customer, "customer")
    require_kept(currency, context.replaces)
    if draft is not None and not command.lines and currency != draft.currency:
        raise Rejected(
            "currency-mismatch", field="currency", invoice=currency, draft=draft.currency
        )
    _require_lines(lines, currency, context)
    return InvoiceIssued(
        when=command.when,
        customer=customer,
        currency=currency,
        number=command.number or context.name,
        due_on=_due_on(command, draft, customer, context),
        lines=lines,
        replaces=command.replaces,
    )


def _due_on(
    command: IssueInvoice, draft: InvoiceDrafted | None, customer: str, context: Context
) -> date:
    """As stated, else as drafted, else by the customer's terms as far as they are known."""
    issued_on = command.when.effective
    stated = command.due_on or (draft.due_on if draft else None)
    if stated is not None and stated < issued_on:
        raise Rejected("due-before-issue", field="due_on")
    if stated is not None:
        return stated
    days = _terms_days(customer, issued_on, context)
    if days is None:
        days = draft.payment_terms_days if draft else None
    due = issued_on.toordinal() + (PAYMENT_TERMS_DAYS if days is None else days)
    if due > date.max.toordinal():
        raise Rejected("term-too-long", field="due_on")
    return date.fromordinal(due)


def _require_lines(lines: tuple[InvoiceLine, ...], currency: str, context: Context) -> None:
    """Lines with ids of their own that add up to no less than nothing."""
    exponent(currency)
    if not lines:
        raise Rejected("no-lines", field="lines")
    if len({line.line for line in lines}) < len(lines):
        raise Rejected("duplicate-line", field="lines")
    for line in lines:
        _require_id(line)
        _require_period(line)
        _require_same_currency(line, currency, context)
    if sum(line.amount_minor for line in lines) < 0:
        raise Rejected("negative-invoice", field="lines")
    if sum(abs(line.amount_minor) for line in lines) > LARGEST_MINOR:
        raise Malformed("amount-too-large", field="lines.amount_minor")


def _require_id(line: InvoiceLine) -> None:
    """A unit is named `invoice:ID:LINE`: a colon in a line's id would let two lines share one."""
    require_name(line.line, "lines.line")
    if ":" in line.line:
        raise Malformed("colon-in-id", field="lines.line", line=line.line)


def _require_same_currency(line: InvoiceLine, currency: str, context: Context) -> None:
    known = currency_of(context.others.get(_billed(line) or ""))
    if known is not None and known != currency:
        raise Rejected(
            "currency-mismatch", field="currency", line=line.line, invoice=currency, deal=known
        )


def _require_period(line: InvoiceLine) -> None:
    start, end = line.service_from, line.service_to
    if (start is None) != (end is None):
        raise Rejected("half-a-service-period", field="lines.service_to", line=line.line)
    if start is not None and end is not None and end <= start:
        raise Rejected("service-ends-before-it-begins", field="lines.service_to", line=line.line)
    if line.subscription is not None and line.contract is not None:
        raise Rejected("two-contracts", field="lines.contract", line=line.line)


def _require_issued(state: InvoiceState, context: Context) -> None:
    if state.issued is None and not context.outside:
        raise Rejected("not-issued", field="stream")


def _credited(command: IssueCredit, state: InvoiceState, context: Context) -> CreditIssued:
    _require_issued(state, context)
    if state.is_void:
        raise Rejected("already-void", field="stream")
    require_name(command.number, "number")
    if not command.lines:
        raise Rejected("no-lines", field="lines")
    if command.number in state.credits:
        raise Rejected("duplicate-credit-number", field="number", number=command.number)
    taken: dict[str, int] = {}
    for row in command.lines:
        if row.amount_minor <= 0:
            raise Rejected("credit-not-positive", field="lines.amount_minor", line=row.line)
        taken[row.line] = taken.get(row.line, 0) + row.amount_minor
    for line, minor in taken.items():
        _require_left(line, minor, state, context)
    default: Treatment = "as-if-never" if command.purpose == "correction" else "from-now"
    return CreditIssued(
        when=command.when,
        number=command.number,
        lines=command.lines,
        treatment=command.treatment or default,
        purpose=command.purpose,
    )


def _require_left(line: str, minor: int, state: InvoiceState, context: Context) -> None:
    if state.issued is None and context.outside:
        return
    left = state.left_minor(line)
    if left is None:
        raise Rejected("unknown-line", field="lines.line", line=line)
    if minor > left:
        raise Rejected("credit-above-invoice", field="lines.amount_minor", line=line, left=left)


DECIDER: Decider[InvoiceState, InvoiceCommand] = Decider(
    category="invoice",
    initial=InvoiceState(),
    evolve=evolve,
    decide=decide,
    commands=(DraftInvoice, IssueInvoice, IssueCredit, VoidInvoice),
    events=(InvoiceDrafted, InvoiceIssued, CreditIssued, InvoiceVoided, Retracted),
    needs=needs,
)
