"""What the customer gives that is no money: at its value when it was agreed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.contract_commands import ModifyContract, OpenContract, ReceiveNonCash
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    NonCash,
    NonCashReceived,
    PriceEstimated,
    VariableAmount,
)
from domain.facts import Event
from tests.domain.contracting import (
    YEAR,
    balance,
    by_month,
    causes,
    even,
    on,
    opened,
    revenue,
    scheduled,
    steps,
)
from tests.domain.given import code, decide

STREAM = "contract:k1"
SERVICE = even("service", *YEAR)


def shares(quantity: str, unit_value: str = "10", name: str = "shares") -> NonCash:
    return NonCash(name=name, quantity=Decimal(quantity), unit_value=Decimal(unit_value))


def came(
    day: str, quantity: str, name: str = "shares", worth: str | None = None
) -> NonCashReceived:
    return NonCashReceived(
        when=on(day),
        name=name,
        quantity=Decimal(quantity),
        unit_value=None if worth is None else Decimal(worth),
    )


def bonus(quantity: str, unit_value: str = "10", **how: int) -> VariableAmount:
    return VariableAmount(name="bonus", non_cash=shares(quantity, unit_value, "bonus"), **how)


def paid_in(
    *rows: NonCash, variable: tuple[VariableAmount, ...] = (), **how: int
) -> ContractOpened:
    return opened("2024-01-01", SERVICE, non_cash=rows, variable=variable, **how)


DEAL = paid_in(shares("1200"))


def test_the_price_is_what_they_were_worth_when_it_was_agreed() -> None:
    schedule = scheduled(DEAL, came("2024-03-31", "600", worth="14"))

    assert by_month(schedule, "2024-01-01", 4) == [1000_00] * 4
    assert balance(schedule, "non-cash-clearing", "2024-03-31") == 6000_00
    assert balance(schedule, "unbilled-receivable", "2024-02-29") == 2000_00
    assert balance(schedule, "contract-liability", "2024-03-31") == -3000_00
    assert steps(schedule, "service")["transaction price"] == "12000.00"


def test_money_and_shares_are_one_price() -> None:
    schedule = scheduled(paid_in(shares("600"), price_minor=6000_00))

    assert by_month(schedule, "2024-01-01", 1) == [1000_00]


def test_what_comes_in_parts_comes_to_what_the_price_counts() -> None:
    schedule = scheduled(
        paid_in(shares("1000", "0.333")), came("2024-02-01", "333"), came("2024-03-01", "667")
    )

    assert balance(schedule, "non-cash-clearing", "2024-02-29") == 110_89
    assert balance(schedule, "non-cash-clearing", "2024-03-31") == 333_00


def test_what_they_are_worth_by_then_is_told_and_moves_nothing() -> None:
    flows = [
        next(flow for flow in scheduled(DEAL, one).flows if flow.kind == "non-cash")
        for one in (came("2024-03-31", "600"), came("2024-03-31", "600", worth="14"))
    ]
    told = [{step.what: step.value for step in flow.steps} for flow in flows]

    assert flows[0].curve == flows[1].curve
    assert told[0]["shares received"] == "600 in all"
    assert told[1]["shares received"] == "600 in all, worth 14 each"
    assert flows[0].causes == (1, 2)


def test_how_many_there_will_be_is_estimated_as_any_uncertain_amount() -> None:
    """At the value of the first day, whatever one is worth when it is estimated anew (32-23)."""
    schedule = scheduled(
        paid_in(shares("1200"), variable=(bonus("60", included_minor=0),)),
        PriceEstimated(when=on("2024-04-01"), variable=(bonus("60", "15"),)),
        came("2024-12-31", "60", "bonus"),
    )

    assert by_month(schedule, "2024-03-01", 3) == [1000_00, 1200_00, 1050_00]
    assert revenue(schedule, "2024-01-01", "2024-12-31") == 12600_00
    assert balance(schedule, "non-cash-clearing", "2024-12-31") == 600_00


def test_a_change_may_be_paid_in_them_at_their_value_by_then() -> None:
    schedule = scheduled(
        DEAL,
        ContractModified(
            when=on("2024-07-01"), price_change_minor=0, non_cash=(shares("60", "20", "more"),)
        ),
        came("2024-07-01", "60", "more"),
    )

    assert by_month(schedule, "2024-06-01", 2) == [1000_00, 1200_00]
    assert balance(schedule, "non-cash-clearing", "2024-07-31") == 1200_00
    assert causes(schedule, "service", "2024-07-31") == (1, 2)


def test_a_change_after_the_end_counts_when_it_is_measured() -> None:
    more = ContractModified(
        when=on("2024-08-01"), price_change_minor=0, non_cash=(shares("5", name="more"),)
    )
    schedule = scheduled(DEAL, ContractTerminated(when=on("2024-07-01")), more)

    assert revenue(schedule, "2024-08-01", "2024-08-31") == 50_00


def test_what_nobody_promised_moves_nothing() -> None:
    schedule = scheduled(DEAL, came("2024-03-31", "600", "options"))

    assert all(flow.kind != "non-cash" for flow in schedule.flows)


def test_more_may_be_promised_by_an_estimate() -> None:
    schedule = scheduled(
        DEAL,
        PriceEstimated(when=on("2024-01-01"), variable=(bonus("12"),)),
        came("2024-02-01", "12", "bonus"),
    )

    assert by_month(schedule, "2024-01-01", 1) == [1010_00]
    assert balance(schedule, "non-cash-clearing", "2024-02-29") == 120_00


# --- what may be said ---


def opens(*rows: NonCash, variable: tuple[VariableAmount, ...] = ()) -> OpenContract:
    return OpenContract(
        when=on("2024-01-01"),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(SERVICE,),
        non_cash=rows,
        variable=variable,
    )


def receives(quantity: str, name: str = "shares", worth: str | None = None) -> ReceiveNonCash:
    fact = came("2024-03-31", quantity, name, worth)
    return ReceiveNonCash(
        when=fact.when, name=fact.name, quantity=fact.quantity, unit_value=fact.unit_value
    )


@pytest.mark.parametrize(
    ("command", "given", "refused"),
    [
        (opens(shares("1"), shares("2")), (), "duplicate-non-cash"),
        (opens(shares("0")), (), "quantity-not-positive"),
        (opens(shares("1", "-1")), (), "negative-price"),
        (opens(variable=(bonus("-1"),)), (), "quantity-not-positive"),
        (opens(variable=(bonus("1", "-1"),)), (), "negative-price"),
        (ModifyContract(when=on("2024-02-01"), price_change_minor=0, non_cash=(shares("1"),)),
         (DEAL,), "duplicate-non-cash"),
        (receives("1"), (), "contract-not-open"),
        (receives("1", "options"), (DEAL,), "unknown-non-cash"),
        (receives("0"), (DEAL,), "quantity-not-positive"),
        (receives("1", worth="-1"), (DEAL,), "negative-price"),
        (receives("601"), (DEAL, came("2024-02-01", "600")), "beyond-the-promise"),
    ],
)  # fmt: skip
def test_what_is_refused(command: object, given: tuple[Event, ...], refused: str) -> None:
    assert code(STREAM, command, *given) == refused


def test_what_was_promised_may_come_and_what_is_uncertain_without_a_limit() -> None:
    uncertain = paid_in(variable=(bonus("1"),))
    more = ContractModified(
        when=on("2024-02-01"), price_change_minor=0, non_cash=(shares("9", name="more"),)
    )
    estimated = PriceEstimated(when=on("2024-02-01"), variable=(bonus("1"),))

    assert decide(STREAM, receives("600"), DEAL, came("2024-02-01", "600")) == (
        came("2024-03-31", "600"),
    )
    assert decide(STREAM, receives("9", "bonus"), uncertain)
    assert decide(STREAM, receives("9", "more"), DEAL, more)
    assert decide(STREAM, receives("9", "bonus"), DEAL, estimated)
    assert decide(STREAM, receives("9", "options"), DEAL, outside=True)
