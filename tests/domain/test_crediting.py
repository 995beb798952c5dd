"""Credit notes: a line takes adjustments, coupons and included tax with it, whole or in parts."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.credit_note import CreditInvoice, capped, with_companions
from domain.facts import Event
from domain.invoice import IssueCredit, VoidInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from tests.domain.given import code, decide, on, refusal

STREAM = "invoice:i1"


def line(name: str, minor: int, kind: Any = "subscription", of: str | None = None) -> InvoiceLine:
    coupon = "spring" if kind == "coupon" else None
    return InvoiceLine(line=name, amount_minor=minor, kind=kind, of_line=of, coupon=coupon)


def issued(*lines: InvoiceLine) -> InvoiceIssued:
    return InvoiceIssued(
        when=on(1, 1),
        customer="c1",
        currency="EUR",
        number="i1",
        due_on=date(2024, 2, 1),
        lines=lines,
    )


PLANS = issued(line("1", 17_900), line("2", 39_900), line("3", -25_000, "coupon", "2"))


def credit(*rows: tuple[str, int], number: str = "C-1") -> IssueCredit:
    lines = tuple(CreditLine(line=name, amount_minor=minor) for name, minor in rows)
    return IssueCredit(when=on(1, 16), number=number, lines=lines)


def whole(minor: int | None = None, number: str = "C-9") -> CreditInvoice:
    return CreditInvoice(when=on(1, 17), number=number, amount_minor=minor)


def taken(command: IssueCredit | CreditInvoice, *given_: Event) -> dict[str, int]:
    (event,) = decide(STREAM, command, *given_)
    assert isinstance(event, CreditIssued)
    return {row.line: row.amount_minor for row in event.lines}


# --- by line ---


def test_a_credit_takes_its_share_of_the_coupon_back() -> None:
    """lago-credit-note-coupon-two-taxes: 98.06 net, of which the tax is worked out."""
    found = taken(credit(("2", 26_260)), PLANS)

    assert found == {"2": 26_260, "3": -16_454}
    assert sum(found.values()) == 9_806


def test_what_is_left_of_a_line_takes_what_is_left_of_its_coupon() -> None:
    (first,) = decide(STREAM, credit(("2", 26_260)), PLANS)

    assert taken(credit(("2", 13_640), number="C-2"), PLANS, first) == {"2": 13_640, "3": -8_546}


def test_a_line_that_is_named_itself_is_credited_as_it_is_named() -> None:
    assert taken(credit(("2", 26_260), ("3", -1)), PLANS) == {"2": 26_260, "3": -1}
    assert taken(credit(("1", 100)), PLANS) == {"1": 100}


def test_a_document_of_an_outside_system_says_itself_what_it_takes() -> None:
    (event,) = decide(STREAM, credit(("2", 26_260)), PLANS, outside=True)

    assert event.lines == (CreditLine(line="2", amount_minor=26_260),)  # type: ignore[attr-defined]


def test_an_adjustment_goes_with_its_line_and_the_coupon_with_both() -> None:
    adjusted = issued(
        line("1", 10_000),
        line("2", 5_000, "adjustment", "1"),
        line("3", -3_000, "coupon", "1"),
        line("4", -2_000, "included-tax", "1"),
    )

    assert taken(credit(("1", 2_000)), adjusted) == {"1": 2_000, "2": 1_000, "3": -600, "4": -400}
    assert taken(credit(("2", 5_000)), adjusted) == {"2": 5_000, "3": -1_000, "4": -667}


def test_of_a_line_of_nothing_the_adjustment_is_credited() -> None:
    adjusted = issued(line("1", 0, "usage"), line("2", 45_000, "adjustment", "1"))

    assert taken(credit(("2", 15_000)), adjusted) == {"2": 15_000}
    assert taken(whole(), adjusted) == {"2": 45_000}


# --- by amount, and all of it ---


def test_an_invoice_is_credited_as_a_whole() -> None:
    (first,) = decide(STREAM, credit(("2", 26_260)), PLANS)

    assert taken(whole(), PLANS) == {"1": 17_900, "2": 39_900, "3": -25_000}
    assert taken(whole(), PLANS, first) == {"1": 17_900, "2": 13_640, "3": -8_546}


def test_an_amount_is_spread_over_all_that_is_left() -> None:
    assert taken(whole(3_280), PLANS) == {"1": 1_790, "2": 3_990, "3": -2_500}
    assert sum(taken(whole(1_000), PLANS).values()) == 1_000


@pytest.mark.parametrize(
    ("minor", "expected"),
    [(0, "credit-not-positive"), (-1, "credit-not-positive"), (32_801, "credit-above-invoice")],
)
def test_no_more_is_credited_than_is_left(minor: int, expected: str) -> None:
    assert refusal(STREAM, whole(minor), PLANS) == (expected, {"left": 32_800})


def test_what_is_credited_or_void_has_nothing_left_to_credit() -> None:
    (credited,) = decide(STREAM, whole(), PLANS)
    (void,) = decide(STREAM, VoidInvoice(when=on(1, 16)), PLANS)

    assert code(STREAM, whole(number="C-2"), PLANS, credited) == "credit-not-positive"
    assert code(STREAM, whole(), PLANS, void) == "already-void"
    assert code(STREAM, whole()) == "not-issued"


# --- no more than was paid ---


@pytest.mark.parametrize(
    ("potential", "paid", "before", "expected"),
    [(10_000, 20_000, 5_000, 10_000), (10_000, 20_000, 25_000, 0), (-5_000, 20_000, 5_000, 0)],
)
def test_a_credit_is_capped_at_what_was_paid_and_is_not_credited(
    potential: int, paid: int, before: int, expected: int
) -> None:
    """fp-credit-cap-plain, fp-credit-cap-over-credited, fp-credit-cap-negative."""
    assert capped(potential, paid, before) == expected


def test_an_invoice_is_credited_up_to_what_was_paid_of_it() -> None:
    plan = issued(line("1", 30_000))
    (first,) = decide(STREAM, structs.replace(whole(number="C-1"), amount_minor=5_000), plan)

    def paid(minor: int, wanted: int | None = None) -> CreditInvoice:
        return structs.replace(whole(wanted), paid_minor=minor)

    assert taken(paid(20_000, 10_000), plan, first) == {"1": 10_000}
    assert taken(paid(20_000), plan, first) == {"1": 15_000}
    assert code(STREAM, paid(5_000), plan, first) == "nothing-paid-to-credit"
    assert code(STREAM, paid(20_000, -1), plan, first) == "nothing-paid-to-credit"


# --- whatever is drawn ---


BESIDE = ("adjustment", "coupon", "included-tax")


@st.composite
def families(draw: st.DrawFn, most: int = 4) -> tuple[InvoiceLine, ...]:
    """Lines with what may stand beside them."""
    found: list[InvoiceLine] = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        minor = draw(st.integers(0, 1_000))
        found.append(line(name, minor))
        for kind in sorted(draw(st.lists(st.sampled_from(BESIDE), max_size=most))):
            left = sum(one.amount_minor for one in found if name in (one.line, one.of_line))
            low, high = (-left, 1_000) if kind == "adjustment" else (-left, -1)
            if low <= high:
                own = f"{name}{len(found)}"
                found.append(line(own, draw(st.integers(low, high)), kind, name))
    return tuple(found)


def test_what_is_beside_a_line_never_gives_back_more_than_its_credit_takes() -> None:
    """Half of each would be one of each; what an outside credit left out is made up for."""
    lines = (line("1", 100), line("2", -50, "coupon", "1"), line("3", -50, "included-tax", "1"))
    one = CreditLine(line="1", amount_minor=1)

    assert with_companions(lines, {}, [one])[1:] == (CreditLine(line="2", amount_minor=-1),)
    assert with_companions(lines, {"1": 50}, [one])[1:] == (CreditLine(line="2", amount_minor=-1),)


def credited(lines: tuple[InvoiceLine, ...], rows: list[tuple[str, int]]) -> dict[str, int]:
    """What some credits, one after the other, have taken of each line."""
    before: dict[str, int] = {}
    for name, minor in rows:
        note = with_companions(lines, before, [CreditLine(line=name, amount_minor=minor)])
        assert minor < 0 or sum(one.amount_minor for one in note) >= 0
        for one in note:
            before[one.line] = before.get(one.line, 0) + one.amount_minor
    return before


def whole_lines(lines: tuple[InvoiceLine, ...]) -> list[tuple[str, int]]:
    """Each line in one piece; of one of nothing its adjustments."""
    mains = {one.line: one.amount_minor for one in lines if one.of_line is None}
    return [
        (one.line, one.amount_minor)
        for one in lines
        if one.amount_minor
        and (one.of_line is None or (one.kind == "adjustment" and not mains[one.of_line]))
    ]


@given(families(), st.data())
def test_credits_of_all_in_any_parts_and_order_leave_nothing(
    lines: tuple[InvoiceLine, ...], data: st.DataObject
) -> None:
    rows = []
    for name, minor in whole_lines(lines):
        cut = data.draw(st.integers(min(0, minor), max(0, minor)))
        rows += [(name, part) for part in (cut, minor - cut) if part]

    found = credited(lines, data.draw(st.permutations(rows)))

    mains = {one.line: one.amount_minor for one in lines if one.of_line is None}
    bought = {
        one.line: one.amount_minor
        for one in lines
        if one.amount_minor and (mains.get(one.of_line or one.line) or whole_lines(lines))
    }
    assert {name: minor for name, minor in found.items() if minor} == bought


@given(families(most=1), st.data())
def test_what_was_credited_does_not_depend_on_order_or_parts(
    lines: tuple[InvoiceLine, ...], data: st.DataObject
) -> None:
    wanted = [
        (name, data.draw(st.integers(min(1, minor), max(-1, minor))))
        for name, minor in whole_lines(lines)
    ]
    rows = []
    for name, minor in wanted:
        cut = data.draw(st.integers(min(0, minor), max(0, minor)))
        rows += [(name, part) for part in (cut, minor - cut) if part]

    at_once = credited(lines, [(name, minor) for name, minor in wanted if minor])

    assert credited(lines, data.draw(st.permutations(rows))) == at_once
