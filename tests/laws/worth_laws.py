"""Law 7 in functional currency: what is open is worth the rate of the day, what is closed nothing.

Rates are looked up here by themselves, in the facts: the latest of the pair up to the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from domain.accounting.schedule import Schedule
from domain.currency import exponent
from domain.entity import EntityOpened
from domain.facts import in_effective_order, known
from domain.journal import Slot
from domain.ledger import Posted, UnitState
from domain.rates import RatesPublished
from tests.laws.memory import Books, Settlement
from tests.laws.time_laws import Ledger, holds, last_of_each_book, same

CLAIMS = ("accounts-receivable", "unbilled-receivable", "contract-asset")
# What is owed or claimed in money, document by document.
MONEY = ("accounts-receivable", "unapplied-cash", "deposits", "disputed-cash", "refund-clearing")
# And what of a contract is, promise by promise.
OF_PROMISES = ("unbilled-receivable", "contract-asset", "refund-liability")
CREDIT = "customer-credit"
CLOSING = ("contract-liability", "unapplied-cash", "deposits", "disputed-cash", "refund-liability")


def worths(ledger: Ledger) -> int:
    """Claims at the end of a period are worth its last day's rate; what is closed costs nothing."""
    count = 0
    for books in ledger.values():
        for settlement in last_of_each_book(books):
            end = settlement.run.master.calendar.over_by(settlement.run.through)
            told = {unit: one for unit, one in settlement.states.items() if _is_told(one.schedule)}
            for unit, state in told.items():
                count += _closes(unit, [row for row in state.posted if row.slot.earned <= end])
            count += _claims(books, settlement, end, told)
    return count


def _is_told(schedule: Schedule) -> bool:
    return schedule.told_in != schedule.currency and not schedule.unit.startswith("adjustment:")


def _claims(books: Books, settlement: Settlement, end: date, told: dict[str, UnitState]) -> int:
    """Each where it stands, over all units."""
    run, count = settlement.run, 0
    if run.master.options(run.book, end).remeasure != "period-end" or end == date.min:
        return 0
    sums: dict[tuple[str, str, str], list[int]] = {}
    for unit in told:
        schedule = settlement.states[unit].schedule
        for row in _own(settlement.states[unit].posted, end):
            if row.slot.account in (*MONEY, *OF_PROMISES, CREDIT):
                key = schedule.currency, row.slot.account, _place(schedule, row.slot)
                both = sums.setdefault(key, [0, 0])
                both[0] += row.minor
                both[1] += row.functional_minor
    for (currency, account, place), (minor, functional) in sums.items():
        expected = half_away(minor * rate_on(books, run.position, currency, end)) if minor else 0
        count += same(functional, expected, books.entity, run.book, account, place, end)
    return count


def _place(schedule: Schedule, slot: Slot) -> str:
    """What invoices carry in credit for a customer is one debt."""
    if slot.account in OF_PROMISES:
        named = slot.subject.rsplit(":", 2)[0] if slot.kind == "exchange" else slot.obligation
        return f"{schedule.unit}:{'contract' if schedule.joint else named}"
    if slot.account == CREDIT and (slot.kind == "billing" or not slot.document):
        return f"carried for {schedule.customer}"
    return slot.document if slot.account == "accounts-receivable" else _money(slot)


def _money(slot: Slot) -> str:
    """The payment or credit that a slot is of: what is applied bears the invoice's name as well."""
    if slot.kind == "application":
        return slot.subject.removesuffix(":stated").removesuffix(f":{slot.document}")
    if slot.kind == "transfer" and slot.account in {CREDIT, "refund-clearing"}:
        return slot.subject.removeprefix(f"{slot.document}:")
    return slot.document


def _own(posted: tuple[Posted, ...], end: date) -> Iterator[Posted]:
    return (row for row in posted if row.slot.earned <= end and row.slot.kind != "adjustment")


def _closes(unit: str, posted: list[Posted]) -> int:
    """An account of a unit in which nothing stands is worth nothing."""
    count = 0
    for account in (*CLAIMS[1:], *CLOSING):
        rows = [row for row in posted if row.slot.account == account]
        by_rest: dict[str, list[int]] = {}
        for row in rows:
            both = by_rest.setdefault(unit if unit.startswith("customer:") else "", [0, 0])
            both[0] += row.minor
            both[1] += row.functional_minor
        for minor, functional in by_rest.values():
            count += holds(minor or not functional, unit, account, "costs", functional)
    return count


def rate_on(books: Books, at: int, currency: str, day: date) -> Fraction:
    """Functional minor units for a minor unit of a currency, by the facts known at a position."""
    facts = sorted(known(books.facts, at), key=in_effective_order)
    home = next(f.event for f in facts if isinstance(f.event, EntityOpened)).functional_currency
    found: tuple[date, Fraction, bool] | None = None
    for fact in facts:
        if isinstance(fact.event, RatesPublished) and fact.when.effective <= day:
            for rate, direct in _said(fact.event, currency, home):
                found = _later(found, fact.when.effective, rate, direct=direct)
    assert found is not None, (currency, day)
    return found[1] * Fraction(10 ** exponent(home), 10 ** exponent(currency))


def _said(event: RatesPublished, currency: str, home: str) -> Iterator[tuple[Fraction, bool]]:
    """What a publication says of a pair, and whether as it is asked for: itself, or over another
    currency, which drawn histories quote only where books elect to cross.
    """
    for row in event.rates:
        rate = _rate(row.currency, row.into, row.rate, currency, home)
        if rate is not None:
            yield rate, row.into == home
    worth = {row.into: Fraction(row.rate) for row in event.rates if row.currency == "EUR"}
    if currency in worth and home in worth:
        yield worth[home] / worth[currency], False


def _later(
    found: tuple[date, Fraction, bool] | None, day: date, rate: Fraction, *, direct: bool
) -> tuple[date, Fraction, bool]:
    """Of one day the direct quotation counts, else the last."""
    if found is not None and found[0] == day and found[2] and not direct:
        return found
    return day, rate, direct


def _rate(one: str, into: str, rate: Decimal, currency: str, home: str) -> Fraction | None:
    if (one, into) == (currency, home):
        return Fraction(rate)
    return 1 / Fraction(rate) if (one, into) == (home, currency) else None


def half_away(exact: Fraction) -> int:
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole
