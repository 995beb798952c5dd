"""Invoices, credit notes and voids: receivable against contract liability, by line, by date.

What a document means for revenue is measured elsewhere; here it only says what the customer owes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter

from msgspec import Struct, structs

from domain.accounting.curves import At, Instants, Progress
from domain.accounting.schedule import Flow
from domain.explain import Step
from domain.facts import Fact, causes_of
from domain.invoice_facts import CreditIssued, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.invoicing import CreditTo
from domain.late import Bill, Bills
from domain.money import decimal_text

AGAINST = {
    "tax": "tax-payable",
    "credit": "customer-credit",
    "rounding": "rounding",
    "opening": "opening-clearing",
}
# What a void means that does not say so, for an invoice of a date.
VoidDefault = Callable[[date], str]


class Cut(Struct, frozen=True, kw_only=True):
    """An amount taken off a line, on the credit note's or the void's own date.

    `to`: where what had been paid of it goes, if the credit note says so. `fact` is what cuts; how
    much may rest on more, the `causes`.
    """

    fact: int
    day: date
    minor: int
    as_if_never: bool
    concession: bool
    name: str
    causes: tuple[int, ...]
    to: CreditTo | None = None


class BilledLine(Struct, frozen=True, kw_only=True):
    """One line of an issued invoice with what was credited or voided of it since.

    `receivable_on`: from when it is receivable if that is after its date, or after a cut's, and
    what facts of a deal say so; `bound_on` and `bound_by`: from when what it bills is a contract,
    and what says so, where it was opened as none. `joined`: why it bills another contract than it
    names.
    """

    invoice: str
    number: str
    customer: str
    currency: str
    issued_on: date
    due_on: date
    line: InvoiceLine
    cause: int
    cuts: tuple[Cut, ...]
    only: str = ""
    contract: tuple[int, ...] = ()
    rate: Decimal | None = None
    receivable_on: date | None = None
    bound_on: date | None = None
    bound_by: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    joined: tuple[int, ...] = ()

    @property
    def obligation(self) -> str:
        """What it bills: the obligation it names, else the contract's only one, else its own."""
        return self.line.obligation or self.only or self.line.of_line or self.line.line

    @property
    def causes(self) -> tuple[int, ...]:
        """The document, and what opened the contract if that says what the line bills."""
        more = self.contract or self.joined
        return causes_of((self.cause,), self.contract, self.joined) if more else (self.cause,)

    @property
    def subject(self) -> str:
        return f"{self.invoice}:{self.line.line}"

    @property
    def left_minor(self) -> int:
        return self.line.amount_minor - sum(cut.minor for cut in self.cuts)

    def left_on(self, day: date) -> int:
        """What is left at the end of a day, of what is cut by then."""
        return self.line.amount_minor - sum(cut.minor for cut in self.cuts if cut.day <= day)

    def counts_on(self, cut: Cut) -> date:
        """The day on which a cut counts: that of the line, where it is as if that never was."""
        return self.issued_on if cut.as_if_never else cut.day

    @property
    def is_issued(self) -> bool:
        """Whether a fact issued it; a billing run also counts the lines of its drafts."""
        return self.cause > 0

    def along(self, by: Progress) -> Progress:
        """How its amount is earned, from and to its own instants where it has them."""
        if not isinstance(by, Instants):
            return by
        return Instants(by.zone, self.line.service_from_at, self.line.service_to_at)

    @property
    def is_void(self) -> bool:
        return any(cut.name == "void" for cut in self.cuts)


def gives_back(row: BilledLine, cut: Cut) -> bool:
    """Whether a cut gives back some of what its line charges. One that only follows a change of a
    deal does not: the deal itself comes to less.
    """
    names_deal = row.line.subscription is not None or row.line.contract is not None
    return row.line.is_for_service and (cut.concession or not names_deal)


def billed_lines(
    facts: Sequence[Fact], void_default: VoidDefault = lambda _issued: "as-if-never"
) -> tuple[BilledLine, ...]:
    """Every issued line in the facts (known, in effective order), by date and subject."""
    by_stream: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.stream.startswith("invoice:"):
            by_stream.setdefault(fact.stream, []).append(fact)
    lines = (
        line for stream, own in by_stream.items() for line in _of_invoice(stream, own, void_default)
    )
    return tuple(sorted(lines, key=lambda row: (row.issued_on, row.subject)))


def _of_invoice(stream: str, facts: list[Fact], void_default: VoidDefault) -> list[BilledLine]:
    issued = next((fact for fact in facts if isinstance(fact.event, InvoiceIssued)), None)
    if issued is None:
        return []
    event = issued.event
    assert isinstance(event, InvoiceIssued)
    return [
        BilledLine(
            invoice=stream.partition(":")[2],
            number=event.number,
            customer=event.customer,
            currency=event.currency,
            issued_on=issued.when.effective,
            due_on=event.due_on,
            line=line,
            cause=issued.position,
            cuts=_cuts(line, issued, facts, void_default),
            rate=event.rate,
        )
        for line in event.lines
    ]


def _cuts(
    line: InvoiceLine, issued: Fact, facts: list[Fact], void_default: VoidDefault
) -> tuple[Cut, ...]:
    """Credits in effective order, then what a void leaves; nothing is cut after a void."""
    if len(facts) == 1:
        return ()
    cuts: list[Cut] = []
    for fact in facts:
        event = fact.event
        if isinstance(event, CreditIssued):
            taken = sum(row.amount_minor for row in event.lines if row.line == line.line)
            if taken:
                cut = _cut(fact, event.number, taken, event.treatment, event.purpose)
                cuts.append(structs.replace(cut, to=event.to))
        elif isinstance(event, InvoiceVoided):
            left = line.amount_minor - sum(cut.minor for cut in cuts)
            treatment = event.treatment or void_default(issued.when.effective)
            void = _cut(fact, "void", left, treatment, "correction")
            credited = causes_of(*(cut.causes for cut in cuts))
            cuts.append(structs.replace(void, causes=causes_of(void.causes, credited)))
            break
    return tuple(cuts)


def _cut(fact: Fact, name: str, minor: int, treatment: str, purpose: str) -> Cut:
    return Cut(
        fact=fact.position,
        day=fact.when.effective,
        minor=minor,
        as_if_never=treatment == "as-if-never",
        concession=purpose == "concession",
        name=name,
        causes=(fact.position,),
    )


def billing_flows(billed: BilledLine) -> tuple[Flow, ...]:
    """Receivable against liability for the line and each cut of it; tax and what a customer has in
    credit are liabilities of their own, a residue is gained or lost. What bills no contract, and
    never will, moves nothing.
    """
    if billed.bound_on == date.max:
        return ()
    legs = (("accounts-receivable", 1), (AGAINST.get(billed.line.kind, "contract-liability"), -1))
    place = billed.obligation if billed.line.is_for_service else ""
    flows = [_flow(billed, legs, place, billed.subject, billed.issued_on, billed.line.amount_minor)]
    flows.extend(
        _flow(billed, legs, place, f"{billed.subject}:{cut.name}", cut.day, -cut.minor, cut)
        for cut in billed.cuts
    )
    return tuple(flows)


def _flow(
    billed: BilledLine,
    legs: tuple[tuple[str, int], ...],
    obligation: str,
    subject: str,
    day: date,
    minor: int,
    cut: Cut | None = None,
) -> Flow:
    inferred = billed.contract if obligation and obligation == billed.only else ()
    what = "invoiced" if cut is None else ("voided" if cut.name == "void" else "credited")
    since, bound = billed.receivable_on, billed.bound_on
    waits = since is not None and since > day
    told = (
        Step(what=what, value=decimal_text(minor, billed.currency)),
        Step(what="document", value=f"{billed.number} of {day}"),
        *((Step(what="receivable from", value=str(since)),) if waits else ()),
        *((Step(what="a contract since", value=str(bound)),) if bound else ()),
    )
    return Flow(
        kind="billing",
        subject=subject,
        legs=legs,
        obligation=obligation,
        document=billed.invoice,
        curve=At(since if waits and since else day, minor),
        on=None if waits else day,
        after=since if cut and since and not waits and since > billed.issued_on else None,
        causes=causes_of(
            (billed.cause,),
            inferred,
            cut.causes if cut else (),
            billed.right if waits or bound else (),
            billed.bound_by,
            billed.joined,
        ),
        rule="receivable-by-right@1" if waits else "receivable-at-issue@1",
        told=lambda: told,
    )


def bills_of(lines: Iterable[BilledLine]) -> Bills:
    """The lines that bill an item and stand, whoever issued them."""
    found = [
        Bill(row.obligation, row.line.service_from, row.cause)
        for row in lines
        if row.line.service_from is not None and row.line.is_charged and not row.is_void
    ]
    return Bills(tuple(sorted(found, key=attrgetter("position", "item", "service_from"))))
