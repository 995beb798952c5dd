"""What usage should cost, per item and service period; rows are the changes a run measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from domain.accounting.schedule import Schedule
from domain.charge import Charge
from domain.decimals import plain

RULE = "usage-as-it-occurs@1"


class Place(NamedTuple):
    """What a charge is for."""

    unit: str
    item: str
    price: str
    service_from: date
    service_to: date


class Charged(NamedTuple):
    """What it comes to."""

    quantity: Decimal
    minor: int
    currency: str


NOTHING = Decimal(0)


def usage_charges(schedule: Schedule) -> list[tuple[Place, Charged]]:
    """Charges of one subscription's usage as measured now; every book has the same."""
    return [
        (
            Place(schedule.unit, charge.item, charge.price, charge.start, charge.end),
            Charged(Decimal(plain(charge.quantity)), charge.minor, schedule.currency),
        )
        for charge in schedule.charges
    ]


def metered(charge: Charge) -> tuple[str, Decimal]:
    """Meter and quantity of a usage charge."""
    return charge.meter, Decimal(plain(charge.quantity))


def charge_rows(
    entity: str, run: int, now: Mapping[Place, Charged], before: Mapping[Place, Charged]
) -> Iterator[tuple[object, ...]]:
    """A row for each charge that is new, other than before, or gone."""
    for place in sorted({*now, *before}):
        was = before.get(place)
        stands = now.get(place) or Charged(NOTHING, 0, was.currency if was else "")
        if was is None or (was.quantity, was.minor) != (stands.quantity, stands.minor):
            unit, *what = place
            delta = stands.minor - (was.minor if was else 0)
            subscription = unit.partition(":")[2]
            amounts = (stands.quantity, stands.minor, delta, stands.currency, RULE)
            yield entity, run, unit, subscription, *what, *amounts


def charged(
    rows: Iterable[Sequence[Any]],
) -> dict[Place, Charged]:
    """Charges as stored: the last row of each."""
    return {Place(*row[:5]): Charged(*row[5:]) for row in rows}
