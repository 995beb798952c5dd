"""A stated contract that ends: what is given back, by whom it is borne, and what is earned then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.accounting.curves import At
from domain.accounting.schedule import Schedule
from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    CustomerPaymentPromised,
    Financing,
    Obligation,
    PriceConceded,
    PriceEstimated,
    VariableAmount,
)
from tests.domain.contracting import (
    SERVICE,
    YEAR,
    balance,
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
    units,
)

LICENCE = point("licence", price_minor=600_00)


def test_a_refund_is_borne_by_what_had_something_left_as_much_as_it_had() -> None:
    other = even("other", "2024-01-01", "2024-10-01", price_minor=900_00)
    ended = ContractTerminated(when=on("2024-07-01"), refund_minor=300_00)
    schedule = scheduled(opened("2024-01-01", SERVICE, other), ended)

    # 600.00 and 300.00 are left.
    assert revenue(schedule, "2024-07-01", "2024-12-31", "service") == 600_00 - 200_00
    assert revenue(schedule, "2024-07-01", "2024-12-31", "other") == 300_00 - 100_00
    assert steps(schedule, "service")["other"] == "300.00 of 900.00 not earned"
    assert steps(schedule, "other")["kept at termination"] == "200.00"
    assert "interest not borne" not in steps(schedule, "other")


def test_what_is_done_bears_nothing_of_a_refund_of_what_is_left() -> None:
    small = even("small", *YEAR, price_minor=12_00)
    schedule = scheduled(
        opened("2024-01-01", small, LICENCE),
        satisfied("2024-01-01", "licence"),
        ContractTerminated(when=on("2024-12-01"), refund_minor=1_00),
    )

    assert revenue(schedule, "2024-01-01", "2024-12-31", "licence") == 600_00
    assert by_month(schedule, "2024-11-01", 2, "small") == [1_00, 0]
    assert At(date(2024, 12, 1), 0) not in [flow.curve for flow in schedule.flows]


def test_where_nothing_is_left_what_had_a_price_bears_the_refund() -> None:
    rows = (point("sold", price_minor=1_00), point("given", price_minor=0))
    schedule = scheduled(
        opened("2024-01-01", *rows),
        satisfied("2024-01-01", "sold"),
        satisfied("2024-01-01", "given"),
        ContractTerminated(when=on("2024-03-01"), refund_minor=1_00),
    )

    assert by_month(schedule, "2024-01-01", 3, "sold") == [1_00, 0, -1_00]
    assert revenue(schedule, "2024-01-01", "2024-12-31", "given") == 0


def test_each_share_of_a_refund_rests_on_all_that_shared_it_and_without_one_on_its_own() -> None:
    facts = (
        opened("2024-01-01", SERVICE, LICENCE),
        satisfied("2024-02-01", "licence"),
    )
    without = scheduled(*facts, ContractTerminated(when=on("2024-07-01")))
    with_one = scheduled(*facts, ContractTerminated(when=on("2024-07-01"), refund_minor=60_00))

    assert causes(without, "service", "2024-07-01") == (1, 3)
    assert causes(with_one, "service", "2024-07-01") == (1, 2, 3)


def test_what_is_said_of_it_after_the_end_is_no_reason_for_what_is_kept() -> None:
    schedule = scheduled(
        opened("2024-01-01", LICENCE),
        ContractTerminated(when=on("2024-03-01")),
        satisfied("2024-05-01", "licence"),
    )

    assert by_month(schedule, "2024-01-01", 5) == [0, 0, 600_00, 0, 0]
    assert causes(schedule, "licence", "2024-03-01") == (1, 2)


def test_at_the_end_all_that_is_left_is_owed_to_others() -> None:
    sale = even("hotel", *YEAR, price_minor=1200_00, presented="net", others_share_minor=900_00)
    schedule = scheduled(
        opened("2024-01-01", sale), ContractTerminated(when=on("2024-07-01"), refund_minor=0)
    )

    assert balance(schedule, "partner-payable", "2024-06-30") == -450_00
    assert balance(schedule, "partner-payable", "2024-07-31") == -900_00
    assert revenue(schedule, "2024-01-01", "2024-12-31") == 300_00


def test_after_the_end_what_changes_of_the_price_counts_when_it_is_measured() -> None:
    bonus = VariableAmount(name="bonus", estimate_minor=0)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, variable=(bonus,)),
        ContractTerminated(when=on("2024-02-01"), refund_minor=1100_00),
        ContractModified(when=on("2024-03-01"), price_change_minor=8_00),
        PriceConceded(when=on("2024-04-01"), obligation="service", amount_minor=5_00),
        PriceEstimated(
            when=on("2024-05-01"), variable=(VariableAmount(name="bonus", estimate_minor=7_00),)
        ),
        CustomerPaymentPromised(when=on("2024-06-01"), amount_minor=9_00, fair_value_minor=3_00),
        ContractTerminated(when=on("2024-07-01"), refund_minor=2_00),
        PriceConceded(when=on("2024-08-01"), obligation="nothing of it", amount_minor=4_00),
    )

    assert by_month(schedule, "2024-01-01", 8) == [
        100_00,
        0,
        8_00,
        -5_00,
        7_00,
        -6_00,
        -2_00,
        0,
    ]
    assert balance(schedule, "customer-payable", "2024-06-30") == -6_00
    assert causes(schedule, "service", "2024-03-01") == (1, 2, 3)
    assert steps(schedule, "service")["ended"] == "2024-02-01"


def test_after_the_end_all_promises_share_what_changes_of_the_price_as_at_inception() -> None:
    """ASC 606-10-32-43 and 32-44, IFRS 15.88 and 89; what is conceded of one is that one's."""
    care, kit = even("care", *YEAR, ssp_minor=600_00), point("kit", 300_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, care, kit),
        ContractTerminated(when=on("2024-07-01")),
        ContractModified(when=on("2024-09-01"), price_change_minor=105_00),
        ContractTerminated(when=on("2024-10-01"), refund_minor=21_00),
        PriceConceded(when=on("2024-11-01"), obligation="care", amount_minor=5_00),
    )

    # By what each sells for alone: 1,200.00, 600.00 and 300.00.
    assert by_month(schedule, "2024-09-01", 3, "service") == [60_00, -12_00, 0]
    assert by_month(schedule, "2024-09-01", 3, "care") == [30_00, -6_00, -5_00]
    assert by_month(schedule, "2024-09-01", 3, "kit") == [15_00, -3_00, 0]
    assert steps(schedule, "kit")["shared by"] == "service, care, kit"


def test_what_is_priced_by_itself_bears_nothing_of_the_price_after_the_end() -> None:
    usage = Obligation(obligation="usage", pattern="as-invoiced", ssp_minor=600_00)
    change = ContractModified(when=on("2024-09-01"), price_change_minor=8_00)
    ended = ContractTerminated(when=on("2024-07-01"))
    schedule = scheduled(opened("2024-01-01", SERVICE, usage), ended, change)

    assert by_month(schedule, "2024-09-01", 1, "service") == [8_00]
    assert by_month(schedule, "2024-09-01", 1, "usage") == [0]
    assert "shared by" not in steps(schedule, "service")


def test_where_all_is_priced_by_itself_the_first_bears_the_price_after_the_end() -> None:
    usage, calls = (
        Obligation(obligation=name, pattern="as-invoiced", ssp_minor=600_00)
        for name in ("usage", "calls")
    )
    change = ContractModified(when=on("2024-09-01"), price_change_minor=8_00)
    ended = ContractTerminated(when=on("2024-07-01"))
    schedule = scheduled(opened("2024-01-01", usage, calls), ended, change)

    assert by_month(schedule, "2024-09-01", 1, "usage") == [8_00]
    assert by_month(schedule, "2024-09-01", 1, "calls") == [0]


def test_what_bears_the_price_after_the_end_alone_may_be_there_by_a_change() -> None:
    usage = Obligation(obligation="usage", pattern="as-invoiced", ssp_minor=600_00)
    added = ContractModified(when=on("2024-03-01"), price_change_minor=300_00, added=(SERVICE,))
    change = ContractModified(when=on("2024-09-01"), price_change_minor=8_00)
    ended = ContractTerminated(when=on("2024-07-01"))
    schedule = scheduled(opened("2024-01-01", usage), added, ended, change)
    (flow,) = [one for one in schedule.flows if one.curve == At(date(2024, 9, 1), 8_00)]

    assert (flow.subject, flow.causes) == ("service", (1, 2, 3, 4))


def test_two_promises_that_share_after_the_end_say_so() -> None:
    kit = point("kit", price_minor=300_00, ssp_minor=1200_00)
    change = ContractModified(when=on("2024-09-01"), price_change_minor=8_00)
    ended = ContractTerminated(when=on("2024-07-01"))
    schedule = scheduled(opened("2024-01-01", SERVICE, kit), ended, change)

    assert by_month(schedule, "2024-09-01", 1, "kit") == [4_00]
    assert steps(schedule, "service")["shared by"] == "service, kit"


def test_a_concession_that_gives_more_for_it_than_it_costs_lowers_nothing() -> None:
    paid = CustomerPaymentPromised(when=on("2024-03-01"), amount_minor=9_00, fair_value_minor=30_00)
    schedule = scheduled(opened("2024-01-01", SERVICE), paid)

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 1200_00
    assert balance(schedule, "customer-payable", "2024-12-31") == 0


def test_a_schedule_may_run_on_after_the_end_where_a_book_says_so() -> None:
    later = even("later", "2024-09-01", "2025-01-01", price_minor=400_00)
    over = even("over", "2024-01-01", "2024-04-01", price_minor=300_00)
    # Months without a schedule: what is done of it is said.
    work = Obligation(
        obligation="work",
        pattern="percent-complete",
        price_minor=500_00,
        service_from=date(2024, 1, 1),
        service_to=date(2025, 1, 1),
    )
    schedule = scheduled(
        opened("2024-01-01", SERVICE, later, over, LICENCE, work),
        ContractTerminated(when=on("2024-07-01"), refund_minor=0),
        after_cancellation="run-on",
    )

    assert by_month(schedule, "2024-06-01", 3, "service") == [100_00] * 3
    assert by_month(schedule, "2024-07-01", 4, "later") == [0, 0, 100_00, 100_00]
    assert by_month(schedule, "2024-03-01", 5, "over") == [100_00, 0, 0, 0, 0]
    assert by_month(schedule, "2024-07-01", 2, "licence") == [600_00, 0]
    assert by_month(schedule, "2024-07-01", 2, "work") == [500_00, 0]


def test_what_is_held_of_an_estimate_after_the_end_is_held_at_once() -> None:
    price = VariableAmount(name="price", stated_minor=1200_00, estimate_minor=600_00)
    less = VariableAmount(name="price", stated_minor=1200_00, estimate_minor=480_00)
    rows = (even("drug", *YEAR, 100_00), even("care", *YEAR, 200_00))
    schedule = scheduled(
        opened("2024-01-01", *rows, variable=(price,)),
        ContractTerminated(when=on("2024-07-01")),
        PriceEstimated(when=on("2024-09-01"), variable=(less,)),
    )

    assert by_month(schedule, "2024-06-01", 4) == [50_00, 300_00, 0, -120_00]
    days = ("2024-06-30", "2024-07-31", "2024-09-30")
    assert [balance(schedule, "refund-liability", day) for day in days] == [
        -300_00,
        -600_00,
        -720_00,
    ]


def test_what_is_kept_is_told_by_what_changed_it_last_or_by_its_price_at_first() -> None:
    facts = (
        opened("2024-01-01", SERVICE, LICENCE),
        ContractModified(when=on("2024-04-01"), price_change_minor=90_00),
    )
    end = ContractTerminated(when=on("2024-07-01"))

    assert kept(scheduled(*facts, end), "service") == [
        ("kept at termination", "636.00"),
        ("price change", "90.00"),
        ("service", "900.00 of 1200.00 not earned"),
        ("licence", "600.00 of 600.00 not earned"),
        ("remaining consideration", "1590.00"),
        ("service", "636.00 of 1254.00 not earned"),
        ("earned", "2024-07-01"),
    ]
    assert kept(scheduled(facts[0], end), "licence") == [
        ("kept at termination", "600.00"),
        ("transaction price", "1800.00"),
        ("stand-alone selling price", "600.00"),
        ("stated price", "600.00"),
        ("carved in or out", "0.00"),
        ("licence", "600.00 of 600.00 not earned"),
        ("earned", "2024-07-01"),
    ]


def kept(schedule: Schedule, name: str) -> list[tuple[str, str]]:
    """What the last revenue of a promise says."""
    last = [flow for flow in schedule.flows if flow.subject == name and flow.kind == "release"][-1]
    return [(step.what, step.value) for step in last.steps]


def test_what_is_priced_by_itself_rests_on_no_end() -> None:
    calls = Obligation(obligation="calls", pattern="units", unit_price=Decimal(1))
    schedule = scheduled(
        opened("2024-01-01", SERVICE, calls),
        satisfied("2024-02-01", "calls", "7"),
        ContractTerminated(when=on("2024-07-01")),
        satisfied("2024-08-01", "calls", "2"),
    )

    assert causes(schedule, "calls", "2024-02-01") == (1, 2, 4)
    assert causes(schedule, "service", "2024-07-01") == (1, 3)


def test_what_is_given_back_of_what_is_sold_for_others_is_owed_to_them_no_more() -> None:
    sale = even("hotel", *YEAR, price_minor=1200_00, presented="net", others_share_minor=480_00)
    schedule = scheduled(
        opened("2024-01-01", sale), ContractTerminated(when=on("2024-04-01"), refund_minor=900_00)
    )

    # Three months of twelve: 180.00 ours and 120.00 theirs of the 300.00 that are kept.
    assert revenue(schedule, "2024-01-01", "2024-12-31") == 180_00
    assert balance(schedule, "partner-payable", "2024-04-30") == -120_00


def test_what_others_got_of_what_was_served_stays_theirs_whatever_is_given_back() -> None:
    sale = even("hotel", *YEAR, price_minor=1200_00, presented="net", others_share_minor=480_00)
    schedule = scheduled(
        opened("2024-01-01", sale), ContractTerminated(when=on("2024-04-01"), refund_minor=1100_00)
    )

    # 100.00 are kept of the customer, and 120.00 are owed for three months.
    assert balance(schedule, "partner-payable", "2024-04-30") == -120_00
    assert revenue(schedule, "2024-01-01", "2024-12-31") == -20_00
    assert steps(schedule, "hotel")["hotel, share-owed"] == "360.00 of 480.00 not earned"


def test_goods_that_were_never_delivered_are_not_expected_back_after_they_were_paid_back() -> None:
    back = VariableAmount(name="returns", conceded_quantity=Decimal(10), obligations=("goods",))
    schedule = scheduled(
        opened("2024-01-01", units("goods", "100", "50.00"), variable=(back,)),
        satisfied("2024-02-01", "goods", "40"),
        ContractTerminated(when=on("2024-04-01"), refund_minor=3000_00),
    )

    # 40 at 50.00 stay sold, and a tenth of them is expected back.
    assert revenue(schedule, "2024-01-01", "2024-12-31") == 1800_00
    assert balance(schedule, "refund-liability", "2024-04-30") == -200_00


def test_a_refund_of_all_leaves_nothing_expected_back() -> None:
    back = VariableAmount(name="returns", conceded_quantity=Decimal(10), obligations=("goods",))
    schedule = scheduled(
        opened("2024-01-01", units("goods", "100", "50.00"), variable=(back,)),
        satisfied("2024-02-01", "goods", "40"),
        ContractTerminated(when=on("2024-04-01"), refund_minor=5000_00),
    )

    assert revenue(schedule, "2024-01-01", "2024-12-31") == 0
    assert balance(schedule, "refund-liability", "2024-04-30") == 0


def test_interest_that_is_not_borne_was_never_owed_to_others() -> None:
    sale = even("hotel", *YEAR, price_minor=1200_00, presented="net", others_share_minor=480_00)
    terms = Financing(kind="advance", rate_percent=Decimal(10), until=date(2025, 1, 1))
    facts = (opened("2024-01-01", sale, financing=terms),)
    without = scheduled(*facts, ContractTerminated(when=on("2024-04-01"), refund_minor=0))
    with_one = scheduled(*facts, ContractTerminated(when=on("2024-04-01"), refund_minor=1_00))

    assert balance(without, "partner-payable", "2024-04-30") == -480_00
    assert -480_00 < balance(with_one, "partner-payable", "2024-04-30") < -479_00
