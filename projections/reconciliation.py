"""Whether stages that should agree do: laws 1, 3, 7 and 8 on a live ledger, with what was compared.

Each check sets two figures side by side that were made in different ways: documents as facts tell
them beside the accounts, rows as they lie in their table beside what rating them again counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from domain.accounting.documents import BilledLine, billed_lines
from domain.accounting.schedule import PendingUsage
from domain.books import BookOpened
from domain.decimals import EXACT, plain
from domain.facts import known, timeline
from domain.ledger import Fresh
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from domain.party import registered
from domain.rating import rate_usage
from domain.terms import horizon, terms
from domain.usage import UsageDay
from projections import waiting
from projections.breaks import Break, Verdict
from projections.charging import NOTHING
from projections.question import Horizon, Question, looking
from projections.waiting import by_currency, elects_to_wait, lines_that_wait
from projections.worths import Worth, open_money, receipts, settled
from store import log
from store.db import Connection, queries
from store.unit_facts import fresh

SQL = queries(__file__)

UNITS_AT_ONCE = 2_000
DOCUMENTS = "receivables"
# Where what is billed of contracts may stand once some of it is earned (SPEC 2, law 7).
OF_CONTRACTS = [
    "contract-asset",
    "contract-liability",
    "customer-payable",
    "interest-expense",
    "interest-income",
    "non-cash-clearing",
    "partner-payable",
    "refund-liability",
    "revenue",
    "unbilled-receivable",
]


class _Pair(Struct, frozen=True):
    """Two figures that should be one."""

    what: str
    expected: object
    found: object


def reconcile(
    connection: Connection, entity: str, *, known_at: int | None = None
) -> tuple[Verdict, ...]:
    """Every check of one entity, over all of its books, at one position."""
    question = Question(entity=entity, known_at=known_at)
    with looking(connection, question, DOCUMENTS) as seen:
        facts = log.read_categories(connection, entity, [*MASTER_CATEGORIES, "book"], upto=seen.run)
        books = sorted(
            fact.stream.partition(":")[2]
            for fact in known(facts)
            if isinstance(fact.event, BookOpened)
        )
        master = master_data(fact for fact in facts if not fact.stream.startswith("book:"))
        parked = [unit for (unit,) in connection.execute(SQL.parked, seen.parameters())]
        return (
            *_posting(connection, seen, master),
            _verdict(
                7,
                "accounts-and-documents",
                entity,
                _controls(connection, seen, books, master, parked),
            ),
            _verdict(7, "usage-batches", entity, _batches(connection, seen)),
            _verdict(7, "usage-rated", entity, _rated(connection, seen, master, parked)),
        )


def _verdict(law: int, check: str, entity: str, pairs: Iterable[_Pair]) -> Verdict:
    compared = list(pairs)
    return Verdict(
        law=law,
        check=check,
        comparisons=len(compared),
        breaks=tuple(
            Break(
                check=check,
                entity=entity,
                what=pair.what,
                expected=str(pair.expected),
                found=str(pair.found),
            )
            for pair in compared
            if pair.expected != pair.found
        ),
    )


# --- the journal in itself: balance, closed periods, causes ---------------------------------------


def _posting(connection: Connection, seen: Horizon, master: MasterData) -> tuple[Verdict, ...]:
    names = seen.parameters(
        firsts=[period.first for period in master.calendar.periods],
        lasts=[period.last for period in master.calendar.periods],
    )
    return tuple(
        Verdict(
            law=law,
            check=check,
            comparisons=_one(connection, count, seen),
            breaks=tuple(
                Break(
                    check=check,
                    entity=seen.entity,
                    what=what,
                    expected=expected,
                    found=found,
                    positions=(position,),
                )
                for what, expected, found, position in connection.execute(faults.encode(), names)
            ),
        )
        for law, check, count, faults in (
            (1, "entries-balance", SQL.count_entries, SQL.unbalanced),
            (3, "closed-periods-stay", SQL.count_entries, SQL.into_closed),
            (3, "booked-not-before-earned", SQL.count_lines, SQL.before_earned),
            (8, "lines-have-causes", SQL.count_lines, SQL.orphans),
        )
    )


def _one(connection: Connection, statement: str, seen: Horizon) -> int:
    row = connection.execute(statement.encode(), seen.parameters()).fetchone()
    assert row is not None
    count: int = row[0]
    return count


# --- accounts beside documents --------------------------------------------------------------------


def _controls(
    connection: Connection,
    seen: Horizon,
    books: Sequence[str],
    master: MasterData,
    parked: Sequence[str],
) -> Iterable[_Pair]:
    """At the end of every period begun, on both bases: what documents say, what accounts hold."""
    days = [period.last for period in master.calendar.periods if period.first <= seen.as_of]
    names = seen.parameters(days=days)
    documents: dict[tuple[date, str, str], int] = {}
    for day, currency, side, minor in connection.execute(SQL.documents, names):
        documents[day, currency, side] = minor
    for book in books:
        at = seen.parameters(days=days, book=book, of_contracts=OF_CONTRACTS)
        awaited = _awaited(connection, seen, book, master)
        for row in connection.execute(SQL.accounts, at):
            before = by_currency(awaited, row[0], seen.as_of).get(row[2], 0)
            yield from _compared(book, documents, before, *row)
        yield from (_Pair(*row) for row in _worths(connection, seen, book, master, parked))


def _worths(
    connection: Connection, seen: Horizon, book: str, master: MasterData, parked: Sequence[str]
) -> Iterator[Worth]:
    """What is in another currency, up to the end of the last period that is over."""
    last = master.calendar.over_by(seen.as_of)
    names, where = seen.parameters(book=book, last=last, parked=parked), f"{book}, {last}"
    yield from settled(connection.execute(SQL.liabilities, names), where)
    yield from receipts(connection.execute(SQL.receipts, names), where, book, last, master)
    yield from open_money(connection.execute(SQL.open_money, names), where, book, last, master)


def _awaited(
    connection: Connection, seen: Horizon, book: str, master: MasterData
) -> Sequence[BilledLine]:
    """Invoiced lines that are not receivable at issue; read only where there may be any."""
    if not (elects_to_wait(master, book) or _one(connection, SQL.may_leave, seen)):
        return ()
    return lines_that_wait(waiting.documents(connection, seen), master, book)


def _compared(
    book: str,
    documents: dict[tuple[date, str, str], int],
    before: int,
    day: date,
    basis: str,
    currency: str,
    receivable: int,
    applied: int,
    receivable_later: int,
    cash: int,
    held: int,
    disputed: int,
    contracts: int,
    advanced: int,
    beside: int,
) -> Iterable[_Pair]:
    """Receivables are documents less what was applied; contracts are what was billed, or advanced,
    less what was given back where a book tells that apart.

    `before` is what is invoiced and not receivable yet, and stands in no account.
    `beside` is what documents move that is for no service, such as tax.
    `later` is what was booked after the day for a document dated before it: reported, it is open to
    the customer and not yet in the account.
    """
    where = f"{book} {day} {currency} {basis}"
    billed = documents.get((day, currency, "invoice"), 0)
    paid, granted, paid_out, taken = (
        documents.get((day, currency, side), 0)
        for side in ("payment", "balance", "paid-out", "disputed")
    )
    yield _Pair(f"receivables {where}", billed + applied, receivable + receivable_later + before)
    yield _Pair(f"cash {where}", paid + paid_out, cash)
    yield _Pair(f"customers' money {where}", paid + granted, held)
    yield _Pair(f"disputed cash {where}", taken, disputed)
    yield _Pair(
        f"contracts {where}",
        billed - receivable_later - before + advanced,
        contracts + beside,
    )


# --- usage ----------------------------------------------------------------------------------------


def _batches(connection: Connection, seen: Horizon) -> Iterable[_Pair]:
    """What a batch's fact says beside the rows that are there."""
    for row in connection.execute(SQL.batches, seen.parameters()):
        source, batch, kind, received, duplicates, rejected, accepted, brought, took, refused = row
        where = f"{source} batch {batch}"
        yield _Pair(f"{where}: received", received, duplicates + rejected + accepted)
        yield _Pair(f"{where}: accepted", accepted, took if kind == "retraction" else brought)
        yield _Pair(f"{where}: rejected", rejected, refused)
    for source, meter, told, found in connection.execute(SQL.meters, seen.parameters()):
        yield _Pair(f"{source} {meter}: rows by batch", told, found)


class _Counted(Struct):
    """What rating every subscription's usage again comes to, by meter and by currency, and what
    there is of those that wait parked: it is rated when they are released.
    """

    rated: dict[str, Decimal]
    pending: dict[str, Decimal]
    minor: dict[str, int]
    parked: dict[str, Decimal]


def _rated(
    connection: Connection, seen: Horizon, master: MasterData, parked: Sequence[str]
) -> Iterable[_Pair]:
    """Rows in force at the run = rows pending + what rating counts + what waits parked; charges as
    it charges.
    """
    counted = _Counted({}, {}, {}, {})
    names, waits = seen.parameters(parked=parked), set(parked)
    units = [unit for (unit,) in connection.execute(SQL.metered_units, names)]
    for start in range(0, len(units), UNITS_AT_ONCE):
        chunk = units[start : start + UNITS_AT_ONCE]
        read_units = fresh(connection, seen.entity, chunk, seen.run, master)
        for unit, read in read_units.items():
            if unit in waits:
                _count(read.usage, master, counted.parked)
            else:
                _count_unit(unit, read, master, seen.as_of, counted)
    for meter, count, quantity in connection.execute(SQL.in_force, seen.parameters()):
        there = Decimal(count) if _is_counted(meter, master) else quantity
        rated = counted.rated.get(meter, NOTHING)
        found = EXACT.add(rated, counted.pending.get(meter, NOTHING))
        found = EXACT.add(found, counted.parked.get(meter, NOTHING))
        yield _Pair(f"{meter}: in force = pending + rated + parked", plain(there), plain(found))
    for meter, count, quantity in connection.execute(SQL.pending, names):
        told = Decimal(count) if _is_counted(meter, master) else quantity
        again = counted.pending.get(meter, NOTHING)
        yield _Pair(f"{meter}: pending as the last run judged", plain(told), plain(again))
    for currency, minor in connection.execute(SQL.charged, names):
        yield _Pair(f"{currency}: charges recorded", counted.minor.get(currency, 0), minor)


def _count_unit(
    unit: str, read: Fresh, master: MasterData, through: date, counted: _Counted
) -> None:
    """What has no end is charged as far ahead as the last run looked."""
    known = timeline(read.facts)
    own = [fact for fact in known if fact.stream == unit]
    folded = terms(own, master.prices, horizon(through, read.usage), registered(known))
    rated = rate_usage(read.usage, folded, master, billed_lines(known))
    for charge in rated.charges:
        assert folded is not None, unit
        currency = folded.started.currency
        counted.minor[currency] = counted.minor.get(currency, 0) + charge.minor
    for group in rated.metered:
        for taken in group.rows:
            quantity = Decimal(taken.rows) if group.is_counted else taken.quantity
            rated_so_far = counted.rated.get(taken.meter, NOTHING)
            counted.rated[taken.meter] = EXACT.add(rated_so_far, quantity)
    _count(rated.pending, master, counted.pending)


def _count(
    rows: Iterable[UsageDay | PendingUsage], master: MasterData, sums: dict[str, Decimal]
) -> None:
    for row in rows:
        quantity = Decimal(row.rows) if _is_counted(row.meter, master) else row.quantity
        sums[row.meter] = EXACT.add(sums.get(row.meter, NOTHING), quantity)


def _is_counted(meter: str, master: MasterData) -> bool:
    known_meter = master.meters.get(meter)
    return known_meter is not None and known_meter.aggregation == "count"
