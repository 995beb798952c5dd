"""What is said of a contract is said in one way, and is checked before its opening is known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.contract_commands import (
    ContractCommand,
    EstimatePrice,
    ExerciseRights,
    ExpireRights,
    ModifyContract,
    OpenContract,
    ReviseExpectation,
)
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    Fee,
    Milestone,
    NonCash,
    Obligation,
    Outcome,
    Renewal,
    Restated,
    RightsExercised,
    VariableAmount,
)
from domain.errors import Malformed, Rejected
from domain.facts import Event
from tests.domain.contracting import even, point, units
from tests.domain.given import code, decide, on

STREAM = "contract:k1"
WHEN = on(2, 1)
FEE = Fee(amount_minor=5, service_from=date(2024, 2, 1), service_to=date(2025, 1, 1), per="month")
POINTS = Obligation(obligation="points", pattern="as-exercised", quantity=Decimal(100), ssp_minor=1)
SERVICE = even("service", "2024-01-01", "2025-01-01", price_minor=900)
MONTHLY = even("monthly", "2024-01-01", "2025-01-01", fees=(FEE,))
DEAL = ContractOpened(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    price_minor=0,
    obligations=(SERVICE, MONTHLY, units("seats", "10", "5"), point("licence", 9), POINTS),
)
TOO_LARGE = 10**18 + 1


def anew(name: str, **how: Any) -> ModifyContract:
    row = Restated(obligation=name, **how)
    return ModifyContract(when=WHEN, price_change_minor=0, restated=(row,))


def estimate(**how: Any) -> EstimatePrice:
    return EstimatePrice(when=WHEN, variable=(VariableAmount(name="bonus", **how),))


def used(**how: Any) -> ExerciseRights:
    return ExerciseRights(when=WHEN, obligation="points", **how)


def revised(**how: Any) -> ReviseExpectation:
    return ReviseExpectation(when=WHEN, obligation="points", **how)


def points(**how: Any) -> OpenContract:
    rows = (structs.replace(POINTS, **how),)
    return OpenContract(
        when=on(1, 1), customer="c1", currency="USD", price_minor=9, obligations=rows
    )


ADDED = {"added_quantity": Decimal(2), "added_unit_price": Decimal(3)}
SHARES = NonCash(name="shares", quantity=Decimal(1), unit_value=Decimal(1))
CERTAIN = (Outcome(amount_minor=5, probability=Decimal(1)),)
TWICE: list[tuple[ContractCommand, str]] = [
    (used(quantity=Decimal(5), cumulative=Decimal(5)), "cumulative"),
    (revised(expected_exercised=Decimal(50), breakage_percent=Decimal(50)), "breakage_percent"),
    (estimate(estimate_minor=5, conceded_percent=Decimal(5)), "variable.conceded_percent"),
    (
        estimate(conceded_percent=Decimal(5), conceded_quantity=Decimal(5)),
        "variable.conceded_quantity",
    ),
    (estimate(estimate_minor=5, outcomes=CERTAIN), "variable.outcomes"),
    (estimate(outcomes=CERTAIN, unit_price=Decimal(4)), "variable.unit_price"),
    (estimate(estimate_minor=5, non_cash=SHARES), "variable.non_cash"),
    (
        estimate(stated_minor=9, included_minor=5, included_conceded_percent=Decimal(5)),
        "variable.included_conceded_percent",
    ),
    (anew("seats", price_minor=40, unit_price=Decimal(4)), "restated.unit_price"),
    (anew("seats", price_minor=40, fees=(FEE,)), "restated.fees"),
    (anew("seats", quantity=Decimal(12), **ADDED), "restated.added_quantity"),
    (anew("seats", price_minor=60, **ADDED), "restated.added_quantity"),
    (anew("seats", unit_price=Decimal(4), **ADDED), "restated.added_quantity"),
    (anew("seats", fees=(FEE,), **ADDED), "restated.added_quantity"),
]


@pytest.mark.parametrize("is_outside", [False, True])
@pytest.mark.parametrize(("command", "field"), TWICE)
def test_what_is_said_in_two_ways_is_refused_whoever_says_it(
    command: ContractCommand, field: str, is_outside: bool
) -> None:
    given = () if is_outside else (DEAL,)

    with pytest.raises(Rejected) as caught:
        decide(STREAM, command, *given, outside=is_outside)

    assert (caught.value.code, caught.value.field) == ("said-in-two-ways", field)


def test_what_is_expected_of_rights_is_said_in_one_way_as_they_are_promised() -> None:
    both = points(expected_exercised=Decimal(80), breakage_percent=Decimal(20))

    with pytest.raises(Rejected) as caught:
        decide(STREAM, both)

    told = "said-in-two-ways", "obligations.breakage_percent"
    assert (caught.value.code, caught.value.field) == told
    assert decide(STREAM, points(breakage_percent=Decimal(20)))


@pytest.mark.parametrize(
    ("command", "expected", "field"),
    [
        (estimate(estimate_minor=TOO_LARGE), "amount-too-large", "variable.estimate_minor"),
        (
            estimate(conceded_percent=Decimal(101)),
            "percent-out-of-range",
            "variable.conceded_percent",
        ),
        (anew("a", price_minor=-1), "negative-price", "restated.price_minor"),
        (anew("a", quantity=Decimal(0)), "quantity-not-positive", "restated.quantity"),
        (anew("a", added_cost_minor=-TOO_LARGE), "amount-too-large", "restated.added_cost_minor"),
    ],
)
def test_what_comes_before_its_contract_is_checked_for_what_it_says_itself(
    command: ContractCommand, expected: str, field: str
) -> None:
    with pytest.raises((Rejected, Malformed)) as caught:
        decide(STREAM, command, outside=True)

    assert isinstance(caught.value, Rejected | Malformed)
    assert (caught.value.code, caught.value.field) == (expected, field)


def test_what_comes_before_its_contract_may_name_what_is_promised_there() -> None:
    first = estimate(estimate_minor=5, obligations=("support",))

    assert decide(STREAM, first, outside=True)
    assert decide(STREAM, anew("support", unit_price=Decimal(4)), outside=True)


def changed(**how: Any) -> Event:
    (event,) = decide(STREAM, anew("service", **how), DEAL)
    assert isinstance(event, ContractModified)
    return event


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        # Nothing is counted: what would each of none cost?
        (anew("service", unit_price=Decimal(4)), (), "missing-quantity"),
        (anew("licence", unit_price=Decimal(4)), (), "missing-quantity"),
        # What is stated as a whole or by the unit goes on to be: fees beside it would be lost.
        (anew("service", fees=(FEE,)), (), "priced-twice"),
        (anew("seats", fees=(FEE,)), (), "priced-twice"),
        (
            anew("monthly", fees=(FEE,)),
            (decide(STREAM, anew("monthly", price_minor=700), DEAL)[0],),
            "priced-twice",
        ),
    ],
)
def test_a_price_is_stated_anew_as_the_promise_has_one(
    command: ContractCommand, given: tuple[Event, ...], expected: str
) -> None:
    assert code(STREAM, command, DEAL, *given) == expected


def test_a_price_by_the_unit_takes_the_place_of_a_whole_where_there_are_units() -> None:
    assert decide(STREAM, anew("service", unit_price=Decimal(4), quantity=Decimal(3)), DEAL)
    assert decide(
        STREAM, anew("service", unit_price=Decimal(4)), DEAL, changed(quantity=Decimal(3))
    )
    assert decide(STREAM, anew("monthly", fees=(FEE,)), DEAL)
    assert decide(STREAM, anew("licence", fees=(FEE,)), DEAL)


@pytest.mark.parametrize(
    "command",
    [
        used(quantity=Decimal(1)),
        used(cumulative=Decimal(101)),
        ExpireRights(when=WHEN, obligation="points", quantity=Decimal(1)),
    ],
)
def test_of_rights_that_were_all_used_none_is_left(command: ContractCommand) -> None:
    all_of_it = RightsExercised(when=on(1, 9), obligation="points")

    assert code(STREAM, command, DEAL, all_of_it) == "beyond-the-promise"
    assert code(STREAM, used(cumulative=Decimal(99)), DEAL, all_of_it) == "fewer-than-were-used"


def test_that_all_rights_were_used_may_be_said_again() -> None:
    all_of_it = RightsExercised(when=on(1, 9), obligation="points")

    assert decide(STREAM, used(), DEAL, all_of_it)
    assert decide(STREAM, used(cumulative=Decimal(100)), DEAL, all_of_it)


NOTHING: dict[str, Any] = {
    "renewals": (),
    "milestones": (),
    "percent_of_base": None,
    "expected_exercised": None,
    "breakage_percent": None,
}
WORK = Obligation(
    obligation="work", pattern="percent-complete", expected_cost_minor=1_000, ssp_minor=9
)
BOUGHT = Renewal(
    service_from=date(2024, 1, 1),
    service_to=date(2025, 1, 1),
    price_minor=1,
    expected_cost_minor=1,
)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (point("a", 9, renewals=(BOUGHT,)), "renewals"),
        (point("a", 9, milestones=(Milestone(milestone="m", weight=Decimal(1)),)), "milestones"),
        (point("a", 9, percent_of_base=Decimal(5)), "percent_of_base"),
        (units("a", "10", "5", expected_exercised=Decimal(5)), "expected_exercised"),
        (units("a", "10", "5", breakage_percent=Decimal(5)), "breakage_percent"),
    ],
)
def test_what_a_promise_says_fits_how_it_is_transferred(row: Obligation, field: str) -> None:
    deal = OpenContract(
        when=on(1, 1), customer="c1", currency="USD", price_minor=0, obligations=(row,)
    )

    with pytest.raises(Rejected) as caught:
        decide(STREAM, deal)

    told = "transferred-otherwise", f"obligations.{field}"
    assert (caught.value.code, caught.value.field) == told
    assert decide(
        STREAM,
        structs.replace(deal, obligations=(structs.replace(row, **{field: NOTHING[field]}),)),
    )


@pytest.mark.parametrize(
    ("name", "said", "is_taken"),
    [
        ("points", {"expected_cost_minor": 5}, False),
        ("points", {"materials_minor": 5}, False),
        ("points", {"expected_exercised": Decimal(5)}, True),
        ("points", {"breakage_percent": Decimal(5)}, True),
        ("work", {"expected_exercised": Decimal(5)}, False),
        ("work", {"breakage_percent": Decimal(5)}, False),
        ("work", {"expected_cost_minor": 5, "materials_minor": 5}, True),
    ],
)
def test_what_is_expected_anew_fits_how_a_promise_is_transferred(
    name: str, said: dict[str, Any], is_taken: bool
) -> None:
    deal = structs.replace(DEAL, obligations=(POINTS, WORK))
    command = ReviseExpectation(when=WHEN, obligation=name, **said)

    if is_taken:
        assert decide(STREAM, command, deal)
        return
    with pytest.raises(Rejected) as caught:
        decide(STREAM, command, deal)
    assert (caught.value.code, caught.value.field) == ("transferred-otherwise", next(iter(said)))
