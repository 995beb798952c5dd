"""What an engine is told adds up to the tax that stands, however an invoice was corrected."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.facts import Event, Fact, Retracted, known, timeline
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
    TaxedBy,
)
from domain.tax.moved import TaxMoved, tax_moved
from domain.tax.port import TaxMessage
from domain.tax.taxed import TaxedAt, TaxPart
from domain.tax.told import tax_messages
from tests.domain.given import fact, on

STREAM = "invoice:i1"
VOID = InvoiceVoided(when=on(1, 30))


def issued(minor: int, number: str = "I-1", day: int = 10) -> InvoiceIssued:
    at = TaxedAt(
        jurisdiction="FR",
        name="VAT",
        percent=Decimal(20),
        parts=(TaxPart(line="1", taxable_minor=Decimal(minor)),),
    )
    return InvoiceIssued(
        when=on(1, day),
        customer="c1",
        currency="EUR",
        number=number,
        due_on=on(2, 10).effective,
        lines=(
            InvoiceLine(line="1", amount_minor=minor),
            InvoiceLine(line="t", amount_minor=minor // 5, kind="tax", tax=at),
        ),
        taxed_by=TaxedBy(engine="avalon", reference="q1"),
    )


def credit(minor: int, number: str = "n1", day: int = 20) -> CreditIssued:
    rows = (
        CreditLine(line="1", amount_minor=minor),
        CreditLine(line="t", amount_minor=minor // 5),
    )
    return CreditIssued(when=on(1, day), number=number, lines=rows, treatment="from-now")


def log(*told: tuple[Event | None, int | None] | Event) -> list[Fact]:
    """Events as they came; with the position that one corrects, alone where it is retracted."""
    found: list[Fact] = []
    for position, one in enumerate(told, start=1):
        event, corrects = one if isinstance(one, tuple) else (one, None)
        if event is None:
            event = Retracted(when=next(f for f in found if f.position == corrects).event.when)
        found.append(fact(position, stream=STREAM, event=event, corrects=corrects))
    return found


def messages(facts: list[Fact]) -> list[TaxMessage]:
    return [*chain.from_iterable(own for _, own in sorted(tax_messages(facts).items()))]


def said(facts: list[Fact]) -> list[tuple[str, list[tuple[int, int]]]]:
    return [
        (one.key, [(tax.taxable_minor, tax.tax_minor) for tax in one.taxes])
        for one in messages(facts)
    ]


def test_what_nobody_corrects_is_told_under_its_kind_and_number() -> None:
    assert said(log(issued(1000), credit(250), VOID)) == [
        ("commit:I-1", [(1000, 200)]),
        ("adjust:n1", [(-250, -50)]),
        ("void:I-1", [(-750, -150)]),
    ]


def test_an_invoice_that_never_was_is_void_and_its_credit_given_back() -> None:
    assert said(log(issued(1000), credit(250), (None, 1)))[2:] == [
        ("void:I-1", [(-1000, -200)]),
        ("adjust:n1@3", [(250, 50)]),
    ]


def test_a_credit_taken_back_and_a_corrected_invoice_are_adjusted() -> None:
    assert said(log(issued(1000), credit(250), (None, 2), (issued(600), 1)))[2:] == [
        ("adjust:n1@3", [(250, 50)]),
        ("adjust:I-1", [(-400, -80)]),
    ]


def test_a_void_taken_back_is_an_adjustment_and_a_second_void_has_a_key_of_its_own() -> None:
    assert said(log(issued(1000), VOID, (None, 2), VOID))[1:] == [
        ("void:I-1", [(-1000, -200)]),
        ("adjust:I-1", [(1000, 200)]),
        ("void:I-1@4", [(-1000, -200)]),
    ]


def test_a_correction_of_the_date_moves_the_tax_from_day_to_day() -> None:
    facts = log(issued(1000), (issued(1000, day=12), 1))

    assert [(one.key, one.on.day, one.taxes[0].tax_minor) for one in messages(facts)[1:]] == [
        ("adjust:I-1", 10, -200),
        ("adjust:I-1@2", 12, 200),
    ]


def test_an_invoice_corrected_to_another_number_is_told_under_it() -> None:
    assert said(log(issued(1000), (issued(1000, "I-2"), 1)))[1:] == [
        ("adjust:I-1", [(-1000, -200)]),
        ("commit:I-2", [(1000, 200)]),
    ]


def test_what_went_to_nobody_is_told_to_nobody() -> None:
    assert said(log(issued(0, number=""))) == []


def total(rows: list[TaxMoved]) -> dict[tuple[str, date], tuple[int, int]]:
    found: dict[tuple[str, date], tuple[int, int]] = {}
    for row in rows:
        place = row.number, row.day
        taxable, tax = found.get(place, (0, 0))
        found[place] = taxable + row.taxable_minor, tax + row.tax_minor
    return {place: minors for place, minors in found.items() if minors != (0, 0)}


ACTS = st.lists(
    st.tuples(st.sampled_from(("credit", "void", "retract", "correct")), st.integers(1, 60)),
    max_size=9,
)


@given(ACTS)
def test_whatever_happens_what_was_told_is_what_stands(acts: list[tuple[str, int]]) -> None:
    facts = log(issued(1000))
    for act, size in acts:
        position = len(facts) + 1
        standing = known(facts)
        if act == "credit":
            event, corrects = credit(size, f"n{position}", size % 28 + 1), None
        elif act == "void":
            event, corrects = structs.replace(VOID, when=on(1, size % 28 + 1)), None
        elif not standing:
            continue
        else:
            one = standing[size % len(standing)]
            event, corrects = (
                _again(one, size) if act == "correct" else Retracted(when=one.event.when),
                one.position,
            )
        facts.append(fact(position, stream=STREAM, event=event, corrects=corrects))
        told = [row for one in messages(facts) for row in one.taxes]

        assert total(told) == total([*tax_moved(timeline(facts))])
        keys = [one.key for one in messages(facts)]
        assert len(keys) == len(set(keys))
        assert messages(facts)[: len(messages(facts[:-1]))] == messages(facts[:-1])


def _again(one: Fact, size: int) -> Event:
    if isinstance(one.event, InvoiceIssued):
        return issued(1000 + size * 5, day=size % 28 + 1)
    return structs.replace(one.event, when=on(1, size % 28 + 1))
