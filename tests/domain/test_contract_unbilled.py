"""A stated contract that ends, and what of it is owed: all of its price, or what was billed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec import structs

from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    CustomerPaymentPromised,
    Financing,
    NonCash,
    NonCashReceived,
    PriceConceded,
    PriceEstimated,
    VariableAmount,
)
from domain.facts import Event
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceVoided
from tests.domain.contracting import (
    SERVICE,
    YEAR,
    balance,
    billed,
    by_month,
    causes,
    even,
    on,
    opened,
    point,
    revenue,
    satisfied,
    scheduled,
    steps,
)

ENDS = ContractTerminated(when=on("2024-07-01"), owed="billed")
NOT_OWED = "not owed any more, as it is not billed"
DEAL = opened("2024-01-01", SERVICE)
ACCOUNTS = (
    "contract-liability",
    "contract-asset",
    "unbilled-receivable",
    "refund-liability",
)


def credited(day: str, minor: int, **how: object) -> CreditIssued:
    said = {"treatment": "from-now", "purpose": "correction", **how}
    return CreditIssued(
        when=on(day),
        number=f"C{day}",
        lines=(CreditLine(line="1", amount_minor=minor),),
        **said,  # type: ignore[arg-type]
    )


def stands(*events: Event, day: str = "2025-12-31") -> dict[str, int]:
    schedule = scheduled(*events)
    found = {name: balance(schedule, name, day) for name in ACCOUNTS}
    return {name: minor for name, minor in found.items() if minor}


def test_all_of_it_is_owed_unless_something_else_is_said() -> None:
    ended = ContractTerminated(when=on("2024-07-01"))
    schedule = scheduled(DEAL, billed("2024-01-01", 900_00), ended)

    assert by_month(schedule, "2024-06-01", 3) == [100_00, 600_00, 0]
    assert balance(schedule, "unbilled-receivable", "2024-12-31") == 300_00


def test_what_was_not_billed_by_the_end_is_neither_revenue_nor_receivable() -> None:
    facts = (DEAL, billed("2024-01-01", 900_00), ENDS)
    schedule = scheduled(*facts)

    assert by_month(schedule, "2024-06-01", 3) == [100_00, 300_00, 0]
    assert stands(*facts) == {}
    assert steps(schedule, "service")[NOT_OWED] == "300.00"
    assert steps(schedule, "service")["billed by I1 of 2024-01-01"] == "900.00"
    assert causes(schedule, "service", "2024-07-01") == (1, 2, 3)
    prices = [memo.curve for memo in schedule.memos if memo.kind == "promised"]
    assert prices[0].marks[-1][1] == 900_00  # type: ignore[union-attr]


def test_what_was_earned_and_is_not_owed_is_taken_back() -> None:
    facts = (DEAL, billed("2024-01-01", 400_00), ENDS)

    assert by_month(scheduled(*facts), "2024-06-01", 3) == [100_00, -200_00, 0]
    assert stands(*facts) == {}


def test_without_a_document_nothing_is_owed_and_above_the_price_nothing_is_kept() -> None:
    assert revenue(scheduled(DEAL, ENDS), "2024-01-01", "2024-12-31") == 0
    assert stands(DEAL, billed("2024-01-01", 1500_00), ENDS) == {"refund-liability": -300_00}


def test_a_last_bill_after_the_end_is_owed_on_its_day() -> None:
    facts = (DEAL, billed("2024-01-01", 400_00), ENDS, billed("2024-08-15", 300_00, 2))
    schedule = scheduled(*facts)

    assert by_month(schedule, "2024-06-01", 4) == [100_00, -200_00, 300_00, 0]
    assert stands(*facts) == {}
    assert causes(schedule, "service", "2024-08-15") == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("treatment", "months"),
    [("from-now", [100_00, 300_00, 0, -250_00]), ("as-if-never", [100_00, 50_00, 0, 0])],
)
def test_what_is_credited_of_a_bill_is_not_owed(treatment: str, months: list[int]) -> None:
    facts = (
        DEAL,
        billed("2024-01-01", 900_00),
        credited("2024-09-01", 250_00, treatment=treatment),
        ENDS,
    )

    assert by_month(scheduled(*facts), "2024-06-01", 4) == months
    assert stands(*facts) == {}


def test_explained_what_is_credited_is_less_than_what_was_billed() -> None:
    facts = (DEAL, billed("2024-01-01", 900_00), credited("2024-09-01", 250_00), ENDS)

    found = steps(scheduled(*facts), "service")
    assert found["C2024-09-01 of I1, 2024-09-01"] == "-250.00"


def test_a_bill_that_is_void_was_not_billed() -> None:
    void = InvoiceVoided(when=on("2024-10-01"), treatment="from-now")
    facts = (DEAL, billed("2024-01-01", 900_00), void, ENDS)

    assert by_month(scheduled(*facts), "2024-06-01", 5) == [100_00, 300_00, 0, 0, -900_00]
    assert stands(*facts) == {}


def test_a_concession_lowers_the_price_by_itself() -> None:
    granted = credited("2024-06-15", 50_00, purpose="concession")
    facts = (DEAL, billed("2024-01-01", 900_00), granted, ENDS)

    assert by_month(scheduled(*facts), "2024-05-01", 3) == [100_00, 50_00, 300_00]
    assert stands(*facts) == {}


def test_it_is_borne_by_what_had_something_left_then_by_what_was_done() -> None:
    rows = (even("a", *YEAR, price_minor=1200_00), point("b", price_minor=600_00))
    deal = opened("2024-01-01", *rows)
    done = satisfied("2024-03-01", "b")
    most = scheduled(deal, done, billed("2024-01-01", 1500_00), ENDS)
    few = scheduled(deal, done, billed("2024-01-01", 300_00), ENDS)

    assert by_month(most, "2024-06-01", 2, "a") == [100_00, 300_00]
    assert by_month(most, "2024-06-01", 2, "b") == [0, 0]
    # 1,500.00 are not billed: 600.00 were left, and 900.00 go halves with what each had earned.
    assert by_month(few, "2024-06-01", 2, "a") == [100_00, -450_00]
    assert by_month(few, "2024-06-01", 2, "b") == [0, -450_00]


def test_what_had_nothing_left_bears_nothing_of_what_others_have_left() -> None:
    """600.00 are not billed, as much as is left of one of the two."""
    rows = (even("a", *YEAR, price_minor=1200_00), point("b", price_minor=600_00))
    done = satisfied("2024-03-01", "b")
    schedule = scheduled(opened("2024-01-01", *rows), done, billed("2024-01-01", 1200_00), ENDS)

    assert by_month(schedule, "2024-07-01", 1, "a") == [0]
    assert by_month(schedule, "2024-03-01", 6, "b") == [600_00, 0, 0, 0, 0, 0]


def test_what_was_not_begun_bears_no_more_than_its_price() -> None:
    """Nothing was billed: 700.00 were left, and 1,200.00 go halves with what two had earned."""
    rows = (
        even("a", *YEAR, price_minor=1200_00),
        point("b", price_minor=600_00),
        point("c", price_minor=100_00),
    )
    schedule = scheduled(opened("2024-01-01", *rows), satisfied("2024-03-01", "b"), ENDS)

    assert [revenue(schedule, *YEAR, name) for name in ("a", "b", "c")] == [0, 0, 0]


def test_what_is_free_bears_nothing_of_a_price_that_is_not_billed() -> None:
    """All was billed; 2,400.00 more, agreed after the end, never were."""
    rows = (even("a", *YEAR, price_minor=1200_00), point("gift", price_minor=0))
    more = ContractModified(when=on("2024-08-01"), price_change_minor=2400_00)
    schedule = scheduled(opened("2024-01-01", *rows), billed("2024-01-01", 1200_00), ENDS, more)

    assert by_month(schedule, "2024-07-01", 2, "a") == [600_00, 0]
    assert by_month(schedule, "2024-07-01", 2, "gift") == [0, 0]


def test_once_all_was_billed_a_later_price_is_borne_by_prices() -> None:
    """Of two at 1,200.00 600.00 and 400.00 were left and not billed; then they were. Of a bonus of
    240.00, which is not billed, each bears the half that it has of it.
    """
    rows = (
        even("a", *YEAR, price_minor=1200_00),
        even("b", "2024-01-01", "2024-10-01", price_minor=1200_00),
    )
    none = VariableAmount(name="bonus", estimate_minor=0)
    some = VariableAmount(name="bonus", estimate_minor=240_00)
    schedule = scheduled(
        opened("2024-01-01", *rows, variable=(none,)),
        billed("2024-01-01", 1400_00),
        ENDS,
        billed("2024-08-01", 1000_00, 2),
        PriceEstimated(when=on("2024-09-01"), variable=(some,)),
    )

    assert by_month(schedule, "2024-07-01", 3, "a") == [0, 600_00, 0]
    assert by_month(schedule, "2024-07-01", 3, "b") == [0, 400_00, 0]


def test_what_is_said_of_the_price_after_the_end_counts_when_documents_follow() -> None:
    later: tuple[Event, ...] = (
        ContractModified(when=on("2024-08-01"), price_change_minor=80_00),
        PriceConceded(when=on("2024-09-01"), obligation="service", amount_minor=30_00),
    )
    facts = (DEAL, billed("2024-01-01", 900_00), ENDS, *later)
    schedule = scheduled(*facts, billed("2024-10-01", 500_00, 2))

    assert by_month(scheduled(*facts), "2024-07-01", 4) == [300_00, 0, 0, 0]
    # 1,200.00 + 80.00 - 30.00 in all, of which 900.00 were billed before.
    assert by_month(schedule, "2024-07-01", 4) == [300_00, 0, 0, 350_00]


def test_what_is_held_of_an_estimate_is_owed_no_more_than_what_was_billed() -> None:
    price = VariableAmount(name="price", stated_minor=1200_00, estimate_minor=600_00)
    facts = (
        opened("2024-01-01", even("care", *YEAR), variable=(price,)),
        billed("2024-01-01", 400_00),
        ENDS,
    )
    schedule = scheduled(*facts)

    assert by_month(schedule, "2024-06-01", 2) == [50_00, -100_00]
    assert balance(schedule, "refund-liability", "2024-07-31") == -200_00
    last = scheduled(*facts, billed("2024-08-01", 100_00, 2))
    assert by_month(last, "2024-08-01", 1) == [50_00]
    assert balance(last, "refund-liability", "2024-08-31") == -250_00
    assert stands(*facts) == {"refund-liability": -200_00}


def test_what_others_get_is_owed_as_far_as_it_was_billed() -> None:
    sale = even("hotel", *YEAR, price_minor=1200_00, presented="net", others_share_minor=900_00)
    facts = (opened("2024-01-01", sale), billed("2024-01-01", 600_00), ENDS)
    schedule = scheduled(*facts)

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 150_00
    assert balance(schedule, "partner-payable", "2024-12-31") == -450_00
    assert stands(*facts) == {}


@pytest.mark.parametrize(
    "terms",
    [
        Financing(kind="advance", rate_percent=Decimal(6), until=on("2026-01-01").effective),
        Financing(
            kind="arrears",
            rate_percent=Decimal(12),
            stated_rate_percent=Decimal(4),
            instalments=24,
        ),
    ],
)
def test_interest_that_is_borne_is_billed_or_paid_with_the_price(terms: Financing) -> None:
    facts = (
        opened(
            "2024-01-01",
            even("thing", "2024-01-01", "2026-01-01"),
            price_minor=2400_00,
            financing=terms,
        ),
        billed("2024-01-01", 700_00),
        ENDS,
    )

    assert stands(*facts, day="2026-12-31") == {}


def test_what_was_given_that_is_no_money_counts_as_what_was_billed() -> None:
    shares = NonCash(name="shares", quantity=Decimal(30), unit_value=Decimal(10))
    came = NonCashReceived(when=on("2024-02-01"), name="shares", quantity=Decimal(20))
    rest = NonCashReceived(when=on("2024-09-01"), name="shares", quantity=Decimal(10))
    deal = opened("2024-01-01", even("service", *YEAR), price_minor=900_00, non_cash=(shares,))
    facts = (deal, came, billed("2024-01-01", 400_00), ENDS)

    assert revenue(scheduled(*facts), "2024-01-01", "2024-12-31") == 600_00
    assert stands(*facts) == {}
    assert revenue(scheduled(*facts, rest), "2024-01-01", "2024-12-31") == 700_00


def test_one_minor_unit_that_was_given_counts() -> None:
    share = NonCash(name="share", quantity=Decimal(1), unit_value=Decimal("0.01"))
    came = NonCashReceived(when=on("2024-02-01"), name="share", quantity=Decimal(1))
    deal = opened("2024-01-01", even("service", *YEAR), price_minor=900_00, non_cash=(share,))
    facts = (deal, came, billed("2024-01-01", 400_00), ENDS)

    assert revenue(scheduled(*facts), "2024-01-01", "2024-12-31") == 400_01
    assert stands(*facts) == {}


def test_what_is_payable_to_the_customer_is_billed_to_it_none_the_less() -> None:
    paid = CustomerPaymentPromised(when=on("2024-03-01"), amount_minor=120_00)
    facts = (DEAL, paid, billed("2024-01-01", 1000_00), ENDS)

    assert revenue(scheduled(*facts), "2024-01-01", "2024-12-31") == 880_00
    assert stands(*facts) == {}


def test_what_is_priced_by_itself_is_owed_as_it_was_done() -> None:
    support = even("support", *YEAR, pattern="as-invoiced")
    deal = opened("2024-01-01", support, SERVICE)
    bill = billed("2024-02-01", 70_00)
    named = structs.replace(bill.lines[0], obligation="support")
    facts = (deal, structs.replace(bill, lines=(named,)), billed("2024-03-01", 500_00, 2), ENDS)
    more = ContractModified(when=on("2024-08-01"), price_change_minor=80_00)
    alone = scheduled(opened("2024-01-01", support), facts[1], ENDS, more)

    assert revenue(alone, "2024-01-01", "2024-12-31") == 150_00
    for said in (facts, (*facts, more)):
        schedule = scheduled(*said)
        assert (
            revenue(schedule, "2024-01-01", "2024-12-31", "support")
            + revenue(schedule, "2024-01-01", "2024-12-31", "service")
            == 570_00
        )
        assert stands(*said) == {}


def test_an_estimate_after_the_end_waits_for_its_bill() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=0)
    more = PriceEstimated(
        when=on("2024-09-01"), variable=(VariableAmount(name="bonus", estimate_minor=70_00),)
    )
    facts = (opened("2024-01-01", SERVICE, variable=(bonus,)), billed("2024-01-01", 900_00), ENDS)

    assert by_month(scheduled(*facts, more), "2024-07-01", 4) == [300_00, 0, 0, 0]
    assert by_month(scheduled(*facts, more, billed("2024-10-01", 70_00, 2)), "2024-07-01", 4) == [
        300_00,
        0,
        0,
        70_00,
    ]


def test_what_is_billed_and_what_is_said_of_the_price_on_one_day_count_together() -> None:
    """300.00 were not billed. Then 200.00 are, of a price that is 70.00 higher: 170.00 are not."""
    bonus = VariableAmount(name="bonus", estimate_minor=0)
    more = VariableAmount(name="bonus", estimate_minor=70_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(bonus,)),
        billed("2024-01-01", 900_00),
        ENDS,
        billed("2024-09-01", 200_00, 2),
        PriceEstimated(when=on("2024-09-01"), variable=(more,)),
    )

    assert by_month(schedule, "2024-07-01", 3) == [300_00, 0, 200_00]
    told = (step for flow in schedule.flows for step in flow.steps if step.what == NOT_OWED)
    assert {step.value for step in told} == {"300.00", "-130.00"}
