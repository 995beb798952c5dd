"""Disputes on an invoice: opened on all, lines or an amount, and resolved part by part."""

from datetime import UTC, date, datetime

import pytest

from domain.dispute import OpenDispute, ResolveDispute
from domain.errors import Rejected
from domain.facts import Context, Event, Fact, When
from domain.invoice import DECIDER
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    DisputeOpened,
    DisputeResolved,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
)
from domain.invoice_state import InvoiceState

DAY = When(effective=date(2024, 2, 1))
ISSUED = InvoiceIssued(
    when=When(effective=date(2024, 1, 1)),
    customer="c1",
    currency="USD",
    number="I-1",
    due_on=date(2024, 1, 31),
    lines=(InvoiceLine(line="1", amount_minor=100_00), InvoiceLine(line="2", amount_minor=50_00)),
)


def state(*events: Event) -> InvoiceState:
    found = InvoiceState()
    for place, event in enumerate((ISSUED, *events), 1):
        fact = Fact(
            entity="acme",
            position=place,
            stream="invoice:i1",
            version=place,
            event=event,
            recorded_at=datetime(2024, 3, 1, tzinfo=UTC),
            command_id=f"k{place}",
            actor="ann",
        )
        found = DECIDER.evolve(found, fact)
    return found


def decide(command: object, at: InvoiceState) -> tuple[Event, ...]:
    return DECIDER.decide(command, at, Context(stream="invoice:i1"))  # type: ignore[arg-type]


def refused(command: object, at: InvoiceState) -> Rejected:
    with pytest.raises(Rejected) as told:
        decide(command, at)
    return told.value


def opened(minor: int = 60_00, dispute: str = "d", lines: tuple[CreditLine, ...] = ()) -> Event:
    return DisputeOpened(when=DAY, dispute=dispute, amount_minor=minor, lines=lines)


def resolve(outcome: str, minor: int | None = None, **more: object) -> ResolveDispute:
    told = {"when": DAY, "dispute": "d", "outcome": outcome, "amount_minor": minor, **more}
    return ResolveDispute(**told)  # type: ignore[arg-type]


def test_all_that_is_left_is_disputed_where_nothing_is_named() -> None:
    cut = CreditIssued(
        when=DAY,
        number="C",
        lines=(CreditLine(line="2", amount_minor=20_00),),
        treatment="from-now",
    )

    assert decide(OpenDispute(when=DAY, dispute="d", reason="late"), state(cut)) == (
        DisputeOpened(when=DAY, dispute="d", amount_minor=130_00, reason="late"),
    )


def test_lines_or_an_amount_may_be_disputed_but_no_more_than_is_left() -> None:
    line = (CreditLine(line="2", amount_minor=50_00),)
    (by_line,) = decide(OpenDispute(when=DAY, dispute="d", lines=line), state())
    (by_amount,) = decide(OpenDispute(when=DAY, dispute="e", amount_minor=70_00), state())

    assert (by_line.amount_minor, by_amount.amount_minor) == (50_00, 70_00)  # type: ignore[attr-defined]
    above = (CreditLine(line="2", amount_minor=50_01),)
    for command, code in (
        (OpenDispute(when=DAY, dispute="d", lines=above), "dispute-above-invoice"),
        (OpenDispute(when=DAY, dispute="d", amount_minor=150_01), "dispute-above-invoice"),
        (OpenDispute(when=DAY, dispute="d", amount_minor=0), "amount-not-positive"),
        (OpenDispute(when=DAY, dispute="d", lines=line, amount_minor=1), "lines-or-amount"),
        (
            OpenDispute(when=DAY, dispute="d", lines=(CreditLine(line="9", amount_minor=1),)),
            "unknown-line",
        ),
    ):
        assert refused(command, state()).code == code


def test_a_dispute_is_opened_once_on_what_stands() -> None:
    again = OpenDispute(when=DAY, dispute="d")

    assert refused(again, state(opened())).code == "duplicate-dispute"
    assert refused(again, state(InvoiceVoided(when=DAY))).code == "already-void"
    assert refused(again, InvoiceState()).code == "not-issued"


def test_a_dispute_is_resolved_in_parts_and_no_further() -> None:
    won = DisputeResolved(when=DAY, dispute="d", outcome="upheld", amount_minor=40_00)

    assert decide(resolve("upheld", 40_00), state(opened())) == (won,)
    assert decide(resolve("withdrawn"), state(opened(), won)) == (
        DisputeResolved(when=DAY, dispute="d", outcome="withdrawn", amount_minor=20_00),
    )
    assert refused(resolve("upheld", 20_01), state(opened(), won)).code == "above-dispute"
    assert refused(resolve("upheld"), state()).code == "unknown-dispute"


def test_what_is_lost_is_credited_with_the_resolution() -> None:
    credit, resolved = decide(resolve("credited", 30_00, number="C-1"), state(opened()))

    assert isinstance(credit, CreditIssued)
    assert [(row.line, row.amount_minor) for row in credit.lines] == [("1", 20_00), ("2", 10_00)]
    assert resolved == DisputeResolved(
        when=DAY, dispute="d", outcome="credited", amount_minor=30_00, credit="C-1"
    )


def test_what_is_lost_of_lines_is_credited_on_those_as_far_as_they_are_left() -> None:
    lines = (CreditLine(line="2", amount_minor=50_00),)
    cut = CreditIssued(
        when=DAY,
        number="C",
        lines=(CreditLine(line="2", amount_minor=45_00),),
        treatment="from-now",
    )
    credit, _ = decide(resolve("credited", 10_00, number="C-1"), state(opened(50_00, lines=lines)))

    assert isinstance(credit, CreditIssued)
    assert credit.lines == (CreditLine(line="2", amount_minor=10_00),)
    told = refused(resolve("credited", 10_00), state(opened(50_00, lines=lines), cut))
    assert (told.code, told.context) == ("credit-above-invoice", {"left": 5_00})
