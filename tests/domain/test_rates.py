"""Rates as facts: what is published, what is refused, which one counts on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from domain.accounting.exchange import Market
from domain.cash import ReceivePayment, RefundPayment
from domain.entity import EntityOpened
from domain.master import master_data
from domain.payment_facts import Paid, PaymentReceived
from domain.policy import AdoptPolicy, Options
from domain.rates import (
    PublishRates,
    Rate,
    RatesPublished,
    crossed_on,
    currencies_of,
    is_quoted,
    published_on,
)
from tests.domain.contracting import CALENDAR
from tests.domain.given import code, decide, fact, on

STREAM = "rates:self"
USD = {"entity:self": [EntityOpened(when=on(1, 1), name="A", functional_currency="USD")]}


def row(rate: str, currency: str = "EUR", into: str = "USD") -> Rate:
    return Rate(currency=currency, into=into, rate=Decimal(rate))


def published(day: date, *rows: Rate) -> RatesPublished:
    return RatesPublished(when=on(day.month, day.day), rates=rows)


def found(day: date, *events: RatesPublished, age: int = 4) -> Fraction | None:
    facts = [fact(place, stream=STREAM, event=event) for place, event in enumerate(events, 1)]
    rate = published_on(master_data(facts).rates, "self", "EUR", "USD", day, age)
    return rate.rate if rate else None


def test_rates_of_a_day_are_published() -> None:
    rows = (row("1.0956"), row("0.8604", "EUR", "GBP"))

    assert decide(STREAM, PublishRates(when=on(1, 2), rates=rows)) == (
        RatesPublished(when=on(1, 2), rates=rows),
    )


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ((), "no-rates"),
        ((row("0"),), "rate-not-positive"),
        ((row("-1.1"),), "rate-not-positive"),
        ((row("NaN"),), "not-finite"),
        ((row("1", "USD"),), "rate-of-itself"),
        ((row("1", "EURO"),), "unknown-currency"),
        ((row("1", "EUR", "usd"),), "unknown-currency"),
        ((row("1.1"), row("1.2")), "duplicate-rate"),
        ((row("1.1"), row("0.9", "USD", "EUR")), "duplicate-rate"),
    ],
)
def test_what_is_no_rate_is_refused(rows: tuple[Rate, ...], refused: str) -> None:
    assert code(STREAM, PublishRates(when=on(1, 2), rates=rows)) == refused


def test_the_latest_rate_counts_until_it_is_too_old() -> None:
    friday, monday = date(2024, 1, 5), date(2024, 1, 8)
    events = (published(friday, row("1.1")), published(monday, row("1.2")))

    assert found(date(2024, 1, 4), *events) is None
    assert found(date(2024, 1, 7), *events) == Fraction("1.1")
    assert found(monday, *events) == Fraction("1.2")
    assert found(date(2024, 1, 12), *events) == Fraction("1.2")
    assert found(date(2024, 1, 13), *events) is None
    assert found(date(2024, 1, 13), *events, age=5) == Fraction("1.2")


def test_of_one_day_the_last_publication_counts() -> None:
    day = date(2024, 1, 5)

    assert found(day, published(day, row("1.1")), published(day, row("1.2"))) == Fraction("1.2")


def test_the_pair_the_other_way_round_is_its_exact_inverse() -> None:
    day = date(2024, 1, 5)

    assert found(day, published(day, row("3", "USD", "EUR"))) == Fraction(1, 3)


def crossed(day: date, *events: RatesPublished, age: int = 4) -> tuple[Fraction, str] | None:
    facts = [fact(place, stream=STREAM, event=event) for place, event in enumerate(events, 1)]
    found = crossed_on(master_data(facts).rates, "self", "GBP", "USD", day, age)
    return (found.rate, found.told) if found else None


FRIDAY, MONDAY = date(2024, 1, 5), date(2024, 1, 8)
POUNDS, DOLLARS = row("0.88", "EUR", "GBP"), row("1.1")


def test_two_rates_of_one_day_against_one_currency_say_the_third() -> None:
    told = "1 EUR = 0.88 GBP on 2024-01-05 by self, inverted, 1 EUR = 1.1 USD on 2024-01-05 by self"

    assert crossed(MONDAY, published(FRIDAY, POUNDS, DOLLARS)) == (Fraction("1.25"), told)
    assert crossed(MONDAY, published(FRIDAY, POUNDS), published(FRIDAY, DOLLARS)) is not None


def test_rates_of_two_days_say_no_third_and_the_latest_common_day_counts() -> None:
    later = published(MONDAY, row("0.80", "EUR", "GBP"), DOLLARS)

    assert crossed(MONDAY, published(FRIDAY, POUNDS), published(MONDAY, DOLLARS)) is None
    assert crossed(MONDAY, published(FRIDAY, POUNDS, DOLLARS), later) == (
        Fraction("1.375"),
        "1 EUR = 0.8 GBP on 2024-01-08 by self, inverted, 1 EUR = 1.1 USD on 2024-01-08 by self",
    )
    assert crossed(date(2024, 1, 10), published(FRIDAY, POUNDS, DOLLARS)) is None
    assert crossed(date(2024, 1, 9), published(FRIDAY, POUNDS, DOLLARS)) is not None
    assert crossed(date(2024, 1, 4), published(FRIDAY, POUNDS, DOLLARS)) is None


def test_of_two_common_currencies_the_first_by_name_counts() -> None:
    francs = row("1", "CHF", "GBP"), row("2", "CHF", "USD")
    found = crossed(FRIDAY, published(FRIDAY, POUNDS, DOLLARS, *francs))

    assert found is not None
    assert found[0] == 2


def test_a_pair_is_quoted_by_itself_or_where_a_book_crosses_over_another() -> None:
    facts = [fact(1, stream=STREAM, event=published(FRIDAY, POUNDS, DOLLARS))]
    other = fact(2, stream="rates:ecb", event=published(FRIDAY, row("1", "USD", "JPY")))
    rates = master_data([*facts, other]).rates

    assert is_quoted(rates, "EUR", "USD", crossing=False)
    assert not is_quoted(rates, "GBP", "USD", crossing=False)
    assert is_quoted(rates, "GBP", "USD", crossing=True)
    # Dollars per yen are another source's.
    assert not is_quoted(rates, "GBP", "JPY", crossing=True)


def test_rates_move_what_is_in_their_currencies() -> None:
    facts = [
        fact(1, stream=STREAM, event=published(date(2024, 1, 5), row("1.1"))),
        fact(2, stream="rates:ecb", event=published(date(2024, 1, 5), row("1.2", "CHF", "EUR"))),
    ]

    assert currencies_of(facts, 2) == frozenset()
    assert currencies_of(facts, 1) == {"CHF", "EUR"}
    assert currencies_of(facts, 0) == {"CHF", "EUR", "USD"}


RECEIVED = PaymentReceived(when=on(1, 2), customer="c", currency="EUR", amount_minor=100)


@pytest.mark.parametrize(
    ("currency", "rate", "refused"),
    [
        ("EUR", "0", "rate-not-positive"),
        ("USD", "1.1", "rate-of-itself"),
    ],
)
def test_a_document_states_a_rate_of_another_currency(
    currency: str, rate: str, refused: str
) -> None:
    command = ReceivePayment(
        when=on(1, 2), customer="c", currency=currency, amount_minor=100, rate=Decimal(rate)
    )

    assert code("payment:p", command, others=USD) == refused


def test_a_rate_goes_with_what_states_it() -> None:
    back = RefundPayment(when=on(1, 3), amount_minor=100, rate=Decimal("1.3"))

    (event,) = decide("payment:p", back, RECEIVED, others=USD)
    assert event.rate == Decimal("1.3")  # type: ignore[attr-defined]


def test_the_age_of_a_rate_is_days_of_a_year_at_most() -> None:
    for days in (-1, 367):
        command = AdoptPolicy(when=on(1, 1), options=Options(rate_age_days=days))
        assert code("policy:main", command) == "rate-age-out-of-range"


@pytest.mark.parametrize(
    ("paid", "rate", "refused"),
    [
        (Paid(currency="EUR", amount_minor=100), None, "paid-in-its-own-currency"),
        (Paid(currency="USD", amount_minor=0), None, "amount-not-positive"),
        (Paid(currency="USDT", amount_minor=1), None, "unknown-currency"),
        (Paid(currency="USD", amount_minor=110), Decimal("1.1"), "rate-and-paid"),
    ],
)
def test_what_came_in_another_currency_says_so_once(
    paid: Paid, rate: Decimal | None, refused: str
) -> None:
    command = ReceivePayment(
        when=on(1, 2), customer="c", currency="EUR", amount_minor=100, rate=rate, paid=paid
    )

    assert code("payment:p", command, others=USD) == refused


def test_a_look_on_the_first_day_of_a_period_is_one_in_that_period() -> None:
    market = Market(
        currency="EUR",
        into="USD",
        published={},
        calendar=CALENDAR,
        elected=lambda _: Options(),
        through=date(2024, 3, 1),
    )

    assert [*market.days(date(2024, 1, 20))] == [
        (date(2024, 1, 31), date(2024, 1, 31)),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (date(2024, 3, 1), date(2024, 3, 31)),
    ]
    # What begins later is looked at on no day yet.
    assert [*market.days(date(2024, 4, 10))] == []
