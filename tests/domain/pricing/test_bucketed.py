from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from domain.pricing import Graduated, PerUnit, Tier
from domain.pricing.bucketed import Bucketed, ClockRule, Window
from domain.pricing.by_quantity import QuantityModel
from domain.pricing.overage import Overage
from domain.pricing.package import Package
from domain.pricing.readings import Reading
from tests.domain.pricing.priced import lines, refused, run

TENTH = PerUnit(unit_amount=Decimal("0.10"))
FALLING = Graduated(
    tiers=(
        Tier(up_to=Decimal(10), unit_amount=Decimal("0.10")),
        Tier(up_to=Decimal(20), unit_amount=Decimal("0.05")),
        Tier(unit_amount=Decimal("0.02")),
    )
)


def at(moment: str, *quantities: str, zone: str = "UTC") -> list[Reading]:
    """Readings of one UTC instant, as a subscription of a zone sees them."""
    local = datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return [Reading(local, Decimal(quantity)) for quantity in quantities]


MIDNIGHT = at("2025-01-15T00:00", "2", "5", "6", "9")


@pytest.mark.parametrize(
    ("price", "second_hour", "amount"),
    [
        pytest.param(TENTH, ["10"], "1.90", id="fp-bucketed-max-flat"),
        pytest.param(
            Package(size=Decimal(10), amount=Decimal(1)), ["10"], "2", id="fp-bucketed-max-package"
        ),
        pytest.param(FALLING, ["10", "15"], "2.15", id="fp-bucketed-max-slab"),
    ],
)
def test_each_hour_is_priced_by_its_maximum(
    price: QuantityModel, second_hour: list[str], amount: str
) -> None:
    readings = [*MIDNIGHT, *at("2025-01-15T01:00", *second_hour)]

    running = run(Bucketed(window="hour", takes="max", price=price), readings)

    assert running.amount == Fraction(amount)


def priced(unit_amount: str, committed: str, *, true_up: bool) -> Overage:
    return Overage(
        committed=Decimal(committed),
        price=PerUnit(unit_amount=Decimal(unit_amount)),
        factor=Decimal(2),
        true_up=true_up,
    )


MORNING = Bucketed(
    window="hour",
    takes="sum",
    price=priced("1", "10", true_up=True),
    rules=(ClockRule(start="09:00", end="12:00", price=priced("2", "5", true_up=False)),),
)


def test_the_hour_that_begins_within_a_rule_has_its_price() -> None:
    readings = [
        *at("2026-01-01T09:00", "10"),
        *at("2026-01-01T10:00", "1"),
        *at("2026-01-01T18:00", "3"),
    ]

    running = run(MORNING, readings)

    assert running.amount == 47
    assert [(what, amount) for what, _, amount in lines(running.parts())] == [
        ("2026-01-01T09:00+00:00, quantity x unit price", 20),
        ("2026-01-01T09:00+00:00, above the commitment", 15),
        ("2026-01-01T10:00+00:00, quantity x unit price", 2),
        ("2026-01-01T18:00+00:00, quantity x unit price", 3),
        ("2026-01-01T18:00+00:00, true-up to the commitment", 7),
    ]


def test_a_rule_ends_before_the_hour_it_ends_with() -> None:
    hours = ["2026-01-01T08:59", "2026-01-01T11:59", "2026-01-01T12:00"]
    amounts = [run(MORNING, at(hour, "1")).amount for hour in hours]

    assert amounts == [10, 2, 10]


@pytest.mark.parametrize(
    ("window", "moments", "windows"),
    [
        ("hour", ["2025-01-15T00:00", "2025-01-15T00:59", "2025-01-15T01:00"], 2),
        ("day", ["2025-01-15T00:00", "2025-01-15T23:59", "2025-01-16T00:00"], 2),
        ("week", ["2025-01-13T00:00", "2025-01-19T23:59", "2025-01-20T00:00"], 2),
        ("month", ["2025-01-01T00:00", "2025-01-31T23:59", "2025-02-01T00:00"], 2),
    ],
)
def test_a_window_holds_its_first_moment_and_not_its_last(
    window: Window, moments: list[str], windows: int
) -> None:
    readings = [reading for moment in moments for reading in at(moment, "10")]

    assert run(Bucketed(window=window, takes="max", price=TENTH), readings).amount == windows


def test_a_rule_may_begin_where_another_ends() -> None:
    morning = MORNING.rules[0]
    noon = ClockRule(start="12:00", end="24:00", price=TENTH)
    model = Bucketed(window="hour", takes="sum", price=TENTH, rules=(noon, morning))

    assert run(model, at("2026-01-01T12:00", "10")).amount == 1


def test_windows_follow_the_clock_of_the_zone() -> None:
    model = Bucketed(window="day", takes="max", price=TENTH)
    evening = [*at("2025-01-15T22:30", "10"), *at("2025-01-15T23:30", "10")]
    in_berlin = [
        *at("2025-01-15T22:30", "10", zone="Europe/Berlin"),
        *at("2025-01-15T23:30", "10", zone="Europe/Berlin"),
    ]

    assert run(model, evening).amount == 1
    assert run(model, in_berlin).amount == 2


def test_an_hour_that_the_clock_shows_twice_is_two_hours() -> None:
    model = Bucketed(window="hour", takes="max", price=TENTH)
    readings = [
        reading
        for moment in ("2024-11-03T05:30", "2024-11-03T06:30")
        for reading in at(moment, "10", zone="America/New_York")
    ]

    assert {reading.at.hour for reading in readings} == {1}
    assert run(model, readings).amount == 2


def test_a_window_without_usage_costs_nothing() -> None:
    assert run(MORNING, ()).amount == 0


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (
            Bucketed(window="day", takes="max", price=TENTH, rules=MORNING.rules),
            "rules-need-hours",
            "model.rules",
        ),
        (
            Bucketed(window="hour", takes="max", price=TENTH, rules=(*MORNING.rules,) * 2),
            "rules-overlap",
            "model.rules",
        ),
        (
            Bucketed(
                window="hour",
                takes="max",
                price=TENTH,
                rules=(ClockRule(start="12:00", end="09:00", price=TENTH),),
            ),
            "window-ends-before-it-begins",
            "model.rules.end",
        ),
        (
            Bucketed(
                window="hour",
                takes="max",
                price=TENTH,
                rules=(ClockRule(start="9:00", end="12:00", price=TENTH),),
            ),
            "bad-time",
            "model.rules.start",
        ),
        (
            Bucketed(window="day", takes="sum", price=PerUnit(unit_amount=Decimal(-1))),
            "negative-price",
            "model.unit_amount",
        ),
    ],
)
def test_rules_that_do_not_hold_are_refused(model: Bucketed, code: str, field: str) -> None:
    assert refused(model) == (code, field)
