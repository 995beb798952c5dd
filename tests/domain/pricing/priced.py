"""What a price comes to, asked for in every way there is, which must agree."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.errors import Malformed, Rejected
from domain.pricing import (
    Model,
    QuantityModel,
    ReadingModel,
    pricer,
    rate,
    require_valid,
    started,
    unpriced,
)
from domain.pricing.parts import Part, total
from domain.pricing.readings import Reading, Running

UTC = ZoneInfo("UTC")
START = datetime(2025, 1, 1, tzinfo=UTC)


def cost(model: QuantityModel, quantity: str | Decimal) -> Fraction:
    """What a quantity costs: by the pricer, and as the sum of its parts."""
    require_valid(model)
    amount = Fraction(pricer(model)(Decimal(quantity)))

    assert rate(model, Decimal(quantity)).amount == amount

    return amount


def parts(model: QuantityModel, quantity: str | Decimal) -> tuple[Part, ...]:
    return rate(model, Fraction(quantity)).parts


def lines(parts: Iterable[Part]) -> list[tuple[str, Any, Any]]:
    """What an invoice would list: what, units and amount."""
    return [(part.what, part.units, part.amount) for part in parts]


def run(model: ReadingModel, readings: Iterable[Reading]) -> Running:
    """All readings in order; none of them is without a price."""
    require_valid(model)
    running = started(model)
    for reading in readings:
        assert unpriced(model, reading.dimensions) is None, reading
        running.add(reading)

    assert total(running.parts()) == running.amount

    return running


def days(*quantities: str) -> list[Reading]:
    """One reading a day, from 1 January on."""
    return [
        Reading(START + timedelta(days=day), Decimal(quantity))
        for day, quantity in enumerate(quantities)
    ]


def refused(model: Model) -> tuple[str, str | None]:
    """The code and the field that a price is refused with."""
    with pytest.raises((Rejected, Malformed)) as refusal:
        require_valid(model)
    assert isinstance(refusal.value, Rejected | Malformed)
    return refusal.value.code, refusal.value.field
