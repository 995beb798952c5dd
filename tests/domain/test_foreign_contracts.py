"""Contracts in another currency than the entity's: claims, debts and interest, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.contract_facts import (
    ContractOpened,
    Financing,
    NonCash,
    NonCashReceived,
    Obligation,
    ObligationSatisfied,
    PriceEstimated,
    VariableAmount,
)
from domain.invoice_facts import InvoiceLine
from tests.domain.contracting import point
from tests.domain.test_foreign_currency import Ledger, balanced, day


def opened(ledger: Ledger, *rows: Obligation, price: int = 0, **how: object) -> None:
    event = ContractOpened(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=price,
        obligations=rows,
        **how,  # type: ignore[arg-type]
    )
    ledger.say("contract:k", event)


def satisfied(ledger: Ledger, month: int, number: int, name: str) -> None:
    ledger.say("contract:k", ObligationSatisfied(when=day(month, number), obligation=name))


def bill(ledger: Ledger, name: str, month: int, number: int, minor: int, rate: str) -> None:
    line = InvoiceLine(line="1", amount_minor=minor, contract="k")
    ledger.issue(name, day(month, number), line, rate)


def test_claims_keep_their_cost_as_they_are_billed_in_part_and_become_due() -> None:
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.00"), (4, 30, "1.50")):
        ledger.rate(month, last, rate)
    # 300.00 in all: 200.00 and 100.00.
    opened(
        ledger,
        point("licence", 200_00, price_minor=100_00),
        point("training", 100_00, price_minor=200_00),
    )
    satisfied(ledger, 1, 15, "licence")
    ledger.run(1, 31)

    # 100.00 of the licence is due, 100.00 waits for the training.
    assert ledger.stands("unbilled-receivable") == 110_00
    assert ledger.stands("contract-asset") == 110_00
    ledger.run(2, 29)
    assert ledger.stands("unbilled-receivable") == ledger.stands("contract-asset") == 120_00
    assert ledger.by_rule("2024-02") == {"exchange-unrealised@1": 20_00}

    bill(ledger, "i1", 3, 15, 150_00, "1.30")
    ledger.run(3, 31)
    # 150.00 that cost 165.00 is billed at 195.00, which falls to 150.00; of what is left, 50.00
    # at 1.00, and of all that was told in February, 10.00 for each hundred.
    assert ledger.by_rule("2024-03") == {
        "exchange-realised@1": 30_00,
        "exchange-unrealised@1": -45_00 - 10_00 - 15_00,
    }
    assert ledger.stands("unbilled-receivable") == 0
    assert ledger.stands("contract-asset") == 50_00

    satisfied(ledger, 4, 10, "training")
    ledger.run(4, 30)
    assert ledger.moved("revenue") == {"2024-01": -220_00, "2024-04": -150_00}
    assert ledger.stands("unbilled-receivable") == 225_00
    assert ledger.stands("contract-asset") == 0
    assert ledger.stands("accounts-receivable") == 225_00
    assert ledger.stands("contract-liability") == 0
    assert ledger.stands("currency-exchange") == -80_00
    assert balanced(ledger)


def test_interest_on_an_advance_is_worth_the_rate_of_its_month() -> None:
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.20"), (2, 29, "1.30"), (3, 31, "1.40")):
        ledger.rate(month, last, rate)
    terms = Financing(kind="advance", rate_percent=Decimal(12), until=date(2024, 3, 1))
    opened(ledger, point("asset"), price=1000_00, financing=terms)
    bill(ledger, "i1", 1, 1, 1000_00, "1.10")
    ledger.run(1, 31)
    ledger.run(2, 29)

    # 10.00 a month.
    assert ledger.moved("interest-expense") == {"2024-01": 12_00, "2024-02": 13_00}
    assert ledger.stands("contract-liability") == -1125_00
    satisfied(ledger, 3, 1, "asset")
    ledger.run(3, 31)
    assert ledger.moved("revenue") == {"2024-03": -1125_00}
    assert ledger.stands("contract-liability") == 0
    assert balanced(ledger)


def test_what_is_owed_back_is_told_anew_and_what_goes_back_no_more_is_earned_as_it_stands() -> None:
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.20"), (2, 29, "1.00"), (3, 31, "1.00")):
        ledger.rate(month, last, rate)
    expected = VariableAmount(name="price", stated_minor=100_00, estimate_minor=40_00)
    opened(ledger, point("drug"), variable=(expected,))
    bill(ledger, "i1", 1, 10, 100_00, "1.10")
    satisfied(ledger, 1, 15, "drug")
    ledger.run(1, 31)

    assert ledger.moved("revenue") == {"2024-01": -44_00}
    assert ledger.stands("refund-liability") == -72_00
    ledger.run(2, 29)
    assert ledger.stands("refund-liability") == -60_00

    more = VariableAmount(name="price", stated_minor=100_00, estimate_minor=70_00)
    ledger.say("contract:k", PriceEstimated(when=day(3, 5), variable=(more,)))
    ledger.run(3, 31)
    assert ledger.moved("revenue") == {"2024-01": -44_00, "2024-03": -30_00}
    assert ledger.stands("refund-liability") == -30_00
    # 100.00 of the claim and 60.00 of the debt were at 1.10, and are worth 1.00.
    assert ledger.stands("currency-exchange") == 10_00 - 6_00
    assert balanced(ledger)


def test_what_is_no_money_has_the_rate_of_the_day_it_came() -> None:
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20")):
        ledger.rate(month, last, rate)
    shares = NonCash(name="shares", quantity=Decimal(10), unit_value=Decimal(10))
    opened(ledger, point("licence", 1), non_cash=(shares,))
    came = NonCashReceived(when=day(1, 31), name="shares", quantity=Decimal(10))
    ledger.say("contract:k", came)
    ledger.run(1, 31)
    satisfied(ledger, 2, 29, "licence")
    ledger.run(2, 29)

    assert ledger.stands("non-cash-clearing") == 110_00
    assert ledger.stands("revenue") == -110_00
    assert ledger.stands("contract-liability") == 0
    assert balanced(ledger)
