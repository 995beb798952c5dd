"""A line of a draft is altered by hand, and stays so however often the draft is made anew."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.adjusting import AdjustDraft, adjusted
from domain.draft import ApproveDraft
from domain.facts import Event, Retracted, fold
from domain.invoice import DECIDER, DraftInvoice, IssueInvoice
from domain.invoice_facts import (
    DraftAdjusted,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
)
from tests.domain.given import code, decide, fact, on, state

STREAM = "invoice:i1"
JULY, AUGUST = date(2024, 7, 19), date(2024, 8, 19)
PLAN = InvoiceLine(
    line="1",
    amount_minor=12_900,
    subscription="s1",
    obligation="plan",
    service_from=JULY,
    service_to=AUGUST,
)
CALLS = structs.replace(PLAN, line="2", kind="usage", obligation="calls", amount_minor=0)
DRAFT = DraftInvoice(when=on(8, 19), customer="c1", currency="EUR", lines=(PLAN, CALLS))
ADJUST = AdjustDraft(
    when=on(8, 19),
    line="2",
    reason="as agreed",
    quantity=Decimal(3),
    unit_amount=Decimal(150),
)


def drafted(*lines: InvoiceLine, **how: Any) -> InvoiceDrafted:
    (event,) = decide(STREAM, structs.replace(DRAFT, lines=lines or DRAFT.lines, **how))
    assert isinstance(event, InvoiceDrafted)
    return event


def altered(*given: Event, command: AdjustDraft = ADJUST) -> DraftAdjusted:
    (event,) = decide(STREAM, command, *(given or (drafted(),)))
    assert isinstance(event, DraftAdjusted)
    return event


def lines(*given: Event) -> list[tuple[str, str, int]]:
    """What the draft comes to, by id and kind."""
    found = state(STREAM, *given).drafting.draft
    return [(one.line, one.kind, one.amount_minor) for one in found.lines]


def test_a_line_comes_to_so_many_units_at_so_much() -> None:
    """lago-adjust-draft-amount: 129.00 and three at 150.00."""
    event = altered()

    assert (event.line, event.amount_minor) == (CALLS, 45_000)
    assert lines(drafted(), event) == [
        ("1", "subscription", 12_900),
        ("2", "usage", 0),
        ("3", "adjustment", 45_000),
    ]
    (issued,) = decide(STREAM, IssueInvoice(when=on(8, 20)), drafted(), event)
    assert isinstance(issued, InvoiceIssued)
    assert sum(one.amount_minor for one in issued.lines) == 57_900
    assert issued.lines[2] == structs.replace(
        CALLS,
        line="3",
        kind="adjustment",
        amount_minor=45_000,
        of_line="2",
        quantity=Decimal(3),
        unit_amount=Decimal(150),
        description="as agreed",
    )


def test_an_adjustment_stays_with_what_it_adjusts_when_the_draft_is_made_anew() -> None:
    more = structs.replace(CALLS, line="1", amount_minor=700)
    again = drafted(more, structs.replace(PLAN, line="2"))

    assert lines(drafted(), altered(), again) == [
        ("1", "usage", 700),
        ("2", "subscription", 12_900),
        ("3", "adjustment", 44_300),
    ]
    other = structs.replace(more, service_to=date(2024, 9, 19))
    assert lines(drafted(), altered(), drafted(other)) == [("1", "usage", 700)]


def test_what_a_run_measured_with_an_adjustment_is_adjusted_once() -> None:
    event = altered()
    again = drafted(*adjusted(DRAFT.lines, [event]), is_measured=True, issue_on=AUGUST)

    assert lines(drafted(), event, again) == lines(drafted(), event)
    assert lines(again) == lines(drafted())


def test_the_last_adjustment_of_a_line_counts_and_may_be_undone() -> None:
    down = structs.replace(ADJUST, line="1", quantity=None, unit_amount=None, amount_minor=10_000)
    first = altered(command=down)
    second = altered(command=structs.replace(down, amount_minor=12_900))

    assert lines(drafted(), first)[2:] == [("3", "adjustment", -2_900)]
    assert lines(drafted(), first, second) == lines(drafted())
    undone = [
        fact(1, stream=STREAM, event=drafted()),
        fact(2, stream=STREAM, event=first),
        fact(3, stream=STREAM, event=Retracted(when=on(8, 19)), corrects=2),
    ]
    assert folded(undone) == lines(drafted())


def folded(facts: list[Any]) -> list[tuple[str, str, int]]:
    found = fold(DECIDER, facts).drafting.draft
    assert found is not None
    return [(one.line, one.kind, one.amount_minor) for one in found.lines]


def test_what_was_approved_is_not_approved_once_it_is_adjusted() -> None:
    first = drafted()
    (approved,) = decide(STREAM, ApproveDraft(when=on(8, 19)), first, actor="bob")

    assert state(STREAM, first, approved).drafting.is_approved
    assert not state(STREAM, first, approved, altered()).drafting.is_approved


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"line": "9"}, "unknown-line"),
        ({"reason": ""}, "empty-text"),
        ({"quantity": None}, "amount-or-units"),
        ({"amount_minor": 5}, "amount-or-units"),
        ({"amount_minor": 5, "quantity": None}, "amount-or-units"),
        ({"unit_amount": Decimal(-1)}, "negative-price"),
        ({"quantity": Decimal(-1)}, "adjusted-below-nothing"),
    ],
)
def test_an_adjustment_says_what_a_line_of_the_draft_comes_to(
    changes: dict[str, Any], expected: str
) -> None:
    assert code(STREAM, structs.replace(ADJUST, **changes), drafted()) == expected


def test_a_line_keeps_its_sign_and_a_draft_is_not_negative() -> None:
    off = structs.replace(PLAN, line="3", kind="discount", discount="launch", amount_minor=-900)
    draft = drafted(PLAN, off)

    def to(line: str, minor: int) -> AdjustDraft:
        return AdjustDraft(when=on(8, 19), line=line, reason="as agreed", amount_minor=minor)

    assert lines(draft, altered(draft, command=to("3", 0)))[2:] == [("4", "adjustment", 900)]
    assert code(STREAM, to("3", 1), draft) == "adjusted-below-nothing"
    assert code(STREAM, to("1", -1), draft) == "adjusted-below-nothing"
    assert code(STREAM, to("1", 899), draft) == "negative-invoice"


def test_only_a_draft_is_adjusted() -> None:
    (issued,) = decide(STREAM, IssueInvoice(when=on(8, 20)), drafted())

    assert code(STREAM, ADJUST) == "no-draft"
    assert code(STREAM, ADJUST, drafted(), issued) == "already-issued"
    assert code(STREAM, ADJUST, drafted(), DraftDiscarded(when=on(8, 20))) == "no-draft"
