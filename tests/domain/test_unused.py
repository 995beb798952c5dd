"""Periods in which nothing was used: which of them a billing run still has to speak of."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.documents import BilledLine, Cut
from domain.charge import Charge
from domain.cycle import BillingPeriod
from domain.facts import Event
from domain.invoice_facts import InvoiceLine
from domain.price import Prices, PriceSet, PriceVersion
from domain.pricing import PerUnit
from domain.service import SubscriptionPaused, SubscriptionResumed
from domain.statement.spans import Sale
from domain.statement.unused import unused
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionStarted,
)
from domain.terms import Terms, horizon, terms
from tests.domain.given import facts, on

JANUARY, FEBRUARY, MARCH, APRIL = (date(2024, month, 1) for month in (1, 2, 3, 4))
STARTED = SubscriptionStarted(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    term_from=JANUARY,
    term_to=None,
    items=(Item(item="calls", price="call"), Item(item="seats", price="seat")),
)


def price(name: str, **more: Any) -> tuple[PriceVersion, ...]:
    words = {"when": on(1, 1, year=2020), "currency": "USD", "model": PerUnit(unit_amount=1)}
    version = PriceSet(**words | more)  # type: ignore[arg-type]
    return (PriceVersion(f"{name}@1", version.when.effective, version),)


PRICES: Prices = {
    "call": price("call", meter="calls", bill="arrears"),
    "year": price("year", meter="calls", bill="arrears", interval_months=12),
    "seat": price("seat"),
}


def sold(*events: Event) -> Terms:
    found = terms(facts("subscription:s1", (STARTED, *events)), PRICES, horizon(APRIL), {"c1"})
    assert found is not None
    return found


def spoken(
    through: date, *events: Event, lines: tuple[BilledLine, ...] = (), **more: Any
) -> list[tuple[str, str, str]]:
    sale = Sale(subscription="s1", charges=more.pop("charges", ()), lines=lines, **more)
    found = list(unused(sale, sold(*events), PRICES, through))
    assert all((one.minor, one.kind, one.is_first) == (0, "usage", True) for one in found)
    return [(one.item, str(one.service_from), str(one.service_to)) for one in found]


def line(start: date, end: date, *, item: str | None = "calls", void: bool = False) -> BilledLine:
    cut = Cut(
        fact=2, day=end, minor=0, as_if_never=True, concession=False, name="void", causes=(2,)
    )
    return BilledLine(
        invoice="i1",
        number="i1",
        customer="c1",
        currency="USD",
        issued_on=end,
        due_on=end,
        line=InvoiceLine(
            line="1", amount_minor=0, obligation=item, service_from=start, service_to=end
        ),
        cause=1,
        cuts=(cut,) if void else (),
    )


def test_each_period_of_usage_that_is_over_is_spoken_of() -> None:
    assert spoken(date(2024, 1, 31)) == []
    assert spoken(FEBRUARY) == [("calls", "2024-01-01", "2024-02-01")]
    assert spoken(MARCH) == [
        ("calls", "2024-01-01", "2024-02-01"),
        ("calls", "2024-02-01", "2024-03-01"),
    ]


def test_only_of_periods_that_end_after_a_day() -> None:
    assert spoken(MARCH, since=FEBRUARY) == [("calls", "2024-02-01", "2024-03-01")]


def test_what_is_charged_or_billed_is_spoken_of() -> None:
    period = BillingPeriod(JANUARY, FEBRUARY, JANUARY, FEBRUARY)
    charge = Charge(
        item="calls",
        price="call@1",
        period=period,
        start=JANUARY,
        end=FEBRUARY,
        minor=0,
        running_minor=0,
        bill_on=FEBRUARY,
        causes=(),
        pattern="usage",
        kind="usage",
    )

    assert spoken(FEBRUARY, charges=(charge,)) == []
    assert spoken(FEBRUARY, lines=(line(JANUARY, FEBRUARY),)) == []
    assert spoken(FEBRUARY, lines=(line(date(2024, 1, 10), date(2024, 1, 20)),)) == []


@pytest.mark.parametrize(
    "row", [line(JANUARY, FEBRUARY, void=True), line(JANUARY, FEBRUARY, item="seats")]
)
def test_a_line_that_was_voided_or_is_of_another_item_says_nothing(row: BilledLine) -> None:
    assert len(spoken(FEBRUARY, lines=(row,))) == 1


def test_a_line_that_names_no_item_is_of_the_only_one_there_is() -> None:
    gone = SubscriptionAmended(when=on(1, 1), items=(ItemChange(item="seats", removed=True),))
    row = line(JANUARY, FEBRUARY, item=None)

    assert spoken(FEBRUARY, gone, lines=(row,)) == []
    assert len(spoken(FEBRUARY, lines=(row,))) == 1


def test_what_ends_inside_a_period_is_spoken_of_when_that_is_over() -> None:
    cancelled = SubscriptionCancelled(when=on(1, 20))

    assert spoken(date(2024, 1, 20), cancelled) == []
    assert spoken(FEBRUARY, cancelled) == [("calls", "2024-01-01", "2024-02-01")]
    assert len(spoken(APRIL, cancelled)) == 1


def test_no_period_is_spoken_of_in_which_nothing_was_sold() -> None:
    rests = (SubscriptionPaused(when=on(1, 20)), SubscriptionResumed(when=on(3, 1)))

    assert spoken(APRIL, *rests) == [
        ("calls", "2024-01-01", "2024-02-01"),
        ("calls", "2024-03-01", "2024-04-01"),
    ]


def test_a_change_of_the_interval_is_followed() -> None:
    change = ItemChange(item="calls", price="year")
    yearly = SubscriptionAmended(when=on(2, 1), items=(change,))

    assert spoken(APRIL, yearly) == [("calls", "2024-01-01", "2024-02-01")]


def test_each_line_cites_the_version_its_days_begin_with() -> None:
    old, new = PRICES["call"][0], structs.replace(PRICES["call"][0], name="call@2", since=FEBRUARY)
    prices = PRICES | {"call": (old, new)}
    sale = Sale(subscription="s1", charges=())
    found = unused(sale, sold(), prices, MARCH)

    assert [one.price for one in found] == ["call@1", "call@2"]
    assert Decimal(0) == sum(one.minor for one in found)
