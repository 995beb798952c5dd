"""From an invoice down to the usage rows its lines bill, and from a row up to its invoices.

A line bills the rows on its days that were known when it was measured, but those that an earlier
line of the same days has billed: a line for late usage leads to the late rows. Measured again on
what was known then, so a row is under the line whose item and price took it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct

from domain.accounting.documents import BilledLine
from domain.facts import Fact, known
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.metered import Metered
from domain.rating import rate_usage
from domain.terms import Terms
from domain.usage import UsageDay
from projections.lineage import UsageRowVersion, lineage_up_event
from replay.billing import reading
from replay.billing.directory import directory, forget
from replay.billing.known_at import measured_at
from store import log
from store.db import Connection, queries
from store.usage_days import event_name

SQL = queries(__file__)
DAY = timedelta(days=1)


class LineUsage(Struct, frozen=True, kw_only=True):
    """A line of usage and the rows it bills, in the versions that batches brought."""

    line: str
    subscription: str
    item: str
    service_from: date
    service_to: date
    amount_minor: int
    rows: tuple[UsageRowVersion, ...]


class BilledUsage(Struct, frozen=True, kw_only=True):
    """What an invoice bills usage with, and the position that it was measured at."""

    invoice: str
    known_at: int
    currency: str
    lines: tuple[LineUsage, ...]


class EventInvoices(Struct, frozen=True, kw_only=True):
    """A usage event, its versions, and the invoices that bill it."""

    rows: tuple[UsageRowVersion, ...]
    invoices: tuple[str, ...]


def billed_usage(connection: Connection, entity: str, invoice: str) -> BilledUsage | None:
    """None if there is no such invoice."""
    found = _issued(log.read_stream(connection, entity, f"invoice:{invoice}"))
    if found is None:
        return None
    issued, event = found
    wanted: dict[str, list[InvoiceLine]] = {}
    for line in event.lines:
        if line.kind == "usage" and line.subscription and line.service_from:
            wanted.setdefault(line.subscription, []).append(line)
    upto = measured_at(issued)
    lines: list[LineUsage] = []
    with connection.transaction():
        at = reading.known(directory(connection, entity, upto, whole=False))
        for name, terms, usage, billed in reading.sold_and_used(at, sorted(wanted)):
            groups = rate_usage(usage, terms, at.master, billed).metered
            look = _Look(connection, entity, terms, groups, _standing(connection, entity, billed))
            lines += [look.line(name, line) for line in wanted[name]]
        forget(connection)
    return BilledUsage(
        invoice=invoice, known_at=upto, currency=event.currency, lines=tuple(sorted(lines, key=_no))
    )


def invoices_of_event(
    connection: Connection, entity: str, source: str, event_id: str
) -> EventInvoices | None:
    """None if there is no such event."""
    up = lineage_up_event(connection, entity, source, event_id)
    if up is None:
        return None
    head = log.head(connection, entity)
    assert head is not None, entity
    names = sorted({row.subscription for row in up.rows})
    with connection.transaction():
        at = directory(connection, entity, head.position, whole=False)
        streams = at.invoices(names, reading.BEGINNING)
        forget(connection)
    days = {row.occurred_at.date() for row in up.rows}
    found = []
    for stream in sorted(streams):
        issued = _issued(log.read_stream(connection, entity, stream))
        if issued is None or not any(_may_bill(line, days) for line in issued[1].lines):
            continue
        billed = billed_usage(connection, entity, stream.partition(":")[2])
        if billed and any(_is_of(line, source, event_id) for line in billed.lines):
            found.append(billed.invoice)
    return EventInvoices(rows=up.rows, invoices=tuple(found))


def _no(line: LineUsage) -> tuple[int, str]:
    return len(line.line), line.line


def _issued(facts: Sequence[Fact]) -> tuple[Fact, InvoiceIssued] | None:
    for fact in known(facts):
        if isinstance(fact.event, InvoiceIssued):
            return fact, fact.event
    return None


def _may_bill(line: InvoiceLine, days: Iterable[date]) -> bool:
    """Whether some days lie in those of a line, in whatever zone."""
    begin, end = line.service_from, line.service_to
    if line.kind != "usage" or begin is None or end is None:
        return False
    return any(begin - DAY <= day <= end for day in days)


def _is_of(line: LineUsage, source: str, event_id: str) -> bool:
    return any((row.source, row.event_id) == (source, event_id) for row in line.rows)


def _standing(
    connection: Connection, entity: str, billed: Iterable[BilledLine]
) -> list[tuple[InvoiceLine, int]]:
    """Lines that stand, and the position each was measured at."""
    standing = [row for row in billed if not row.is_void]
    facts = log.read_positions(connection, entity, {row.cause for row in standing})
    measured = {fact.position: measured_at(fact) for fact in facts}
    return [(row.line, measured[row.cause]) for row in standing]


class _Look(Struct):
    """One subscription as it was when an invoice was measured."""

    connection: Connection
    entity: str
    terms: Terms
    groups: Sequence[Metered]
    earlier: Sequence[tuple[InvoiceLine, int]]

    def line(self, name: str, line: InvoiceLine) -> LineUsage:
        begin, end = _days(line)
        after = max((at for one, at in self.earlier if _are_alike(one, line)), default=0)
        own = [day for day in self._rated(line) if begin <= day.day < end and day.position > after]
        return LineUsage(
            line=line.line,
            subscription=name,
            item=line.obligation or "",
            service_from=begin,
            service_to=end,
            amount_minor=line.amount_minor,
            rows=tuple(self._rows(name, own)),
        )

    def _rated(self, line: InvoiceLine) -> Iterator[UsageDay]:
        """What the item and price of a line took in the billing period it begins in."""
        for group in self.groups:
            begins = group.period.start <= _days(line)[0] < group.period.end
            is_priced = line.price in (None, group.version.name)
            is_own = group.item == line.obligation and dict(group.values) == line.group
            if begins and is_priced and is_own:
                yield from group.rows

    def _rows(self, name: str, days: Sequence[UsageDay]) -> Iterator[UsageRowVersion]:
        places = sorted({(day.meter, day.day, day.position) for day in days})
        arguments = {
            "entity": self.entity,
            "subscription": name,
            "zone": self.terms.started.zone,
            "meters": [meter for meter, _, _ in places],
            "days": [day for _, day, _ in places],
            "positions": [position for _, _, position in places],
        }
        # Of a meter read row by row only those rows that the price took.
        events = {day.event for day in days if day.event}
        for row in self.connection.execute(SQL.rows_moved, arguments):
            version = UsageRowVersion(*row)
            if not events or event_name(version.source, version.event_id) in events:
                yield version


def _days(line: InvoiceLine) -> tuple[date, date]:
    begin = line.service_from
    assert begin is not None, line
    return begin, line.service_to or begin


def _are_alike(one: InvoiceLine, other: InvoiceLine) -> bool:
    """Whether two lines bill the same: then the later one bills what came since."""
    if one.service_from is None or one.kind != "usage" or one.discount:
        return False
    begin, end = _days(other)
    overlap = _days(one)[0] < end and begin < _days(one)[1]
    return overlap and (one.obligation, one.group) == (other.obligation, other.group)
