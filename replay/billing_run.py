"""The billing run: what charges are due by a date, less what invoices already carry, on documents.

Measured again each time, like everything else: a second run over the same facts finds no difference
and issues nothing. Late usage and backdated changes come as a further line or as a credit note.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, count

from msgspec import Struct

from domain.accounting.documents import BilledLine, billed_lines
from domain.billing import Charge, recurring_charges
from domain.errors import Rejected
from domain.facts import Fact, When, timeline
from domain.invoice import CreditLine, InvoiceLine, IssueCredit, IssueInvoice
from domain.master import MASTER_CATEGORIES, master_data
from domain.party import PAYMENT_TERMS_DAYS, CustomerAmended, CustomerRegistered, registered
from domain.rating import rate_usage
from domain.terms import Terms, terms
from domain.usage import UsageBatchAccepted, UsageDay
from store import log as facts_log
from store.db import Connection
from store.usage_days import usage_days

# Lines that bill an item; a one-off charge need not, and a tax never does.
ITEM_KINDS = frozenset({"subscription", "usage", "discount"})
CATEGORIES = (*sorted(MASTER_CATEGORIES), "customer", "invoice", "subscription", "usage")


class Document(Struct, frozen=True, kw_only=True):
    """An invoice or a credit note to issue on a stream, under a key the same run gives again."""

    stream: str
    key: str
    command: IssueInvoice | IssueCredit
    customer: str
    currency: str
    total_minor: int


class Carried(Struct, frozen=True, kw_only=True):
    """What is on no document yet, and why: a `credit` waits for the customer's next invoice, what
    an `unknown-customer` owes for somebody to send a document to. A subscription that cannot be
    charged waits alone, its amount unknown, under the code that its unit is parked with. An
    `unmatched-line` of an outside invoice names none of several items, so nobody can say what it
    has billed: `document` is the invoice and line, and the run does not count it.
    """

    customer: str
    currency: str
    minor: int
    reason: str = "credit"
    subscription: str | None = None
    document: str | None = None


class Bill(Struct, frozen=True, kw_only=True):
    """Everything one run issues, in order of customer, currency and document."""

    documents: tuple[Document, ...]
    carried: tuple[Carried, ...] = ()


class Span(Struct, frozen=True, order=True):
    """One item of one subscription in one billing period: charges and lines are compared by it."""

    subscription: str
    item: str
    start: date


class Due(Struct, kw_only=True):
    """What a span should carry by now, and what invoices say it does."""

    service_to: date
    charged_minor: int = 0
    usage: bool = False
    lines: list[BilledLine] = []

    @property
    def invoiced_minor(self) -> int:
        """A price cut granted on a line is not billed again; what was corrected or voided is."""
        return sum(_carried_by(row) for row in self.lines)

    @property
    def difference_minor(self) -> int:
        return self.charged_minor - self.invoiced_minor


class Log(Struct, frozen=True, kw_only=True):
    """What the run asks of the facts besides charges: each answered by one pass over them."""

    invoices: frozenset[str]
    versions: dict[str, int]
    payment_terms: dict[str, int]
    customers: frozenset[str]


def bill_due(facts: Sequence[Fact], usage: Mapping[str, Sequence[UsageDay]], through: date) -> Bill:
    """The documents that close the difference, from one entity's facts of the `CATEGORIES`.

    `usage` is by subscription.
    """
    known = timeline(facts)
    master = master_data(fact for fact in facts if _category(fact) in MASTER_CATEGORIES)
    batches = {fact.position for fact in known if isinstance(fact.event, UsageBatchAccepted)}
    billed: dict[str, list[BilledLine]] = {}
    for row in billed_lines(known):
        billed.setdefault(row.line.subscription or "", []).append(row)
    accounts: dict[tuple[str, str], dict[Span, Due]] = {}
    waiting: list[Carried] = []
    for name, sold in _subscriptions(known).items():
        days = [day for day in usage.get(name, ()) if day.position in batches]
        account = (sold.started.customer, sold.started.currency)
        try:
            charges = (*recurring_charges(sold, master), *rate_usage(days, sold, master).charges)
        except Rejected as refusal:
            waiting.append(_not_charged(account, name, refusal))
            continue
        waiting += _unmatched(account, name, charges, billed.get(name, ()))
        spans = _spans(name, charges, billed.get(name, ()), through)
        accounts.setdefault(account, {}).update(spans)
    log = _log(facts, known, through)
    runs = [_account(key, accounts[key], log, through) for key in sorted(accounts)]
    return Bill(
        documents=tuple(document for run in runs for document in run.documents),
        carried=(*waiting, *(row for run in runs for row in run.carried)),
    )


def billing_input(
    connection: Connection, entity: str, upto: int
) -> tuple[tuple[Fact, ...], dict[str, list[UsageDay]]]:
    """What `bill_due` reads, as known at a position."""
    facts = facts_log.read_categories(connection, entity, CATEGORIES, upto=upto)
    zones = {name: sold.started.zone for name, sold in _subscriptions(timeline(facts)).items()}
    usage: dict[str, list[UsageDay]] = {}
    for day in usage_days(connection, entity, zones, upto=upto):
        usage.setdefault(day.subscription, []).append(day)
    return facts, usage


def _category(fact: Fact) -> str:
    return fact.stream.partition(":")[0]


def _subscriptions(known: Sequence[Fact]) -> dict[str, Terms]:
    own: dict[str, list[Fact]] = {}
    for fact in known:
        category, _, name = fact.stream.partition(":")
        if category == "subscription":
            own.setdefault(name, []).append(fact)
    customers = registered(known)
    folded = {name: terms(facts, customers) for name, facts in sorted(own.items())}
    return {name: sold for name, sold in folded.items() if sold is not None}


def _log(facts: Iterable[Fact], known: Sequence[Fact], through: date) -> Log:
    days: dict[str, int] = {}
    for fact in known:
        event = fact.event
        if not isinstance(event, CustomerRegistered | CustomerAmended):
            continue
        if event.payment_terms_days is not None and fact.when.effective <= through:
            days[fact.stream.partition(":")[2]] = event.payment_terms_days
    versions: dict[str, int] = {}
    for fact in facts:
        versions[fact.stream] = max(fact.version, versions.get(fact.stream, 0))
    invoices = frozenset(stream for stream in versions if stream.startswith("invoice:"))
    customers = registered(known)
    return Log(invoices=invoices, versions=versions, payment_terms=days, customers=customers)


# --- spans: charged and invoiced, side by side -------------------------------------------------


def _spans(
    subscription: str, charges: Iterable[Charge], billed: Iterable[BilledLine], through: date
) -> dict[Span, Due]:
    """Charges billable by the date and the lines that bill them, by item and billing period."""
    spans: dict[Span, Due] = {}
    ends: dict[str, dict[date, date]] = {}
    for charge in charges:
        ends.setdefault(charge.item, {})[charge.period.start] = charge.period.end
        if charge.bill_on > through:
            continue
        span = Span(subscription, charge.item, charge.period.start)
        due = spans.setdefault(span, Due(service_to=charge.end))
        due.charged_minor += charge.minor
        due.usage = due.usage or charge.usage
        due.service_to = max(due.service_to, charge.end)
    for row in billed:
        billing = _span_of(row, subscription, ends)
        if billing is not None:
            end = row.line.service_to or billing.start
            spans.setdefault(billing, Due(service_to=end)).lines.append(row)
    return spans


def _span_of(row: BilledLine, subscription: str, ends: dict[str, dict[date, date]]) -> Span | None:
    """The billing period a line falls in; none for what no charge of this subscription explains."""
    line = row.line
    item = line.obligation or (next(iter(ends)) if len(ends) == 1 else None)
    if item is None or line.service_from is None or line.kind == "tax":
        return None
    starts = sorted(ends.get(item, {}))
    place = bisect_right(starts, line.service_from)
    inside = place > 0 and line.service_from < ends[item][starts[place - 1]]
    return Span(subscription, item, starts[place - 1] if inside else line.service_from)


def _carried_by(row: BilledLine) -> int:
    if row.is_void:
        return 0
    return row.line.amount_minor - sum(cut.minor for cut in row.cuts if not cut.concession)


# --- documents: one invoice for each customer and currency, credits on what was invoiced --------


def _account(account: tuple[str, str], spans: dict[Span, Due], log: Log, through: date) -> Bill:
    customer, currency = account
    if customer not in log.customers:
        return _nobody_to_bill(account, spans)
    notes = {span: _credits(due) for span, due in spans.items() if due.difference_minor < 0}
    lines: list[InvoiceLine] = []
    for span in sorted(spans):
        left = spans[span].difference_minor + sum(row[1] for row in notes.get(span, ()))
        if left or (spans[span].usage and not spans[span].lines):
            lines.append(_line(str(len(lines) + 1), span, spans[span], left))
    documents = _credit_notes(account, chain.from_iterable(notes.values()), log, through)
    total = sum(line.amount_minor for line in lines)
    if total < 0:
        carried = Carried(customer=customer, currency=currency, minor=total)
        return Bill(documents=documents, carried=(carried,))
    if not lines:
        return Bill(documents=documents)
    invoice = _invoice(account, tuple(lines), log, through)
    return Bill(documents=(*documents, invoice))


def _not_charged(account: tuple[str, str], subscription: str, refusal: Rejected) -> Carried:
    return Carried(
        customer=account[0],
        currency=account[1],
        minor=0,
        reason=refusal.code,
        subscription=subscription,
    )


def _unmatched(
    account: tuple[str, str],
    subscription: str,
    charges: Iterable[Charge],
    billed: Iterable[BilledLine],
) -> list[Carried]:
    if len({charge.item for charge in charges}) == 1:
        return []
    return [
        Carried(
            customer=account[0],
            currency=account[1],
            minor=_carried_by(row),
            reason="unmatched-line",
            subscription=subscription,
            document=row.subject,
        )
        for row in billed
        if row.line.obligation is None and row.line.kind in ITEM_KINDS and _carried_by(row)
    ]


def _nobody_to_bill(account: tuple[str, str], spans: dict[Span, Due]) -> Bill:
    minor = sum(due.difference_minor for due in spans.values())
    if not minor:
        return Bill(documents=())
    carried = Carried(
        customer=account[0], currency=account[1], minor=minor, reason="unknown-customer"
    )
    return Bill(documents=(), carried=(carried,))


def _credits(due: Due) -> list[tuple[BilledLine, int]]:
    """What to take off which line: the newest first, none below zero."""
    wanted = -due.difference_minor
    found = []
    for row in reversed(due.lines):
        taken = min(wanted, max(0, row.left_minor))
        if taken:
            found.append((row, taken))
            wanted -= taken
    return found


def _line(name: str, span: Span, due: Due, minor: int) -> InvoiceLine:
    return InvoiceLine(
        line=name,
        amount_minor=minor,
        kind="usage" if due.usage else "subscription",
        service_from=span.start,
        service_to=due.service_to,
        subscription=span.subscription,
        obligation=span.item,
    )


def _invoice(
    account: tuple[str, str], lines: tuple[InvoiceLine, ...], log: Log, through: date
) -> Document:
    customer, currency = account
    name = _free_name(f"{customer}-{currency}-{through:%Y%m%d}", log)
    return Document(
        stream=f"invoice:{name}",
        key=f"bill:{name}",
        command=IssueInvoice(
            when=When(effective=through),
            customer=customer,
            currency=currency,
            lines=lines,
            number=name,
            due_on=through + timedelta(days=log.payment_terms.get(customer, PAYMENT_TERMS_DAYS)),
        ),
        customer=customer,
        currency=currency,
        total_minor=sum(line.amount_minor for line in lines),
    )


def _free_name(wanted: str, log: Log) -> str:
    """The next number of the day follows from the log: two runs on one state give one invoice."""
    names = (f"{wanted}-{number}" for number in count(1))
    return next(name for name in names if f"invoice:{name}" not in log.invoices)


def _credit_notes(
    account: tuple[str, str],
    taken: Iterable[tuple[BilledLine, int]],
    log: Log,
    through: date,
) -> tuple[Document, ...]:
    by_invoice: dict[str, list[tuple[str, int]]] = {}
    for row, minor in taken:
        by_invoice.setdefault(row.invoice, []).append((row.line.line, minor))
    return tuple(
        _credit_note(account, invoice, sorted(by_invoice[invoice]), log, through)
        for invoice in sorted(by_invoice)
    )


def _credit_note(
    account: tuple[str, str],
    invoice: str,
    lines: Sequence[tuple[str, int]],
    log: Log,
    through: date,
) -> Document:
    stream = f"invoice:{invoice}"
    number = f"{invoice}-C{log.versions[stream]}"
    return Document(
        stream=stream,
        key=f"bill:{number}",
        command=IssueCredit(
            when=When(effective=through),
            number=number,
            lines=tuple(CreditLine(line=line, amount_minor=minor) for line, minor in lines),
            purpose="correction",
        ),
        customer=account[0],
        currency=account[1],
        total_minor=-sum(minor for _, minor in lines),
    )
