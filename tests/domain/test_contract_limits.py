"""What may not be said of a stated contract, each with its code; what may, in either order."""

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from msgspec import structs

from domain.contract_commands import (
    ContractCommand,
    EstimatePrice,
    ExerciseRights,
    ExpireRights,
    MeasureProgress,
    ModifyContract,
    OpenContract,
    ReviseExpectation,
    SatisfyObligation,
)
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    DiscountOption,
    Milestone,
    NonCash,
    Obligation,
    ObligationSatisfied,
    Outcome,
    ProgressMeasured,
    Restated,
    RightsExercised,
    RightsExpired,
    VariableAmount,
)
from domain.errors import Rejected
from domain.facts import Event
from tests.domain.contracting import by_month, even, opened, point, revenue, scheduled
from tests.domain.contracting import on as day_on
from tests.domain.given import code, decide, on, refusal

STREAM = "contract:k1"
YEAR = {"service_from": date(2024, 1, 1), "service_to": date(2025, 1, 1)}
SUPPORT = Obligation(obligation="support", ssp_minor=60_000, **YEAR)
LICENCE = Obligation(obligation="licence", ssp_minor=90_000, pattern="point-in-time")
SEATS = Obligation(obligation="seats", pattern="units", quantity=Decimal(10), unit_price=Decimal(5))
STAGES = Obligation(
    obligation="stages",
    ssp_minor=10,
    pattern="milestones",
    milestones=(
        Milestone(milestone="a", weight=Decimal(1)),
        Milestone(milestone="b", weight=Decimal(1)),
    ),
)
POINTS = Obligation(
    obligation="points", ssp_minor=10, pattern="as-exercised", quantity=Decimal(100)
)
WORK = Obligation(
    obligation="work", ssp_minor=10, pattern="percent-complete", expected_cost_minor=1000
)
ROWS = (SUPPORT, LICENCE, SEATS, STAGES, POINTS, WORK)
OPEN = OpenContract(
    when=on(1, 1), customer="c1", currency="USD", price_minor=120_000, obligations=ROWS
)
OPENED = ContractOpened(**structs.asdict(OPEN))


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        (structs.replace(WORK, materials_minor=1001), "materials-above-costs"),
        (structs.replace(LICENCE, materials_minor=1), "transferred-otherwise"),
        (structs.replace(WORK, materials_minor=-1), "negative-price"),
    ],
)
def test_materials_at_cost_are_part_of_the_costs_of_work(row: Obligation, refused: str) -> None:
    assert code(STREAM, structs.replace(OPEN, obligations=(row,))) == refused


def test_what_materials_are_said_to_cost_is_among_the_costs_said_with_it() -> None:
    measured = MeasureProgress(
        when=on(2, 1), obligation="work", incurred_minor=500, materials_minor=501
    )
    expected = ReviseExpectation(
        when=on(3, 1), obligation="work", expected_cost_minor=800, materials_minor=801
    )
    fewer = ReviseExpectation(when=on(3, 1), obligation="work", materials_minor=299)
    done = ProgressMeasured(
        when=on(2, 1), obligation="work", incurred_minor=500, materials_minor=300
    )
    later = ProgressMeasured(when=on(2, 2), obligation="work", percent=Decimal(10))

    assert code(STREAM, measured, OPENED) == "materials-above-costs"
    assert code(STREAM, expected, OPENED) == "materials-above-costs"
    assert code(STREAM, fewer, OPENED, done, later) == "estimate-under-certain"


def satisfied(month: int, name: str, **how: Any) -> ObligationSatisfied:
    return ObligationSatisfied(when=on(month, 1), obligation=name, **how)


def satisfy(month: int, name: str, **how: Any) -> SatisfyObligation:
    return SatisfyObligation(when=on(month, 1), obligation=name, **how)


def restating(month: int, name: str, **how: Any) -> ModifyContract:
    row = Restated(obligation=name, **how)
    return ModifyContract(when=on(month, 1), price_change_minor=0, restated=(row,))


def free(*rows: Obligation, **how: Any) -> OpenContract:
    bare = tuple(structs.replace(row, ssp_minor=0) for row in rows)
    return structs.replace(OPEN, obligations=bare, **how)


ROYALTY = Obligation(obligation="royalty", pattern="percent-of-base", percent_of_base=Decimal(5))
BILLED = Obligation(obligation="billed", pattern="as-invoiced")


def test_a_price_for_all_is_for_some_that_share_it() -> None:
    alone = structs.replace(OPEN, obligations=(ROYALTY, BILLED), price_minor=0)
    shares = (NonCash(name="shares", quantity=Decimal(2), unit_value=Decimal(3)),)
    refused = ("nothing-shares-the-price", {})

    assert refusal(STREAM, structs.replace(alone, price_minor=1)) == refused
    assert code(STREAM, structs.replace(alone, non_cash=shares)) == "nothing-shares-the-price"
    assert decide(STREAM, alone)
    assert decide(STREAM, structs.replace(alone, obligations=(ROYALTY, LICENCE), price_minor=1))


@pytest.mark.parametrize(
    ("how", "is_taken"),
    [
        ({"estimate_minor": 5}, False),
        ({"stated_minor": 5}, False),
        ({"outcomes": (Outcome(amount_minor=5, probability=Decimal(1)),)}, False),
        ({"conceded_percent": Decimal(5)}, False),
        ({"estimate_minor": 5, "obligations": ("royalty",)}, False),
        # Nothing of it is in the price, or nothing is said.
        ({"estimate_minor": 5, "included_minor": 0}, True),
        ({}, True),
        ({"unit_price": Decimal(5)}, True),
    ],
)
def test_an_uncertain_amount_is_for_some_that_share_it(
    how: dict[str, Any],
    is_taken: bool,
) -> None:
    alone = structs.replace(OPEN, obligations=(ROYALTY,), price_minor=0)
    amount = VariableAmount(name="bonus", **how)
    said = EstimatePrice(when=on(2, 1), variable=(amount,))
    changed = ModifyContract(when=on(2, 1), price_change_minor=0, variable=(amount,))
    more = structs.replace(changed, added=(LICENCE,))
    opened = ContractOpened(**structs.asdict(alone))
    refused = None if is_taken else "nothing-shares-the-price"

    assert refused_by(structs.replace(alone, variable=(amount,))) == refused
    assert refused_by(said, opened) == refused
    assert refused_by(changed, opened) == refused
    assert refused_by(more, opened) == ("nothing-shares-the-price" if amount.obligations else None)


def refused_by(command: ContractCommand, *before: Event) -> str | None:
    """The code of a refusal, if it is one."""
    try:
        decide(STREAM, command, *before)
    except Rejected as no:
        return no.code
    return None


@pytest.mark.parametrize("how", [{}, {"price_minor": 0, "variable": (VariableAmount(name="v"),)}])
def test_promises_that_share_a_price_each_say_what_they_sell_for(how: Any) -> None:
    dear, given = (structs.replace(LICENCE, price_minor=minor) for minor in (5, 0))
    unsaid = refusal(STREAM, free(SUPPORT, dear, **how))

    assert unsaid == ("ssp-missing", {"obligations": ["support"]})
    assert code(STREAM, free(SUPPORT, LICENCE, **how)) == "ssp-missing"
    assert decide(STREAM, free(SUPPORT, **how))
    assert decide(STREAM, free(dear, SEATS, **how))
    assert decide(STREAM, free(given, SEATS, **how))
    assert code(STREAM, free(given, structs.replace(SUPPORT, price_minor=0), **how)) == (
        "ssp-missing"
    )


def test_what_a_variable_amount_is_wholly_for_needs_no_other_price() -> None:
    wholly = VariableAmount(name="v", stated_minor=5, obligations=("support",))
    dear = structs.replace(LICENCE, price_minor=5)

    assert decide(STREAM, free(SUPPORT, dear, price_minor=0, variable=(wholly,)))


def test_what_is_added_says_what_it_sells_for_unless_it_takes_a_price_alone() -> None:
    new = Obligation(obligation="new", pattern="point-in-time")
    other = structs.replace(new, obligation="other", ssp_minor=5)
    asked = ModifyContract(when=on(3, 1), price_change_minor=500, added=(new,))
    wholly = VariableAmount(name="v", stated_minor=5, obligations=("new",))
    apart = structs.replace(asked, price_reflects_ssp=True)
    judged = structs.replace(asked, treatment="separate", judgement="memo 7")

    assert refusal(STREAM, asked, OPENED) == ("ssp-missing", {"obligations": ["new"]})
    assert decide(STREAM, structs.replace(asked, added=(other,)), OPENED)
    assert decide(STREAM, structs.replace(asked, variable=(wholly,)), OPENED)
    for alone in (apart, judged):
        assert decide(STREAM, alone, OPENED)
        assert code(STREAM, structs.replace(alone, added=(new, other)), OPENED) == "ssp-missing"


def test_what_is_left_of_a_price_is_one_promises_alone() -> None:
    left, other = (
        Obligation(obligation=name, pattern="point-in-time", ssp_range_minor=(1, 9))
        for name in "ab"
    )
    usage = structs.replace(other, pattern="as-invoiced")
    told = ("residual-out-of-range", {"obligations": ["a", "b"]})

    assert refusal(STREAM, structs.replace(OPEN, obligations=(left, LICENCE, other))) == told
    assert decide(STREAM, structs.replace(OPEN, obligations=(left, LICENCE, usage)))


def test_a_range_says_nothing_of_what_is_added_beside_others() -> None:
    new = Obligation(obligation="new", pattern="point-in-time", ssp_range_minor=(1, 9))
    asked = ModifyContract(when=on(3, 1), price_change_minor=500, added=(new,))

    assert refusal(STREAM, asked, OPENED) == ("ssp-missing", {"obligations": ["new"]})
    assert decide(STREAM, structs.replace(asked, price_reflects_ssp=True), OPENED)


def test_what_has_no_share_of_a_price_needs_no_price_alone() -> None:
    usage = Obligation(obligation="usage", pattern="as-invoiced")

    assert decide(STREAM, free(SUPPORT, usage))
    assert decide(STREAM, free(SUPPORT, LICENCE, price_minor=0))


def used_points(quantity: int) -> RightsExercised:
    return RightsExercised(when=on(2, 1), obligation="points", quantity=Decimal(quantity))


def expired_points(quantity: int | None) -> RightsExpired:
    some = None if quantity is None else Decimal(quantity)
    return RightsExpired(when=on(3, 1), obligation="points", quantity=some)


BEYOND: list[tuple[str, ContractCommand, tuple[Event, ...]]] = [
    ("beyond-the-promise", satisfy(2, "seats", quantity=Decimal(11)), ()),
    (
        "beyond-the-promise",
        satisfy(3, "seats", quantity=Decimal("4.5")),
        (satisfied(2, "seats", quantity=Decimal(6)),),
    ),
    (
        "beyond-the-promise",
        ExerciseRights(when=on(3, 1), obligation="points", quantity=Decimal(41)),
        (RightsExercised(when=on(2, 1), obligation="points", quantity=Decimal(60)),),
    ),
    (
        "beyond-the-promise",
        ExerciseRights(when=on(3, 1), obligation="points", cumulative=Decimal(101)),
        (),
    ),
    # Rights that expired are used by nobody, and expire once.
    (
        "beyond-the-promise",
        ExerciseRights(when=on(4, 1), obligation="points", quantity=Decimal(31)),
        (used_points(60), expired_points(10)),
    ),
    (
        "beyond-the-promise",
        ExerciseRights(when=on(4, 1), obligation="points", cumulative=Decimal(61)),
        (used_points(60), expired_points(None)),
    ),
    (
        "beyond-the-promise",
        ExpireRights(when=on(4, 1), obligation="points", quantity=Decimal(31)),
        (used_points(60), expired_points(10)),
    ),
]


@pytest.mark.parametrize(("expected", "command", "given"), BEYOND)
def test_no_more_is_transferred_than_was_promised(
    expected: str, command: ContractCommand, given: tuple[Event, ...]
) -> None:
    assert code(STREAM, command, OPENED, *given) == expected
    assert decide(STREAM, command, OPENED, *given, outside=True)


def counted(month: int, units: int) -> RightsExercised:
    return RightsExercised(when=on(month, 1), obligation="points", cumulative=Decimal(units))


FEWER: list[tuple[ExerciseRights, tuple[Event, ...], dict[str, str]]] = [
    (
        ExerciseRights(when=on(3, 1), obligation="points", cumulative=Decimal(59)),
        (used_points(60),),
        {"used": "60", "counted": "59"},
    ),
    # Facts come in any order: what was counted later already says how many there were by then.
    (
        ExerciseRights(when=on(2, 1), obligation="points", quantity=Decimal(21)),
        (counted(1, 10), counted(3, 30)),
        {"used": "31", "counted": "30"},
    ),
    (
        ExerciseRights(when=on(1, 1), obligation="points", cumulative=Decimal(21)),
        (
            RightsExercised(when=on(2, 1), obligation="points", quantity=Decimal(10)),
            counted(3, 30),
            counted(4, 90),
        ),
        {"used": "31", "counted": "30"},
    ),
]


@pytest.mark.parametrize(("command", "given", "said"), FEWER)
def test_no_fewer_rights_are_counted_than_were_used(
    command: ExerciseRights, given: tuple[Event, ...], said: dict[str, str]
) -> None:
    assert refusal(STREAM, command, OPENED, *given) == ("fewer-than-were-used", said)
    # A source says what it says.
    assert decide(STREAM, command, OPENED, *given, outside=True)


def test_rights_are_counted_among_those_of_their_day() -> None:
    more = RightsExercised(when=on(3, 1), obligation="points", quantity=Decimal(31))
    early = ExerciseRights(when=on(2, 1), obligation="points", cumulative=Decimal(30))
    late = structs.replace(early, when=on(4, 1), cumulative=Decimal(61))

    assert decide(STREAM, early, OPENED, more)
    assert decide(STREAM, late, OPENED, counted(2, 30), more)
    assert code(STREAM, structs.replace(late, cumulative=Decimal(60)), OPENED, counted(2, 30), more)
    assert decide(STREAM, structs.replace(early, cumulative=Decimal(69)), OPENED, counted(4, 69))


def test_as_much_is_transferred_as_was_promised() -> None:
    six = satisfied(2, "seats", quantity=Decimal(6))
    more = Restated(obligation="seats", added_quantity=Decimal(5), added_unit_price=Decimal(4))
    added = ContractModified(when=on(2, 1), price_change_minor=0, restated=(more,))
    fewer = structs.replace(added, restated=(Restated(obligation="seats", quantity=Decimal(7)),))

    assert decide(STREAM, satisfy(3, "seats", quantity=Decimal(4)), OPENED, six)
    assert decide(STREAM, satisfy(3, "seats", quantity=Decimal(9)), OPENED, six, added)
    assert code(STREAM, satisfy(3, "seats", quantity=Decimal(4)), OPENED, six, fewer) == (
        "beyond-the-promise"
    )
    assert decide(
        STREAM,
        satisfy(3, "stages", milestone="b"),
        OPENED,
        satisfied(2, "stages", milestone="a"),
    )


def test_all_that_did_not_expire_may_be_used_or_expire() -> None:
    given = OPENED, used_points(60), expired_points(10)
    option = structs.replace(
        POINTS, quantity=None, option=DiscountOption(average_purchase_minor=5, percent=Decimal(9))
    )
    once = structs.replace(OPENED, obligations=(option,))

    assert decide(STREAM, ExpireRights(when=on(4, 1), obligation="points"), *given)
    for command in (ExerciseRights, ExpireRights):
        rest = command(when=on(4, 1), obligation="points", quantity=Decimal(30))
        assert decide(STREAM, rest, *given)
        # Of an option nobody counts how many there are.
        assert decide(STREAM, rest, once, expired_points(None))


def test_no_fewer_units_are_stated_anew_than_were_transferred() -> None:
    six = satisfied(2, "seats", quantity=Decimal(6))
    told = refusal(STREAM, restating(3, "seats", quantity=Decimal(5)), OPENED, six)

    assert told == (
        "beyond-the-promise",
        {"promised": "5", "transferred": "6"},
    )
    assert decide(STREAM, restating(3, "seats", quantity=Decimal(6)), OPENED, six)


UNDER: list[tuple[ContractCommand, Event]] = [
    (
        ReviseExpectation(when=on(3, 1), obligation="points", breakage_percent=Decimal("40.1")),
        RightsExercised(when=on(2, 1), obligation="points", quantity=Decimal(60)),
    ),
    (
        ReviseExpectation(when=on(3, 1), obligation="points", expected_exercised=Decimal(59)),
        RightsExercised(when=on(2, 1), obligation="points", quantity=Decimal(60)),
    ),
    (
        ReviseExpectation(when=on(3, 1), obligation="work", expected_cost_minor=499),
        ProgressMeasured(when=on(2, 1), obligation="work", incurred_minor=500),
    ),
    (
        ExerciseRights(
            when=on(3, 1), obligation="points", cumulative=Decimal(70), expected=Decimal(69)
        ),
        RightsExercised(when=on(2, 1), obligation="points", cumulative=Decimal(60)),
    ),
]


@pytest.mark.parametrize(("command", "given"), UNDER)
def test_an_estimate_is_not_under_what_is_certain(command: ContractCommand, given: Event) -> None:
    assert code(STREAM, command, OPENED, given) == "estimate-under-certain"


def test_an_estimate_may_be_what_is_certain() -> None:
    used = RightsExercised(when=on(2, 1), obligation="points", quantity=Decimal(60))
    spent = ProgressMeasured(when=on(2, 1), obligation="work", incurred_minor=500)
    rights = ReviseExpectation(when=on(3, 1), obligation="points", expected_exercised=Decimal(60))
    costs = ReviseExpectation(when=on(3, 1), obligation="work", expected_cost_minor=500)

    unused = ReviseExpectation(when=on(3, 1), obligation="points", breakage_percent=Decimal(40))

    assert decide(STREAM, rights, OPENED, used)
    assert decide(STREAM, unused, OPENED, used)
    assert decide(STREAM, costs, OPENED, spent)


FINISHED: list[tuple[str, tuple[Event, ...]]] = [
    ("licence", (satisfied(2, "licence"),)),
    ("seats", (satisfied(2, "seats", quantity=Decimal(10)),)),
    ("stages", tuple(satisfied(2, "stages", milestone=name) for name in "ab")),
    ("work", (ProgressMeasured(when=on(2, 1), obligation="work", percent=Decimal(100)),)),
]


@pytest.mark.parametrize(("name", "given"), FINISHED)
def test_what_is_finished_is_not_stated_anew(name: str, given: tuple[Event, ...]) -> None:
    command = restating(3, name, ssp_minor=5)

    assert code(STREAM, command, OPENED, *given) == "obligation-finished"
    # Dated before it was finished, and keyed late.
    assert decide(STREAM, restating(2, name, ssp_minor=5), OPENED, *given)
    if len(given) > 1:
        assert decide(STREAM, command, OPENED, given[0])


def test_a_term_that_is_over_goes_on_from_its_end_or_not_at_all() -> None:
    """Its first day not served is 1 January 2025."""
    longer = Restated(obligation="support", service_to=date(2026, 1, 1))
    next_day, late = (
        ModifyContract(when=on(1, day, year=2025), price_change_minor=0, restated=(longer,))
        for day in (1, 2)
    )
    cut_short = Restated(obligation="support", service_to=date(2024, 7, 1))
    shorter = ContractModified(when=on(3, 1), price_change_minor=0, restated=(cut_short,))

    assert decide(STREAM, next_day, OPENED)
    assert code(STREAM, late, OPENED) == "obligation-finished"
    assert code(STREAM, next_day, OPENED, shorter) == "obligation-finished"
    assert decide(STREAM, restating(3, "support", service_to=date(2026, 1, 1)), OPENED)


def test_more_may_be_added_to_what_is_finished_and_its_price_may_change() -> None:
    done = satisfied(2, "seats", quantity=Decimal(10))
    more = restating(3, "seats", added_quantity=Decimal(1), added_unit_price=Decimal(5))

    assert decide(STREAM, more, OPENED, done)
    assert decide(STREAM, restating(3, "seats", unit_price=Decimal(6)), OPENED, done)
    assert decide(STREAM, ModifyContract(when=on(3, 1), price_change_minor=-5), OPENED, done)


@pytest.mark.parametrize(
    ("expected", "how"),
    [
        ("negative-price", {"price_minor": -1}),
        ("negative-price", {"unit_price": Decimal(-1), "quantity": Decimal(1)}),
        ("negative-price", {"others_share_minor": -1}),
        ("service-ends-before-it-begins", {"service_to": date(2024, 1, 1)}),
        ("service-ends-before-it-begins", {"service_to": date(2023, 1, 1)}),
        ("service-ends-before-it-begins", {"available_from": date(2025, 1, 1)}),
        ("percent-out-of-range", {"breakage_percent": Decimal(101)}),
        ("percent-out-of-range", {"percent_of_base": Decimal("100.01")}),
        ("percent-out-of-range", {"ssp_percent": Decimal(101), "list_minor": 5}),
    ],
)
def test_a_promise_that_makes_no_sense_is_refused(expected: str, how: dict[str, Any]) -> None:
    row = structs.replace(SUPPORT, **{"ssp_minor": 0, **how})

    assert code(STREAM, structs.replace(OPEN, obligations=(row,))) == expected


@pytest.mark.parametrize(
    "how",
    [
        {"percent": Decimal(101)},
        {"percent": Decimal(-1)},
        {"incurred_minor": 6, "expected_minor": 5},
    ],
)
def test_no_promise_is_more_than_complete(how: dict[str, Any]) -> None:
    command = MeasureProgress(when=on(3, 1), obligation="work", **how)

    assert code(STREAM, command, OPENED) == "percent-out-of-range"


def test_two_modifications_of_one_day_are_measured_in_their_order_whichever_came_first() -> None:
    base = opened("2024-01-01", even("service", "2024-01-01", "2025-01-01"), price_minor=1200_00)
    added = point("training", 300_00)
    cut = ContractModified(
        when=structs.replace(day_on("2024-07-01"), order=11), price_change_minor=-120_00
    )
    more = ContractModified(
        when=structs.replace(day_on("2024-07-01"), order=12),
        price_change_minor=200_00,
        added=(added,),
    )
    done = ObligationSatisfied(
        when=structs.replace(day_on("2024-08-01"), order=13), obligation="training"
    )
    found = {
        tuple(by_month(scheduled(base, *rows), "2024-01-01", 12))
        for rows in permutations((cut, more, done))
    }

    assert len(found) == 1
    assert sum(found.pop()) == 1280_00


def test_in_the_other_order_the_same_two_modifications_come_to_the_same_price() -> None:
    base = opened("2024-01-01", even("service", "2024-01-01", "2025-01-01"), price_minor=1200_00)
    first, second = (
        [
            ContractModified(
                when=structs.replace(day_on("2024-07-01"), order=order), price_change_minor=minor
            )
            for order, minor in rows
        ]
        for rows in (((11, -120_00), (12, 60_00)), ((12, -120_00), (11, 60_00)))
    )

    assert revenue(scheduled(base, *first), "2024-01-01", "2024-12-31") == 1140_00
    assert revenue(scheduled(base, *second), "2024-01-01", "2024-12-31") == 1140_00
