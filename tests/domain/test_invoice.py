from datetime import UTC, date, datetime, timedelta
from typing import Literal

import pytest
from msgspec import structs

from domain.contract_facts import ContractOpened, Obligation
from domain.facts import When
from domain.invoice import DraftInvoice, InvoiceCommand, IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceDrafted,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
    Treatment,
)
from domain.money import LARGEST_MINOR
from domain.party import CustomerRegistered
from domain.subscription import SubscriptionStarted
from tests.domain.given import Others, code, decide, on, refusal

STREAM = "invoice:i1"
LINE = InvoiceLine(
    line="1",
    amount_minor=120_000,
    service_from=date(2024, 1, 1),
    service_to=date(2025, 1, 1),
)
TAX = InvoiceLine(line="2", amount_minor=22_800, kind="tax")
ISSUE = IssueInvoice(when=on(1, 1), customer="c1", currency="USD", lines=(LINE, TAX), number="R-1")
ISSUED = InvoiceIssued(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    number="R-1",
    due_on=date(2024, 1, 31),
    lines=(LINE, TAX),
)
DRAFTED = InvoiceDrafted(when=on(1, 1), customer="c1", currency="USD", lines=(LINE,))
VOIDED = InvoiceVoided(when=on(2, 1))


def credit(*lines: tuple[str, int], number: str = "C-1") -> IssueCredit:
    rows = tuple(CreditLine(line=line, amount_minor=minor) for line, minor in lines)
    return IssueCredit(when=on(2, 1), number=number, lines=rows)


def credited(*lines: tuple[str, int], number: str = "C-1", month: int = 2) -> CreditIssued:
    rows = tuple(CreditLine(line=line, amount_minor=minor) for line, minor in lines)
    return CreditIssued(when=on(month, 1), number=number, lines=rows, treatment="from-now")


def billing(**how: object) -> IssueInvoice:
    return structs.replace(ISSUE, lines=(structs.replace(LINE, **how),))


def test_a_draft_is_kept_until_it_is_issued() -> None:
    command = DraftInvoice(when=on(1, 1), customer="c1", currency="USD", lines=(LINE,))

    assert decide(STREAM, command) == (DRAFTED,)
    assert decide(STREAM, command, DRAFTED) == (DRAFTED,)


def test_an_issued_invoice_is_not_drafted_again() -> None:
    command = DraftInvoice(when=on(1, 1), customer="c1", currency="USD", lines=(LINE,))

    assert code(STREAM, command, ISSUED) == "already-issued"


def test_a_draft_needs_a_customer_and_lines() -> None:
    draft = DraftInvoice(when=on(1, 1), customer="", currency="USD", lines=(LINE,))

    assert code(STREAM, draft) == "empty-text"
    assert code(STREAM, structs.replace(draft, customer="c1", lines=())) == "no-lines"


def test_an_invoice_is_due_thirty_days_after_its_date_unless_it_says_otherwise() -> None:
    stated = structs.replace(ISSUE, due_on=date(2024, 1, 1))

    assert decide(STREAM, ISSUE) == (ISSUED,)
    assert decide(STREAM, stated) == (structs.replace(ISSUED, due_on=date(2024, 1, 1)),)


def test_a_draft_is_issued_as_it_stands_under_the_name_of_its_stream() -> None:
    assert decide(STREAM, IssueInvoice(when=on(2, 1)), DRAFTED) == (
        InvoiceIssued(
            when=on(2, 1),
            customer="c1",
            currency="USD",
            number="i1",
            due_on=date(2024, 3, 2),
            lines=(LINE,),
        ),
    )


def test_a_line_may_say_at_which_instants_of_its_days_service_begins_and_ends() -> None:
    moments = datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2025, 1, 1, 12, tzinfo=UTC)
    days = {"service_from": date(2024, 1, 1), "service_to": date(2025, 1, 1)}

    def says(begins: datetime | None, ends: datetime | None, **how: object) -> IssueInvoice:
        return billing(**days | {"service_from_at": begins, "service_to_at": ends} | how)

    off = moments[0] + timedelta(days=2)
    naive = moments[0].replace(tzinfo=None)

    assert decide(STREAM, says(*moments))
    assert code(STREAM, says(moments[0], None)) == "half-a-service-period"
    assert code(STREAM, says(off, moments[1])) == "instant-off-its-day"
    assert code(STREAM, says(naive, moments[1])) == "no-utc-offset"
    assert code(STREAM, says(*moments, service_from=None, service_to=None)) == (
        "instant-off-its-day"
    )
    day = days | {"service_to": date(2024, 1, 2)}
    assert code(STREAM, billing(**day, service_from_at=moments[0], service_to_at=moments[0])) == (
        "service-ends-before-it-begins"
    )


def test_the_amounts_of_a_draft_are_not_issued_in_another_currency() -> None:
    command = IssueInvoice(when=on(2, 1), currency="JPY")

    assert refusal(STREAM, command, DRAFTED) == (
        "currency-mismatch",
        {"invoice": "JPY", "draft": "USD"},
    )
    assert decide(STREAM, structs.replace(command, lines=(LINE,)), DRAFTED)


def test_an_invoice_is_issued_once() -> None:
    assert code(STREAM, ISSUE, ISSUED) == "already-issued"
    assert code(STREAM, ISSUE, ISSUED, VOIDED) == "already-issued"


def test_an_invoice_may_come_to_nothing_and_hold_discounts_but_not_fall_below() -> None:
    discount = InvoiceLine(line="3", amount_minor=-120_000, kind="discount")

    assert decide(STREAM, structs.replace(ISSUE, lines=(LINE, discount)))
    below = structs.replace(discount, amount_minor=-120_001)
    assert code(STREAM, structs.replace(ISSUE, lines=(LINE, below))) == "negative-invoice"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (IssueInvoice(when=on(1, 1)), "nothing-to-issue"),
        (structs.replace(ISSUE, customer=None), "nothing-to-issue"),
        (structs.replace(ISSUE, currency="DOLLAR"), "unknown-currency"),
        (structs.replace(ISSUE, lines=()), "no-lines"),
        (structs.replace(ISSUE, lines=(LINE, LINE)), "duplicate-line"),
        (structs.replace(ISSUE, due_on=date(2023, 12, 31)), "due-before-issue"),
        (billing(line=""), "empty-text"),
        (billing(line="a:b"), "colon-in-id"),
        (billing(service_to=None), "half-a-service-period"),
        (billing(service_from=None), "half-a-service-period"),
        (billing(service_to=date(2024, 1, 1)), "service-ends-before-it-begins"),
        (billing(subscription="s1", contract="k1"), "two-contracts"),
        (billing(amount_minor=LARGEST_MINOR + 1), "amount-too-large"),
        (
            structs.replace(
                ISSUE,
                lines=(
                    structs.replace(LINE, amount_minor=LARGEST_MINOR),
                    structs.replace(TAX, amount_minor=1),
                ),
            ),
            "amount-too-large",
        ),
    ],
)
def test_an_invoice_that_makes_no_sense_is_refused(command: IssueInvoice, expected: str) -> None:
    assert code(STREAM, command) == expected


@pytest.mark.parametrize(
    ("command", "others"),
    [
        (
            billing(subscription="s1"),
            {
                "subscription:s1": (
                    SubscriptionStarted(
                        when=on(1, 1),
                        customer="c1",
                        currency="JPY",
                        term_from=date(2024, 1, 1),
                        term_to=date(2025, 1, 1),
                        items=(),
                    ),
                )
            },
        ),
        (
            billing(contract="k1"),
            {
                "contract:k1": (
                    ContractOpened(
                        when=on(1, 1),
                        customer="c1",
                        currency="JPY",
                        price_minor=1,
                        obligations=(Obligation(obligation="o", ssp_minor=1),),
                    ),
                )
            },
        ),
    ],
)
def test_a_deal_is_not_billed_in_another_currency(command: IssueInvoice, others: Others) -> None:
    code_, context = refusal(STREAM, command, others=others)

    assert (code_, context) == ("currency-mismatch", {"line": "1", "invoice": "USD", "deal": "JPY"})
    assert decide(STREAM, command)


@pytest.mark.parametrize(
    ("purpose", "treatment", "expected"),
    [
        ("concession", None, "from-now"),
        ("correction", None, "as-if-never"),
        ("correction", "from-now", "from-now"),
    ],
)
def test_a_credit_goes_back_by_its_purpose_unless_it_says(
    purpose: Literal["correction", "concession"], treatment: Treatment | None, expected: Treatment
) -> None:
    command = structs.replace(credit(("1", 50_000)), purpose=purpose, treatment=treatment)

    assert decide(STREAM, command, ISSUED) == (
        CreditIssued(
            when=on(2, 1),
            number="C-1",
            lines=(CreditLine(line="1", amount_minor=50_000),),
            treatment=expected,
            purpose=purpose,
        ),
    )


def test_a_credit_takes_what_is_left_and_no_more() -> None:
    before = credited(("1", 20_000), number="C-0")

    assert decide(STREAM, credit(("1", 100_000)), ISSUED, before)
    assert refusal(STREAM, credit(("1", 100_001)), ISSUED, before) == (
        "credit-above-invoice",
        {"line": "1", "left": 100_000},
    )


def test_a_line_credited_twice_in_one_note_is_counted_together() -> None:
    assert code(STREAM, credit(("1", 60_000), ("1", 60_001)), ISSUED) == "credit-above-invoice"


def test_a_credit_dated_before_its_invoice_counts_all_the_same() -> None:
    early = structs.replace(credited(("1", 100_000), number="C-0"), when=on(1, 1, year=2023))

    assert refusal(STREAM, credit(("1", 30_000)), early, ISSUED) == (
        "credit-above-invoice",
        {"line": "1", "left": 20_000},
    )


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (credit(), "no-lines"),
        (credit(("1", 0)), "credit-not-positive"),
        (credit(("1", -5)), "credit-not-positive"),
        (credit(("9", 5)), "unknown-line"),
        (credit(("1", 5), number=""), "empty-text"),
        (credit(("1", 5), number="C-0"), "duplicate-credit-number"),
    ],
)
def test_a_credit_that_makes_no_sense_is_refused(command: IssueCredit, expected: str) -> None:
    assert code(STREAM, command, ISSUED, credited(("2", 5), number="C-0")) == expected


def test_a_void_takes_back_what_is_left_paid_or_not() -> None:
    assert decide(STREAM, VoidInvoice(when=on(2, 1)), ISSUED, credited(("1", 5))) == (VOIDED,)


def test_a_void_may_say_that_it_holds_from_now() -> None:
    command = VoidInvoice(when=on(2, 1), treatment="from-now")

    assert decide(STREAM, command, ISSUED) == (InvoiceVoided(when=on(2, 1), treatment="from-now"),)


@pytest.mark.parametrize("command", [VoidInvoice(when=on(3, 1)), credit(("1", 5))])
def test_a_void_invoice_takes_no_more(command: InvoiceCommand) -> None:
    assert code(STREAM, command, ISSUED, VOIDED) == "already-void"


@pytest.mark.parametrize("command", [VoidInvoice(when=on(3, 1)), credit(("1", 5))])
def test_a_draft_is_neither_credited_nor_voided(command: InvoiceCommand) -> None:
    assert code(STREAM, command, DRAFTED) == "not-issued"


@pytest.mark.parametrize("command", [VoidInvoice(when=on(3, 1)), credit(("1", 5))])
def test_an_outside_credit_or_void_may_come_before_its_invoice(command: InvoiceCommand) -> None:
    assert len(decide(STREAM, command, outside=True)) == 1


def test_an_outside_credit_of_an_invoice_that_is_known_takes_no_more_than_is_left() -> None:
    assert decide(STREAM, credit(("1", 120_000)), ISSUED, outside=True)
    assert code(STREAM, credit(("1", 120_001)), ISSUED, outside=True) == "credit-above-invoice"


def test_an_invoice_may_be_as_large_as_the_ledger_holds() -> None:
    assert decide(STREAM, billing(amount_minor=LARGEST_MINOR))


def test_an_invoice_corrected_away_may_be_issued_again() -> None:
    """The state is folded without the fact that a correction replaces: then there is no invoice."""
    assert decide(STREAM, ISSUE, DRAFTED) == (ISSUED,)


WEEK = {"customer:c1": (CustomerRegistered(when=on(1, 1), currency="USD", payment_terms_days=7),)}


def test_an_invoice_is_due_after_its_customers_terms() -> None:
    (issued,) = decide(STREAM, ISSUE, others=WEEK)

    assert issued == structs.replace(ISSUED, due_on=date(2024, 1, 8))


def test_a_draft_keeps_the_terms_it_was_made_with() -> None:
    draft = DraftInvoice(
        when=on(1, 1), customer=ISSUE.customer, currency=ISSUE.currency, lines=ISSUE.lines
    )
    (drafted,) = decide(STREAM, draft, others=WEEK)

    (issued,) = decide(STREAM, IssueInvoice(when=on(1, 10)), drafted)

    assert isinstance(issued, InvoiceIssued)
    assert issued.due_on == date(2024, 1, 17)


def test_a_day_beyond_the_calendar_is_no_due_date() -> None:
    command = structs.replace(ISSUE, when=When(effective=date(9999, 12, 31)))

    assert code(STREAM, command) == "term-too-long"
