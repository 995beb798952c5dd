"""What is in another currency than the entity's, in numbers that can be checked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.books import BookOpened, PeriodClosed, PostingRun
from domain.calendar import months
from domain.entity import CalendarDefined, EntityOpened
from domain.errors import Rejected
from domain.facts import Event, When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.payment_facts import Paid, PaymentReceived, PaymentRefunded
from domain.policy import Options, PolicyAdopted
from domain.rates import Rate, RatesPublished
from domain.revenue_contract import ContractOpened, Obligation, ObligationSatisfied
from tests.laws.memory import Arrival, Books, accept, fresh_of, master_at

NEW_YEAR = When(effective=date(2024, 1, 1))
YEAR = (date(2024, 1, 1), date(2025, 1, 1))
MONTHLY = Options(ratable_by="month")


def day(month: int, number: int) -> When:
    return When(effective=date(2024, month, number))


class Ledger:
    """A USD entity in memory; figures are in functional minor units, an increase positive."""

    def __init__(self, options: Options = MONTHLY) -> None:
        self.books, self.keys = Books("acme"), 0
        self.say("entity:self", EntityOpened(when=day(1, 1), name="A", functional_currency="USD"))
        self.say("entity:self", CalendarDefined(when=day(1, 1), periods=months(YEAR[0], 24)))
        self.say("book:main", BookOpened(when=day(1, 1), name="main"))
        self.say("policy:main", PolicyAdopted(when=day(1, 1), options=options))

    def say(self, stream: str, event: Event, corrects: str | None = None) -> str:
        self.keys += 1
        key = str(self.keys)
        accept(self.books, Arrival(key=key, stream=stream, event=event, corrects=corrects))
        return key

    def rate(self, month: int, number: int, rate: str, corrects: str | None = None) -> str:
        row = Rate(currency="EUR", into="USD", rate=Decimal(rate))
        event = RatesPublished(when=day(month, number), rates=(row,))
        return self.say("rates:self", event, corrects)

    def invoice(
        self, minor: int, when: When = NEW_YEAR, *, name: str = "i1", rate: str | None = None
    ) -> str:
        line = InvoiceLine(line="1", amount_minor=minor, service_from=YEAR[0], service_to=YEAR[1])
        return self.say(
            f"invoice:{name}",
            InvoiceIssued(
                when=when,
                customer="c1",
                currency="EUR",
                number=name,
                due_on=when.effective,
                lines=(line,),
                rate=Decimal(rate) if rate else None,
            ),
        )

    def pay(self, minor: int, when: When, *, name: str = "p1", rate: str | None = None) -> str:
        return self.say(
            f"payment:{name}",
            PaymentReceived(
                when=when,
                customer="c1",
                currency="EUR",
                amount_minor=minor,
                rate=Decimal(rate) if rate else None,
            ),
        )

    def bill(self, name: str, when: When, minor: int, rate: str) -> None:
        line = InvoiceLine(line="1", amount_minor=minor, contract="k", obligation="goods")
        self.issue(name, when, line, rate)

    def bill_once(self, name: str, when: When, minor: int, rate: str) -> None:
        self.issue(name, when, InvoiceLine(line="1", amount_minor=minor, kind="one-off"), rate)

    def issue(
        self, name: str, when: When, line: InvoiceLine, rate: str, *more: InvoiceLine
    ) -> None:
        self.say(
            f"invoice:{name}",
            InvoiceIssued(
                when=when,
                customer="c1",
                currency="EUR",
                number=name,
                due_on=when.effective,
                lines=(line, *more),
                rate=Decimal(rate),
            ),
        )

    def measured(self, unit: str, through: date) -> Schedule:
        at = len(self.books.facts)
        facts = fresh_of(self.books, unit, at).facts
        return measure(unit, facts, (), master_at(self.books, at), "main", through)

    def by_rule(self, booked: str) -> dict[str, int]:
        """What was gained by exchange, by the rule that says how."""
        found: dict[str, int] = {}
        for entry in self.books.entries:
            for line in entry.lines if entry.booked == booked else ():
                if line.slot.account == "currency-exchange":
                    found[line.rule] = found.get(line.rule, 0) - line.functional_minor
        return found

    def run(self, month: int, number: int) -> None:
        self.say("run:self", PostingRun(when=day(month, number), through=date(2024, month, number)))

    def moved(self, account: str, *, minor: bool = False) -> dict[str, int]:
        """By the period booked; debits positive."""
        found: dict[str, int] = {}
        for entry in self.books.entries:
            for line in entry.lines:
                if line.slot.account == account:
                    worth = line.minor if minor else line.functional_minor
                    found[entry.booked] = found.get(entry.booked, 0) + worth
        return {period: worth for period, worth in found.items() if worth}

    def stands(self, account: str, *, minor: bool = False) -> int:
        return sum(self.moved(account, minor=minor).values())


def balanced(ledger: Ledger) -> bool:
    return all(
        sum(line.minor for line in entry.lines) == 0
        and sum(line.functional_minor for line in entry.lines) == 0
        for entry in ledger.books.entries
    )


def test_receivables_are_told_anew_and_the_liability_is_not() -> None:
    """fx-annual-prepaid-eur: IAS 21.23 and IFRIC 22.8."""
    ledger = Ledger()
    ledger.invoice(12_000_00, rate="1.10")
    ledger.rate(1, 31, "1.08")
    ledger.run(1, 31)
    ledger.pay(12_000_00, day(2, 15), rate="1.12")
    ledger.run(2, 29)

    assert ledger.moved("revenue") == {"2024-01": -1_100_00, "2024-02": -1_100_00}
    assert ledger.moved("contract-liability") == {"2024-01": -12_100_00, "2024-02": 1_100_00}
    assert ledger.moved("accounts-receivable") == {"2024-01": 12_960_00, "2024-02": -12_960_00}
    assert ledger.moved("currency-exchange") == {"2024-01": 240_00, "2024-02": -480_00}
    assert ledger.moved("cash-clearing") == {"2024-02": 13_440_00}
    assert balanced(ledger)


def test_a_credit_for_the_whole_year_has_the_rate_of_its_invoice() -> None:
    """EUR 12,000 at 1.10; January, told at 1.08, is closed; EUR 1,200 are credited in February."""
    ledger = Ledger()
    ledger.rate(1, 1, "1.10")
    ledger.invoice(12_000_00)
    ledger.rate(1, 31, "1.08")
    ledger.run(1, 31)
    ledger.say("book:main", PeriodClosed(when=day(1, 31), period="2024-01"))
    sealed = [entry for entry in ledger.books.entries if entry.booked == "2024-01"]
    ledger.say(
        "invoice:i1",
        CreditIssued(
            when=day(2, 10),
            number="cn1",
            lines=(CreditLine(line="1", amount_minor=1_200_00),),
            treatment="as-if-never",
            purpose="correction",
        ),
    )
    ledger.rate(2, 29, "1.12")
    ledger.run(2, 29)

    assert ledger.moved("revenue")["2024-02"] == -880_00
    assert ledger.stands("contract-liability") == -9_900_00
    assert ledger.stands("accounts-receivable") == 12_096_00
    assert ledger.moved("currency-exchange") == {"2024-01": 240_00, "2024-02": -456_00}
    assert [entry for entry in ledger.books.entries if entry.booked == "2024-01"] == sealed
    assert balanced(ledger)


def test_each_document_has_its_own_rate_and_the_first_billed_is_earned_first() -> None:
    """IFRIC 22 IE5-IE9: 40 billed ahead at 1.10, 60 when the goods pass at 1.25."""
    ledger = Ledger()
    goods = Obligation(obligation="goods", ssp_minor=100_00, pattern="point-in-time")
    ledger.say(
        "contract:k",
        ContractOpened(
            when=day(6, 1),
            customer="c1",
            currency="EUR",
            price_minor=100_00,
            obligations=(goods,),
        ),
    )
    ledger.bill("i1", day(8, 1), 40_00, "1.10")
    ledger.pay(40_00, day(8, 1), rate="1.10")
    ledger.rate(8, 31, "1.20")
    ledger.run(8, 31)
    assert ledger.stands("contract-liability") == -44_00

    ledger.bill("i2", day(9, 1), 60_00, "1.25")
    ledger.say("contract:k", ObligationSatisfied(when=day(9, 1), obligation="goods"))
    ledger.pay(60_00, day(9, 30), name="p2", rate="1.30")
    ledger.run(9, 30)

    assert ledger.moved("revenue") == {"2024-09": -119_00}
    assert ledger.stands("contract-liability") == 0
    assert ledger.stands("accounts-receivable") == 0
    assert ledger.moved("currency-exchange") == {"2024-09": -3_00}
    assert balanced(ledger)


def test_a_loss_between_invoice_and_payment_is_realised_when_nothing_is_told_anew() -> None:
    """stripe-fx-loss-on-payment."""
    ledger = Ledger(Options(remeasure="realised-only"))
    ledger.invoice(30_00, rate="1.20")
    ledger.run(1, 31)
    ledger.pay(30_00, day(2, 1), rate="1.10")
    ledger.run(2, 29)

    assert ledger.moved("accounts-receivable") == {"2024-01": 36_00, "2024-02": -36_00}
    assert ledger.moved("cash-clearing") == {"2024-02": 33_00}
    assert ledger.moved("currency-exchange") == {"2024-02": 3_00}
    assert balanced(ledger)


def test_a_loss_between_payment_and_refund_is_realised() -> None:
    """stripe-fx-loss-on-refund: what was paid at 1.20 goes back at 1.30."""
    ledger = Ledger(Options(remeasure="realised-only"))
    ledger.invoice(30_00, rate="1.20")
    ledger.pay(30_00, day(2, 1), rate="1.20")
    ledger.run(2, 29)
    back = PaymentRefunded(when=day(3, 1), amount_minor=30_00, rate=Decimal("1.30"))
    ledger.say("payment:p1", back)
    ledger.run(3, 31)

    assert ledger.moved("cash-clearing") == {"2024-02": 36_00, "2024-03": -39_00}
    assert ledger.moved("currency-exchange") == {"2024-03": 3_00}
    assert ledger.stands("accounts-receivable") == 36_00
    assert ledger.stands("unapplied-cash") == 0
    assert balanced(ledger)


def test_what_is_earned_before_it_is_billed_is_a_claim_told_anew() -> None:
    """100.00 earned in January at 1.10, told at 1.20 in February, billed in March at 1.30."""
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.40")):
        ledger.rate(month, last, rate)
    goods = Obligation(obligation="goods", ssp_minor=100_00, pattern="point-in-time")
    opened = ContractOpened(
        when=day(1, 1), customer="c1", currency="EUR", price_minor=100_00, obligations=(goods,)
    )
    ledger.say("contract:k", opened)
    ledger.say("contract:k", ObligationSatisfied(when=day(1, 15), obligation="goods"))
    ledger.run(1, 31)
    ledger.run(2, 29)
    ledger.bill("i1", day(3, 15), 100_00, "1.30")
    ledger.run(3, 31)

    assert ledger.moved("revenue") == {"2024-01": -110_00}
    assert ledger.moved("unbilled-receivable") == {
        "2024-01": 110_00,
        "2024-02": 10_00,
        "2024-03": -120_00,
    }
    assert ledger.moved("currency-exchange") == {"2024-02": -10_00, "2024-03": -20_00}
    assert ledger.stands("accounts-receivable") == 140_00
    assert ledger.stands("contract-liability") == 0
    assert balanced(ledger)


def test_a_currency_nobody_gave_a_rate_of_stays_in_itself() -> None:
    """stripe-multi-settlement-currency: euros settle as euros."""
    ledger = Ledger()
    ledger.invoice(30_00)
    ledger.run(1, 31)

    assert {entry.functional_currency for entry in ledger.books.entries} == {"EUR"}
    assert ledger.stands("accounts-receivable") == 30_00


def test_the_first_rate_tells_all_anew_and_takes_back_what_stood_as_it_was_told() -> None:
    ledger = Ledger()
    ledger.invoice(30_00)
    ledger.run(1, 31)
    ledger.rate(1, 1, "1.10")
    ledger.rate(1, 31, "1.20")
    ledger.run(1, 31)

    stands: dict[tuple[str, str], list[int]] = {}
    for entry in ledger.books.entries:
        for line in entry.lines:
            key = entry.functional_currency, line.slot.account
            both = stands.setdefault(key, [0, 0])
            both[0] += line.minor
            both[1] += line.functional_minor
    assert {key: both for key, both in stands.items() if any(both)} == {
        ("USD", "accounts-receivable"): [30_00, 36_00],
        ("USD", "contract-liability"): [-27_50, -30_25],
        ("USD", "revenue"): [-2_50, -2_75],
        ("USD", "currency-exchange"): [0, -3_00],
    }
    assert balanced(ledger)


def test_a_day_without_a_rate_waits_by_name_and_heals_by_itself() -> None:
    ledger = Ledger()
    ledger.rate(1, 1, "1.10")
    ledger.invoice(30_00)
    with pytest.raises(Rejected) as caught:
        ledger.measured("customer:c1:EUR", date(2024, 1, 31))
    ledger.run(1, 31)

    assert caught.value.code == "rate-missing"
    assert caught.value.context == {"currency": "EUR", "into": "USD", "on": "2024-01-31"}
    assert ledger.stands("currency-exchange") == 0

    ledger.rate(1, 31, "1.20")
    ledger.run(1, 31)
    assert ledger.stands("accounts-receivable") == 36_00


def test_a_rate_that_was_wrong_is_corrected_in_the_open_period() -> None:
    ledger = Ledger()
    wrong = ledger.rate(1, 1, "1.10")
    ledger.rate(1, 31, "1.20")
    ledger.invoice(12_000_00)
    ledger.run(1, 31)
    ledger.say("book:main", PeriodClosed(when=day(1, 31), period="2024-01"))
    ledger.rate(1, 1, "1.00", corrects=wrong)
    ledger.rate(2, 29, "1.20")
    ledger.run(2, 29)

    assert ledger.moved("revenue") == {"2024-01": -1_100_00, "2024-02": -1_000_00 + 100_00}
    assert ledger.stands("contract-liability") == -10_000_00
    assert ledger.stands("accounts-receivable") == 14_400_00
    assert balanced(ledger)


def test_a_rate_of_the_weekend_is_that_of_the_friday_before() -> None:
    ledger = Ledger(Options(ratable_by="month", rate_age_days=2))
    ledger.rate(1, 1, "1.10")
    ledger.invoice(30_00)
    ledger.rate(1, 29, "1.20")
    ledger.run(1, 31)

    assert ledger.stands("accounts-receivable") == 36_00


def test_a_pair_quoted_the_other_way_round_is_its_exact_inverse() -> None:
    ledger = Ledger()
    row = Rate(currency="USD", into="EUR", rate=Decimal("0.8"))
    ledger.say("rates:self", RatesPublished(when=day(1, 1), rates=(row,)))
    ledger.invoice(30_00)
    ledger.run(1, 4)

    assert ledger.stands("accounts-receivable") == 37_50


def test_a_part_takes_its_part_of_the_cost_and_the_last_one_closes_to_nothing() -> None:
    ledger = Ledger(Options(remeasure="realised-only"))
    ledger.invoice(1_00, rate="1.0333")
    for name, minor in (("p1", 33), ("p2", 33), ("p3", 34)):
        ledger.pay(minor, day(1, 20), name=name, rate="1.0333")
    ledger.run(1, 31)

    assert ledger.stands("accounts-receivable") == 0
    assert ledger.stands("unapplied-cash") == 0
    assert balanced(ledger)


def test_a_part_payment_realises_its_part_and_the_rest_is_told_anew() -> None:
    ledger = Ledger()
    ledger.invoice(100_00, rate="1.00")
    ledger.rate(1, 31, "1.10")
    ledger.run(1, 31)
    ledger.pay(40_00, day(2, 10), rate="1.20")
    ledger.rate(2, 29, "1.30")
    ledger.run(2, 29)

    assert ledger.by_rule("2024-01") == {"exchange-unrealised@1": 10_00}
    assert ledger.by_rule("2024-02") == {
        "exchange-realised@1": 8_00,
        "exchange-unrealised@1": -4_00 + 60 * 20,
    }
    assert ledger.stands("accounts-receivable") == 78_00
    assert balanced(ledger)


def test_what_is_given_back_apart_is_worth_what_it_was_paid_at() -> None:
    """stripe-fx-loss-on-refund: 36.00 are refunds, 39.00 leave the bank, 3.00 are lost."""
    ledger = Ledger(Options(remeasure="realised-only", given_back="contra-revenue"))
    ledger.bill_once("i1", NEW_YEAR, 30_00, "1.20")
    ledger.pay(30_00, day(2, 1), rate="1.20")
    ledger.run(2, 29)
    back = PaymentRefunded(when=day(3, 1), amount_minor=30_00, rate=Decimal("1.30"))
    ledger.say("payment:p1", back)
    ledger.run(3, 31)

    assert ledger.moved("revenue") == {"2024-01": -36_00}
    assert ledger.moved("refunds") == {"2024-03": 36_00}
    assert ledger.moved("accounts-receivable") == {"2024-01": 36_00, "2024-02": -36_00}
    assert ledger.moved("cash-clearing") == {"2024-02": 36_00, "2024-03": -39_00}
    assert ledger.moved("currency-exchange") == {"2024-03": 3_00}
    assert ledger.stands("contract-liability") == 0
    assert balanced(ledger)


def test_a_payment_in_another_currency_settles_what_it_is_for_and_realises_the_rest() -> None:
    """EUR 100.00 at 1.10 are paid with USD 112.01, and EUR 50.00 with GBP 50.00 at 1.25."""
    ledger = Ledger(Options(remeasure="realised-only"))
    ledger.bill_once("i1", NEW_YEAR, 100_00, "1.10")
    ledger.bill_once("i2", day(1, 2), 50_00, "1.10")
    pounds = Rate(currency="GBP", into="USD", rate=Decimal("1.25"))
    ledger.say("rates:self", RatesPublished(when=day(2, 2), rates=(pounds,)))
    for name, when, minor, paid in (
        ("p1", day(2, 1), 100_00, Paid(currency="USD", amount_minor=112_01)),
        ("p2", day(2, 2), 50_00, Paid(currency="GBP", amount_minor=50_00)),
    ):
        received = PaymentReceived(
            when=when, customer="c1", currency="EUR", amount_minor=minor, paid=paid
        )
        ledger.say(f"payment:{name}", received)
    ledger.run(2, 29)

    assert ledger.moved("cash-clearing") == {"2024-02": 112_01 + 62_50}
    assert ledger.stands("accounts-receivable") == 0
    assert ledger.moved("currency-exchange") == {"2024-02": -(112_01 - 110_00) - (62_50 - 55_00)}
    assert balanced(ledger)


def test_a_rate_that_nobody_quotes_is_worked_out_where_the_book_elects_so() -> None:
    """Euros into dollars over the franc: lines name both rates; the pair's own goes before."""
    ledger = Ledger(Options(ratable_by="month", cross_rates="common-currency", rate_age_days=31))
    francs = (("EUR", "0.90"), ("USD", "0.75"))
    for currency, rate in francs:
        row = Rate(currency=currency, into="CHF", rate=Decimal(rate))
        ledger.say("rates:self", RatesPublished(when=NEW_YEAR, rates=(row,)))
    ledger.invoice(12_000_00)
    ledger.run(1, 31)

    assert ledger.stands("accounts-receivable") == 14_400_00
    assert ledger.stands("revenue") == -1_200_00
    rests = {line.causes for entry in ledger.books.entries for line in entry.lines}
    assert all({5, 6} <= {*causes} for causes in rests)

    ledger.rate(1, 1, "1.10")
    ledger.run(1, 31)
    assert ledger.stands("revenue") == -1_100_00
    assert balanced(ledger)


def test_without_that_election_such_a_currency_stays_in_itself() -> None:
    ledger = Ledger()
    rows = (
        Rate(currency="EUR", into="CHF", rate=Decimal("0.90")),
        Rate(currency="USD", into="CHF", rate=Decimal("0.75")),
    )
    ledger.say("rates:self", RatesPublished(when=NEW_YEAR, rates=rows))
    ledger.invoice(12_000_00)
    ledger.run(1, 31)

    assert {entry.functional_currency for entry in ledger.books.entries} == {"EUR"}
