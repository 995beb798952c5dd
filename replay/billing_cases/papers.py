"""The documents of a case as the log has them: what came since the last look, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from domain.currency import exponent
from domain.facts import Fact
from domain.invoice_facts import (
    CreditIssued,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
)
from domain.payment_facts import PaymentReceived
from domain.tax.taxed import TaxedAt
from replay.billing_cases.acts import Course

PaperKind = Literal["invoice", "credit-note", "void", "draft"]


class Line(Struct, frozen=True, kw_only=True):
    """One line of a document; `amount` in major units, of what takes back an invoice negative.

    `line` is its id, on a credit note that of the line it credits; `of_line` the one it is beside.
    """

    subscription: str | None
    item: str | None
    kind: str
    service_from: date | None
    service_to: date | None
    amount: Fraction
    meter: str | None = None
    quantity: Decimal | None = None
    corrects: bool = False
    line: str = ""
    of_line: str | None = None
    price: str = ""
    tax: TaxedAt | None = None


class Paper(Struct, frozen=True, kw_only=True):
    """A document, or a draft of one, by the id of its invoice."""

    kind: PaperKind
    invoice: str
    customer: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> Fraction:
        return sum((line.amount for line in self.lines), Fraction(0))


class Papers:
    """Reads the documents of one case as they come."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._issued: dict[str, InvoiceIssued] = {}
        self._left: dict[tuple[str, str], int] = {}
        self.payments: list[str] = []
        self.drafts: dict[str, InvoiceDrafted] = {}
        self.seen = 0

    @property
    def currency(self) -> str:
        return self._course.currency

    @property
    def invoices(self) -> list[str]:
        """Those there are, in the order in which they were issued."""
        return [*self._issued]

    def issued(self, invoice: str) -> InvoiceIssued:
        return self._issued[invoice]

    def take(self, facts: tuple[Fact, ...]) -> Iterator[Paper]:
        """What some facts more say; other facts than documents are passed over."""
        for fact in facts:
            self.seen = fact.position
            yield from self._paper(fact)

    def _paper(self, fact: Fact) -> Iterator[Paper]:
        name, event = fact.stream.partition(":")[2], fact.event
        match event:
            case InvoiceDrafted():
                self.drafts[name] = event
                rows = [(line, line.amount_minor) for line in event.lines]
                yield self._of("draft", name, event.customer, rows)
            case InvoiceIssued():
                self._issued[name] = event
                self._left |= {(name, line.line): line.amount_minor for line in event.lines}
                rows = [(line, line.amount_minor) for line in event.lines]
                yield self._of("invoice", name, event.customer, rows)
            case CreditIssued():
                taken = {row.line: row.amount_minor for row in event.lines}
                yield self._back("credit-note", name, taken)
            case InvoiceVoided():
                left = {
                    line.line: self._left[(name, line.line)] for line in self._issued[name].lines
                }
                yield self._back("void", name, left)
            case PaymentReceived():
                self.payments.append(name)
            case _:
                pass

    def _back(self, kind: PaperKind, invoice: str, taken: dict[str, int]) -> Paper:
        """What takes back so much of some lines of an invoice."""
        event = self._issued[invoice]
        rows = []
        for line in event.lines:
            if line.line in taken:
                self._left[(invoice, line.line)] -= taken[line.line]
                rows.append((line, -taken[line.line]))
        return self._of(kind, invoice, event.customer, rows)

    def _of(
        self, kind: PaperKind, invoice: str, customer: str, rows: list[tuple[InvoiceLine, int]]
    ) -> Paper:
        corrects = kind in ("credit-note", "void")
        lines = tuple(self._line(line, minor, corrects=corrects) for line, minor in rows)
        return Paper(kind=kind, invoice=invoice, customer=customer, lines=lines)

    def _line(self, line: InvoiceLine, minor: int, *, corrects: bool) -> Line:
        price = (line.price or "").partition("@")[0]
        return Line(
            subscription=line.subscription,
            item=line.obligation,
            kind=line.kind,
            service_from=line.service_from,
            service_to=line.service_to,
            amount=Fraction(minor, 10 ** exponent(self._course.currency)),
            meter=self._course.meters.get(price),
            quantity=line.quantity,
            corrects=corrects,
            line=line.line,
            of_line=line.of_line,
            price=price,
            tax=line.tax,
        )
