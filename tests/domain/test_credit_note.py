"""A credit note repeats the tax of what it credits, and gives back its share of coupons."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.credit_note import with_companions
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceLine
from domain.tax.taxed import TaxedAt, TaxPart
from tests.domain.given import code, decide, on

STREAM = "invoice:i1"


def tax(name: str, minor: int, percent: str, **parts: str) -> InvoiceLine:
    taxed = tuple(TaxPart(line=own, taxable_minor=Decimal(net)) for own, net in parts.items())
    at = TaxedAt(jurisdiction="FR", name="VAT", percent=Decimal(percent), parts=taxed)
    return InvoiceLine(line=name, amount_minor=minor, kind="tax", tax=at)


def line(name: str, minor: int) -> InvoiceLine:
    return InvoiceLine(line=name, amount_minor=minor)


def beside(name: str, minor: int, of_line: str, kind: str = "coupon") -> InvoiceLine:
    coupon = name if kind == "coupon" else None
    return InvoiceLine(
        line=name,
        amount_minor=minor,
        kind=kind,  # type: ignore[arg-type]
        of_line=of_line,
        coupon=coupon,
    )


def along(lines: list[InvoiceLine], **taken: int) -> dict[str, int]:
    rows = [CreditLine(line=name, amount_minor=minor) for name, minor in taken.items()]
    return {row.line: row.amount_minor for row in with_companions(lines, {}, rows)[len(rows) :]}


@pytest.mark.parametrize(
    ("amount", "charged", "net", "expected"),
    [
        (16000, 4000, 15467, 3867),
        (20000, 5000, 19333, 4833),
        (5000, 1000, 4821, 964),
        (3750, 750, 3571, 714),
    ],
)
def test_the_tax_of_a_credit_is_rounded_by_itself(
    amount: int, charged: int, net: int, expected: int
) -> None:
    """Rounding what is credited with its tax would give a cent more in the second."""
    lines = [line("plan", amount), tax("vat", charged, "25", plan=str(amount))]

    assert along(lines, plan=net) == {"vat": expected}


def test_a_credit_takes_its_share_of_the_coupon_and_of_one_tax_of_two() -> None:
    lines = [
        line("plan1", 17900),
        line("plan2", 39900),
        beside("once", -25000, "plan2"),
        tax("ten", 1790, "10", plan1="17900"),
        tax("twenty", 2980, "20", plan2="14900"),
    ]
    credited = along(lines, plan2=26260)

    assert credited == {"once": -16454, "twenty": 1961}
    assert 26260 + sum(credited.values()) == 11767


def test_what_a_price_includes_is_given_back_with_it() -> None:
    lines = [
        line("plan", 12000),
        beside("included", -2000, "plan", "included-tax"),
        tax("vat", 2000, "20", plan="10000"),
    ]

    assert along(lines, plan=6000) == {"included": -1000, "vat": 1000}


def test_a_tax_that_is_named_is_taken_as_said() -> None:
    lines = [line("plan", 10000), tax("vat", 2000, "20", plan="10000")]

    assert along(lines, plan=5000, vat=100) == {}


def test_the_decider_takes_the_tax_along() -> None:
    lines = (line("plan", 16000), tax("vat", 4000, "25", plan="16000"))
    (issued,) = decide(
        STREAM, IssueInvoice(when=on(1, 1), customer="c1", currency="EUR", lines=lines)
    )
    command = IssueCredit(
        when=on(1, 2), number="n1", lines=(CreditLine(line="plan", amount_minor=15467),)
    )
    (credited,) = decide(STREAM, command, issued)
    assert isinstance(credited, CreditIssued)

    assert credited.lines == (*command.lines, CreditLine(line="vat", amount_minor=3867))
    assert decide(STREAM, command, issued, outside=True)[0].lines == command.lines  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        ((line("plan", 100), tax("vat", 20, "20", other="100")), "taxed-no-line"),
        (
            (InvoiceLine(line="plan", amount_minor=100, tax=tax("vat", 0, "0").tax),),
            "not-a-tax-line",
        ),
    ],
)
def test_a_tax_line_names_lines_of_its_document(
    lines: tuple[InvoiceLine, ...], refused: str
) -> None:
    command = IssueInvoice(when=on(1, 1), customer="c1", currency="EUR", lines=lines)

    assert code(STREAM, command) == refused


@given(st.data())
def test_tax_credited_never_exceeds_tax_charged_and_a_full_credit_takes_all(
    data: st.DataObject,
) -> None:
    minors = data.draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=4))
    names = [f"l{place}" for place in range(len(minors))]
    charged = data.draw(st.integers(0, sum(minors)))
    parts = {name: str(minor) for name, minor in zip(names, minors, strict=True)}
    lines = [
        *(line(name, minor) for name, minor in zip(names, minors, strict=True)),
        tax("vat", charged, "20", **parts),
        beside("once", -data.draw(st.integers(0, minors[0])), "l0"),
    ]
    left = dict(zip(names, minors, strict=True))
    before: dict[str, int] = {}
    for _ in range(data.draw(st.integers(0, 3))):
        taken = {name: data.draw(st.integers(0, most)) for name, most in left.items()}
        before = credit(lines, before, taken)
        left = {name: most - taken[name] for name, most in left.items()}
        assert 0 <= before.get("vat", 0) <= charged
    before = credit(lines, before, left)

    assert all(before.get(row.line, 0) == row.amount_minor for row in lines)


def credit(
    lines: list[InvoiceLine], before: dict[str, int], taken: dict[str, int]
) -> dict[str, int]:
    """What credits have taken once these are taken too."""
    rows = [CreditLine(line=name, amount_minor=minor) for name, minor in taken.items() if minor]
    after = dict(before)
    for row in with_companions(lines, before, rows):
        after[row.line] = after.get(row.line, 0) + row.amount_minor
    return after
