"""Units at a price, as many as there will be: each is priced by itself, and shares no price."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.contract_commands import ModifyContract
from domain.contract_facts import (
    ContractModified,
    Fee,
    Obligation,
    ObligationSatisfied,
    PriceEstimated,
    Restated,
    VariableAmount,
)
from domain.errors import Rejected
from tests.domain.contracting import balance, even, on, opened, revenue, scheduled
from tests.domain.given import code, decide

STREAM = "contract:k1"
PRODUCT = Obligation(obligation="product", pattern="units", unit_price=Decimal(150))
FEE = Fee(amount_minor=5, service_from=date(2024, 1, 1), service_to=date(2025, 1, 1))
OPENED = opened("2024-01-01", PRODUCT)
CHEAPER = ContractModified(
    when=on("2024-02-01"),
    price_change_minor=0,
    restated=(Restated(obligation="product", unit_price=Decimal(140)),),
)


def sold(day: str, quantity: int) -> ObligationSatisfied:
    return ObligationSatisfied(when=on(day), obligation="product", quantity=Decimal(quantity))


def expected(day: str, price: int, agreed: str | None = None) -> PriceEstimated:
    volume = VariableAmount(name="volume", unit_price=Decimal(price))
    return PriceEstimated(when=on(day, agreed), variable=(volume,))


def test_a_price_stated_anew_is_of_the_units_from_then_on() -> None:
    schedule = scheduled(OPENED, sold("2024-01-10", 100), CHEAPER, sold("2024-02-10", 50))

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 15_000_00
    assert revenue(schedule, "2024-02-01", "2024-02-29") == 7_000_00
    assert balance(schedule, "refund-liability", "2024-02-29") == 0


def test_what_is_expected_of_a_price_is_expected_until_it_is_stated_anew() -> None:
    first = (expected("2024-01-05", 125), sold("2024-01-10", 100), CHEAPER)
    schedule = scheduled(OPENED, *first, sold("2024-02-10", 50), expected("2024-03-01", 130))

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 12_500_00
    assert revenue(schedule, "2024-02-01", "2024-02-29") == 7_000_00
    assert balance(schedule, "refund-liability", "2024-02-29") == -2_500_00
    assert revenue(schedule, "2024-03-01", "2024-03-31") == -500_00
    assert balance(schedule, "refund-liability", "2024-03-31") == -3_000_00


def test_an_estimate_made_late_is_caught_up_when_it_is_made() -> None:
    late = expected("2024-01-15", 120, agreed="2024-03-01")
    schedule = scheduled(OPENED, sold("2024-01-10", 100), sold("2024-02-10", 100), late)

    assert revenue(schedule, "2024-01-01", "2024-01-31") == 15_000_00
    assert revenue(schedule, "2024-02-01", "2024-02-29") == 15_000_00
    assert revenue(schedule, "2024-03-01", "2024-03-31") == -6_000_00


def test_what_is_said_of_units_moves_no_price_that_others_share() -> None:
    service = even("service", "2024-01-01", "2025-01-01", price_minor=1200_00)
    told_early = ContractModified(
        when=on("2024-07-01"),
        price_change_minor=0,
        restated=(
            Restated(
                obligation="product", added_quantity=Decimal(10), added_unit_price=Decimal(150)
            ),
        ),
    )
    schedule = scheduled(opened("2024-01-01", service, PRODUCT), told_early)

    assert revenue(schedule, "2024-07-01", "2024-07-31") == 100_00


@pytest.mark.parametrize(
    ("field", "row"),
    [
        ("quantity", {"quantity": Decimal(5)}),
        ("price_minor", {"price_minor": 5}),
        ("added_quantity", {"added_quantity": Decimal(5), "added_unit_price": Decimal(1)}),
        ("fees", {"fees": (FEE,)}),
    ],
)
def test_only_its_price_is_stated_anew_of_a_unit(field: str, row: dict[str, Any]) -> None:
    command = ModifyContract(
        when=on("2024-02-01"),
        price_change_minor=0,
        restated=(Restated(obligation="product", **row),),
    )

    with pytest.raises(Rejected) as no:
        decide(STREAM, command, OPENED)
    assert (no.value.code, no.value.field) == ("priced-by-itself", f"restated.{field}")


def test_what_is_earned_as_invoiced_has_no_price_by_the_unit() -> None:
    support = Obligation(obligation="support", pattern="as-invoiced")
    command = ModifyContract(when=on("2024-02-01"), price_change_minor=0, restated=())
    dearer = ModifyContract(
        when=on("2024-02-01"),
        price_change_minor=0,
        restated=(Restated(obligation="support", unit_price=Decimal(1)),),
    )

    assert code(STREAM, dearer, opened("2024-01-01", support)) == "priced-by-itself"
    assert decide(STREAM, command, opened("2024-01-01", support))
