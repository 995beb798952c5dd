"""What a billed line does to receivables: from when, by which rule, because of which facts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.curves import At, Instants, standing
from domain.accounting.documents import BilledLine, billed_lines, bills_of
from domain.accounting.invoices import line_revenue
from domain.accounting.schedule import Flow, Schedule
from domain.contract_facts import CriteriaMet
from domain.facts import Event
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.late import Bill
from domain.statement.drafts import NO_FACT
from tests.domain.contracting import on, opened, point, scheduled
from tests.domain.given import fact
from tests.domain.subscribing import flat, invoice, sold, started

DUE = date(2024, 3, 1)
# A product for 1,000.00, that the customer may leave on 30 days' notice, or not.
PRODUCT = point("product", price_minor=1000_00)
LEAVES = opened("2024-01-01", PRODUCT, cancellable_days=30)
STAYS = opened("2024-01-01", PRODUCT)
AT_ISSUE, BY_RIGHT = "receivable-at-issue@1", "receivable-by-right@1"


def issued(day: str = "2024-01-09", *more: InvoiceLine, **how: Any) -> InvoiceIssued:
    line = InvoiceLine(line="1", amount_minor=1000_00, contract="k1", **how)
    return InvoiceIssued(
        when=on(day), customer="c1", currency="USD", number="I1", due_on=DUE, lines=(line, *more)
    )


def credit(day: str, minor: int = 250_00) -> CreditIssued:
    lines = (CreditLine(line="1", amount_minor=minor),)
    return CreditIssued(when=on(day), number=f"C {day}", lines=lines, treatment="from-now")


def billing(schedule: Schedule) -> list[Flow]:
    return [flow for flow in schedule.flows if flow.kind == "billing"]


def told(flow: Flow) -> list[tuple[str, str]]:
    return [(step.what, step.value) for step in flow.steps]


def rows(*events: Event) -> tuple[BilledLine, ...]:
    """The lines of an invoice by itself."""
    return billed_lines([fact(at, stream="invoice:i", event=e) for at, e in enumerate(events, 1)])


# --- from when ---


def test_what_may_not_be_left_is_receivable_on_the_date_of_its_invoice() -> None:
    (flow,) = billing(scheduled(STAYS, issued(obligation="product")))

    day = date(2024, 1, 9)
    assert (flow.curve, flow.on, flow.after) == (At(day, 1000_00), day, None)
    assert (flow.rule, flow.obligation) == (AT_ISSUE, "product")
    assert told(flow) == [("invoiced", "1000.00"), ("document", "I1 of 2024-01-09")]


def test_what_may_be_left_waits_because_of_what_says_so() -> None:
    """Nothing of the document's date but its words: it is time that makes it receivable."""
    (flow,) = billing(scheduled(LEAVES, issued(obligation="product")))

    assert (flow.curve, flow.on, flow.after) == (At(DUE, 1000_00), None, None)
    assert (flow.rule, flow.causes) == (BY_RIGHT, (1, 2))
    assert told(flow) == [
        ("invoiced", "1000.00"),
        ("document", "I1 of 2024-01-09"),
        ("receivable from", "2024-03-01"),
    ]


@pytest.mark.parametrize(
    ("day", "stands_from", "dated", "after", "rule", "causes"),
    [
        ("2024-02-29", DUE, None, None, BY_RIGHT, (1, 2, 3)),
        ("2024-03-01", DUE, DUE, DUE, AT_ISSUE, (2, 3)),
        ("2024-04-15", date(2024, 4, 15), date(2024, 4, 15), DUE, AT_ISSUE, (2, 3)),
    ],
)
def test_a_credit_waits_with_what_it_takes_off_and_has_its_own_date_once_that_stands(
    day: str,
    stands_from: date,
    dated: date | None,
    after: date | None,
    rule: str,
    causes: tuple[int, ...],
) -> None:
    _, flow = billing(scheduled(LEAVES, issued(obligation="product"), credit(day)))

    assert flow.curve == At(stands_from, -250_00)
    assert (flow.on, flow.after, flow.rule, flow.causes) == (dated, after, rule, causes)


def test_a_credit_after_an_invoice_that_stands_on_its_own_day_waits_for_nothing() -> None:
    """The invoice was moved to a day after it is due, and after its first credit."""
    first, later = credit("2024-02-01"), credit("2024-05-01")
    flows = billing(scheduled(LEAVES, issued("2024-04-10"), first, later))

    assert [(flow.on, flow.after) for flow in flows] == [
        (date(2024, 4, 10), None),
        (None, None),
        (date(2024, 5, 1), None),
    ]


def test_what_bills_no_contract_yet_says_since_when_it_is_one() -> None:
    hoped = structs.replace(STAYS, criteria_met=False)
    met = CriteriaMet(when=on("2024-02-10"))
    invoiced, credited = billing(
        scheduled(hoped, issued(obligation="product"), credit("2024-04-15"), met)
    )

    assert told(invoiced)[2:] == [
        ("receivable from", "2024-02-10"),
        ("a contract since", "2024-02-10"),
    ]
    assert told(credited)[2:] == [("a contract since", "2024-02-10")]
    assert (invoiced.causes, credited.causes) == ((1, 2, 4), (1, 2, 3, 4))


# --- what it is, and because of what ---


def test_each_document_says_what_it_does_and_a_void_takes_the_rest() -> None:
    void = InvoiceVoided(when=on("2024-05-01"), treatment="from-now")
    flows = billing(scheduled(STAYS, issued(), credit("2024-04-15"), void))

    assert [told(flow)[0] for flow in flows] == [
        ("invoiced", "1000.00"),
        ("credited", "-250.00"),
        ("voided", "-750.00"),
    ]
    assert [flow.subject for flow in flows] == ["i2:1", "i2:1:C 2024-04-15", "i2:1:void"]


def test_the_only_promise_is_known_from_the_contract_and_one_that_is_named_is_not() -> None:
    (inferred,) = billing(scheduled(STAYS, issued()))
    (named,) = billing(scheduled(STAYS, issued(obligation="product")))

    assert (inferred.obligation, inferred.causes) == ("product", (1, 2))
    assert (named.obligation, named.causes) == ("product", (2,))


def test_tax_is_owed_for_no_promise_and_rests_on_its_document_alone() -> None:
    tax = InvoiceLine(line="2", amount_minor=190_00, kind="tax", contract="k1")
    _, flow = billing(scheduled(LEAVES, issued("2024-01-09", tax)))

    assert flow.legs == (("accounts-receivable", 1), ("tax-payable", -1))
    assert (flow.obligation, flow.causes, flow.rule) == ("", (2,), AT_ISSUE)


def test_of_what_is_earned_as_billed_only_revenue_rests_on_what_was_started() -> None:
    """That a subscription opens no contract says how it is earned, not what is owed for it."""
    first = started("2024-01-01", "2025-01-01", "plan", contract="none")
    lines = ("plan", 1200_00, "2024-01-01", "2025-01-01")
    schedule = sold({"plan": flat("100")}, first, invoice("2024-01-01", lines))

    assert [flow.causes for flow in billing(schedule)] == [(2,)]
    assert [flow.causes for flow in schedule.flows if flow.kind == "release"] == [(1, 2)]


# --- a line by itself ---


def test_a_line_of_a_draft_was_issued_by_no_fact() -> None:
    (row,) = rows(issued())

    assert row.is_issued
    assert not structs.replace(row, cause=NO_FACT).is_issued


def test_by_instant_a_line_is_earned_from_and_to_its_own_instants() -> None:
    """36.00 for 36 hours, from noon on."""
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    midnight = datetime(2024, 1, 3, tzinfo=UTC)
    event = issued(
        service_from=date(2024, 1, 1),
        service_to=date(2024, 1, 3),
        service_from_at=noon,
        service_to_at=midnight,
    )
    (row,) = rows(
        structs.replace(event, lines=(structs.replace(event.lines[0], amount_minor=36_00),))
    )
    (flow,) = line_revenue(row, Instants("UTC"))

    assert [standing(flow.curve, date(2024, 1, number)) for number in (1, 2)] == [12_00, 36_00]
    assert row.along("day") == "day"


def test_what_bills_an_item_is_charged_for_service_and_stands() -> None:
    days = {"service_from": date(2024, 1, 1), "service_to": date(2024, 2, 1)}
    own = {"obligation": "plan", **days}
    beside = InvoiceLine(line="2", amount_minor=-1_00, kind="coupon", of_line="1", **own)  # type: ignore[arg-type]
    tax = InvoiceLine(line="3", amount_minor=1_00, kind="tax", **own)  # type: ignore[arg-type]
    once = InvoiceLine(line="4", amount_minor=1_00, obligation="setup")
    event = issued("2024-01-09", beside, tax, once, **own)

    assert bills_of(rows(event)).lines == (Bill("plan", date(2024, 1, 1), 1),)
    assert bills_of(rows(event, credit("2024-02-01"))).lines
    assert bills_of(rows(event, InvoiceVoided(when=on("2024-02-01")))).lines == ()
