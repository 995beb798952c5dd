"""Debts in another currency than the entity's, and money argued about: told anew until they go."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import structs

from domain.accounting.curves import At, Curve, total
from domain.calendar import Calendar, months
from domain.chargeback_facts import ChargebackLost, ChargebackOpened, ChargebackWon
from domain.contract_facts import (
    ContractOpened,
    Obligation,
    ObligationSatisfied,
    PriceEstimated,
    VariableAmount,
)
from domain.due import due
from domain.explain import Step
from domain.facts import Event, When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.journal import Balances, Slot
from domain.payment_facts import PaymentFailed, PaymentFeeCharged, PaymentReceived, PaymentRefunded
from domain.policy import Options
from tests.domain.test_foreign_currency import Ledger, balanced, day


def gained(ledger: Ledger, booked: str) -> dict[str, int]:
    """By the account that gained or lost, of one period."""
    found: dict[str, int] = {}
    for entry in ledger.books.entries:
        for line in entry.lines if entry.booked == booked else ():
            if line.slot.kind == "exchange" and line.slot.account != "currency-exchange":
                account = line.slot.account
                found[account] = found.get(account, 0) + line.functional_minor
    return {account: worth for account, worth in found.items() if worth}


def returns(stated: int, percent: str) -> VariableAmount:
    return VariableAmount(
        name="returns",
        stated_minor=stated,
        conceded_percent=Decimal(percent),
        obligations=("goods",),
    )


def goods_that_may_come_back() -> Ledger:
    """EUR 10,000.00 billed at 1.10, of which 300.00 are expected to go back; 1.20 in February."""
    ledger = Ledger()
    for month, last, rate in ((1, 15, "1.10"), (2, 29, "1.20"), (3, 31, "1.30")):
        ledger.rate(month, last, rate)
    ledger.rate(1, 31, "1.10")
    goods = Obligation(obligation="goods", pattern="point-in-time")
    opened = ContractOpened(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=0,
        obligations=(goods,),
        variable=(returns(10_000_00, "3"),),
    )
    ledger.say("contract:k", opened)
    ledger.say("contract:k", ObligationSatisfied(when=day(1, 15), obligation="goods"))
    ledger.bill("i1", day(1, 15), 10_000_00, "1.10")
    ledger.run(1, 31)
    ledger.run(2, 29)
    return ledger


def test_what_is_expected_to_go_back_is_owed_in_money_and_told_anew() -> None:
    """ASC 830-10-45-17, IAS 21.23(a): 9,700.00 are kept and gain 970.00 by the end of February."""
    ledger = goods_that_may_come_back()

    assert ledger.moved("revenue") == {"2024-01": -10_670_00}
    assert ledger.moved("refund-liability") == {"2024-01": -330_00, "2024-02": -30_00}
    assert ledger.moved("accounts-receivable") == {"2024-01": 11_000_00, "2024-02": 1_000_00}
    assert ledger.moved("currency-exchange") == {"2024-02": -970_00}
    assert balanced(ledger)


def test_what_goes_back_takes_away_what_it_was_told_beyond_its_cost() -> None:
    """The credit note has the rate of its invoice, so neither side gains by it."""
    ledger = goods_that_may_come_back()
    ledger.say(
        "invoice:i1",
        CreditIssued(
            when=day(3, 10),
            number="CN-1",
            lines=(CreditLine(line="1", amount_minor=300_00),),
            purpose="correction",
            treatment="as-if-never",
        ),
    )
    ledger.say("contract:k", PriceEstimated(when=day(3, 10), variable=(returns(9_700_00, "0"),)))
    ledger.run(3, 31)

    assert ledger.stands("refund-liability", minor=True) == 0
    assert ledger.moved("refund-liability") == {
        "2024-01": -330_00,
        "2024-02": -30_00,
        "2024-03": 360_00,
    }
    assert ledger.stands("accounts-receivable") == 12_610_00
    assert gained(ledger, "2024-03") == {"refund-liability": 30_00, "accounts-receivable": 940_00}
    assert ledger.stands("contract-liability") == 0
    assert ledger.stands("revenue") == -10_670_00
    assert balanced(ledger)


def _year_that_may_be_left(ledger: Ledger) -> None:
    """EUR 366.00 for 2024, all billed on its first day at 1.10; what is not bound goes back."""
    year = date(2024, 1, 1), date(2025, 1, 1)
    goods = Obligation(obligation="goods", service_from=year[0], service_to=year[1])
    opened = ContractOpened(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=366_00,
        obligations=(goods,),
        cancellable_days=30,
        refundable=True,
    )
    ledger.say("contract:k", opened)
    ledger.bill("i1", day(1, 1), 366_00, "1.10")


def test_a_void_of_a_later_day_leaves_nothing_owed_back_in_either_currency() -> None:
    """The run through January posts it in March already, with all that goes along."""
    ledger = Ledger()
    for last, rate in ((1, "1.10"), (31, "1.20")):
        ledger.rate(1, last, rate)
    _year_that_may_be_left(ledger)
    ledger.say("invoice:i1", InvoiceVoided(when=day(3, 10), treatment="as-if-never"))
    ledger.run(1, 31)

    # January and February bind, 305.00 are owed back; 30.50 are earned.
    assert ledger.moved("refund-liability") == {"2024-01": -366_00, "2024-03": 366_00}
    assert ledger.moved("unbilled-receivable") == {"2024-03": 33_55}
    for account in ("refund-liability", "contract-liability", "currency-exchange"):
        assert ledger.stands(account) == 0
    assert ledger.stands("revenue") == -33_55
    assert balanced(ledger)


def test_inside_a_period_what_goes_back_by_a_document_of_it_is_worth_what_is_posted() -> None:
    """A void of 20 January is posted with all that goes along when time has come to the 15th."""
    ledger = Ledger()
    for last, rate in ((1, "1.10"), (15, "1.20")):
        ledger.rate(1, last, rate)
    _year_that_may_be_left(ledger)
    ledger.say("invoice:i1", InvoiceVoided(when=day(1, 20), treatment="as-if-never"))
    ledger.run(1, 15)

    for account in ("refund-liability", "accounts-receivable"):
        assert (ledger.stands(account), ledger.stands(account, minor=True)) == (0, 0)
    assert balanced(ledger)


def test_what_waits_to_be_receivable_is_why_more_is_gained_on_the_rest() -> None:
    """EUR 20.00 of tax at 1.10 are all that is receivable of 120.00 when 50.00 come in at 1.20; the
    other 30.00 settle what is receivable in February.
    """
    ledger = Ledger()
    ledger.rate(1, 1, "1.10")
    goods = Obligation(obligation="goods", pattern="point-in-time")
    opened = ContractOpened(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=100_00,
        obligations=(goods,),
        cancellable_days=30,
    )
    ledger.say("contract:k", opened)
    line = InvoiceLine(line="1", amount_minor=100_00, contract="k", obligation="goods")
    later = structs.replace(line, service_from=date(2024, 2, 1), service_to=date(2024, 3, 1))
    ledger.issue(
        "i1", day(1, 1), later, "1.10", InvoiceLine(line="2", amount_minor=20_00, kind="tax")
    )
    ledger.pay(50_00, day(1, 15), rate="1.20")

    (deal,) = (one.position for one in ledger.books.facts if one.stream == "contract:k")
    schedule = ledger.measured("customer:c1:EUR", date(2024, 1, 30))
    realised = [flow for flow in schedule.flows if flow.subject == "i1:realised"]
    assert [total(flow.functional) for flow in realised if flow.functional] == [2_00, 3_00]
    assert all(deal in flow.causes for flow in realised)


def charged_back() -> Ledger:
    """EUR 100.00 billed at 1.10 and paid at 1.20, taken back at 1.30; March ends at 1.40."""
    ledger = Ledger()
    rates = ((1, 31, "1.10"), (2, 29, "1.20"), (3, 10, "1.30"), (3, 31, "1.40"), (4, 10, "1.50"))
    for month, last, rate in (*rates, (4, 30, "1.40")):
        ledger.rate(month, last, rate)
    ledger.bill_once("i1", day(1, 1), 100_00, "1.10")
    ledger.pay(100_00, day(2, 1), rate="1.20")
    opened = ChargebackOpened(
        when=day(3, 10), chargeback="cb", amount_minor=100_00, fee_minor=10_00
    )
    ledger.say("payment:p1", opened)
    ledger.run(2, 29)
    ledger.run(3, 31)
    return ledger


def test_money_taken_back_leaves_at_its_own_day_and_is_a_claim_until_it_is_decided() -> None:
    """130.00 leave the bank and 13.00 of fees; the receivable, the claim on the bank and what would
    be the customer's are 140.00 each by the end of March.
    """
    ledger = charged_back()

    assert ledger.moved("cash-clearing") == {"2024-02": 120_00, "2024-03": -143_00}
    assert ledger.moved("bank-fees") == {"2024-03": 13_00}
    assert ledger.moved("disputed-cash") == {"2024-03": 140_00}
    assert ledger.stands("unapplied-cash") == -140_00
    assert ledger.stands("accounts-receivable") == 140_00
    assert gained(ledger, "2024-03") == {
        # 140.00 - 110.00, less the 10.00 that the payment had realised and that come back.
        "accounts-receivable": 30_00 - 10_00,
        "disputed-cash": 10_00,
        "unapplied-cash": -20_00,
    }
    assert balanced(ledger)


def test_money_that_is_lost_settles_what_would_be_the_customers() -> None:
    """120.00 came and 130.00 went: 10.00 are lost by exchange, and the receivable is open."""
    ledger = charged_back()
    ledger.say("payment:p1", ChargebackLost(when=day(4, 10), chargeback="cb"))
    ledger.run(4, 30)

    for account in ("disputed-cash", "unapplied-cash"):
        assert (ledger.stands(account), ledger.stands(account, minor=True)) == (0, 0)
    assert gained(ledger, "2024-04") == {"disputed-cash": -10_00, "unapplied-cash": 20_00 - 10_00}
    assert ledger.by_rule("2024-04") == {
        "exchange-realised@1": -10_00,
        "exchange-unrealised@1": 10_00,
    }
    assert ledger.stands("accounts-receivable") == 140_00
    assert balanced(ledger)


def test_money_that_comes_back_does_so_at_its_own_day() -> None:
    """130.00 went and 150.00 come: 20.00 are gained, and the invoice is paid again at 1.20."""
    ledger = charged_back()
    ledger.say("payment:p1", ChargebackWon(when=day(4, 10), chargeback="cb"))
    ledger.run(4, 30)

    assert ledger.moved("cash-clearing")["2024-04"] == 150_00
    for account in ("disputed-cash", "unapplied-cash", "accounts-receivable"):
        assert (ledger.stands(account), ledger.stands(account, minor=True)) == (0, 0)
    # Cash is 127.00 beside 110.00 of revenue and 13.00 of fees.
    assert ledger.stands("currency-exchange") == -(120_00 - 110_00) - (150_00 - 130_00)
    assert balanced(ledger)


def test_a_fee_that_is_charged_later_has_the_rate_of_its_day() -> None:
    ledger = Ledger(Options(remeasure="realised-only"))
    ledger.rate(2, 20, "1.30")
    ledger.bill_once("i1", day(1, 1), 100_00, "1.10")
    ledger.pay(100_00, day(2, 1), rate="1.20")
    ledger.say("payment:p1", PaymentFeeCharged(when=day(2, 1), amount_minor=2_00))
    ledger.say("payment:p1", PaymentFeeCharged(when=day(2, 20), amount_minor=1_00))
    ledger.run(2, 29)

    assert ledger.stands("bank-fees") == 2_40 + 1_30
    assert balanced(ledger)


def test_credit_that_an_invoice_carries_is_owed_until_another_uses_it() -> None:
    """EUR 40.00 are carried at 1.10, told at 1.20 and used at 1.30 by an invoice of 100.00."""
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.30")):
        ledger.rate(month, last, rate)
    for name, when, sold, credit in (
        ("i1", day(1, 31), -40_00, 40_00),
        ("i2", day(3, 31), 100_00, -40_00),
    ):
        event = InvoiceIssued(
            when=when,
            customer="c1",
            currency="EUR",
            number=name,
            due_on=when.effective,
            lines=(
                InvoiceLine(line="1", amount_minor=sold, kind="one-off"),
                InvoiceLine(line="2", amount_minor=credit, kind="credit"),
            ),
        )
        ledger.say(f"invoice:{name}", event)
    ledger.run(2, 29)
    ledger.run(3, 31)

    assert ledger.moved("customer-credit") == {
        "2024-01": -44_00,
        "2024-02": -4_00,
        "2024-03": 48_00,
    }
    assert ledger.by_rule("2024-03") == {
        "exchange-realised@1": -8_00,
        "exchange-unrealised@1": 4_00,
    }
    assert ledger.stands("accounts-receivable") == 78_00
    assert balanced(ledger)


def test_an_invoice_that_takes_an_advance_may_state_its_rate() -> None:
    """EUR 100.00 come at 1.10 for a contract and are billed at 1.30: revenue is 110.00, no more
    (IFRIC 22.8), and nothing is gained.
    """
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.30")):
        ledger.rate(month, last, rate)
    goods = Obligation(obligation="goods", ssp_minor=100_00, pattern="point-in-time")
    opened = ContractOpened(
        when=day(1, 1), customer="c1", currency="EUR", price_minor=100_00, obligations=(goods,)
    )
    ledger.say("contract:k", opened)
    received = PaymentReceived(
        when=When(effective=date(2024, 1, 31)),
        customer="c1",
        currency="EUR",
        amount_minor=100_00,
        contract="k",
    )
    ledger.say("payment:p1", received)
    ledger.run(2, 29)
    assert ledger.stands("contract-liability") == -110_00

    ledger.bill("i1", day(3, 31), 100_00, "1.10")
    ledger.say("contract:k", ObligationSatisfied(when=day(3, 31), obligation="goods"))
    ledger.run(3, 31)

    assert ledger.stands("revenue") == -110_00
    assert ledger.stands("contract-liability") == 0
    assert ledger.stands("currency-exchange") == 0
    assert balanced(ledger)


def an_advance(minor: int, back: Event) -> Ledger:
    """EUR come at 1.10 for a contract; some of them go back on a day at 1.30."""
    ledger = Ledger()
    rates = (1, 15, "1.10"), (1, 31, "1.10"), (2, 29, "1.20"), (3, 10, "1.30"), (3, 31, "1.30")
    for month, last, rate in rates:
        ledger.rate(month, last, rate)
    opened = ContractOpened(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=100_00,
        obligations=(Obligation(obligation="goods", pattern="point-in-time"),),
    )
    ledger.say("contract:k", opened)
    received = PaymentReceived(
        when=day(1, 31), customer="c1", currency="EUR", amount_minor=minor, contract="k"
    )
    ledger.say("payment:p1", received)
    ledger.say("payment:p1", back)
    return ledger


def paid_beside(ledger: Ledger) -> None:
    """Money that came before the advance pays an invoice of the day on which that goes back."""
    ledger.pay(50_00, day(1, 15), name="other")
    ledger.bill_once("i1", day(3, 10), 50_00, "1.30")


def _of_the_advance(ledger: Ledger) -> list[tuple[str, Curve, Curve | None, tuple[Step, ...]]]:
    flows = ledger.measured("customer:c1:EUR", date(2024, 3, 31)).flows
    mine = [flow for flow in flows if flow.document == "p1"]
    return [(one.kind, one.curve, one.functional, one.steps) for one in mine]


def _on_its_day(steps: tuple[Step, ...]) -> list[str]:
    """What moved in the place of the money on the day on which it goes back."""
    told = (step.what.partition("unapplied-cash p1: ")[2] for step in steps)
    return [what.removesuffix(" on 2024-03-10") for what in told if what.endswith("2024-03-10")]


def test_what_other_money_does_on_the_day_orders_nothing_of_an_advance_that_goes_back() -> None:
    """Law 8: it is an advance no more before it is paid out, whatever is paid and billed beside."""
    ledger = an_advance(100_00, PaymentRefunded(when=day(3, 10), amount_minor=40_00))
    alone = _of_the_advance(ledger)
    paid_beside(ledger)

    assert _of_the_advance(ledger) == alone
    back, paid_out = [
        [one for one in alone if one[0] == kind][-1] for kind in ("advance", "refund")
    ]
    assert back[1:3] == (At(date(2024, 3, 10), -40_00), At(date(2024, 3, 10), -44_00))
    assert _on_its_day(paid_out[3]) == ["advance", "refund"]


def test_money_that_fails_takes_its_part_of_the_cost_whatever_other_money_pays() -> None:
    """EUR 0.05 cost 0.06, so 0.03 of them cost 0.04, and nothing is gained."""
    ledger = an_advance(5, PaymentFailed(when=day(3, 10), amount_minor=3))
    paid_beside(ledger)

    last = date(2024, 3, 10)
    assert [one[:3] for one in _of_the_advance(ledger) if one[0] != "application"] == [
        ("receipt", At(date(2024, 1, 31), 5), At(date(2024, 1, 31), 6)),
        ("failure", At(last, -3), At(last, -4)),
        ("advance", At(date(2024, 1, 31), 5), At(date(2024, 1, 31), 6)),
        ("advance", At(last, -3), At(last, -4)),
    ]


def test_what_an_invoice_takes_of_an_advance_is_paid_before_it_is_an_advance_no_more() -> None:
    """What the same money does on the day is its cause, so it comes in its order."""
    ledger = an_advance(100_00, PaymentRefunded(when=day(3, 10), amount_minor=40_00))
    ledger.bill("i1", day(3, 10), 60_00, "1.30")

    back = [one for one in _of_the_advance(ledger) if one[0] == "advance"][-1]
    assert back[1:3] == (At(date(2024, 3, 10), -100_00), At(date(2024, 3, 10), -110_00))
    assert _on_its_day(back[3]) == ["refund", "application", "advance"]


def test_a_cut_from_the_end_of_any_period_on_leaves_what_is_due_after_it() -> None:
    """What is presented is told as it was at that end, or all of it would be told again."""
    ledger = Ledger()
    for month, last, rate in ((1, 31, "1.10"), (2, 29, "1.20"), (3, 31, "1.30")):
        ledger.rate(month, last, rate)
    parts = [Obligation(obligation=part, pattern="point-in-time", ssp_minor=50_00) for part in "ab"]
    opened = ContractOpened(
        when=day(1, 1),
        customer="c1",
        currency="EUR",
        price_minor=100_00,
        obligations=tuple(parts),
    )
    ledger.say("contract:k", opened)
    ledger.say("contract:k", ObligationSatisfied(when=day(1, 15), obligation="a"))
    ledger.say("contract:k", ObligationSatisfied(when=day(2, 15), obligation="b"))
    line = InvoiceLine(line="1", amount_minor=80_00, contract="k", kind="one-off")
    ledger.issue("i1", day(3, 20), line, "1.25")
    schedule, calendar = ledger.measured("contract:k", date(2024, 3, 31)), months_of_2024()
    whole = due(schedule, date(2024, 3, 31), calendar)

    for edge in (date(2024, 1, 31), date(2024, 2, 29)):
        cut = due(schedule, date(2024, 3, 31), calendar, edge)
        assert amounts(cut) == {
            slot: both for slot, both in amounts(whole).items() if slot.earned > edge
        }


def months_of_2024() -> Calendar:
    return Calendar(months(date(2024, 1, 1), 12))


def amounts(balances: Balances) -> dict[Slot, tuple[int, int]]:
    both = ((slot, (row.minor, row.functional_minor)) for slot, row in balances.items())
    return {slot: found for slot, found in both if any(found)}


def test_what_is_valued_inside_a_period_is_measured_again_when_it_is_over() -> None:
    """However often a run looks, what is kept is what measuring at the end alone gives."""
    ledger = Ledger()
    for month, last, rate in ((1, 15, "1.10"), (1, 31, "1.20")):
        ledger.rate(month, last, rate)
    ledger.bill("i1", day(1, 2), 100_00, "1.10")
    goods = Obligation(obligation="goods", ssp_minor=100_00, pattern="point-in-time")
    opened = ContractOpened(
        when=day(1, 1), customer="c1", currency="EUR", price_minor=100_00, obligations=(goods,)
    )
    ledger.say("contract:k", opened)
    ledger.say("contract:k", ObligationSatisfied(when=day(1, 10), obligation="goods"))

    assert ledger.measured("contract:k", date(2024, 1, 15)).valued_to == date(2024, 1, 15)
    assert ledger.measured("contract:k", date(2024, 1, 31)).valued_to is None
