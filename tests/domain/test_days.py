"""Days of the ledger lie between 1900 and 2999, and nobody is told a century before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.contract_commands import ContractCommand, ExerciseRights, ModifyContract, OpenContract
from domain.contract_facts import ContractOpened, Fee, Financing, Obligation, Renewal, Restated
from domain.errors import Malformed
from domain.subscription import Item, StartSubscription
from tests.domain.contracting import even, point
from tests.domain.given import decide, on, refusal

STREAM = "contract:k1"
EARLY, LATE = date(1899, 12, 31), date(3000, 1, 1)
FEE = Fee(amount_minor=1, service_from=date(2024, 1, 1), service_to=date(2025, 1, 1))
STRETCH = Renewal(
    service_from=date(2024, 1, 1),
    service_to=date(2025, 1, 1),
    price_minor=1,
    expected_cost_minor=1,
)
POINTS = Obligation(obligation="points", pattern="as-exercised", quantity=Decimal(9), ssp_minor=1)
SERVICE = even("service", "2024-01-01", "2025-01-01", 9)
LOAN = Financing(kind="advance", rate_percent=Decimal(6))


def opens(*rows: Obligation, **how: Any) -> OpenContract:
    return OpenContract(
        when=on(1, 1), customer="c1", currency="USD", price_minor=9, obligations=rows, **how
    )


OPENED = ContractOpened(**structs.asdict(opens(SERVICE, POINTS)))


def renewed(**how: Any) -> OpenContract:
    return opens(Obligation(obligation="a", renewals=(structs.replace(STRETCH, **how),)))


def charged(**how: Any) -> Fee:
    return structs.replace(FEE, **how)


def anew(**how: Any) -> ModifyContract:
    row = Restated(obligation="service", **how)
    return ModifyContract(when=on(2, 1), price_change_minor=0, restated=(row,))


def used(**how: Any) -> ExerciseRights:
    days = {"service_from": date(2024, 1, 1), "service_to": date(2025, 1, 1)}
    return ExerciseRights(when=on(2, 1), obligation="points", **(days | how))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (opens(even("a", "1899-12-31", "2024-01-01")), "obligations.service_from"),
        (opens(even("a", "2024-01-01", "3000-01-01")), "obligations.service_to"),
        (opens(point("a", available_from=LATE)), "obligations.available_from"),
        (renewed(service_from=EARLY), "obligations.renewals.service_from"),
        (renewed(service_to=LATE), "obligations.renewals.service_to"),
        (opens(point("a", fees=(charged(service_from=EARLY),))), "obligations.fees.service_from"),
        (opens(point("a", fees=(charged(service_to=LATE),))), "obligations.fees.service_to"),
        (opens(SERVICE, financing=structs.replace(LOAN, until=LATE)), "financing.until"),
        (anew(service_to=LATE), "restated.service_to"),
        (anew(fees=(charged(service_to=LATE),)), "restated.fees.service_to"),
        (used(service_from=EARLY), "service_from"),
        (used(service_to=LATE), "service_to"),
    ],
)
def test_a_day_of_a_contract_is_one_that_can_be_counted_with(
    command: ContractCommand, field: str
) -> None:
    given = () if isinstance(command, OpenContract) else (OPENED,)

    with pytest.raises(Malformed) as caught:
        decide(STREAM, command, *given)

    assert (caught.value.code, caught.value.field) == ("date-out-of-range", field)


def test_the_first_and_the_last_day_are_days() -> None:
    assert decide(STREAM, opens(even("a", "1900-01-01", "2999-12-31")))


def starts(days: int) -> StartSubscription:
    return StartSubscription(
        when=on(1, 1),
        customer="c1",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=date(2025, 1, 1),
        items=(Item(item="seat", price="seat"),),
        cancellable_days=days,
    )


def test_a_notice_is_no_longer_than_a_century() -> None:
    told = [
        refusal("contract:k1", opens(SERVICE, cancellable_days=36_526)),
        refusal("subscription:s1", starts(36_526)),
        refusal("contract:k1", opens(SERVICE, cancellable_days=-1)),
        refusal("subscription:s1", starts(-1)),
    ]

    too_long = ("term-too-long", {"days_max": 36_525})
    assert told == [too_long, too_long, ("negative-notice", {}), ("negative-notice", {})]
    assert decide("contract:k1", opens(SERVICE, cancellable_days=36_525))
