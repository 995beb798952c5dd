"""Many charges of a fraction of a cent: the period's sum is rounded once, items are cut from it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.charge import Charge
from domain.facts import Fact, When
from domain.master import MasterData
from domain.meter import MeterDefined
from domain.money import rounded, to_minor
from domain.price import PriceSet, PriceVersion
from domain.pricing import PerUnit
from domain.rating import rate_usage
from domain.subscription import Item, SubscriptionStarted
from domain.terms import horizon, terms
from domain.usage import UsageDay

START = date(2024, 9, 1)


def master(unit_amounts: dict[str, str]) -> MasterData:
    when = When(effective=START)
    prices = {
        name: PriceSet(
            when=when, currency="USD", model=PerUnit(unit_amount=Decimal(text)), meter=name
        )
        for name, text in unit_amounts.items()
    }
    return MasterData(
        prices={name: (PriceVersion(name, START, price),) for name, price in prices.items()},
        meters={name: MeterDefined(when=when, aggregation="sum") for name in unit_amounts},
    )


def charges(unit_amounts: dict[str, str], usage: list[tuple[str, int, str]]) -> list[Charge]:
    """Usage as (meter, day of September, quantity); the row's place + 10 is its position."""
    started = SubscriptionStarted(
        when=When(effective=START, order=1),
        customer="c",
        currency="USD",
        term_from=START,
        term_to=date(2024, 10, 1),
        items=tuple(Item(item=name, price=name) for name in unit_amounts),
    )
    fact = Fact(
        entity="e",
        position=1,
        stream="subscription:s",
        version=1,
        event=started,
        recorded_at=datetime(2024, 9, 1, tzinfo=UTC),
        command_id="k",
        actor="a",
    )
    days = [
        UsageDay(
            subscription="s",
            meter=meter,
            day=date(2024, 9, day),
            position=place,
            rows=1,
            quantity=Decimal(quantity),
        )
        for place, (meter, day, quantity) in enumerate(usage, 10)
    ]
    prices = master(unit_amounts)
    rated = rate_usage(days, terms([fact], prices.prices, horizon(date.min, days), {"c"}), prices)
    assert rated.pending == ()
    return list(rated.charges)


def test_items_sum_to_the_exact_total_rounded_once() -> None:
    prices = {"a": "0.004", "b": "0.004", "c": "0.004", "d": "0.004"}

    found = charges(prices, [(name, 3, "1") for name in prices])

    # Exact sums 0.004, 0.008, 0.012, 0.016; rounded 0.00, 0.01, 0.01, 0.02.
    assert [(charge.item, charge.minor) for charge in found] == [
        ("a", 0),
        ("b", 1),
        ("c", 0),
        ("d", 1),
    ]


def test_what_an_item_was_cut_from_is_among_its_causes_and_steps() -> None:
    first, second = charges({"a": "0.004", "b": "0.004"}, [("a", 3, "1"), ("b", 3, "1")])

    assert first.causes == (1, 10)
    assert second.causes == (1, 10, 11)
    assert [(step.what, step.value) for step in second.steps] == [
        ("sold since", "2024-09-01"),
        ("usage of fact 11", "1 from 2024-09-03 to 2024-09-03"),
        ("usage of b", "1"),
        ("quantity x unit price", "1 x 0.004"),
        ("item before", "a"),
        ("sold since", "2024-09-01"),
        ("usage of fact 10", "1 from 2024-09-03 to 2024-09-03"),
        ("usage of a", "1"),
        ("quantity x unit price", "1 x 0.004"),
        ("exact sum of the items before", "0.004"),
        ("charged, rounded once", "0.01"),
    ]


def test_items_of_whole_cents_do_not_know_of_each_other() -> None:
    _, second = charges({"a": "0.02", "b": "0.004"}, [("a", 3, "7"), ("b", 3, "1")])

    assert second.causes == (1, 11)
    assert [step.what for step in second.steps] == [
        "sold since",
        "usage of fact 11",
        "usage of b",
        "quantity x unit price",
        "charged, rounded once",
    ]


def test_items_that_come_to_whole_cents_only_together_are_known_to_the_next() -> None:
    # 0.3 and 0.7 of a cent's worth: the whole is a cent, but either batch alone is not.
    usage = [("a", 3, "0.3"), ("a", 4, "0.7"), ("b", 4, "1")]

    _, second = charges({"a": "0.01", "b": "0.004"}, usage)

    assert second.causes == (1, 10, 11, 12)


def test_each_day_is_cut_as_if_the_period_ended_there() -> None:
    first, second = charges(
        {"a": "0.004", "b": "0.003"}, [("a", 2, "1"), ("b", 4, "1"), ("a", 9, "1")]
    )

    assert first.marks == ((date(2024, 9, 2), 0), (date(2024, 9, 9), 1))
    # Sums on 4 Sep 0.004 + 0.003, on 9 Sep 0.008 + 0.003: the cent moves over to the first item.
    assert second.marks == ((date(2024, 9, 4), 1), (date(2024, 9, 9), 0))


def test_negative_usage_reduces_its_charge_and_mirrors() -> None:
    usage = [("a", 2, "3"), ("b", 2, "5"), ("b", 3, "1")]
    prices = {"a": "0.0033", "b": "0.0049"}

    there = charges(prices, usage)
    back = charges(prices, [(meter, day, f"-{quantity}") for meter, day, quantity in usage])

    assert [charge.minor for charge in there] == [1, 3]
    assert [charge.minor for charge in back] == [-1, -3]


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=17, min_value=-(10**9), max_value=10**9
    )
)
def test_decimals_and_fractions_round_alike(exact: Decimal) -> None:
    for value in (exact, exact.quantize(Decimal("0.1")) + Decimal("0.05")):
        assert rounded(value) == rounded(Fraction(value))
        assert to_minor(value, "USD") == to_minor(Fraction(value), "USD")
