"""Another system's amount of each usage event, beside the charge at full precision.

The other amount is read here and nowhere else, through a mapping of its own: it is compared with
and never rated. Nothing is rounded; a difference is a finding, and a rule names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.decimals import EXACT, exact_decimal, plain
from domain.errors import Malformed
from domain.facts import Fact, timeline
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.party import registered
from domain.pricing import PerUnit, rate
from domain.sales import price_for
from domain.terms import Terms, terms
from replay.ledger import Ledger
from replay.records import records
from replay.usage_mapping import ControlMapping, joined
from store import log
from store.usage_read import StandingRow, rejected_events, standing_rows

Finding = Literal[
    "exact",
    "rounding",
    "unit-mismatch",
    "difference",
    "not-rated",
    "rejected",
    "not-in-ledger",
    "no-control-amount",
]


class Compared(Struct, frozen=True, kw_only=True):
    """One event: our charge and the other's amount as exact decimal text, and what it comes to.

    `factor` is the power of ten by which the other's amount is larger.
    """

    event_id: str
    finding: Finding
    charge: str | None = None
    control: str | None = None
    difference: str | None = None
    factor: int | None = None
    reason: str | None = None


class Reconciliation(Struct, frozen=True, kw_only=True):
    """Counts and exact sums per finding, and every event that is not exact."""

    entity: str
    source: str
    known_at: int
    compared: int
    counts: dict[str, int]
    charge_total: str
    control_total: str
    findings: tuple[Compared, ...]


def reconcile(ledger: Ledger, entity: str, path: Path, mapping: ControlMapping) -> Reconciliation:
    """Every event of the ledger's source and of the file, once, in order of event id."""
    known_at = ledger.head(entity)
    controls = dict(_controls(path, mapping))
    with ledger.connection() as connection:
        categories = [*MASTER_CATEGORIES, "customer", "subscription"]
        pricing = _Pricing(log.read_categories(connection, entity, categories, upto=known_at))
        rows = [
            _compare(row, pricing, controls.pop(row.event_id, None), mapping.places)
            for row in standing_rows(connection, entity, mapping.source, upto=known_at)
        ]
        rejected = rejected_events(connection, entity, mapping.source)
    rows += [_absent(event, amount, rejected.get(event)) for event, amount in controls.items()]
    return _summed(entity, mapping.source, known_at, sorted(rows, key=lambda row: row.event_id))


def _controls(path: Path, mapping: ControlMapping) -> Iterator[tuple[str, Decimal]]:
    for row_no, record in enumerate(records(path, mapping.missing), 1):
        if isinstance(record, str):
            continue
        event, amount = joined(record, mapping.event_id), record.get(mapping.amount)
        if event is None or amount is None:
            continue
        try:
            yield event, exact_decimal(str(amount), mapping.amount)
        except Malformed as problem:
            raise Malformed(problem.code, field=mapping.amount, row=row_no) from None


class _Pricing:
    """Prices and terms as known; a row's price is found the way rating finds it."""

    def __init__(self, facts: tuple[Fact, ...]) -> None:
        self.master: MasterData = master_data(
            fact for fact in facts if not fact.stream.startswith("subscription:")
        )
        own: dict[str, list[Fact]] = {}
        known = timeline(facts)
        for fact in known:
            category, _, name = fact.stream.partition(":")
            if category == "subscription":
                own.setdefault(name, []).append(fact)
        customers = registered(known)
        self.sold: Mapping[str, Terms | None] = {
            name: terms(rows, self.master.prices, date.min, customers) for name, rows in own.items()
        }

    def charge(self, row: StandingRow) -> Fraction | str:
        """One event's share at full precision, or why it has none of its own."""
        sold = self.sold.get(row.subscription)
        zone = ZoneInfo(sold.started.zone if sold else "UTC")
        day = row.occurred_at.astimezone(zone).date()
        found = price_for(row.meter, day, sold, self.master)
        if isinstance(found, str):
            return found
        _, version = found
        if not isinstance(version.price.model, PerUnit):
            return "price-is-not-per-unit"
        counted = self.master.meters[row.meter].aggregation == "count"
        return rate(version.price.model, Decimal(1) if counted else row.quantity).amount


def _compare(row: StandingRow, pricing: _Pricing, control: Decimal | None, places: int) -> Compared:
    charge = pricing.charge(row)
    if isinstance(charge, str):
        other = None if control is None else plain(control)
        return Compared(event_id=row.event_id, finding="not-rated", control=other, reason=charge)
    if control is None:
        return Compared(event_id=row.event_id, finding="no-control-amount", charge=_text(charge))
    finding, factor = judged(charge, Fraction(control), places)
    return Compared(
        event_id=row.event_id,
        finding=finding,
        charge=_text(charge),
        control=plain(control),
        difference=_text(charge - Fraction(control)),
        factor=factor,
    )


def judged(charge: Fraction, control: Fraction, places: int) -> tuple[Finding, int | None]:
    """What a difference comes to: rounding, or a unit mistaken by a power of ten, or neither."""
    if charge == control:
        return "exact", None
    if abs(charge - control) * 2 * 10**places <= 1:
        return "rounding", None
    power = power_of_ten(control / charge) if charge else None
    return ("difference", None) if power is None else ("unit-mismatch", power)


def power_of_ten(ratio: Fraction) -> int | None:
    """The exponent k, where the ratio is exactly 10^k and k is not 0."""
    if ratio <= 0 or 1 not in (ratio.numerator, ratio.denominator):
        return None
    digits = str(max(ratio.numerator, ratio.denominator))
    if digits.strip("0") != "1" or len(digits) == 1:
        return None
    zeros = len(digits) - 1
    return zeros if ratio > 1 else -zeros


def _text(exact: Fraction) -> str:
    """Products and differences of decimals have an end: all of their places."""
    return plain(EXACT.divide(Decimal(exact.numerator), Decimal(exact.denominator)))


def _absent(event: str, amount: Decimal, code: str | None) -> Compared:
    """The ledger has no such event in force: it was rejected, or never came."""
    finding: Finding = "rejected" if code else "not-in-ledger"
    return Compared(event_id=event, finding=finding, control=plain(amount), reason=code)


def _summed(entity: str, source: str, known_at: int, rows: list[Compared]) -> Reconciliation:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.finding] = counts.get(row.finding, 0) + 1
    return Reconciliation(
        entity=entity,
        source=source,
        known_at=known_at,
        compared=sum(row.difference is not None for row in rows),
        counts=dict(sorted(counts.items())),
        charge_total=_text(sum((Fraction(row.charge or 0) for row in rows), Fraction(0))),
        control_total=_text(sum((Fraction(row.control or 0) for row in rows), Fraction(0))),
        findings=tuple(row for row in rows if row.finding != "exact"),
    )
