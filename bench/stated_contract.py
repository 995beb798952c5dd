"""A contract stated by itself, of any number of facts: four promises over 24 months, and changes.

What is transferred is told all the way along; in between the price is cut, units are added, an
estimate is revised, a promise joins and some of the price is given back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msgspec import structs

from domain.calendar import Calendar, months
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    Fee,
    Obligation,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
    Restated,
    RightsExercised,
    VariableAmount,
)
from domain.facts import Event, Fact, When
from domain.ledger import Fresh
from domain.master import MasterData
from domain.policy import Options

UNIT = "contract:stated"
BOOK = "main"
FIRST, AFTER = date(2024, 1, 1), date(2026, 1, 1)
DAYS_OF_TRANSFERS = 650


def stated(facts: int) -> tuple[Fresh, MasterData]:
    """So many facts of one contract in the order they came, and what it is measured with."""
    events = [_opened(), _done("licence", date(2024, 1, 15)), *_changes()]
    count = max(0, facts - len(events))
    events += [_transferred(number, count) for number in range(count)]
    events.sort(key=lambda event: event.when.effective)
    options = Options(ratable_by="month")
    master = MasterData(
        calendar=Calendar(months(FIRST, 60)), policies={BOOK: ((date.min, options),)}
    )
    return Fresh(facts=tuple(_facts(events))), master


def _opened() -> ContractOpened:
    fee = Fee(amount_minor=100_000, service_from=FIRST, service_to=AFTER, per="month")
    return ContractOpened(
        when=When(effective=FIRST),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(
            Obligation(
                obligation="service",
                service_from=FIRST,
                service_to=AFTER,
                fees=(fee,),
                ssp_minor=2_600_000,
            ),
            Obligation(
                obligation="boxes",
                pattern="units",
                quantity=Decimal(12_000),
                unit_price=Decimal(1),
                unit_ssp=Decimal("1.1"),
            ),
            Obligation(
                obligation="credits",
                pattern="as-exercised",
                quantity=Decimal(10_000),
                price_minor=500_000,
                ssp_minor=500_000,
                breakage_percent=Decimal(10),
            ),
            Obligation(
                obligation="licence",
                pattern="point-in-time",
                price_minor=800_000,
                ssp_minor=900_000,
            ),
        ),
        variable=(VariableAmount(name="bonus", estimate_minor=0),),
    )


def _changes() -> Iterator[Event]:
    cut = When(effective=date(2024, 7, 1))
    yield ContractModified(when=cut, price_change_minor=-50_000)
    more = Restated(
        obligation="boxes", added_quantity=Decimal(100), added_unit_price=Decimal("0.9")
    )
    when = When(effective=date(2024, 10, 1))
    yield ContractModified(when=when, price_change_minor=0, restated=(more,))
    bonus = VariableAmount(name="bonus", estimate_minor=100_000)
    yield PriceEstimated(when=When(effective=date(2025, 1, 1)), variable=(bonus,))
    extra = Obligation(obligation="extra", pattern="point-in-time", ssp_minor=100_000)
    joined = When(effective=date(2025, 3, 1))
    yield ContractModified(when=joined, price_change_minor=30_000, added=(extra,))
    yield _done("extra", date(2025, 5, 1))
    back = When(effective=date(2025, 6, 1))
    yield PriceConceded(when=back, obligation="service", amount_minor=10_000)


def _done(name: str, day: date) -> ObligationSatisfied:
    return ObligationSatisfied(when=When(effective=day), obligation=name)


def _transferred(number: int, count: int) -> Event:
    """Boxes and credits in turn, evenly over the time."""
    when = When(effective=FIRST + timedelta(days=16 + number * DAYS_OF_TRANSFERS // count))
    if number % 2:
        return ObligationSatisfied(when=when, obligation="boxes", quantity=Decimal(5))
    return RightsExercised(when=when, obligation="credits", quantity=Decimal(7))


def _facts(events: list[Event]) -> Iterator[Fact]:
    for position, event in enumerate(events, start=1):
        when = When(effective=event.when.effective, order=position)
        yield Fact(
            entity="bench",
            position=position,
            stream=UNIT,
            version=position,
            event=structs.replace(event, when=when),
            recorded_at=datetime(2024, 1, 1, tzinfo=UTC),
            command_id=f"k{position}",
            actor="bench",
        )
