"""What the subscriptions of a case are charged, as measured from all that is known by now."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from domain.accounting.schedule import PendingUsage
from domain.charge import Charge
from domain.rating import rate_usage
from domain.statement.accounts import charges_of
from domain.usage import UsageDay
from replay.billing.directory import directory, forget
from replay.billing.reading import known, sold_and_used
from store import log
from store.db import Connection


class Measured(Struct, frozen=True, kw_only=True):
    """Charges by subscription, and by reason how much usage has no effect."""

    charges: dict[str, tuple[Charge, ...]]
    waiting: dict[str, Decimal]


def measure(connection: Connection, entity: str, subscriptions: Iterable[str]) -> Measured:
    head = log.head(connection, entity)
    assert head is not None, entity
    at = known(directory(connection, entity, head.position, whole=False))
    charges: dict[str, tuple[Charge, ...]] = {}
    waiting: dict[str, Decimal] = {}
    for name, terms, usage, billed in sold_and_used(at, [*subscriptions]):
        charges[name] = charges_of(terms, usage, at.master, billed)
        for pending in rate_usage(usage, terms, at.master, billed).pending:
            more = _quantity(pending, usage)
            waiting[pending.reason] = waiting.get(pending.reason, Decimal(0)) + more
    forget(connection)
    return Measured(charges=charges, waiting=waiting)


def _quantity(pending: PendingUsage, usage: Iterable[UsageDay]) -> Decimal:
    place = (pending.position, pending.meter, pending.day)
    own = (row.quantity for row in usage if (row.position, row.meter, row.day) == place)
    return sum(own, Decimal(0))
