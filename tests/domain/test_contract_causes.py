"""What an amount of a stated contract rests on: the facts without which it would be another."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    CustomerPaymentPromised,
    Financing,
    Milestone,
    Obligation,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    ProgressMeasured,
    Restated,
    VariableAmount,
)
from domain.service import AccessGranted
from tests.domain.contracting import (
    balance,
    billed,
    causes,
    even,
    on,
    opened,
    point,
    satisfied,
    scheduled,
    steps,
    units,
)
from tests.domain.test_contract_examples import YEAR

SERVICE = even("service", *YEAR, ssp_minor=600_00)
WORKS = Obligation(obligation="works", ssp_minor=600_00, pattern="percent-complete", distinct=True)


def _bonus(minor: int) -> VariableAmount:
    return VariableAmount(name="bonus", estimate_minor=minor)


def _estimated(day: str, minor: int) -> PriceEstimated:
    return PriceEstimated(when=on(day), variable=(_bonus(minor),))


def _measured(day: str, percent: int) -> ProgressMeasured:
    return ProgressMeasured(when=on(day), obligation="works", percent=Decimal(percent))


def test_an_estimate_rests_on_what_was_included_before() -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE, price_minor=100_00, variable=(_bonus(10_00),)),
        ContractModified(when=on("2024-02-01"), price_change_minor=11_00),
        _estimated("2024-03-01", 15_00),
        _estimated("2024-04-01", 15_00),
        _estimated("2024-05-01", 25_00),
    )

    last = next(flow for flow in reversed(schedule.flows) if flow.kind == "release")
    told = [(step.what, step.value) for step in last.steps]
    assert last.causes == (1, 2, 3, 5)
    assert ("included of bonus before", "15.00") in told
    assert ("spread anew since", "2024-02-01, in order 2") in told


def test_what_is_conceded_of_what_was_added_rests_on_what_added_it() -> None:
    added = point("extra", 60_00, price_minor=60_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, price_minor=1200_00),
        ContractModified(when=on("2024-02-01"), price_change_minor=0, added=(added,)),
        PriceConceded(when=on("2024-05-05"), obligation="extra", amount_minor=5_00),
    )

    assert causes(schedule, "extra", "2024-05-05") == (1, 2, 3)


def test_what_was_transferred_before_a_change_rests_on_nothing_later() -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE, WORKS, price_minor=1200_00),
        _measured("2024-02-01", 40),
        ContractModified(when=on("2024-03-01"), price_change_minor=100_00),
        _measured("2024-04-01", 60),
    )

    assert causes(schedule, "works", "2024-02-01") == (1, 2)
    assert causes(schedule, "service", "2024-03-31") == (1, 2, 3)
    assert causes(schedule, "works", "2024-04-01") == (1, 2, 3, 4)


def test_what_is_still_going_on_is_not_told_as_done_in_a_change_of_others() -> None:
    works = Obligation(obligation="works", ssp_minor=600_00, pattern="percent-complete")
    schedule = scheduled(
        opened("2024-01-01", SERVICE, works, price_minor=1200_00),
        ContractModified(when=on("2024-03-01"), price_change_minor=100_00),
        _measured("2024-04-01", 60),
    )

    assert causes(schedule, "service", "2024-03-31") == (1, 2)


def test_a_price_change_is_of_what_is_caught_up_only_where_nothing_else_is_left() -> None:
    licence = point("licence", 600_00)
    works = Obligation(obligation="works", ssp_minor=600_00, pattern="percent-complete")
    schedule = scheduled(
        opened("2024-01-01", licence, works, price_minor=1200_00),
        ObligationSatisfied(when=on("2024-02-01"), obligation="licence"),
        ContractModified(when=on("2024-03-01"), price_change_minor=100_00),
        _measured("2024-04-01", 50),
    )

    assert causes(schedule, "works", "2024-04-01") == (1, 2, 3, 4)


def test_what_was_done_kept_who_shared_it_because_of_what_says_that_it_was_done() -> None:
    goods, rest = point("goods", 600_00), point("rest", 600_00)
    stages = (Milestone(milestone="a", weight=Decimal(1)),)
    works = Obligation(obligation="works", ssp_minor=60_00, pattern="milestones", milestones=stages)
    schedule = scheduled(
        opened("2024-01-01", goods, rest, price_minor=1200_00),
        ContractModified(when=on("2024-02-01"), price_change_minor=60_00, added=(works,)),
        satisfied("2024-03-01", "goods"),
        ContractModified(
            when=on("2024-04-01"), price_change_minor=60_00, added=(point("more", 60_00),)
        ),
        CustomerPaymentPromised(when=on("2024-05-01"), amount_minor=50_00),
        ObligationSatisfied(when=on("2024-06-01"), obligation="works", milestone="a"),
    )

    assert causes(schedule, "works", "2024-06-01") == (1, 2, 3, 4, 5, 6)


def test_what_is_shared_by_all_that_is_left_rests_on_why_each_is_left() -> None:
    units_of = units("units", "10", "6", distinct=False)
    longer = Restated(obligation="service", service_to=date(2025, 6, 1))
    schedule = scheduled(
        opened("2024-01-01", SERVICE, price_minor=600_00),
        ContractModified(when=on("2024-02-01"), price_change_minor=60_00, added=(units_of,)),
        ContractModified(when=on("2024-03-01"), price_change_minor=0, restated=(longer,)),
        ContractModified(
            when=on("2025-02-01"), price_change_minor=30_00, treatment="cumulative", judgement="so"
        ),
        satisfied("2025-03-01", "units", "10"),
    )

    assert causes(schedule, "units", "2025-03-01") == (1, 2, 3, 4, 5)


def test_what_was_measured_anew_because_nobody_else_is_left_rests_on_why() -> None:
    service = even("service", *YEAR, ssp_minor=600_00, distinct=False)
    schedule = scheduled(
        opened("2024-01-01", service, point("goods", 600_00), price_minor=1200_00),
        satisfied("2024-02-01", "goods"),
        ContractModified(when=on("2024-05-01"), price_change_minor=60_00),
    )

    assert causes(schedule, "service", "2024-04-30") == (1, 2, 3)


def test_what_was_measured_anew_for_a_part_of_a_price_rests_on_who_else_has_a_part() -> None:
    added = even("more", *YEAR, price_minor=600_00)
    schedule = scheduled(
        opened("2024-01-01", SERVICE, price_minor=600_00),
        ContractModified(
            when=on("2024-01-01"), price_change_minor=0, added=(added,), price_reflects_ssp=True
        ),
        CustomerPaymentPromised(when=on("2024-05-01"), amount_minor=50_00),
    )

    assert causes(schedule, "service", "2024-04-30") == (1, 2, 3)


def test_what_was_spread_anew_without_others_kept_its_part_for_itself() -> None:
    goods, units_of = point("goods", 600_00), units("units", "10", "60", distinct=True)
    schedule = scheduled(
        opened("2024-01-01", goods, units_of, price_minor=600_00),
        ContractModified(when=on("2024-02-01"), price_change_minor=60_00),
        satisfied("2024-03-01", "goods"),
        satisfied("2024-03-02", "units", "1"),
        ContractModified(when=on("2024-04-01"), price_change_minor=60_00),
        CustomerPaymentPromised(when=on("2024-05-01"), amount_minor=50_00),
    )

    assert causes(schedule, "goods", "2024-05-01") == (1, 2, 3, 5, 6)


def test_what_was_earned_before_an_amount_was_shared_rests_on_no_concession_since() -> None:
    goods, service = point("goods", 600_00), even("service", *YEAR, ssp_minor=600_00)
    schedule = scheduled(
        opened("2024-01-01", goods, service, price_minor=1200_00),
        ContractModified(when=on("2024-02-01"), price_change_minor=60_00),
        PriceConceded(when=on("2024-03-01"), obligation="service", amount_minor=5_00),
        CustomerPaymentPromised(when=on("2024-05-01"), amount_minor=50_00),
    )

    assert causes(schedule, "service", "2024-04-30") == (1, 2, 4)


def test_a_price_is_spread_over_all_that_remains_and_is_told_so() -> None:
    works = Obligation(obligation="works", ssp_minor=600_00, pattern="percent-complete")
    more = Restated(obligation="works", added_cost_minor=10_00)
    schedule = scheduled(
        opened("2024-01-01", works, point("goods", 600_00), SERVICE, price_minor=1200_00),
        ContractModified(when=on("2024-03-01"), price_change_minor=60_00, restated=(more,)),
        _measured("2024-04-01", 50),
    )

    assert steps(schedule, "works")["spread over"] == "goods, service"


def test_a_price_that_is_all_of_one_promise_is_shared_with_none_and_rests_on_none() -> None:
    works = Obligation(obligation="works", price_minor=600_00, pattern="percent-complete")
    dearer = Restated(obligation="works", price_minor=700_00)
    change = ContractModified(when=on("2024-03-01"), price_change_minor=0, restated=(dearer,))
    done = (satisfied("2024-02-01", "goods"), change, _measured("2024-04-01", 50))
    alone = scheduled(opened("2024-01-01", works, point("goods", price_minor=600_00)), *done)
    beside = scheduled(
        opened("2024-01-01", works, point("goods", price_minor=600_00), SERVICE), *done
    )

    assert causes(alone, "works", "2024-04-01") == (1, 3, 4)
    assert causes(beside, "works", "2024-04-01") == (1, 3, 4)
    assert "spread over" not in steps(beside, "works")


def test_what_is_stated_anew_is_measured_anew_because_of_that_alone() -> None:
    works = Obligation(obligation="works", price_minor=600_00, pattern="percent-complete")
    dearer = Restated(obligation="works", price_minor=700_00)
    schedule = scheduled(
        opened("2024-01-01", works, point("goods", price_minor=600_00)),
        satisfied("2024-02-01", "goods"),
        _measured("2024-02-15", 40),
        ContractModified(when=on("2024-03-01"), price_change_minor=60_00, restated=(dearer,)),
        _measured("2024-04-01", 50),
    )

    assert causes(schedule, "works", "2024-02-15") == (1, 3)
    assert causes(schedule, "works", "2024-03-01") == (1, 2, 3, 4, 5)


def test_what_is_due_after_the_end_rests_on_what_says_that_it_was_transferred() -> None:
    schedule = scheduled(
        opened("2024-01-01", units("units", "10", "60"), price_minor=0),
        ContractTerminated(when=on("2024-02-01")),
        satisfied("2024-03-01", "units", "1"),
    )

    (due,) = [memo for memo in schedule.memos if memo.kind == "entitled"]
    assert due.causes == (1, 2, 3)


def test_evidence_in_time_counts_against_later_evidence_for_all() -> None:
    late, in_time = AccessGranted(when=on("2024-03-01")), AccessGranted(when=on(YEAR[0]), item="b")
    first, second = even("a", *YEAR, ssp_minor=600_00), even("b", *YEAR, ssp_minor=600_00)
    schedule = scheduled(opened(YEAR[0], first, second, price_minor=1200_00), late, in_time)

    assert causes(schedule, "a", "2024-03-31") == (1, 2)
    assert causes(schedule, "b", "2024-03-31") == (1, 2, 3)


def test_what_is_paid_to_the_customer_after_the_end_does_not_rest_on_the_end() -> None:
    schedule = scheduled(
        opened("2024-01-01", SERVICE, price_minor=1200_00),
        ContractTerminated(when=on("2024-03-01")),
        CustomerPaymentPromised(when=on("2024-04-01"), amount_minor=5_00),
    )

    (owed,) = [flow for flow in schedule.flows if flow.kind == "customer-owed"]
    assert owed.causes == (1, 3)


def test_interest_is_on_what_was_stated_at_inception() -> None:
    terms = Financing(kind="advance", rate_percent=Decimal(6), until=date(2026, 1, 1))
    said = opened("2024-01-01", point("asset"), price_minor=4_000_00, financing=terms)
    added = even("care", *YEAR, price_minor=1_000_00)
    schedule = scheduled(
        said,
        billed("2024-01-01", 5_000_00),
        ContractModified(when=on("2024-06-01"), price_change_minor=0, added=(added,)),
        ObligationSatisfied(when=on("2025-12-31"), obligation="asset"),
    )

    assert balance(schedule, "interest-expense", "2025-12-31") == 494_40
    assert balance(schedule, "contract-liability", "2025-12-31") == 0


def test_a_promise_that_was_added_binds_from_when_it_was_agreed() -> None:
    added = even("extra", "2024-03-01", "2025-03-01", price_minor=365_00)
    schedule = scheduled(
        opened(
            "2024-01-01",
            even("service", *YEAR),
            price_minor=366_00,
            cancellable_days=30,
            refundable=True,
        ),
        billed("2024-01-01", 731_00),
        ContractModified(
            when=on("2024-03-01"), price_change_minor=0, added=(added,), price_reflects_ssp=True
        ),
        ratable_by="day",
    )

    assert balance(schedule, "refund-liability", "2024-02-29") == -(731_00 - 90_00)
    assert balance(schedule, "refund-liability", "2024-03-31") == -(731_00 - 121_00 - 61_00)
