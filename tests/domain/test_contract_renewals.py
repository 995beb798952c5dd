"""A promise that may be renewed: whatever its price is, its stretches share it by expected costs.

A later change of the price is shared as the price was at inception (ASC 606-10-32-42 to 32-44,
IFRS 15.87 to 89), one that relates to a promise wholly is that promise's (32-40, 85).
"""

from datetime import date
from typing import Any

import pytest
from msgspec import structs

from domain.contract_commands import ModifyContract, OpenContract
from domain.contract_facts import (
    ContractModified,
    CustomerPaymentPromised,
    Obligation,
    PriceEstimated,
    Renewal,
    Restated,
    VariableAmount,
)
from domain.errors import Rejected
from tests.domain.contracting import balance, on, opened, point, revenue, scheduled
from tests.domain.given import code

STREAM = "contract:k1"
YEARS = (2024, 2025, 2026)
# Costs of 500, 300 and 200: half of the price is of the first year.
RENEWALS = tuple(
    Renewal(
        service_from=date(year, 1, 1),
        service_to=date(year + 1, 1, 1),
        price_minor=400_00,
        expected_cost_minor=cost,
    )
    for year, cost in zip(YEARS, (500_00, 300_00, 200_00), strict=True)
)
SERVICE = Obligation(obligation="service", renewals=RENEWALS)


def by_year(*events: object) -> list[int]:
    schedule = scheduled(*events)  # type: ignore[arg-type]
    return [revenue(schedule, f"{year}-01-01", f"{year}-12-31", "service") for year in YEARS]


def bonus(minor: int, **how: object) -> VariableAmount:
    return VariableAmount(name="bonus", estimate_minor=minor, **how)  # type: ignore[arg-type]


def test_what_is_estimated_later_is_shared_over_the_stretches_as_the_price_was() -> None:
    base = opened("2024-01-01", SERVICE, variable=(bonus(0, obligations=("service",)),))
    estimated = PriceEstimated(
        when=on("2024-07-01"), variable=(bonus(100_00, obligations=("service",)),)
    )

    assert by_year(base) == [600_00, 360_00, 240_00]
    assert by_year(base, estimated) == [650_00, 390_00, 260_00]
    assert revenue(scheduled(base, estimated), "2024-01-01", "2024-06-30") == 300_00


def test_stretches_share_with_other_promises_by_what_all_of_them_sell_for() -> None:
    base = opened(
        "2024-01-01", SERVICE, point("set-up", 400_00, price_minor=400_00), variable=(bonus(0),)
    )
    estimated = PriceEstimated(when=on("2024-07-01"), variable=(bonus(160_00),))
    paid = CustomerPaymentPromised(when=on("2024-07-01"), amount_minor=160_00)

    # Three quarters of 160 are of the service, which sells for 1,200 of 1,600.
    assert by_year(base, estimated) == [660_00, 396_00, 264_00]
    assert by_year(base, paid) == [540_00, 324_00, 216_00]


def test_what_is_stated_and_not_included_is_owed_back_stretch_by_stretch() -> None:
    rebate = VariableAmount(name="rebate", stated_minor=100_00, included_minor=0)
    schedule = scheduled(opened("2024-01-01", SERVICE, variable=(rebate,)))

    owed = [balance(schedule, "refund-liability", f"{year}-12-31") for year in YEARS]
    assert owed == [-50_00, -80_00, -100_00]


def test_a_share_of_others_is_owed_stretch_by_stretch() -> None:
    agent = Obligation(
        obligation="service", renewals=RENEWALS, presented="net", others_share_minor=1000_00
    )
    schedule = scheduled(opened("2024-01-01", agent))

    owed = [balance(schedule, "partner-payable", f"{year}-12-31") for year in YEARS]
    assert owed == [-500_00, -800_00, -1000_00]
    assert by_year(opened("2024-01-01", agent)) == [100_00, 60_00, 40_00]


def test_after_a_change_an_estimate_goes_along_each_stretch() -> None:
    base = opened("2024-01-01", SERVICE, variable=(bonus(0),))
    cut = ContractModified(when=on("2025-01-01"), price_change_minor=-60_00)
    estimated = PriceEstimated(when=on("2025-07-01"), variable=(bonus(100_00),))

    # What is left of 360 and 240 bears the cut; of the bonus 50 are caught up of 2024.
    assert by_year(base, cut) == [600_00, 324_00, 216_00]
    assert by_year(base, cut, estimated) == [600_00, 404_00, 236_00]


@pytest.mark.parametrize(
    "change",
    [
        {"restated": (Restated(obligation="service", service_to=date(2028, 1, 1)),)},
        {"added": (structs.replace(SERVICE, obligation="more"),)},
    ],
)
def test_stretches_are_those_of_inception(change: dict[str, Any]) -> None:
    base = opened("2024-01-01", SERVICE)
    command = ModifyContract(when=on("2025-01-01"), price_change_minor=0, **change)
    told_early = ContractModified(when=on("2025-01-01"), price_change_minor=0, **change)

    assert code(STREAM, command, base) == "renewals-at-inception"
    with pytest.raises(Rejected) as no:
        scheduled(base, told_early)
    assert no.value.code == "renewals-at-inception"


def test_what_may_be_renewed_states_its_price_by_stretches_only() -> None:
    command = OpenContract(
        when=on("2024-01-01"),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(structs.replace(SERVICE, price_minor=1200_00),),
    )

    assert code(STREAM, command) == "priced-twice"
