"""What is paid to a customer for what it is to buy: less revenue of that, as it is bought."""

from __future__ import annotations

from decimal import Decimal

from domain.accounting.curves import total
from domain.contract_commands import PromiseCustomerPayment
from domain.contract_facts import (
    BaseReported,
    ContractModified,
    ContractTerminated,
    CustomerPaymentPromised,
    Obligation,
    PriceConceded,
)
from domain.facts import Event
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from tests.domain.contracting import (
    SERVICE,
    balance,
    by_month,
    causes,
    on,
    opened,
    point,
    revenue,
    satisfied,
    scheduled,
    steps,
)
from tests.domain.given import code, decide

STREAM = "contract:k1"
GOODS = Obligation(obligation="goods", pattern="as-invoiced")
SEATS = Obligation(obligation="seats", pattern="units", unit_price=Decimal(100))
ROYALTY = Obligation(obligation="royalty", pattern="percent-of-base", percent_of_base=Decimal(10))
DEAL = opened("2024-01-01", GOODS)


def paid(day: str, minor: int, purchases: int | None, fair: int = 0) -> CustomerPaymentPromised:
    return CustomerPaymentPromised(
        when=on(day), amount_minor=minor, fair_value_minor=fair, purchases_minor=purchases
    )


def bought(day: str, minor: int) -> InvoiceIssued:
    line = InvoiceLine(
        line="1", amount_minor=minor, kind="one-off", contract="k1", obligation="goods"
    )
    return InvoiceIssued(
        when=on(day),
        customer="c1",
        currency="USD",
        number=f"I{day}",
        due_on=on(day).effective,
        lines=(line,),
    )


def months(*said: Event, deal: Event = DEAL) -> list[int]:
    return by_month(scheduled(deal, *said), "2024-01-01", 4)


SLOTTING = paid("2024-01-01", 1_500_00, 15_000_00)


def test_a_tenth_is_taken_of_each_purchase() -> None:
    """Example 32: 1.5 for purchases of 15; the first of 2.0 is earned at 1.8."""
    schedule = scheduled(DEAL, SLOTTING, bought("2024-01-31", 2_000_00))

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 1_800_00
    assert balance(schedule, "customer-payable", "2024-01-31") == -1_500_00
    # What was paid and not used is no receivable.
    assert balance(schedule, "contract-asset", "2024-01-31") == 1_300_00
    assert balance(schedule, "unbilled-receivable", "2024-01-31") == 0
    assert causes(schedule, "goods", "2024-01-31") == (1, 2, 3)
    assert steps(schedule, "goods")["for purchases of"] == "15000.00"


def test_it_takes_no_more_than_all_of_it_however_much_is_bought() -> None:
    said = [bought(f"2024-0{month}-10", 7_000_00) for month in (1, 2, 3)]

    assert months(SLOTTING, *said) == [6_300_00, 6_300_00, 6_900_00, 0]


def test_parts_close_to_the_whole_by_the_cent() -> None:
    odd = paid("2024-01-01", 100, 3_00)
    said = [bought(f"2024-0{month}-10", 1_00) for month in (1, 2, 3)]

    assert months(odd, *said) == [67, 66, 67, 0]


def test_promised_late_it_catches_up_what_was_bought_before() -> None:
    late = paid("2024-03-15", 1_500_00, 15_000_00)

    assert months(bought("2024-01-10", 2_000_00), late, bought("2024-04-01", 1_000_00)) == [
        2_000_00,
        0,
        -200_00,
        900_00,
    ]


def test_what_comes_back_of_it_at_fair_value_takes_nothing() -> None:
    fair = paid("2024-01-01", 1_500_00, 15_000_00, fair=1_000_00)

    assert months(fair, bought("2024-01-10", 3_000_00)) == [2_900_00, 0, 0, 0]
    assert months(paid("2024-01-01", 5, 10, fair=9), bought("2024-01-10", 10)) == [10, 0, 0, 0]


def test_a_credit_gives_its_part_back() -> None:
    sale = bought("2024-01-10", 2_000_00)
    credit = CreditIssued(
        when=on("2024-02-10"),
        number="C1",
        lines=(CreditLine(line="1", amount_minor=500_00),),
        treatment="from-now",
    )

    assert months(SLOTTING, sale, credit) == [1_800_00, -450_00, 0, 0]


def test_what_is_conceded_of_purchases_gives_its_part_back_as_a_credit_does() -> None:
    conceded = PriceConceded(when=on("2024-02-10"), obligation="goods", amount_minor=500_00)

    assert months(SLOTTING, bought("2024-01-10", 2_000_00), conceded) == [1_800_00, -450_00, 0, 0]


def test_a_change_of_the_price_that_nothing_is_left_to_bear_was_bought_by_nobody() -> None:
    """What it is to buy are purchases at their own prices, whichever promise is listed first."""
    done = point("licence", price_minor=100_00)
    said = (
        SLOTTING,
        satisfied("2024-01-05", "licence"),
        satisfied("2024-01-10", "seats", "20"),
        ContractModified(when=on("2024-02-01"), price_change_minor=1_000_00),
        satisfied("2024-03-10", "seats", "10"),
    )

    for promises_of in ((SEATS, done), (done, SEATS)):
        schedule = scheduled(opened("2024-01-01", *promises_of), *said)
        assert by_month(schedule, "2024-01-01", 4) == [1_900_00, 1_000_00, 900_00, 0]
        taken = next(one for one in schedule.flows if one.rule == "payable-over-purchases@1")
        assert 5 not in taken.causes
    more = ContractModified(when=on("2024-02-01"), price_change_minor=1_000_00)
    assert months(SLOTTING, bought("2024-01-10", 2_000_00), more) == [1_800_00, 1_000_00, 0, 0]


def test_everything_that_is_priced_by_itself_counts_together() -> None:
    deal = opened("2024-01-01", SEATS, ROYALTY, SERVICE)
    schedule = scheduled(
        deal,
        SLOTTING,
        satisfied("2024-01-10", "seats", "20"),
        satisfied("2024-01-10", "royalty"),
        BaseReported(when=on("2024-02-29"), obligation="royalty", base_minor=5_000_00),
    )

    assert by_month(schedule, "2024-01-01", 2, "seats") == [1_800_00, 0]
    assert by_month(schedule, "2024-01-01", 2, "royalty") == [0, 450_00]
    assert by_month(schedule, "2024-01-01", 2, "service") == [100_00, 100_00]


def test_what_is_left_when_it_ends_is_taken_then() -> None:
    end = ContractTerminated(when=on("2024-02-10"))

    assert months(SLOTTING, bought("2024-01-10", 2_000_00), end) == [1_800_00, -1_300_00, 0, 0]
    at_once = ContractTerminated(when=on("2024-01-01"))
    assert months(SLOTTING, at_once) == [-1_500_00, 0, 0, 0]


def test_where_nothing_is_priced_by_itself_it_lowers_the_price() -> None:
    deal = opened("2024-01-01", SERVICE)

    assert months(paid("2024-01-01", 120_00, 500_00), deal=deal) == [90_00] * 4


def test_at_the_end_the_last_of_what_is_bought_takes_only_what_nothing_else_took() -> None:
    reported = (
        BaseReported(when=on(day), obligation="royalty", base_minor=5_000_00)
        for day in ("2024-01-20", "2024-02-10")
    )
    schedule = scheduled(
        opened("2024-01-01", SEATS, ROYALTY),
        SLOTTING,
        satisfied("2024-01-10", "seats", "20"),
        *reported,
        ContractTerminated(when=on("2024-03-10")),
    )

    assert by_month(schedule, "2024-01-01", 4, "seats") == [1_800_00, 0, 0, 0]
    # A tenth of 500.00 twice; 1,500.00 less those and the 200.00 of the seats is left.
    assert by_month(schedule, "2024-01-01", 4, "royalty") == [450_00, 450_00, -1_200_00, 0]
    assert causes(schedule, "royalty", "2024-03-10") == (1, 2, 3, 4, 5, 6)
    assert steps(schedule, "royalty")["ended"] == "2024-03-10"


def test_without_an_end_none_is_told_and_nothing_is_ever_taken_at_one() -> None:
    schedule = scheduled(DEAL, SLOTTING, bought("2024-01-10", 2_000_00))

    assert "ended" not in steps(schedule, "goods")
    assert sum(total(flow.curve) for flow in schedule.flows if flow.kind == "release") == 1_800_00


def test_nothing_is_taken_before_anything_is_bought() -> None:
    schedule = scheduled(
        DEAL, paid("2024-01-01", 3_00, 3_00), bought("2024-02-10", 1_00), bought("2024-03-10", 3_00)
    )

    assert by_month(schedule, "2024-01-01", 4) == [0, 0, 1_00, 0]


def test_what_is_paid_twice_lowers_twice_what_is_due_once() -> None:
    again = paid("2024-01-15", 300_00, 3_000_00)
    schedule = scheduled(DEAL, SLOTTING, again, bought("2024-01-31", 2_000_00))
    entitled = [memo for memo in schedule.memos if memo.kind == "entitled"]

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 1_600_00
    assert [total(memo.curve) for memo in entitled] == [2_000_00]


def test_what_is_due_only_after_all_is_done_is_not_due_because_it_was_bought() -> None:
    deal = opened("2024-01-01", GOODS, point("licence", price_minor=100_00), right_after="licence")
    schedule = scheduled(deal, SLOTTING, bought("2024-01-31", 2_000_00))

    assert [memo.obligation for memo in schedule.memos if memo.kind == "entitled"] == ["licence"]


def test_where_nothing_is_bought_nothing_is_due() -> None:
    memos = scheduled(DEAL, SLOTTING).memos

    assert [total(memo.curve) for memo in memos if memo.kind == "entitled"] == [0]


# --- what may be said ---


def promises(minor: int, purchases: int | None) -> PromiseCustomerPayment:
    return PromiseCustomerPayment(
        when=on("2024-02-01"), amount_minor=minor, purchases_minor=purchases
    )


def test_it_is_for_more_than_nothing_of_what_is_priced_by_itself() -> None:
    fixed = opened("2024-01-01", SERVICE)

    assert code(STREAM, promises(1, 0), DEAL) == "quantity-not-positive"
    assert code(STREAM, promises(1, -1), DEAL) == "negative-price"
    assert code(STREAM, promises(1, 10), fixed) == "nothing-to-buy"
    assert decide(STREAM, promises(1, 10), fixed, outside=True)
    assert decide(STREAM, promises(1, 10), DEAL) == (paid("2024-02-01", 1, 10),)
