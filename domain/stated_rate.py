"""A rate of exchange that a document states itself, in place of the one published for its day."""

from __future__ import annotations

from decimal import Decimal

from domain.entity import EntityState
from domain.errors import Rejected
from domain.facts import Context
from domain.rates import require_rate

ENTITY = "entity:self"


def require_stated(rate: Decimal | None, currency: str, context: Context) -> None:
    """What a document says that its currency is worth in the entity's functional one."""
    if rate is None:
        return
    require_rate(rate, "rate")
    entity = context.others.get(ENTITY)
    if isinstance(entity, EntityState) and entity.functional_currency == currency and rate != 1:
        raise Rejected("rate-of-itself", field="rate", currency=currency)


def needs_entity(rate: Decimal | None) -> tuple[str, ...]:
    """The stream that knows the functional currency, where a document states a rate."""
    return () if rate is None else (ENTITY,)
