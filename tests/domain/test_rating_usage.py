"""Which price takes which usage, what it comes to at each day's end, and what waits and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.documents import BilledLine
from domain.billing_options import BillingOptions
from domain.charge import Charge
from domain.facts import Event, When
from domain.invoice_facts import InvoiceLine
from domain.master import MasterData, master_data
from domain.meter import MeterDefined
from domain.price import PriceSet
from domain.pricing import Flat, Graduated, PerUnit, Tier
from domain.rating import RatedUsage, rate_usage
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionStarted,
)
from domain.terms import horizon, terms
from domain.usage import UsageDay
from tests.domain.given import fact

MARCH, APRIL, MAY = (date(2024, month, 1) for month in (3, 4, 5))
OPTIONS = BillingOptions()


class World:
    """Master data and one subscription, said in one line each."""

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.own: list[Any] = []

    def meter(self, name: str, aggregation: str, day: date = MARCH, **more: Any) -> None:
        defined = MeterDefined(when=When(effective=day), aggregation=aggregation, **more)
        self._say(f"meter:{name}", defined)

    def price(self, name: str, model: Any, meter: str, day: date = MARCH, **more: Any) -> None:
        price = PriceSet(when=When(effective=day), currency="USD", model=model, meter=meter, **more)
        self._say(f"price:{name}", price)

    def start(self, *items: str, term_from: date = MARCH, term_to: date = MAY, **more: Any) -> None:
        started = SubscriptionStarted(
            when=When(effective=term_from),
            customer="c",
            currency="USD",
            term_from=term_from,
            term_to=term_to,
            items=tuple(Item(item=name, price=name) for name in items),
            **more,
        )
        self.change(started)

    def change(self, event: Event) -> None:
        self._say("subscription:s", event)
        self.own.append(self.facts.pop())

    def _say(self, stream: str, event: Event) -> None:
        number = len(self.facts) + len(self.own) + 1
        self.facts.append(fact(number, stream=stream, event=event))

    @property
    def master(self) -> MasterData:
        return master_data(self.facts)

    def rate(self, *rows: UsageDay, bills: Sequence[BilledLine] = ()) -> RatedUsage:
        known = self.master
        until = horizon(APRIL, rows)
        return rate_usage(rows, terms(self.own, known.prices, until, {"c"}), known, bills)

    def charges(self, *rows: UsageDay) -> list[Charge]:
        rated = self.rate(*rows)
        assert rated.pending == ()
        return list(rated.charges)

    def reasons(self, *rows: UsageDay) -> list[tuple[str, int]]:
        return [(one.reason, one.rows) for one in self.rate(*rows).pending]


def row(
    day: date, quantity: str = "1", *, meter: str = "m", position: int = 100, **more: Any
) -> UsageDay:
    number = more.pop("event", f"{day}{quantity}{position}")
    unit = more.pop("unit", None)
    hour = more.pop("hour", 12)
    return UsageDay(
        subscription="s",
        meter=meter,
        day=day,
        position=position,
        rows=1,
        quantity=Decimal(quantity),
        unit=unit,
        at=datetime.combine(day, time(hour), UTC),
        event=number,
        dimensions=tuple(sorted(more.items())),
    )


def out(one: UsageDay, position: int) -> UsageDay:
    return structs.replace(one, rows=-1, quantity=-one.quantity, position=position)


def unit(amount: str) -> PerUnit:
    return PerUnit(unit_amount=Decimal(amount))


def told(charges: list[Charge]) -> list[tuple[str, str, date, int]]:
    return [
        (one.item, " ".join(value for _, value in one.group), one.start, one.minor)
        for one in charges
    ]


@pytest.fixture
def world() -> World:
    return World()


# --- what a meter counts --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aggregation", "more", "marks", "quantity"),
    [
        ("sum", {}, [(1, 100), (5, 400), (9, 500)], 5),
        ("count", {}, [(1, 100), (5, 200), (9, 300)], 3),
        ("max", {}, [(1, 100), (5, 300), (9, 300)], 3),
        ("latest", {}, [(1, 100), (5, 300), (9, 100)], 1),
        ("unique-count", {"property": "user"}, [(1, 100), (5, 200), (9, 200)], 2),
    ],
)
def test_a_charge_stands_at_each_days_end_as_if_the_period_ended_there(
    world: World, aggregation: str, more: dict[str, str], marks: list[Any], quantity: int
) -> None:
    world.meter("m", aggregation, **more)
    world.price("p", unit("1.00"), "m")
    world.start("p")
    used = [
        row(MARCH, "1", user="a"),
        row(date(2024, 3, 5), "3", user="b"),
        row(date(2024, 3, 9), "1", user="a"),
    ]

    (charge,) = world.charges(*reversed(used))

    assert charge.marks == tuple((date(2024, 3, day), minor) for day, minor in marks)
    assert (charge.minor, charge.quantity) == (marks[-1][1], quantity)


def test_seats_are_charged_by_the_days_they_are_there_also_where_no_row_comes(world: World) -> None:
    world.meter("m", "time-weighted-sum", recurring=True)
    world.price("p", unit("31.00"), "m")
    world.start("p")

    march, april = world.charges(row(date(2024, 3, 22), "2"))

    assert (march.minor, march.marks[0]) == (2000, (date(2024, 3, 22), 200))
    assert (april.minor, april.marks[-1]) == (6200, (date(2024, 4, 30), 6200))
    assert april.causes == march.causes


def test_a_level_ends_with_what_is_sold(world: World) -> None:
    """Fifteen of thirty-one days, the day of the cancellation not served."""
    world.meter("m", "time-weighted-sum", recurring=True)
    world.price("p", unit("31.00"), "m")
    world.start("p")
    world.change(SubscriptionCancelled(when=When(effective=date(2024, 3, 16))))

    (charge,) = world.charges(row(MARCH, "1"))

    assert charge.minor == 1500


def test_seats_are_held_on_the_day_of_a_cancellation_where_it_is_served(world: World) -> None:
    served = structs.replace(OPTIONS, cancellation_day="served")
    world.meter("m", "time-weighted-sum", recurring=True)
    world.price("p", unit("30.00"), "m", options=served)
    world.start("p")
    world.change(SubscriptionCancelled(when=When(effective=date(2024, 3, 15))))

    (charge,) = world.charges(row(MARCH, "1"))

    assert charge.minor == 1452


def test_a_level_taken_back_is_not_charged_any_more(world: World) -> None:
    world.meter("m", "sum", recurring=True)
    world.price("p", unit("1.00"), "m")
    world.start("p")

    found = world.charges(row(date(2024, 3, 5), "3"), row(date(2024, 3, 9), "-3"))

    assert told(found) == [("p", "", MARCH, 0)]


def test_a_level_passes_from_one_price_to_the_next_inside_a_period(world: World) -> None:
    world.meter("m", "time-weighted-sum", recurring=True)
    world.price("p", unit("31.00"), "m")
    world.price("p", unit("62.00"), "m", day=date(2024, 3, 11))
    world.start("p", term_to=APRIL)

    found = world.charges(row(MARCH, "1"))

    assert [(one.price, one.minor) for one in found] == [
        ("p@2024-03-01", 1000),
        ("p@2024-03-11", 4200),
    ]


def test_a_thirds_of_a_unit_are_priced_exactly(world: World) -> None:
    """1/31 + ... is no decimal: 10 seats for one day of 31, in tiers."""
    tiers = (
        Tier(unit_amount=Decimal(31), up_to=Decimal("0.1")),
        Tier(unit_amount=Decimal("15.5")),
    )
    world.meter("m", "time-weighted-sum")
    world.price("p", Graduated(tiers=tiers), "m")
    world.start("p", term_to=APRIL)

    (charge,) = world.charges(row(date(2024, 3, 31), "10"))

    # 0.1 x 31 + (10/31 - 0.1) x 15.5 = 3.1 + 5 - 1.55
    assert charge.minor == 655
    assert ("usage of m", "10/31") in [(step.what, step.value) for step in charge.steps]


# --- units, filters, groups -----------------------------------------------------------------------


def test_units_are_converted_and_others_wait_until_they_can_be(world: World) -> None:
    world.meter("m", "sum", unit="GB", conversions={"MB": Decimal("0.001")})
    world.price("p", unit("1.00"), "m")
    world.start("p")
    used = [row(MARCH, "1"), row(MARCH, "500", unit="MB"), row(MARCH, "2", unit="TB")]

    rated = world.rate(*used)
    world.meter(
        "m", "sum", APRIL, unit="GB", conversions={"MB": Decimal("0.001"), "TB": Decimal(1000)}
    )
    (cured,) = world.charges(*used)

    assert [one.minor for one in rated.charges] == [150]
    assert [(one.reason, one.quantity) for one in rated.pending] == [("unit-mismatch", 2)]
    assert cured.minor == 2_001_50


def test_a_price_in_another_unit_than_its_meter_takes_nothing(world: World) -> None:
    world.meter("m", "sum", unit="GB")
    world.price("p", unit("1.00"), "m", unit="TB")
    world.start("p")

    assert world.reasons(row(MARCH), row(APRIL)) == [("unit-mismatch", 1)] * 2


def test_each_row_goes_to_the_first_price_that_wants_it(world: World) -> None:
    world.meter("m", "sum")
    world.price("a-eu", unit("1.00"), "m", where={"region": ("eu", "uk")})
    world.price("b-us", unit("2.00"), "m", where={"region": ("us",)})
    world.start("a-eu", "b-us")
    used = [
        row(MARCH, "1", region="eu"),
        row(MARCH, "2", region="uk"),
        row(MARCH, "4", region="us"),
        row(MARCH, "8", region="jp"),
        row(MARCH, "16"),
    ]

    rated = world.rate(*used)

    assert told(list(rated.charges)) == [("a-eu", "", MARCH, 300), ("b-us", "", MARCH, 800)]
    assert [(one.reason, one.quantity) for one in rated.pending] == [
        ("missing-dimension", 16),
        ("no-price-for-dimensions", 8),
    ]


def test_a_price_charges_each_combination_of_its_groups_by_itself(world: World) -> None:
    world.meter("m", "sum", dimensions=("region",))
    world.price("p", unit("0.004"), "m", group_by=("plan", "region"))
    world.start("p", term_to=APRIL)
    used = [
        row(MARCH, "1", region="eu", plan="a"),
        row(date(2024, 3, 2), "1", region="us", plan="a"),
        row(date(2024, 3, 3), "1", region="eu", plan="b"),
        row(date(2024, 3, 3), "1", plan="b", event="x"),
    ]

    rated = world.rate(*used)

    # Rounded together, as all usage of one period is: 0.004, 0.008, 0.012.
    assert told(list(rated.charges)) == [
        ("p", "a eu", MARCH, 0),
        ("p", "a us", MARCH, 1),
        ("p", "b eu", MARCH, 0),
    ]
    assert [one.reason for one in rated.pending] == ["missing-dimension"]
    steps = [(step.what, step.value) for step in rated.charges[1].steps]
    assert ("group region", "us") in steps


def test_a_price_may_round_each_charge_by_itself(world: World) -> None:
    """Five seats of 14.52 each, not 72.58 for all of them."""
    world.meter("m", "time-weighted-sum", recurring=True)
    by_line = structs.replace(OPTIONS, rounding="line")
    world.price("p", unit("30"), "m", group_by=("seat",), options=by_line)
    world.start("p", term_from=date(2024, 7, 1), term_to=date(2024, 8, 1))
    world.change(SubscriptionCancelled(when=When(effective=date(2024, 7, 16))))
    seats = [row(date(2024, 7, 1), seat=f"user_{number}") for number in range(5)]

    assert [one.minor for one in world.charges(*seats)] == [1452] * 5


# --- what waits -----------------------------------------------------------------------------------


def test_usage_of_a_meter_that_only_other_contracts_have_is_out_of_contract(world: World) -> None:
    world.meter("m", "sum")
    world.meter("n", "sum")
    world.price("p", unit("1.00"), "m")
    world.price("q", unit("1.00"), "n")
    world.meter("o", "sum")
    world.start("q")

    assert world.reasons(row(MARCH)) == [("out-of-contract", 1)]
    assert world.reasons(row(MARCH, meter="o")) == [("no-price-for-meter", 1)]


def test_what_waits_is_told_by_reason_and_batch_and_taken_back_while_it_waits(world: World) -> None:
    world.meter("m", "max", dimensions=("region",))
    world.price("p", unit("1.00"), "m")
    world.start("p")
    both = [row(MARCH, "1", event="a"), row(MARCH, "2", event="b")]

    assert world.reasons(*both) == [("missing-dimension", 2)]
    assert world.reasons(*both, out(both[0], 101)) == [
        ("missing-dimension", 2),
        ("missing-dimension", -1),
    ]
    assert world.reasons(both[0], out(both[0], 100)) == []


def test_a_corrected_row_never_was(world: World) -> None:
    world.meter("m", "max")
    world.price("p", unit("1.00"), "m")
    world.start("p")
    wrong = row(MARCH, "900", event="a")

    (charge,) = world.charges(wrong, out(wrong, 101), row(MARCH, "9", event="a", position=101))

    assert charge.minor == 900
    assert {100, 101} <= set(charge.causes)


# --- boundaries -----------------------------------------------------------------------------------


def test_usage_of_the_day_of_a_cancellation_is_not_billed_unless_its_price_says_so(
    world: World,
) -> None:
    world.meter("m", "sum")
    world.price("p", unit("1.00"), "m")
    billed = structs.replace(OPTIONS, usage_on_cancellation_day="billed")
    world.start("p")
    last = date(2024, 4, 16)
    world.change(SubscriptionCancelled(when=When(effective=last)))
    used = [row(last - timedelta(1), "1"), row(last, "2"), row(last + timedelta(1), "4")]

    before = world.rate(*used)
    world.price("p", unit("1.00"), "m", options=billed)
    after = world.rate(*used)

    assert [one.minor for one in before.charges] == [100]
    assert [(one.reason, one.quantity) for one in before.pending] == [
        ("out-of-term", 2),
        ("out-of-term", 4),
    ]
    assert [one.minor for one in after.charges] == [300]
    assert [(one.reason, one.quantity) for one in after.pending] == [("out-of-term", 4)]


def test_usage_follows_a_change_of_item_from_its_day_on(world: World) -> None:
    world.meter("m", "max")
    world.price("p", unit("1.00"), "m")
    world.price("q", unit("2.00"), "m")
    world.start("p")
    swap = (ItemChange(item="p", removed=True), ItemChange(item="q", price="q"))
    world.change(SubscriptionAmended(when=When(effective=date(2024, 3, 11)), items=swap))

    found = world.charges(row(date(2024, 3, 10), "5"), row(date(2024, 3, 11), "3"))

    assert told(found) == [("p", "", MARCH, 500), ("q", "", MARCH, 600)]


def test_usage_in_a_trial_is_billed_unless_its_price_says_so(world: World) -> None:
    world.meter("m", "sum")
    world.price("p", unit("1.00"), "m", trial_days=10)
    free = structs.replace(OPTIONS, trial_usage="free")
    world.start("p", term_to=APRIL)
    used = [row(date(2024, 3, 10), "1"), row(date(2024, 3, 11), "2")]

    before = world.charges(*used)
    world.price("p", unit("1.00"), "m", trial_days=10, options=free)
    after = world.charges(*used)

    assert [one.minor for one in before] == [300]
    assert [one.minor for one in after] == [200, 0]


# --- late usage -----------------------------------------------------------------------------------


def bills(*lines: tuple[date, int]) -> list[BilledLine]:
    """Lines of the item, each for service from a day on, issued at a position."""
    return [
        BilledLine(
            invoice=f"i{position}",
            number="",
            customer="c",
            currency="USD",
            issued_on=day,
            due_on=day,
            line=InvoiceLine(line="1", amount_minor=1, service_from=day, obligation="p"),
            cause=position,
            cuts=(),
        )
        for day, position in lines
    ]


def test_late_usage_counts_at_any_age_unless_its_price_says_so(world: World) -> None:
    world.meter("m", "sum")
    world.price("p", unit("1.00"), "m")
    world.start("p")

    rated = world.rate(row(MARCH, position=300), bills=bills((MARCH, 200), (APRIL, 201)))

    assert [one.minor for one in rated.charges] == [100]


def test_late_usage_is_held_for_a_person_where_its_price_says_so(world: World) -> None:
    """What came before the bill is in it; what came after it waits, as if it were not there."""
    world.meter("m", "sum")
    world.price("p", unit("1.00"), "m", options=structs.replace(OPTIONS, late_usage="hold"))
    world.start("p")
    used = [
        row(MARCH, "1", position=100),
        row(MARCH, "2", position=300),
        row(APRIL, "4", position=300),
    ]

    rated = world.rate(*used, bills=bills((MARCH, 200)))

    assert told(list(rated.charges)) == [("p", "", MARCH, 100), ("p", "", APRIL, 400)]
    assert [(one.reason, one.quantity) for one in rated.pending] == [("outside-window", 2)]
    assert 200 in rated.charges[0].causes
    assert 200 not in rated.charges[1].causes


def test_a_window_of_billing_periods_takes_what_is_not_older(world: World) -> None:
    """Two periods back from the last one billed: May and June after June's bill, not April."""
    world.meter("m", "sum")
    world.price("p", unit("1.00"), "m", options=structs.replace(OPTIONS, late_periods=2))
    world.start("p", term_from=APRIL, term_to=date(2024, 9, 1))
    june = date(2024, 6, 1)
    said = bills((APRIL, 200), (MAY, 201), (june, 202))
    used = [
        row(APRIL, "1", position=100),
        row(date(2024, 4, 30), "100", position=300),
        row(MAY, "199", position=300),
        row(june, "7", position=300),
    ]

    rated = world.rate(*used, bills=said)

    assert [one.minor for one in rated.charges] == [100, 199_00, 700]
    assert [(one.reason, one.quantity) for one in rated.pending] == [("outside-window", 100)]


def test_a_late_change_of_a_level_counts_from_the_first_period_not_billed_yet(world: World) -> None:
    world.meter("m", "sum", recurring=True)
    world.price("p", unit("1.00"), "m", options=structs.replace(OPTIONS, late_usage="hold"))
    world.start("p")
    used = [row(MARCH, "5", position=100), row(MARCH, "2", position=300)]

    rated = world.rate(*used, bills=bills((MARCH, 200)))

    assert [(one.start, one.minor) for one in rated.charges] == [(MARCH, 500), (APRIL, 700)]
    assert 200 in rated.charges[0].causes


def test_a_flat_price_of_usage_is_charged_once_a_period_with_usage(world: World) -> None:
    world.meter("m", "max")
    world.price("p", Flat(amount=Decimal(9)), "m")
    world.start("p")

    assert [one.minor for one in world.charges(row(MARCH), row(date(2024, 3, 7)))] == [900]
