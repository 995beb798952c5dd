"""Laws 7 and 9, and the slow reference: conservation, nothing silent, the same figures twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.accounting.curves import last_day, total
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.contract_facts import ContractOpened
from domain.discount import DiscountGranted
from domain.due import by_period
from domain.effects import ENDS, why_without_effect
from domain.facts import Fact, known
from domain.invoice_facts import (
    CreditIssued,
    DocumentSent,
    DraftAdjusted,
    DraftApproved,
    DraftDiscarded,
    InvoiceDrafted,
    InvoiceIssued,
)
from domain.master import MASTER_CATEGORIES
from domain.routing import account_of
from domain.usage import UsageBatchAccepted
from tests.laws import reference
from tests.laws.billing_laws import usage_is_billed
from tests.laws.memory import Books, History, Settlement, fresh_of
from tests.laws.time_laws import (
    Ledger,
    causes_unasked,
    closes_of,
    first_open,
    holds,
    last_of_each_book,
    same,
)
from tests.laws.worth_laws import worths

# --- 7 conservation ---

# Of an invoice, and of no amount.
PAPERS = (InvoiceDrafted, DraftAdjusted, DraftApproved, DraftDiscarded, DocumentSent)


def conservation(_history: History, ledger: Ledger) -> int:
    """Usage rows, money of each contract and receivables: nothing is made and nothing is lost."""
    count = 0
    for books in ledger.values():
        for settlement in books.settlements:
            count += _rows_conserved(books, settlement)
            count += _contracts_conserved(books, settlement)
        count += usage_is_billed(books)
    return count + worths(ledger)


def _rows_conserved(books: Books, settlement: Settlement) -> int:
    """Accepted = superseded + retracted + pending + rated, by meter."""
    at, count = settlement.run.position, 0
    world, rows = _world(books, settlement)
    kinds = {f.position: f.event.kind for f in books.facts[:at] if hasattr(f.event, "accepted")}
    units = [unit for unit in settlement.states if unit.startswith("subscription:")]
    for meter in sorted({row.meter for _, _, row, _ in rows}):
        mine = [(at, sign) for at, _, row, sign in rows if row.meter == meter]
        accepted = sum(sign > 0 for _, sign in mine)
        taken = {kind: sum(s < 0 and kinds[at] == kind for at, s in mine) for kind in _BACK}
        pending = sum(
            one.rows
            for unit in units
            for one in settlement.states[unit].schedule.pending
            if one.meter == meter
        )
        rated = sum(_rated_rows(world, unit, meter) for unit in units)
        count += same(accepted, sum(taken.values()) + pending + rated, books.entity, meter)
    for fact in books.facts[:at]:
        if isinstance(fact.event, UsageBatchAccepted):
            event = fact.event
            told = event.duplicates + event.rejected + event.accepted
            count += same(event.received, told, fact)
    return count


_BACK = ("correction", "retraction")


def _rated_rows(world: reference.World, unit: str, meter: str) -> int:
    only = [row for row in world.rows if row[2].meter == meter]
    whole, world.rows = world.rows, only
    own = [fact for fact in world.facts if fact.stream == unit]
    rated = reference.used(world, own, unit.partition(":")[2])[1]
    world.rows = whole
    return rated


def _world(books: Books, settlement: Settlement) -> tuple[reference.World, list[reference.Row]]:
    at = settlement.run.position
    rows = [row for row in books.rows if row[0] <= at]
    return reference.World(books.facts[:at], rows, settlement.run.book), rows


def _contracts_conserved(books: Books, settlement: Settlement) -> int:
    """Billed less taken back = revenue + liability - unbilled - asset; receivables = open items."""
    world, _ = _world(books, settlement)
    billed: dict[str, int] = {}
    owed: dict[str, int] = {}
    through = settlement.run.through
    for row in reference.lines(world):
        told = (one for one in reference.told_by(row) if one.after <= through)
        left = sum(one.minor for one in told if one.is_document or one.day <= through)
        event = row.issued.event
        account = f"customer:{event.customer}:{event.currency}"
        owed[account] = owed.get(account, 0) + left
        if reference.is_sold(row):
            unit = reference.unit_of(row)
            billed[unit] = billed.get(unit, 0) + left
    count = 0
    posted: dict[str, int] = {}
    for unit, state in settlement.states.items():
        account = f"customer:{state.schedule.customer}:{state.schedule.currency}"
        sums: dict[str, int] = {}
        for row in state.posted:
            if row.slot.kind != "adjustment":
                sums[row.slot.account] = sums.get(row.slot.account, 0) + row.minor
        posted[account] = posted.get(account, 0) + sums.get("accounts-receivable", 0)
        if not unit.startswith(("customer:", "adjustment:")):
            stands = -sum(sums.get(name, 0) for name in _STANDS)
            count += same(stands, billed.get(unit, 0), unit)
    for account, minor in posted.items():
        customer, currency = account_of(account)
        moves = reference.money(world, customer, currency, reference.lines(world))
        taken = sum(move.amount.minor for move in moves if move.kind == "application")
        before = (m.amount for m in moves if m.kind == "prepaid" and m.amount.start <= through)
        stands = owed.get(account, 0) - taken + sum(one.minor for one in before)
        count += same(minor, stands, account)
    return count


_EARNED = ("revenue", "contract-liability")
_STANDS = (*_EARNED, "refund-liability", "unbilled-receivable", "contract-asset")


# --- 9 nothing silent ---


def nothing_silent(_history: History, ledger: Ledger) -> int:
    """Parts sum to the whole, no row and no fact is skipped without a word."""
    count = 0
    for books in ledger.values():
        calendar = last_of_each_book(books)[0].run.master.calendar
        for settlement in last_of_each_book(books):
            used = _rested_on(settlement)
            for unit, state in settlement.states.items():
                end = calendar.periods[-1].last
                for flow in state.schedule.flows:
                    if last_day(flow.curve) > end:
                        continue
                    parts = by_period(flow, end, calendar)
                    count += same(sum(part for _, part in parts), total(flow.curve), unit, flow)
                count += _told(books, settlement, unit, used)
        count += _routed(books)
    return count


def _rested_on(settlement: Settlement) -> set[int]:
    """Facts that some amount rests on, or whose usage is pending."""
    schedules = [state.schedule for state in settlement.states.values()]
    used = {cause for one in schedules for flow in one.flows for cause in flow.causes}
    return used | {row.position for one in schedules for row in one.pending}


def _told(books: Books, settlement: Settlement, unit: str, used: set[int]) -> int:
    """A fact that no amount rests on changes nothing when it is left out."""
    run, fresh = settlement.run, fresh_of(books, unit, settlement.run.position)
    schedule = settlement.states[unit].schedule
    listed = {row.position for row in schedule.pending}
    listed |= {cause for flow in schedule.flows for cause in flow.causes}
    opens_none = any(getattr(fact.event, "contract", "") == "none" for fact in known(fresh.facts))
    count = 0
    for day in fresh.usage:
        seen = day.position in listed or opens_none or not day.quantity
        count += holds(seen, "usage is neither rated nor pending", unit, day)
    for fact in known(fresh.facts):
        if fact.position in used:
            count += 1
            continue
        of_stream = [one for one in fresh.facts if one.stream == fact.stream]
        count += holds(why_without_effect(fact, of_stream), "says not why", unit, fact)
        if isinstance(fact.event, ENDS) or fact.corrects is not None:
            continue
        # What bills no contract stands nowhere, so no line can say that it is none, or credited.
        if _is_no_contract(fact) or _is_of_no_contract(fact, fresh.facts):
            continue
        if fact.stream.startswith("customer:"):
            continue
        facts = tuple(one for one in fresh.facts if one is not fact)
        with causes_unasked():
            other = measure(unit, facts, fresh.usage, run.master, run.book, run.through)
        silent = _amounts(other) == _amounts(schedule)
        count += holds(silent, "moves an amount that does not name it", unit, fact)
    return count


def _is_no_contract(fact: Fact) -> bool:
    return isinstance(fact.event, ContractOpened) and not fact.event.criteria_met


def _is_of_no_contract(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether it credits nothing but lines of what is no contract yet."""
    if not isinstance(fact.event, CreditIssued):
        return False
    waiting = {one.stream.partition(":")[2] for one in facts if _is_no_contract(one)}
    issued = [one.event for one in facts if one.stream == fact.stream]
    lines = [row for one in issued if isinstance(one, InvoiceIssued) for row in one.lines]
    billed = {row.line: row.contract for row in lines}
    return all(billed.get(row.line) in waiting for row in fact.event.lines)


def _amounts(schedule: Schedule) -> dict[tuple[str, str, str], int]:
    sums: dict[tuple[str, str, str], int] = {}
    for flow in schedule.flows:
        key = (flow.kind, flow.obligation, flow.document)
        sums[key] = sums.get(key, 0) + total(flow.curve)
    return {key: minor for key, minor in sums.items() if minor}


def _routed(books: Books) -> int:
    """Every fact is of a unit, or master data, or the books' own, or without effect by itself."""
    routed = {position for positions in books.units.values() for position in positions}
    silent = MASTER_CATEGORIES | {"customer", "coupon", "tax", "book", "run", "usage"}
    silent |= {"bank", "dunning"}
    count = 0
    for fact in books.facts:
        of_no_unit = fact.stream.partition(":")[0] in silent or isinstance(fact.event, PAPERS)
        count += holds(of_no_unit or fact.position in routed, "belongs nowhere", fact)
    return count


# --- the slow reference ---


def slow_reference(_history: History, ledger: Ledger) -> int:
    """Receivables, deferred revenue and trial balance, earned and reported, at every run; but for
    units with a discount, of which the reference knows nothing.
    """
    count = 0
    for books in ledger.values():
        for book in books.books:
            count += _agrees(books, [one for one in books.settlements if one.run.book == book])
    return count


def _agrees(books: Books, settlements: list[Settlement]) -> int:
    before: dict[reference.Key, int] = {}
    reported: dict[tuple[str, str], int] = {}
    booked: dict[tuple[str, str], int] = {}
    reduced = {f.stream for f in books.facts if isinstance(f.event, DiscountGranted)}
    count = 0
    for settlement in settlements:
        run = settlement.run
        rows = [row for row in books.rows if row[0] <= run.position]
        every = reference.balances(books.facts[: run.position], rows, run.book, run.through)
        now = {key: minor for key, minor in every.items() if key.unit not in reduced}
        words = closes_of(books, run.book, run.position)
        for key in {*now, *before}:
            period = first_open(key.earned, key.kind, run.master.calendar, words).name
            place = (period, key.account)
            reported[place] = reported.get(place, 0) + now.get(key, 0) - before.get(key, 0)
        for entry in settlement.entries:
            for line in entry.lines if entry.unit not in reduced else ():
                place = (entry.booked, line.slot.account)
                booked[place] = booked.get(place, 0) + line.minor
        stands = {k: v for k, v in _standing(settlement).items() if k.unit not in reduced}
        count += _same_sums(stands, now, books.entity, run.book, run.position)
        count += _same_sums(booked, reported, books.entity, run.book, run.position, "reported")
        before = now
    return count


def _same_sums(found: dict[Any, int], expected: dict[Any, int], *where: object) -> int:
    keys = {*found, *expected}
    return sum(same(found.get(key, 0), expected.get(key, 0), key, *where) for key in keys)


def _standing(settlement: Settlement) -> dict[reference.Key, int]:
    sums: dict[reference.Key, int] = {}
    for unit, state in settlement.states.items():
        for row in state.posted:
            slot, kind = row.slot, "adjustment" if row.slot.kind == "adjustment" else ""
            key = reference.Key(unit, slot.account, slot.obligation, slot.earned, kind)
            sums[key] = sums.get(key, 0) + row.minor
    return sums
