"""What is paid long before or after transfer: interest is of what was agreed at inception."""

from datetime import date
from decimal import Decimal

from domain.contract_facts import (
    ContractModified,
    ContractTerminated,
    Financing,
    ObligationSatisfied,
    Restated,
)
from tests.domain.contracting import balance, billed, on, opened, point, revenue, scheduled, steps


def test_a_change_moves_no_interest_on_what_was_agreed_before() -> None:
    terms = Financing(
        kind="arrears", rate_percent=Decimal(12), stated_rate_percent=Decimal(5), instalments=60
    )
    base = opened("2020-01-01", point("machine", price_minor=1_000_000_00), financing=terms)
    dearer = ContractModified(
        when=on("2021-01-01"),
        price_change_minor=0,
        restated=(Restated(obligation="machine", price_minor=1_100_000_00),),
        added=(point("training", 50_000_00, price_minor=50_000_00),),
    )
    done = ObligationSatisfied(when=on("2021-06-01"), obligation="machine")
    taught = ObligationSatisfied(when=on("2021-06-01"), obligation="training")
    before, after = scheduled(base, done), scheduled(base, dearer, done, taught)

    # Eleven months at one per cent of what is owed of 848,357.03, in instalments of 18,871.23.
    for day in ("2020-01-31", "2020-12-31", "2024-12-31"):
        assert balance(after, "interest-income", day) == balance(before, "interest-income", day)
    assert balance(after, "interest-income", "2020-12-31") == -87_431_19
    assert revenue(before, "2020-01-01", "2021-12-31") == 848_357_03
    assert revenue(after, "2020-01-01", "2021-12-31") == 998_357_03


def test_what_was_paid_in_advance_bears_no_interest_beyond_the_end_of_the_contract() -> None:
    terms = Financing(kind="advance", rate_percent=Decimal(6), until=date(2022, 1, 1))
    schedule = scheduled(
        opened("2020-01-01", point("asset"), price_minor=4_000_00, financing=terms),
        billed("2020-01-01", 4_000_00),
        ContractTerminated(when=on("2021-01-01"), refund_minor=4_000_00),
    )

    # All that was paid goes back: what it had grown by until then was earned, and cost as much.
    for day in ("2021-01-31", "2022-12-31"):
        assert balance(schedule, "interest-expense", day) == 240_00
        assert balance(schedule, "revenue", day) == -240_00
        assert balance(schedule, "refund-liability", day) == -4_000_00
        assert balance(schedule, "contract-liability", day) == 0
    # It would have grown by 494.40 until control passed.
    assert steps(schedule, "asset")["interest not borne"] == "254.40"


def test_what_is_still_paid_for_what_was_transferred_bears_interest_after_the_end() -> None:
    terms = Financing(kind="arrears", rate_percent=Decimal(12), instalments=12)
    base = opened("2020-01-01", point("asset", price_minor=1_200_00), financing=terms)
    done = ObligationSatisfied(when=on("2020-01-01"), obligation="asset")
    ended = ContractTerminated(when=on("2020-07-01"))
    before, after = scheduled(base, done), scheduled(base, done, ended)

    for day in ("2020-12-31", "2021-01-31"):
        assert balance(after, "interest-income", day) == balance(before, "interest-income", day)
