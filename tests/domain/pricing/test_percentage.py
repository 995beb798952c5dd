from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from domain.pricing.percentage import Percentage
from tests.domain.pricing.priced import days, lines, refused, run


def percentage(percent: str, **limits: Any) -> Percentage:
    read: dict[str, Any] = {
        name: value if isinstance(value, int) else Decimal(value) for name, value in limits.items()
    }
    return Percentage(percent=Decimal(percent), **read)


PAYMENTS = days("50", "100", "250", "400")
UNEVEN = days("10", "80", "10000")
LIMITS = {"min_per_event": "1.75", "max_per_event": "12"}


@pytest.mark.parametrize(
    ("free", "share", "fees"),
    [
        pytest.param(
            {"free_events": 3, "free_amount": "250"},
            "7.15",
            "4",
            id="lago-percentage-free-events-and-amount",
        ),
        pytest.param({"free_events": 3}, "5.2", "2", id="lago-percentage-free-events-only"),
    ],
)
def test_an_event_is_free_within_every_allowance_given(
    free: dict[str, Any], share: str, fees: str
) -> None:
    running = run(percentage("1.3", fixed_per_event="2.0", **free), PAYMENTS)

    assert [(what, amount) for what, _, amount in lines(running.parts())] == [
        ("free", 0),
        ("1.3%", Fraction(share)),
        ("fee for each event", Fraction(fees)),
    ]
    assert running.amount == Fraction(share) + Fraction(fees)


@pytest.mark.parametrize(
    ("free", "amount"),
    [
        pytest.param({}, "16.142", id="lago-percentage-minmax-plain"),
        pytest.param({"free_amount": "30"}, "13.794", id="lago-percentage-minmax-free-amount"),
        pytest.param({"free_events": 2}, "12", id="lago-percentage-minmax-free-events"),
        pytest.param(
            {"free_events": 3, "free_amount": "10000"},
            "2.691",
            id="lago-percentage-minmax-free-both",
        ),
    ],
)
def test_the_limits_of_an_event_come_after_its_allowance(free: dict[str, Any], amount: str) -> None:
    assert run(percentage("2.99", **LIMITS, **free), UNEVEN).amount == Fraction(amount)


def test_limits_show_what_they_raised_and_cut() -> None:
    assert lines(run(percentage("2.99", **LIMITS), UNEVEN).parts()) == [
        ("2.99%", 10090, Fraction("301.691")),
        ("raised to the minimum for each event", 0, Fraction("1.451")),
        ("cut to the maximum for each event", 0, Fraction("-287")),
    ]


def test_nothing_costs_nothing() -> None:
    assert run(percentage("2", fixed_per_event="1"), ()).amount == 0
    assert run(percentage("2", fixed_per_event="1"), days("0")).amount == 1


def test_money_given_back_gives_its_share_back_but_not_the_fee() -> None:
    model = percentage("2", fixed_per_event="1")

    assert run(model, days("100", "-100")).amount == 1
    assert run(model, days("100", "-40", "-1000")).amount == 1
    assert run(model, days("-100")).amount == 0


def test_no_more_is_given_back_than_the_maximum_for_an_event() -> None:
    model = percentage("10", max_per_event="12")

    assert run(model, days("1000", "-1000")).amount == 0
    assert run(model, days("1000", "100", "-1000")).amount == 10


def test_money_given_back_bit_by_bit_gives_back_no_more_than_was_charged() -> None:
    refunds = ["-100"] * 7

    assert run(percentage("10", max_per_event="12"), days("1000", *refunds)).amount == 0


def test_money_given_back_opens_the_free_amount_again() -> None:
    model = percentage("10", free_amount="100")

    assert run(model, days("100", "-60", "60")).amount == 0
    assert run(model, days("150", "-60", "60")).amount == 5


@pytest.mark.parametrize(
    ("model", "code", "field"),
    [
        (percentage("-0.1"), "negative-price", "model.percent"),
        (percentage("1", fixed_per_event="-1"), "negative-price", "model.fixed_per_event"),
        (percentage("1", free_events=-1), "negative-allowance", "model.free_events"),
        (percentage("1", free_amount="-1"), "negative-allowance", "model.free_amount"),
        (percentage("1", min_per_event="-1"), "negative-price", "model.min_per_event"),
        (percentage("1", max_per_event="-1"), "negative-price", "model.max_per_event"),
        (
            percentage("1", min_per_event="5", max_per_event="4"),
            "minimum-above-maximum",
            "model.min_per_event",
        ),
    ],
)
def test_what_could_not_be_kept_is_refused(model: Percentage, code: str, field: str) -> None:
    assert refused(model) == (code, field)
