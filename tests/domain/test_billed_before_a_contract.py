"""What is billed, paid and given up of a deal that is no contract yet, or never is one: nothing is
receivable, what is paid is a deposit, and revenue only once it ended (ASC 606-10-25-7, 25-8).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.contract_facts import ContractOpened, ContractTerminated, CriteriaMet, Obligation
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceIssued,
    InvoiceLine,
    InvoiceRecovered,
    InvoiceWrittenOff,
)
from domain.payment_facts import PaymentReceived, PaymentRefunded
from domain.policy import Options
from tests.domain.test_foreign_currency import Ledger, balanced, day

ACCOUNTS = ("accounts-receivable", "contract-liability", "deposits", "unapplied-cash", "revenue")


class Talks(Ledger):
    """A deal of 900.00 that is no contract yet, and its one invoice of 300.00, of January."""

    def __init__(self, currency: str = "USD", rate: str | None = None, **options: str) -> None:
        super().__init__(Options(**options))  # type: ignore[arg-type]
        self.currency = currency
        own = Obligation(obligation="o", pattern="point-in-time")
        hoped = ContractOpened(
            when=day(1, 1),
            customer="c1",
            currency=currency,
            price_minor=900_00,
            obligations=(own,),
            criteria_met=False,
        )
        self.say("contract:k", hoped)
        issued = InvoiceIssued(
            when=day(1, 5),
            customer="c1",
            currency=currency,
            number="I1",
            due_on=date(2024, 1, 20),
            lines=(InvoiceLine(line="1", amount_minor=300_00, contract="k"),),
            rate=Decimal(rate) if rate else None,
        )
        self.say("invoice:i1", issued)

    def paid(self, minor: int, month: int, rate: str | None = None, **more: object) -> None:
        event = PaymentReceived(
            when=day(month, 1),
            customer="c1",
            currency=self.currency,
            amount_minor=minor,
            rate=Decimal(rate) if rate else None,
            **more,  # type: ignore[arg-type]
        )
        self.say(f"payment:p{month}", event)

    def ends(self, month: int, refund_minor: int = 0) -> None:
        self.say("contract:k", ContractTerminated(when=day(month, 10), refund_minor=refund_minor))

    def stand(self, month: int, *, minor: bool = True) -> list[int]:
        """By the end of a month: what comes later is told in its own."""
        by_account = [self.moved(account, minor=minor) for account in ACCOUNTS]
        upto = f"2024-{month:02}"
        return [sum(worth for name, worth in one.items() if name <= upto) for one in by_account]

    def by_month(self, *months: int) -> list[list[int]]:
        for month in months:
            self.run(month, 28)
        return [self.stand(month) for month in months]


def test_what_is_billed_of_no_contract_is_not_receivable_whatever_a_book_elects() -> None:
    for elected in ("by-right", "issue", "due", "service-start"):
        assert Talks(receivable_at=elected).by_month(1, 2) == [[0] * 5] * 2


def test_what_is_paid_of_it_is_a_deposit_until_the_criteria_are_met() -> None:
    ledger = Talks()
    ledger.paid(200_00, 2)
    ledger.say("contract:k", CriteriaMet(when=day(4, 10)))

    assert ledger.by_month(1, 2, 4) == [
        [0, 0, 0, 0, 0],
        [0, 0, -200_00, 0, 0],
        [100_00, -300_00, 0, 0, 0],
    ]


def test_what_is_paid_of_it_is_revenue_once_it_ended_but_for_what_is_to_be_given_back() -> None:
    ledger = Talks()
    ledger.paid(250_00, 2)
    ledger.ends(3, 100_00)

    assert ledger.by_month(2, 3) == [[0, 0, -250_00, 0, 0], [0, 0, -100_00, 0, -150_00]]
    # A credit note sets free what the customer gets back.
    credit = CreditIssued(
        when=day(4, 2),
        number="C1",
        lines=(CreditLine(line="1", amount_minor=150_00),),
        treatment="from-now",
    )
    ledger.say("invoice:i1", credit)
    assert ledger.by_month(4) == [[0, 0, 0, -100_00, -150_00]]
    ledger.say("payment:p2", PaymentRefunded(when=day(5, 2), amount_minor=100_00))
    assert ledger.by_month(5) == [[0, 0, 0, 0, -150_00]]


def test_what_goes_back_of_money_that_names_the_deal_goes_back_once() -> None:
    ledger = Talks()
    ledger.paid(300_00, 2, contract="k")
    ledger.ends(3, 100_00)
    ledger.say("payment:p2", PaymentRefunded(when=day(4, 2), amount_minor=100_00))

    assert ledger.by_month(3, 4) == [[0, 0, -100_00, 0, -200_00], [0, 0, 0, 0, -200_00]]


def test_what_is_given_up_of_it_was_never_owed() -> None:
    ledger = Talks()
    ledger.paid(100_00, 2)
    ledger.say("invoice:i1", InvoiceWrittenOff(when=day(3, 1)))
    ledger.ends(3)

    assert ledger.by_month(3) == [[0, 0, 0, 0, -100_00]]
    assert ledger.stands("bad-debt") == 0
    ledger.say("invoice:i1", InvoiceRecovered(when=day(4, 1)))
    ledger.paid(200_00, 5)
    assert ledger.by_month(4, 5) == [[0, 0, 0, 0, -100_00], [0, 0, 0, 0, -300_00]]


def test_a_deposit_is_told_anew_and_what_is_kept_has_the_rate_of_its_day() -> None:
    """300.00 at 1.20 are told at 1.30 in February; in March 200.00 of them are revenue at 1.20."""
    for contract in (None, "k"):
        ledger = Talks("EUR", "1.10")
        ledger.rate(1, 31, "1.15")
        ledger.run(1, 31)
        assert ledger.stand(1, minor=False) == [0] * 5
        ledger.paid(300_00, 2, "1.20", contract=contract)
        ledger.rate(2, 29, "1.30")
        ledger.run(2, 29)
        assert ledger.stand(2, minor=False) == [0, 0, -390_00, 0, 0]
        ledger.ends(3, 100_00)
        ledger.rate(3, 31, "1.40")
        ledger.run(3, 31)
        assert ledger.stand(3, minor=False) == [0, 0, -140_00, 0, -240_00]
        assert ledger.stands("currency-exchange") == 20_00
        assert balanced(ledger)


def test_money_that_names_what_ended_is_kept_at_what_it_cost() -> None:
    """As a deposit that no invoice takes; what goes back has the rate of the day it goes."""
    ledger = Talks("EUR", "1.10")
    ledger.paid(400_00, 2, "1.20", contract="k", deposit=True)
    ledger.rate(2, 29, "1.30")
    ledger.run(2, 29)
    ledger.ends(3, 100_00)
    ledger.rate(3, 31, "1.40")
    ledger.run(3, 31)
    back = PaymentRefunded(when=day(4, 2), amount_minor=100_00, rate=Decimal("1.50"))
    ledger.say("payment:p2", back)
    ledger.run(4, 30)

    assert ledger.moved("deposits") == {
        "2024-02": -520_00,
        "2024-03": 380_00,
        "2024-04": 140_00,
    }
    assert ledger.moved("revenue") == {"2024-03": -360_00}
    assert ledger.moved("currency-exchange") == {
        "2024-02": 40_00,
        "2024-03": -20_00,
        "2024-04": 10_00,
    }
    assert balanced(ledger)


def test_a_payment_before_its_invoice_is_receivable_is_worth_what_it_cost() -> None:
    """100.00 at 1.10, due in March, paid in January at 1.20: nothing stands as a claim until March,
    and then what the payment brought beyond the invoice is realised.
    """
    ledger = Ledger(Options(receivable_at="due"))
    line = InvoiceLine(line="1", amount_minor=100_00, kind="one-off")
    issued = InvoiceIssued(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        number="I1",
        due_on=date(2024, 3, 15),
        lines=(line,),
        rate=Decimal("1.10"),
    )
    ledger.say("invoice:i1", issued)
    ledger.pay(100_00, day(1, 15), rate="1.20")
    for month, last, rate in ((1, 31, "1.30"), (2, 29, "1.40"), (3, 31, "1.50")):
        ledger.rate(month, last, rate)
        ledger.run(month, last)

    assert ledger.moved("accounts-receivable") == {}
    assert ledger.stands("unapplied-cash") == 0
    assert ledger.by_rule("2024-01") == {}
    assert ledger.by_rule("2024-03")["exchange-realised@1"] != 0
    assert balanced(ledger)
