"""Cut-off in numbers: two zones, a billing period across a month, the boundary instant itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from domain.pricing import PerUnit, Tier
from domain.pricing.volume import Volume
from domain.subscription import Item

if TYPE_CHECKING:
    from tests.stories.conftest import Company

MARCH_ENDS, APRIL_ENDS = date(2024, 3, 31), date(2024, 4, 30)


def close_months(company: Company) -> None:
    for month, end in ((3, MARCH_ENDS), (4, APRIL_ENDS)):
        company.on(month, end.day)
        company.run(end)


def test_usage_is_earned_on_the_day_of_the_books_and_billed_on_that_of_the_customer(
    new_york: Company,
) -> None:
    """23:30 UTC on 31 March is evening in New York and 1 April in Berlin."""
    company = new_york
    company.price("calls-5", PerUnit(unit_amount=Decimal("5.00")), meter="calls")
    calls = Item(item="calls", price="calls-5")
    company.sell(date(2024, 3, 1), date(2024, 6, 1), calls, zone="Europe/Berlin")
    company.on(4, 1)
    company.use("late-evening", date(2024, 3, 31), 40, at="23:30:00Z")
    company.run(MARCH_ENDS)

    assert company.earned() == {"2024-03": 20000}
    assert company.booked("unbilled-receivable") == {"2024-03": 20000}
    assert company.invoiced(date(2024, 4, 1)) == {"invoice:c1-USD-20240401-1": 0}

    company.on(5, 1)
    issued = company.invoiced(date(2024, 5, 1))
    company.run(APRIL_ENDS)
    company.run(date(2024, 5, 31))

    assert [*issued.values()] == [20000]
    assert company.earned() == {"2024-03": 20000}
    assert company.booked() == {"2024-03": 20000}
    assert sum(company.booked("unbilled-receivable").values()) == 0
    assert sum(company.booked("accounts-receivable").values()) == 20000


def test_a_volume_price_is_earned_in_each_month_as_if_its_period_ended_there(
    company: Company,
) -> None:
    tiers = (
        Tier(unit_amount=Decimal("10.00"), up_to=Decimal(100)),
        Tier(unit_amount=Decimal("8.00")),
    )
    company.price("volume", Volume(tiers=tiers), meter="calls")
    company.sell(date(2024, 3, 15), date(2024, 4, 15), Item(item="calls", price="volume"))
    company.on(4, 14)
    company.use("by-march", date(2024, 3, 20), 60)
    company.use("by-april", date(2024, 4, 10), 90)
    company.run(MARCH_ENDS)
    march = company.earned()
    company.run(APRIL_ENDS)

    assert march == {"2024-03": 60000}
    assert company.earned() == {"2024-03": 60000, "2024-04": 60000}


@pytest.mark.parametrize(
    ("at", "day", "period"),
    [
        ("21:59:59.999999Z", date(2024, 3, 31), "2024-03"),
        ("22:00:00Z", date(2024, 3, 31), "2024-04"),
        ("21:59:59.999999Z", date(2024, 4, 30), "2024-04"),
        ("22:00:00Z", date(2024, 4, 30), "2024-05"),
    ],
)
def test_a_period_ends_at_the_instant_of_the_customers_midnight(
    company: Company, at: str, day: date, period: str
) -> None:
    """Berlin: the clock goes forward on 31 March, so both months end at 22:00 UTC."""
    calls = Item(item="calls", price="calls")
    company.sell(date(2024, 3, 1), date(2024, 6, 1), calls, zone="Europe/Berlin")
    company.use("e", day, 1, at=at)
    company.run(date(2024, 5, 31))
    with company.ledger.connection() as connection:
        (start,) = connection.execute("SELECT service_from FROM charge").fetchone()

    assert f"{start:%Y-%m}" == period
