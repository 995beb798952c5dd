"""Changes of stated contracts, each step of their measure by itself."""

from decimal import Decimal

from domain.contract_facts import ContractModified, Obligation, ProgressMeasured, Restated
from tests.domain.contracting import even, on, opened, revenue, scheduled

YEAR = ("2024-01-01", "2025-01-01")
BUILDING = Obligation(obligation="building", pattern="percent-complete", price_minor=1000_00)
HALF = ProgressMeasured(when=on("2024-03-01"), obligation="building", percent=Decimal(50))
DEARER = (Restated(obligation="building", price_minor=1200_00),)


def test_a_promise_caught_up_takes_its_own_price_and_the_change_of_all() -> None:
    change = ContractModified(when=on("2024-04-01"), price_change_minor=100_00, restated=DEARER)
    schedule = scheduled(opened("2024-01-01", BUILDING), HALF, change)

    assert revenue(schedule, "2024-01-01", "2024-03-31") == 500_00
    assert revenue(schedule, "2024-04-01", "2024-04-30") == 150_00


def test_in_a_mixed_change_what_is_caught_up_takes_its_own_price_only() -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-60_00, restated=DEARER)
    service = even("service", *YEAR, price_minor=1200_00)
    schedule = scheduled(opened("2024-01-01", BUILDING, service), HALF, change)

    assert revenue(schedule, "2024-07-01", "2024-07-31", "building") == 100_00
    assert revenue(schedule, "2024-07-01", "2024-07-31", "service") == 90_00


def test_a_change_by_days_counts_from_its_own_day() -> None:
    change = ContractModified(when=on("2024-07-01"), price_change_minor=-92_00)
    service = even("service", *YEAR)
    base = opened("2024-01-01", service, price_minor=366_00)
    schedule = scheduled(base, change, ratable_by="day")

    assert revenue(schedule, "2024-06-30", "2024-06-30") == 1_00
    assert revenue(schedule, "2024-07-01", "2024-07-01") == 50
