"""Tax by period and place: what documents charged and gave back, with what was taxable.

Measured from the documents known at a position, as they stand: there is no table of tax that could
disagree with them. In the books the same amounts are tax payable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from domain.calendar import Calendar
from domain.facts import timeline
from domain.tax.moved import TaxMoved, tax_moved
from projections.question import Answer, Horizon, Question, calendar_at, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

INVOICES_AT_ONCE = 2_000


class Tax(Struct, frozen=True, kw_only=True):
    """One tax of one place in one period. `period` is the entity's accounting period of the tax
    point, or the month where it has none; without a jurisdiction the document did not say which tax
    it was.
    """

    period: str
    jurisdiction: str
    name: str
    percent: Decimal
    category: str
    currency: str
    taxable_minor: int
    tax_minor: int
    documents: int


class _Key(NamedTuple):
    period: str
    jurisdiction: str
    name: str
    percent: Decimal
    category: str
    currency: str


def tax_by_period(
    connection: Connection, question: Question, *, jurisdiction: str | None = None
) -> Answer[Tax]:
    """Invoices by their tax points, credit notes and voids by their own dates; on either basis."""
    with looking(connection, question) as seen:
        calendar = calendar_at(connection, seen.entity, seen.known_at)
        sums: dict[_Key, tuple[int, int]] = {}
        positions: dict[_Key, set[int]] = {}
        for moved in _moved(connection, seen):
            if moved.day > seen.through or jurisdiction not in {None, moved.jurisdiction}:
                continue
            key = _key(moved, calendar)
            taxable, tax = sums.get(key, (0, 0))
            sums[key] = (taxable + moved.taxable_minor, tax + moved.tax_minor)
            positions.setdefault(key, set()).add(moved.position)
        return seen.answer(
            tuple(_row(key, *sums[key], len(positions[key])) for key in sorted(sums))
        )


def _moved(connection: Connection, seen: Horizon) -> Iterator[TaxMoved]:
    streams = [row[0] for row in connection.execute(SQL.taxed_invoices, seen.parameters())]
    for first in range(0, len(streams), INVOICES_AT_ONCE):
        some: Sequence[str] = streams[first : first + INVOICES_AT_ONCE]
        read = log.read_streams(connection, seen.entity, some, upto=seen.known_at)
        for facts in read.values():
            yield from tax_moved(timeline(facts))


def _key(moved: TaxMoved, calendar: Calendar) -> _Key:
    return _Key(
        period=_period(moved.day, calendar),
        jurisdiction=moved.jurisdiction,
        name=moved.name,
        percent=moved.percent,
        category=moved.category,
        currency=moved.currency,
    )


def _period(day: date, calendar: Calendar) -> str:
    period = calendar.containing(day)
    return period.name if period else f"{day:%Y-%m}"


def _row(key: _Key, taxable_minor: int, tax_minor: int, documents: int) -> Tax:
    return Tax(
        **key._asdict(), taxable_minor=taxable_minor, tax_minor=tax_minor, documents=documents
    )
