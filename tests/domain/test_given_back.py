"""What gives money or a claim back, told apart: a vendor's own examples, and what they leave."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from domain.books import BookOpened, PostingRun
from domain.calendar import months
from domain.chargeback_facts import ChargebackLost, ChargebackOpened, ChargebackWon
from domain.contract_facts import ContractOpened, Obligation
from domain.entity import CalendarDefined
from domain.facts import Event, When
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceIssued,
    InvoiceLine,
    InvoiceRecovered,
    InvoiceVoided,
    InvoiceWrittenOff,
)
from domain.payment_facts import (
    Application,
    PaymentApplied,
    PaymentReceived,
    PaymentRefunded,
)
from domain.policy import Options, PolicyAdopted
from tests.laws import memory
from tests.laws.memory import Arrival, Books

Row = tuple[str, Event]
Changes = dict[str, dict[str, int]]
SHOWN = {"revenue": -1, "contract-liability": -1, "recoverables": -1}


def on(month: int, day: int = 1) -> When:
    return When(effective=date(2019, month, day))


def line(minor: int = 9_000, name: str = "1", **how: object) -> InvoiceLine:
    days = {"service_from": date(2019, 1, 1), "service_to": date(2019, 4, 1)}
    return InvoiceLine(**{"line": name, "amount_minor": minor} | days | how)  # type: ignore[arg-type]


def invoice(*lines: InvoiceLine) -> Row:
    event = InvoiceIssued(
        when=on(1),
        customer="c",
        currency="USD",
        number="I-1",
        due_on=date(2019, 1, 1),
        lines=lines or (line(),),
    )
    return "invoice:i", event


def credit(minor: int, month: int = 2, name: str = "1", number: str = "C-1") -> Row:
    rows = (CreditLine(line=name, amount_minor=minor),)
    event = CreditIssued(when=on(month), number=number, lines=rows, treatment="from-now")
    return "invoice:i", event


def payment(minor: int = 9_000, month: int = 1) -> Row:
    return "payment:p", PaymentReceived(
        when=on(month), customer="c", currency="USD", amount_minor=minor
    )


def stated(month: int, minor: int = 9_000) -> Row:
    rows = (Application(invoice="i", amount_minor=minor),)
    return "payment:p", PaymentApplied(when=on(month), applications=rows)


VOID = ("invoice:i", InvoiceVoided(when=on(4, 15)))
UNCOLLECTIBLE = ("invoice:i", InvoiceWrittenOff(when=on(2)))


def books(*rows: Row, given_back: str = "contra-revenue") -> Books:
    told = Books("acme")
    options = Options(given_back=given_back)  # type: ignore[arg-type]
    first = When(effective=date(2019, 1, 1))
    opening: list[Row] = [
        ("entity:self", CalendarDefined(when=first, periods=months(first.effective, 12))),
        ("book:main", BookOpened(when=first, name="main")),
        ("policy:main", PolicyAdopted(when=first, options=options)),
    ]
    through = date(2019, 12, 31)
    last = ("run:self", PostingRun(when=When(effective=through), through=through))
    for place, (stream, event) in enumerate([*opening, *rows, last]):
        memory.accept(told, Arrival(key=f"k{place}", stream=stream, event=event))
    return told


def changes(*rows: Row, given_back: str = "contra-revenue") -> Changes:
    """By account and month what changed, each with the sign of its normal balance."""
    sums: dict[str, Counter[str]] = {}
    for entry in books(*rows, given_back=given_back).entries:
        for posted in entry.lines:
            account = posted.slot.account
            month = f"{posted.slot.earned:%m}"
            sums.setdefault(account, Counter())[month] += SHOWN.get(account, 1) * posted.minor
    found = {name: {m: v for m, v in sorted(own.items()) if v} for name, own in sums.items()}
    return {name: own for name, own in sorted(found.items()) if own}


def test_a_credit_note_takes_its_share_of_what_was_earned_and_of_what_was_not() -> None:
    assert changes(invoice(), credit(4_500)) == {
        "accounts-receivable": {"01": 9_000, "02": -4_500},
        "contract-liability": {"01": 5_900, "02": -4_350, "03": -1_550},
        "credit-notes": {"02": 1_550},
        "revenue": {"01": 3_100, "02": 1_400, "03": 1_550},
    }


def test_a_refund_takes_all_and_opens_no_claim() -> None:
    refund = ("payment:p", PaymentRefunded(when=on(2), amount_minor=9_000))

    assert changes(invoice(), payment(), refund) == {
        "cash-clearing": {"01": 9_000, "02": -9_000},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "refunds": {"02": 3_100},
        "revenue": {"01": 3_100},
    }


def test_the_rest_of_a_refund_in_part_is_earned_on() -> None:
    refund = ("payment:p", PaymentRefunded(when=on(2), amount_minor=900))

    assert changes(invoice(), payment(), refund) == {
        "cash-clearing": {"01": 9_000, "02": -900},
        "contract-liability": {"01": 5_900, "02": -3_110, "03": -2_790},
        "refunds": {"02": 310},
        "revenue": {"01": 3_100, "02": 2_520, "03": 2_790},
    }


def test_a_void_of_what_nobody_paid() -> None:
    assert changes(invoice(), ("invoice:i", InvoiceVoided(when=on(2)))) == {
        "accounts-receivable": {"01": 9_000, "02": -9_000},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "revenue": {"01": 3_100},
        "voids": {"02": 3_100},
    }


def test_a_void_takes_the_place_of_bad_debt() -> None:
    assert changes(invoice(), UNCOLLECTIBLE, VOID) == {
        "accounts-receivable": {"01": 9_000, "02": -9_000},
        "bad-debt": {"02": 3_100, "04": -3_100},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "revenue": {"01": 3_100},
        "voids": {"04": 3_100},
    }


def test_what_was_given_up_and_is_paid_undoes_its_bad_debt_and_the_rest_is_gained() -> None:
    opened = ChargebackOpened(when=on(5), chargeback="d", amount_minor=9_000)

    found = changes(invoice(), UNCOLLECTIBLE, payment(month=4), stated(4), ("payment:p", opened))

    assert found == {
        "accounts-receivable": {"01": 9_000, "02": -9_000},
        "bad-debt": {"02": 3_100, "04": -3_100},
        "cash-clearing": {"04": 9_000, "05": -9_000},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "disputed-cash": {"05": 9_000},
        "disputes": {"05": 3_100},
        "recoverables": {"04": 5_900, "05": -5_900},
        "revenue": {"01": 3_100},
        "unapplied-cash": {"05": -9_000},
    }


def disputed(*more: Event) -> Changes:
    opened = ChargebackOpened(when=on(2), chargeback="d", amount_minor=9_000)
    return changes(invoice(), payment(), *(("payment:p", one) for one in (opened, *more)))


def test_a_dispute_that_is_won_is_a_gain() -> None:
    assert disputed(ChargebackWon(when=on(4), chargeback="d")) == {
        "cash-clearing": {"01": 9_000, "02": -9_000, "04": 9_000},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "disputed-cash": {"02": 9_000, "04": -9_000},
        "disputes": {"02": 3_100},
        "recoverables": {"04": 9_000},
        "revenue": {"01": 3_100},
        "unapplied-cash": {"02": -9_000, "04": 9_000},
    }


def test_a_dispute_that_is_lost_leaves_what_was_given_back() -> None:
    lost = disputed(ChargebackLost(when=on(4), chargeback="d"))

    assert lost == {
        "cash-clearing": {"01": 9_000, "02": -9_000},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "disputed-cash": {"02": 9_000, "04": -9_000},
        "disputes": {"02": 3_100},
        "revenue": {"01": 3_100},
        "unapplied-cash": {"02": -9_000, "04": 9_000},
    }


def test_what_is_expected_again_is_open_again() -> None:
    again = ("invoice:i", InvoiceRecovered(when=on(3)))

    assert changes(invoice(), UNCOLLECTIBLE, again) == {
        "accounts-receivable": {"01": 9_000, "02": -9_000, "03": 9_000},
        "bad-debt": {"02": 3_100, "03": -3_100},
        "contract-liability": {"01": 5_900, "02": -5_900},
        "recoverables": {"03": 5_900},
        "revenue": {"01": 3_100},
    }


def test_what_is_earned_at_issue_goes_back_in_full() -> None:
    once = line(3_000, service_from=None, service_to=None)
    refund = ("payment:p", PaymentRefunded(when=on(3), amount_minor=3_000))

    assert changes(invoice(once), payment(3_000, 2), refund) == {
        "accounts-receivable": {"01": 3_000, "02": -3_000},
        "cash-clearing": {"02": 3_000, "03": -3_000},
        "refunds": {"03": 3_000},
        "revenue": {"01": 3_000},
    }


def test_a_refund_is_the_same_share_of_every_line_and_of_the_tax_on_them() -> None:
    lines = line(9_000), line(-900, "2", kind="discount"), line(1_620, "3", kind="tax")
    refund = ("payment:p", PaymentRefunded(when=on(2), amount_minor=4_860))

    found = changes(invoice(*lines), payment(9_720), refund)

    assert found["refunds"] == {"02": 4_860 - (8_100 - 2_790) // 2}
    assert found["revenue"] == {"01": 2_790, "02": 1_260, "03": 1_395}
    assert found["tax-payable"] == {"01": -1_620}


def test_a_credit_note_takes_the_place_of_a_refund_as_far_as_it_must() -> None:
    refund = ("payment:p", PaymentRefunded(when=on(2), amount_minor=4_500))

    half = changes(invoice(), payment(), refund, credit(4_500, 3))
    more = changes(invoice(), payment(), refund, credit(6_000, 3))

    assert half["refunds"] == {"02": 1_550, "03": -1_550}
    assert half["credit-notes"] == {"03": 1_550}
    assert half["revenue"] == {"01": 3_100, "02": 1_400, "03": 1_550}
    # Of 45.00 that are left 15.50 and 14.00 are earned; of both a third goes.
    assert more["credit-notes"] == {"03": 1_550 + 983}
    assert more["revenue"] == {"01": 3_100, "02": 1_400, "03": 1_033}
    assert more["unapplied-cash"] == {"03": -1_500}
    assert sum(more["contract-liability"].values()) == 0


@pytest.mark.parametrize("bill", [{"subscription": "s"}, {"contract": "k"}])
def test_a_credit_that_follows_the_deal_is_no_gift(bill: dict[str, str]) -> None:
    event = CreditIssued(
        when=on(2),
        number="C-1",
        lines=(CreditLine(line="1", amount_minor=4_500),),
        treatment="from-now",
        purpose="correction",
    )

    found = changes(invoice(line(**bill)), ("invoice:i", event))

    assert "credit-notes" not in found
    assert found["accounts-receivable"] == {"01": 9_000, "02": -4_500}


@pytest.mark.parametrize("given_back", ["contra-revenue", "by-document"])
def test_what_bills_what_is_no_contract_yet_moves_nothing_told_apart_or_not(
    given_back: str,
) -> None:
    hoped = ContractOpened(
        when=on(1),
        customer="c",
        currency="USD",
        price_minor=9_000,
        obligations=(Obligation(obligation="o", pattern="point-in-time"),),
        criteria_met=False,
    )
    bill = invoice(line(contract="k", obligation="o"))
    told = books(("contract:k", hoped), bill, credit(4_500), given_back=given_back)

    assert told.entries == []


def test_by_document_nothing_is_told_apart() -> None:
    refund = ("payment:p", PaymentRefunded(when=on(2), amount_minor=900))

    assert changes(invoice(), payment(), refund, given_back="by-document") == {
        "accounts-receivable": {"02": 900},
        "cash-clearing": {"01": 9_000, "02": -900},
        "contract-liability": {"01": 5_900, "02": -2_800, "03": -3_100},
        "revenue": {"01": 3_100, "02": 2_800, "03": 3_100},
    }
