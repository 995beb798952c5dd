"""The documents of one account: an invoice for what is owed, credit notes on what was invoiced.

Nothing is edited and nothing is numbered by chance: on the same state the same documents come
under the same keys, so whoever was cut off asks again and nothing is issued twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import chain, count
from operator import attrgetter
from typing import Literal

from msgspec import Struct, structs

from domain.adjusting import adjusted
from domain.draft import DiscardDraft
from domain.facts import When
from domain.invoice import DraftInvoice, IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, DraftAdjusted, InvoiceLine
from domain.statement.coupons import Claim, Reduced, given_back, reduced
from domain.statement.granted import with_their_items
from domain.statement.notes import Papers, Taken, by_invoice, is_made_anew, taken_for
from domain.statement.spans import Difference
from domain.statement.thresholds import Reached

_line_of = attrgetter("line")

# What a run does with a document.
Act = Literal["issued", "credited", "drafted", "drafted anew", "discarded"]


class Document(Struct, frozen=True, kw_only=True):
    """What to do on the stream of an invoice, under a key that the same run gives again.

    `exact_minor`: what its lines come to exactly, as numerator and denominator, where coupons on
    them are rounded shares.
    `as_drafted`: the lines of the draft that is issued.
    """

    stream: str
    key: str
    command: IssueInvoice | IssueCredit | DraftInvoice | DiscardDraft
    customer: str
    currency: str
    total_minor: int
    exact_minor: dict[str, tuple[int, int]] = {}
    act: Act = "issued"
    as_drafted: tuple[InvoiceLine, ...] = ()

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """What the invoice bills; of a credit note its command says what it takes off."""
        if isinstance(self.command, IssueInvoice | DraftInvoice):
            return self.as_drafted or self.command.lines
        return ()

    @property
    def name(self) -> str:
        """The number it comes with, else what it is called until a series gives it one."""
        stated: str | None = getattr(self.command, "number", None)
        return stated or self.stream.partition(":")[2]


class Carried(Struct, frozen=True, kw_only=True):
    """What is on no document yet, and why: a `credit` waits for the customer's next invoice, what
    an `unknown-customer` owes for somebody to send a document to. A subscription that cannot be
    charged waits alone, its amount unknown, under the code that its unit is parked with. An
    `unmatched-line` of an outside invoice names none of several items, so nobody can say what it
    has billed: `document` is the invoice and line, and the run does not count it. An
    `adjustment-without-line` is of a draft that no longer bills what was adjusted. A `code` says
    why nobody can tell the tax of an invoice that is `awaiting-tax`.
    """

    customer: str
    currency: str
    minor: int
    reason: str = "credit"
    subscription: str | None = None
    document: str | None = None
    code: str | None = None
    detail: str = ""


class Bill(Struct, frozen=True, kw_only=True):
    """Everything one run issues, by customer, currency and document, and the levels reached.

    `measured` are the streams of earlier drafts that were measured again: what they come to is
    among the documents, under their streams, if it is anything.
    """

    documents: tuple[Document, ...] = ()
    carried: tuple[Carried, ...] = ()
    reached: tuple[Reached, ...] = ()
    measured: frozenset[str] = frozenset()


class Account(Struct, frozen=True, kw_only=True):
    """Who is billed, in which currency; whether there is such a customer, with what in credit and
    with which coupons; how a draft of it was adjusted.
    """

    customer: str
    currency: str
    is_known: bool
    payment_terms_days: int
    credit_minor: int = 0
    claims: tuple[Claim, ...] = ()
    adjustments: tuple[DraftAdjusted, ...] = ()


def documents(account: Account, owed: Sequence[Difference], papers: Papers, through: date) -> Bill:
    """What closes the differences of one account, and what must wait."""
    if not account.is_known:
        return _nobody_to_bill(account, owed)
    taken, lines = _laid_out(with_their_items(owed), papers)
    issued = _credit_notes(account, taken, papers, through)
    lines = [*adjusted(lines, account.adjustments)]
    net = reduced(lines, account.claims) if account.claims else Reduced((), {})
    lines += net.lines
    lines += _credit_moved(account, owed, lines)
    total = sum(line.amount_minor for line in lines)
    if total < 0:
        carried = Carried(customer=account.customer, currency=account.currency, minor=total)
        return Bill(documents=issued, carried=(carried,))
    if not lines:
        return Bill(documents=issued)
    invoice = _invoice(account, tuple(lines), papers, through, _replaced(owed))
    exact = {name: minor.as_integer_ratio() for name, minor in net.net_minor.items()}
    return Bill(documents=(*issued, structs.replace(invoice, exact_minor=exact)))


def _laid_out(owed: Sequence[Difference], papers: Papers) -> tuple[list[Taken], list[InvoiceLine]]:
    """What is taken off which lines, and the lines that leaves."""
    notes = taken_for(owed, papers)
    lines: list[InvoiceLine] = []
    for one, taken in zip(owed, notes, strict=True):
        for minor in _amounts(one, sum(row[1] for row in taken)):
            lines.append(_line(str(len(lines) + 1), one, minor))
            if minor < 0 and one.options.credits == "next-invoice":
                lines += given_back(lines[-1], len(lines), one.lines, papers.lines)
    return [*chain.from_iterable(notes)], lines


def _nobody_to_bill(account: Account, owed: Iterable[Difference]) -> Bill:
    minor = sum(one.minor for one in owed)
    if not minor:
        return Bill()
    carried = Carried(
        customer=account.customer,
        currency=account.currency,
        minor=minor,
        reason="unknown-customer",
    )
    return Bill(carried=(carried,))


def _credit_moved(
    account: Account, owed: Iterable[Difference], lines: Sequence[InvoiceLine]
) -> list[InvoiceLine]:
    """What a price owes back is carried as the customer's credit, and used on the next invoice."""
    total = sum(line.amount_minor for line in lines)
    if total < 0 and any(one.options.credits == "next-invoice" for one in owed):
        return [_credit_line(lines, -total, "credit carried")]
    used = min(total, account.credit_minor)
    return [_credit_line(lines, -used, "credit used")] if used > 0 else []


def _credit_line(lines: Sequence[InvoiceLine], minor: int, what: str) -> InvoiceLine:
    return InvoiceLine(
        line=str(len(lines) + 1), amount_minor=minor, kind="credit", description=what
    )


def _amounts(one: Difference, credited_minor: int) -> list[int]:
    """The lines of a difference that credit notes leave: one, or a reversal and a line anew."""
    if is_made_anew(one):
        reversal = credited_minor - one.invoiced_minor
        return [minor for minor in (reversal, one.charged_minor) if minor]
    left = one.minor + credited_minor
    return [left] if left or one.is_first else []


def _line(name: str, one: Difference, minor: int) -> InvoiceLine:
    return InvoiceLine(
        line=name,
        amount_minor=minor,
        kind=one.kind,
        service_from=one.service_from,
        service_to=one.service_to,
        subscription=one.subscription,
        obligation=one.item,
        price=one.price,
        quantity=one.quantity,
        group=dict(one.group),
        discount=one.discount or None,
        drawn_from=one.drawn_from or None,
    )


def _replaced(owed: Iterable[Difference]) -> str | None:
    """The last invoice that was voided, where what it billed is billed anew."""
    anew = (one.lines for one in owed if one.charged_minor)
    voided = {
        (row.issued_on, row.invoice)
        for lines in anew
        if all(row.is_void for row in lines)
        for row in lines
    }
    return max(voided)[1] if voided else None


def _invoice(
    account: Account,
    lines: tuple[InvoiceLine, ...],
    papers: Papers,
    through: date,
    replaces: str | None,
) -> Document:
    name = _free_name(series(account.customer, account.currency, through), papers)
    command = IssueInvoice(
        when=When(effective=through),
        customer=account.customer,
        currency=account.currency,
        lines=lines,
        number=None if papers.invoicing.series else name,
        due_on=through + timedelta(days=account.payment_terms_days),
        replaces=replaces,
    )
    return Document(
        stream=f"invoice:{name}",
        key=f"bill:{name}",
        command=command,
        customer=account.customer,
        currency=account.currency,
        total_minor=total_of(lines),
    )


def total_of(lines: Iterable[InvoiceLine]) -> int:
    """What an invoice of these lines comes to."""
    return sum(line.amount_minor for line in lines)


def series(customer: str, currency: str, through: date) -> str:
    """What the numbers of an account's invoices of a day begin with."""
    return f"{customer}-{currency}-{through:%Y%m%d}-"


def _free_name(begins: str, papers: Papers) -> str:
    """The next number of the day follows from the log: two runs on one state give one invoice."""
    names = (f"{begins}{number}" for number in count(1))
    return next(name for name in names if not papers.in_use(f"invoice:{name}"))


def _credit_notes(
    account: Account, taken: Iterable[Taken], papers: Papers, through: date
) -> tuple[Document, ...]:
    return tuple(
        _credit_note(account, invoice, sorted(rows, key=_line_of), papers, through)
        for invoice, rows in sorted(by_invoice(taken).items())
    )


def _credit_note(
    account: Account,
    invoice: str,
    wanted: Sequence[CreditLine],
    papers: Papers,
    through: date,
) -> Document:
    stream = f"invoice:{invoice}"
    number = f"{invoice}-C{papers.versions[stream]}"
    papers.versions[stream] += 1
    rows = papers.credit(invoice, wanted)
    gives = papers.invoicing.credit_series or papers.invoicing.series
    return Document(
        stream=stream,
        key=f"bill:{number}",
        command=IssueCredit(
            when=When(effective=through),
            number=None if gives else number,
            lines=rows,
            purpose="correction",
        ),
        customer=account.customer,
        currency=account.currency,
        total_minor=-sum(row.amount_minor for row in rows),
        act="credited",
    )
