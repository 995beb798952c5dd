"""What waits for a person, and what stands against a close: unposted facts, parked units, pending
usage, gaps in a source's batches, customers that facts name and nobody registered. Contracts that
facts name and nobody opened, work that cost more than it is expected to, positions of other books
that outlive their contract, promises of contracts that had ended, usage that stands out, money
given back twice and what a bank's file leaves open stand against nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from domain.balance_facts import (
    BalanceGranted,
)
from domain.bank import is_nobody
from domain.books import CloseEvidence, ClosePeriod, SoftClosePeriod
from domain.calendar import Period
from domain.contract_facts import ContractOpened
from domain.decimals import plain
from domain.facts import Fact, known
from domain.invoice_facts import InvoiceIssued
from domain.ledger import moves
from domain.left_entry import kept
from domain.master import MASTER_CATEGORIES, master_data
from domain.meter import BY_THE_ROW
from domain.money import decimal_text
from domain.opening import OpeningProposed
from domain.outliving import carried, outliving
from domain.overdue import overdue
from domain.party import registered
from domain.payment_facts import (
    PaymentNamed,
    PaymentReceived,
)
from domain.plausibility import DAYS_MIN, PLAUSIBLE_MEDIANS, Outlier, is_judged, outliers
from domain.routing import account_of, named_units
from domain.subscription import SubscriptionStarted
from domain.too_late import too_late
from domain.usage import UsageBatchAccepted, UsageGapWaived, UsageWindowDeclared
from projections.question import Answer, Horizon, Question, calendar_at, looking
from store import checkpoints, log
from store.db import Connection, queries
from store.request import Request
from store.unit_states import schedule_of

SQL = queries(__file__)

DOCUMENTS = "receivables"
NAME_A_CUSTOMER = (
    BalanceGranted,
    ContractOpened,
    InvoiceIssued,
    PaymentReceived,
    SubscriptionStarted,
)

# A position taken over from other books says all that is known of its contract.
OPENS = (ContractOpened, OpeningProposed, SubscriptionStarted)
NAME_A_CONTRACT = (PaymentNamed, PaymentReceived)


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is not as it should be: `since` is the position from which it is known."""

    kind: str
    subject: str
    detail: str
    since: int
    count: int


def exceptions(connection: Connection, question: Question) -> Answer[Finding]:
    """Parked units, pending usage by reason, gaps in batches, unknown customers, usage that stands
    out, money that went back twice, contracts nobody opened, estimates that are overdue, positions
    that outlive their contract, promises of contracts that had ended and what a bank says that
    nobody understands, at a position.
    """
    with looking(connection, question, DOCUMENTS) as seen:
        rows = connection.execute(SQL.findings, seen.parameters()).fetchall()
        found = [
            Finding(kind=kind, subject=subject, detail=detail, since=since, count=count)
            for kind, subject, detail, since, count in rows
        ]
        found += _gaps(connection, seen.entity, seen.known_at, None)
        found += _unknown_customers(connection, seen.entity, seen.known_at, date.max)
        found += _unopened_contracts(connection, seen.entity, seen.known_at)
        found += _overdue_estimates(connection, seen.entity, seen.known_at)
        found += _outliving_positions(connection, seen.entity, seen.known_at)
        found += _changed_too_late(connection, seen.entity, seen.known_at)
        found += _implausible_usage(connection, seen.entity, seen.known_at)
        found += _given_back_twice(connection, seen)
        found += _of_banks(connection, seen)
        return seen.answer(tuple(found))


def close_evidence(connection: Connection, request: Request) -> CloseEvidence:
    """What a close of a book's period would leave out, gathered under the head lock."""
    command = request.command
    assert isinstance(command, SoftClosePeriod | ClosePeriod), request
    book = request.stream.partition(":")[2]
    head = log.END
    period = calendar_at(connection, request.entity, head).named(command.period)
    if period is None:
        return CloseEvidence()
    names = {"entity": request.entity, "book": book, "first": period.first, "last": period.last}
    parked = connection.execute(SQL.parked, names).fetchall()
    unknown = _unknown_customers(connection, request.entity, head, period.last)
    return CloseEvidence(
        unposted=_unposted(connection, request.entity, book, period),
        parked=tuple(unit for (unit,) in parked),
        pending=_count(connection, SQL.pending, names),
        gaps=tuple(row.subject for row in _gaps(connection, request.entity, head, period)),
        # Money of nobody known is unapplied, and may be for long: that is no reason to stay open.
        unknown_customers=tuple(row.subject for row in unknown if not is_nobody(row.subject)),
    )


def _unposted(connection: Connection, entity: str, book: str, period: Period) -> int:
    """Facts of the period no run has settled, and units whose time in it has not passed yet."""
    posted = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    run = checkpoints.passed_run(connection, entity, posted)
    names = {"entity": entity, "run": run.position, "last": period.last}
    unposted = _count(connection, SQL.unposted, names)
    if run.through is None or run.through >= period.last:
        return unposted
    at = {"entity": entity, "book": book, "through": run.through}
    stored = connection.execute(SQL.moving_states, at)
    return unposted + sum(
        moves(schedule_of(state), run.through, period.last) for (state,) in stored
    )


def run_due(connection: Connection, entity: str) -> date | None:
    """How far the next run of a live service goes: as far as the last, if the poster stands at the
    head and something came in since. None: there is nothing to post, or no run has begun yet.
    """
    posted = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    head = log.head(connection, entity)
    if head is None or posted != head.position:
        return None
    run = checkpoints.passed_run(connection, entity, posted)
    names = {"entity": entity, "run": run.position, "master": sorted(MASTER_CATEGORIES)}
    touched = connection.execute(SQL.touched_since, names).fetchone()
    assert touched is not None
    return run.through if touched[0] else None


def _count(connection: Connection, statement: str, names: dict[str, object]) -> int:
    row = connection.execute(statement.encode(), names).fetchone()
    assert row is not None
    count: int = row[0]
    return count


def _gaps(
    connection: Connection, entity: str, upto: int, period: Period | None
) -> Iterable[Finding]:
    """Batches a source says it sent and that never came, unless a person waived them."""
    names = {"entity": entity, "upto": upto}
    positions = [row[0] for row in connection.execute(SQL.window_facts, names)]
    facts = known(log.read_positions(connection, entity, positions))
    came: dict[str, dict[int, int]] = {}
    for source, number, received in connection.execute(SQL.numbered_batches, names):
        came.setdefault(source, {})[number] = received
    waived = {
        (fact.stream, fact.event.batch_number)
        for fact in facts
        if isinstance(fact.event, UsageGapWaived)
    }
    found = []
    for fact in facts:
        event, source = fact.event, fact.stream.partition(":")[2]
        if not isinstance(event, UsageWindowDeclared) or not _overlaps(event, period):
            continue
        numbers = range(event.first_batch, event.last_batch + 1)
        here = came.get(source, {})
        missing = [n for n in numbers if n not in here and (fact.stream, n) not in waived]
        found += [_gap(f"{source}:{n}", "batch missing", fact.position) for n in missing]
        rows = sum(here.get(n, 0) for n in numbers)
        if event.rows is not None and all(n in here for n in numbers) and rows != event.rows:
            told = f"{rows} rows came, {event.rows} were declared"
            window = f"{source}:{event.first_batch}-{event.last_batch}"
            found.append(_gap(window, told, fact.position))
    return found


def _unknown_customers(connection: Connection, entity: str, upto: int, last: date) -> list[Finding]:
    """Customers that deals, documents and money up to a day name, and that nobody registered.

    Their amounts stand in the books: what went out or came in is not lost for want of a name.
    """
    names = {"entity": entity, "upto": upto}
    accounts = [row[0] for row in connection.execute(SQL.doubtful_accounts, names)]
    if not accounts:
        return []
    streams = {f"customer:{account_of(unit)[0]}" for unit in accounts}
    told = log.read_streams(connection, entity, streams).values()
    there = registered(known((fact for facts in told for fact in facts), upto))
    positions = connection.execute(SQL.facts_of_units, names | {"units": accounts})
    naming: dict[str, list[int]] = {}
    for fact in known(log.read_positions(connection, entity, [row[0] for row in positions]), upto):
        event = fact.event
        if not isinstance(event, NAME_A_CUSTOMER) or fact.when.effective > last:
            continue
        if event.customer not in there:
            naming.setdefault(event.customer, []).append(fact.position)
    return [
        Finding(
            kind="unidentified-payment" if is_nobody(customer) else "unknown-customer",
            subject=customer,
            detail="paid, and nobody knows for whom"
            if is_nobody(customer)
            else "named, and not registered",
            since=min(naming[customer]),
            count=len(naming[customer]),
        )
        for customer in sorted(naming)
    ]


def _unopened_contracts(connection: Connection, entity: str, upto: int) -> Iterable[Finding]:
    """Contracts and subscriptions that documents, money and changes name, and that nobody opened:
    what is billed of them is earned by nobody. Usage says by itself that it waits.
    """
    names = {"entity": entity, "upto": upto}
    units = [row[0] for row in connection.execute(SQL.doubtful_contracts, names)]
    at = [row[0] for row in connection.execute(SQL.facts_of_units, names | {"units": units})]
    at += [row[0] for row in connection.execute(SQL.money_for_contracts, names)]
    naming: dict[str, list[int]] = {}
    opened = set[str]()
    for fact in known(log.read_positions(connection, entity, sorted({*at})), upto):
        if isinstance(fact.event, OPENS):
            opened.update((fact.stream, *named_units(fact)))
        elif not isinstance(fact.event, UsageBatchAccepted):
            for unit in _contracts_of(fact):
                naming.setdefault(unit, []).append(fact.position)
    for unit in sorted(naming.keys() - opened):
        yield Finding(
            kind="unknown-contract",
            subject=unit,
            detail="named, and not opened",
            since=min(naming[unit]),
            count=len(naming[unit]),
        )


def _contracts_of(fact: Fact) -> set[str]:
    """The contracts that a fact is about, names, or gives its money to."""
    own = {fact.stream, *named_units(fact)}
    if isinstance(fact.event, NAME_A_CONTRACT) and fact.event.contract is not None:
        own.add(f"contract:{fact.event.contract}")
    return {unit for unit in own if unit.partition(":")[0] in ("contract", "subscription")}


def _overdue_estimates(connection: Connection, entity: str, upto: int) -> Iterable[Finding]:
    """Work that has cost more than is expected of it in all: it is earned as if complete."""
    rows = connection.execute(SQL.contracts_by_cost, {"entity": entity, "upto": upto})
    told = log.read_streams(connection, entity, [row[0] for row in rows], upto=upto)
    for stream, facts in sorted(told.items()):
        for one in overdue(known(facts)):
            cost = decimal_text(one.incurred_minor, one.currency)
            expected = decimal_text(one.expected_minor, one.currency)
            yield Finding(
                kind="overdue-estimate",
                subject=stream,
                detail=f"{one.obligation} has cost {cost} {one.currency} of {expected} expected",
                since=one.since,
                count=1,
            )


def _outliving_positions(connection: Connection, entity: str, upto: int) -> Iterable[Finding]:
    """What other books left of a contract that ended here, and that nobody ended."""
    left = carried([*known(log.read_categories(connection, entity, ["opening"], upto=upto))])
    if not left:
        return
    told = log.read_streams(connection, entity, [*left], upto=upto)
    for unit, facts in sorted(told.items()):
        for one in outliving(left[unit], known(facts)):
            yield Finding(
                kind="position-runs-on",
                subject=unit,
                detail=f"{one.obligation} is served to {one.served_to}, and it ended {one.ended}",
                since=one.since,
                count=1,
            )


def _changed_too_late(connection: Connection, entity: str, upto: int) -> Iterable[Finding]:
    """What a source says is promised by a contract that ended before."""
    rows = connection.execute(SQL.changed_and_ended, {"entity": entity, "upto": upto})
    told = log.read_streams(connection, entity, [row[0] for row in rows], upto=upto)
    for stream, facts in sorted(told.items()):
        for one in too_late(known(facts)):
            names = ", ".join(one.names)
            yield Finding(
                kind="changed-after-the-end",
                subject=stream,
                detail=f"{names} by a change of {one.changed}, and it ended {one.ended}",
                since=one.since,
                count=len(one.names),
            )


def _given_back_twice(connection: Connection, seen: Horizon) -> Iterable[Finding]:
    """A refund, and the customer's bank took the same money back as well."""
    names = seen.parameters()
    for stream, since, count, currency, came, back in connection.execute(
        SQL.given_back_twice, names
    ):
        told = f"{decimal_text(back, currency)} {currency} of {decimal_text(came, currency)}"
        yield Finding(
            kind="given-back-twice", subject=stream, detail=told, since=since, count=count
        )


def _of_banks(connection: Connection, seen: Horizon) -> Iterable[Finding]:
    """What undoes money that nobody knows of, and rows that could not be read. What only went out
    may be none of ours: it is listed, and no exception.
    """
    rows = connection.execute(SQL.bank_facts, {"entity": seen.entity, "upto": seen.known_at})
    for one in kept(log.read_positions(connection, seen.entity, [row[0] for row in rows])):
        if one.state.waits:
            unread = one.state.unread
            yield Finding(
                kind="unread-bank-row" if unread else "unmatched-return",
                subject=one.name,
                detail=unread.code if unread else "undoes nothing that is known",
                since=one.first.position,
                count=1,
            )


def _implausible_usage(connection: Connection, entity: str, upto: int) -> Iterable[Finding]:
    """Days that stand out in the history of their own subscription, meter and unit."""
    facts = log.read_categories(connection, entity, ["meter"], upto=upto)
    meters = {name: one for name, one in master_data(facts).meters.items() if is_judged(one)}
    if not meters:
        return
    names = {
        "entity": entity,
        "upto": upto,
        "meters": list(meters),
        "by_the_row": [name for name, one in meters.items() if one.aggregation in BY_THE_ROW],
        "days": DAYS_MIN,
        "medians": PLAUSIBLE_MEDIANS,
    }
    found = connection.execute(SQL.days_to_judge, names).fetchall()
    for subscription, meter, unit, days, quantities, rows, positions in found:
        came = dict(zip(days, zip(rows, positions, strict=True), strict=True))
        for outlier in outliers(dict(zip(days, quantities, strict=True))):
            count, since = came[outlier.day]
            yield Finding(
                kind="implausible-usage",
                subject=f"subscription:{subscription}",
                detail=_beside_the_median(meter, unit, outlier),
                since=since,
                count=count,
            )


def _beside_the_median(meter: str, unit: str, found: Outlier) -> str:
    named = f" {unit}" if unit else ""
    usual = "no other use" if found.median is None else f"median {plain(found.median)}{named}"
    return f"{meter} on {found.day}: {plain(found.quantity)}{named}, {usual}"


def _overlaps(event: UsageWindowDeclared, period: Period | None) -> bool:
    return period is None or (event.window_from <= period.last and event.window_to > period.first)


def _gap(subject: str, detail: str, since: int) -> Finding:
    return Finding(kind="usage-gap", subject=subject, detail=detail, since=since, count=1)
