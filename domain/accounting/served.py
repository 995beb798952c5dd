"""What documents of a deal bill of service that is over, where a book elects to show it.

A vendor's habit, not GAAP (`overbilled`: negative-unbilled). Flows without legs: they move no
account and only tell `due` how far that is above what was earned.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import structs

from domain.accounting.curves import At, Curve, Progress, Ratable, first_day, frozen_at, standing
from domain.accounting.documents import BilledLine
from domain.accounting.invoices import line_revenue
from domain.accounting.schedule import Flow
from domain.calendar import ONE_DAY


def served_flows(row: BilledLine, by: Progress, opened_at: int) -> Iterator[Flow]:
    """A line over its own service period, from the day of its document on, and what opened the deal
    it bills.
    """
    for flow in line_revenue(row, by, (opened_at,)):
        for curve in _from(flow.curve, row.issued_on):
            yield structs.replace(
                flow,
                kind="served",
                subject=row.subject,
                legs=(),
                curve=curve,
                rule="overbilled@1",
            )


def _from(curve: Curve, day: date) -> Iterator[Curve]:
    """Nothing before the day, and the curve as it stands from it on."""
    if first_day(curve) >= day:
        yield curve
        return
    stands = standing(curve, day - ONE_DAY)
    yield At(day, stands)
    if isinstance(curve, Ratable):
        before = frozen_at(curve, day - ONE_DAY)
        assert isinstance(before, Ratable), curve
        yield curve
        yield structs.replace(before, minor=-before.minor)
