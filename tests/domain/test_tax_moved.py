"""What tax the documents of an invoice move, each on its own day, and all of them together."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.credit_note import with_companions
from domain.facts import Event
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.tax.moved import TaxMoved, tax_moved
from domain.tax.taxed import TaxedAt, TaxPart
from tests.domain.given import facts, on


def issued(minor: int, tax_minor: int) -> InvoiceIssued:
    at = TaxedAt(
        jurisdiction="FR",
        name="VAT",
        percent=Decimal(20),
        parts=(TaxPart(line="1", taxable_minor=Decimal(minor)),),
    )
    return InvoiceIssued(
        when=on(1, 10),
        customer="c1",
        currency="EUR",
        number="I-1",
        due_on=on(2, 10).effective,
        tax_point=on(1, 5).effective,
        lines=(
            InvoiceLine(line="1", amount_minor=minor),
            InvoiceLine(line="t", amount_minor=tax_minor, kind="tax", tax=at),
        ),
    )


def moved(*events: Event) -> list[TaxMoved]:
    return [*tax_moved(facts("invoice:i1", events))]


def told(*events: Event) -> list[tuple[str, int, int, int]]:
    return [(row.number, row.day.day, row.taxable_minor, row.tax_minor) for row in moved(*events)]


def credit(number: str, day: int, **minors: int) -> CreditIssued:
    rows = tuple(CreditLine(line=line, amount_minor=minor) for line, minor in minors.items())
    return CreditIssued(when=on(1, day), number=number, lines=rows, treatment="from-now")


def test_each_document_counts_on_its_own_day_and_an_invoice_on_its_tax_point() -> None:
    found = told(
        issued(1000, 200), credit("n1", 20, **{"1": 250, "t": 50}), InvoiceVoided(when=on(1, 30))
    )

    assert found == [("I-1", 5, 1000, 200), ("n1", 20, -250, -50), ("I-1", 30, -750, -150)]


def test_tax_that_is_credited_by_itself_moves_nothing_that_is_taxable() -> None:
    assert told(issued(1000, 200), credit("n1", 20, t=50))[1:] == [("n1", 20, 0, -50)]


def test_without_an_invoice_nothing_moves() -> None:
    assert told(credit("n1", 20, t=50)) == []


@given(st.integers(1, 10**6), st.integers(0, 10**5), st.lists(st.integers(1, 10**6), max_size=4))
def test_a_void_leaves_nothing_and_credits_never_more_than_was_charged(
    minor: int, tax_minor: int, wanted_minor: list[int]
) -> None:
    invoice = issued(minor, tax_minor)
    credited: dict[str, int] = {}
    notes: list[Event] = []
    for number, wanted in enumerate(wanted_minor):
        taken = min(wanted, minor - credited.get("1", 0))
        if not taken:
            break
        rows = with_companions(invoice.lines, credited, (CreditLine(line="1", amount_minor=taken),))
        for row in rows:
            credited[row.line] = credited.get(row.line, 0) + row.amount_minor
        note = credit(f"n{number}", 20, **{row.line: row.amount_minor for row in rows})
        notes.append(note)
    before = moved(invoice, *notes)
    after = moved(invoice, *notes, InvoiceVoided(when=on(1, 30)))

    assert 0 <= sum(row.tax_minor for row in before) <= tax_minor
    assert sum(row.tax_minor for row in after) == sum(row.taxable_minor for row in after) == 0
