"""Laws 1 to 6 and 10: balance, lateness, booking, once, sealed answers, replay, a longer look.

Each returns how many comparisons it made and raises `Broken` at the first that fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random
from typing import cast
from unittest.mock import patch

import msgspec
from msgspec import structs

from domain.accounting import ended, subscriptions
from domain.accounting.causes import Rested, union
from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule, without_steps
from domain.books import PeriodClosed, PeriodReopened, PeriodSealed, PeriodSoftClosed, PostingRun
from domain.calendar import Calendar, Period, add_months
from domain.contract_facts import ContractOpened
from domain.due import due
from domain.facts import Fact, known
from domain.journal import Balances, Entry, Slot
from domain.ledger import UnitState, settle
from domain.subscription import SubscriptionStarted
from tests.laws.changes import in_stream_order
from tests.laws.memory import (
    Arrival,
    Books,
    History,
    Settlement,
    accept,
    and_then,
    fresh_of,
    master_at,
    measured_anew,
    play,
)

Ledger = dict[str, Books]


class Broken(AssertionError):
    """A law does not hold: what was found where something else was due."""


def same(found: object, expected: object, *where: object) -> int:
    """One comparison."""
    if found != expected:
        raise Broken(*where, "found", found, "expected", expected)
    return 1


def holds(claim: object, *where: object) -> int:
    if not claim:
        raise Broken(*where)
    return 1


@contextmanager
def causes_unasked() -> Iterator[None]:
    """Where only amounts and steps are compared: the engine would try each fact again to name
    causes that nobody reads. That causes are right is law 8; they are measured when all is played.
    """
    with (
        patch.object(subscriptions, "fewest", lambda flows, _facts, _build: Rested(flows)),
        patch.object(ended, "rest_together", lambda some, *_: union(some)),
    ):
        yield


def played(history: History) -> Ledger:
    return {entity: play(entity, log, ask=asked) for entity, log in history.logs.items()}


# --- 1 balance ---


def balance(_history: History, ledger: Ledger) -> int:
    """Every entry sums to zero in both currencies, and so does each kind in each earned period."""
    count = 0
    for books in ledger.values():
        for entry in books.entries:
            count += same(sum(line.minor for line in entry.lines), 0, entry)
            count += same(sum(line.functional_minor for line in entry.lines), 0, entry)
            count += holds(entry.currency in {"USD", "JPY"}, entry)
            count += _kinds_balance(entry)
            # Where no rate says otherwise both currencies are one and both amounts are the same.
            same_currency = entry.currency == entry.functional_currency
            for line in entry.lines if same_currency else ():
                count += same(line.functional_minor, line.minor, entry.unit, line)
    return count


def _kinds_balance(entry: Entry) -> int:
    sums: dict[tuple[date, str, str], int] = {}
    for line in entry.lines:
        key = (line.slot.earned, line.slot.kind, line.slot.subject)
        sums[key] = sums.get(key, 0) + line.minor
    return sum(same(total, 0, key, entry) for key, total in sums.items())


# --- 2 a late fact is only late ---


def lateness(history: History, ledger: Ledger) -> int:
    """The same facts in another order of arrival: the same balances by earned period, and the same
    units that wait, which stand as far as they could be measured before.
    """
    count = 0
    for entity, log in history.logs.items():
        final = final_run(ledger[entity])
        with causes_unasked():
            live = and_then(ledger[entity], final)
            late = play(entity, (*shuffled(log, Random(history.seed)), final))
        count += same(late.waiting, live.waiting, entity)
        found, expected = (_measured_last(books) for books in (late, live))
        count += same_keys(found, expected, entity)
        count += holds(standing_by_earned(live) or _binds_nobody(log), "nothing stands", entity)
    return count


def _measured_last(books: Books) -> dict[object, int]:
    """What stands of units that the last run could measure."""
    found = standing_by_earned(books)
    places = ((cast("tuple[str, str]", key)[:2], key) for key in found)
    return {key: found[key] for place, key in places if place not in books.waiting}


def _binds_nobody(log: tuple[Arrival, ...]) -> bool:
    """Whether every deal was opened as no contract: what is billed of it is nobody's right, and
    need not stand (ASC 606-10-25-8, IFRS 15.16).
    """
    begun = [
        getattr(one.event, "criteria_met", True)
        for one in log
        if isinstance(one.event, ContractOpened | SubscriptionStarted)
    ]
    return bool(begun) and not any(begun)


def same_keys(found: dict[object, int], expected: dict[object, int], *where: object) -> int:
    for key in sorted({*found, *expected}, key=str):
        same(found.get(key), expected.get(key), *where, key)
    return len({*found, *expected})


def final_run(books: Books) -> Arrival:
    """One more run, a year on, so that everything known is settled."""
    through = add_months(books.through, 6)
    when = structs.replace(books.facts[-1].when, effective=through, order=10**6)
    return Arrival(key="final", stream="run:self", event=PostingRun(when=when, through=through))


def shuffled(log: tuple[Arrival, ...], random: Random) -> list[Arrival]:
    """Any order; the entity opens first, books keep theirs, a change follows what it changes."""
    opening = [arrival for arrival in log if arrival.stream == "entity:self"]
    body = [arrival for arrival in log if arrival.stream != "entity:self"]
    wanted = random.sample(body, len(body))
    kept = {"book", "usage", "run"}
    chains = _chains(body, kept)
    return [*opening, *_by_chain(wanted, body, chains)]


def _chains(body: list[Arrival], kept: set[str]) -> dict[str, str]:
    """Key of an arrival -> what it stays in order with: its stream, or the chain it corrects."""
    chains: dict[str, str] = {}
    for arrival in body:
        category = arrival.stream.partition(":")[0]
        if category in kept:
            chains[arrival.key] = "books" if category != "usage" else arrival.stream
        else:
            chains[arrival.key] = chains.get(arrival.corrects or "", arrival.key)
    return chains


def _by_chain(wanted: list[Arrival], body: list[Arrival], chains: dict[str, str]) -> list[Arrival]:
    renamed = {a.key: structs.replace(a, stream=chains[a.key]) for a in body}
    placed = in_stream_order([renamed[a.key] for a in wanted], [renamed[a.key] for a in body])
    real = {arrival.key: arrival for arrival in body}
    return [real[arrival.key] for arrival in placed]


def standing_by_earned(books: Books) -> dict[object, int]:
    """What is posted, by unit, book and slot: nothing on when it was booked."""
    found: dict[object, int] = {}
    for entry in books.entries:
        own, told = entry.currency, entry.functional_currency
        for line in entry.lines:
            for amount, minor in ((own, line.minor), ((own, told), line.functional_minor)):
                key = (entry.unit, entry.book, amount, line.slot)
                found[key] = found.get(key, 0) + minor
    return {key: minor for key, minor in found.items() if minor}


# --- 3 earned then, booked now ---


def booking(_history: History, ledger: Ledger) -> int:
    """Each line in the earliest period open at its run and not before the one it was earned in."""
    count = 0
    for books in ledger.values():
        calendar = master_at(books, len(books.facts)).calendar
        for settlement in books.settlements:
            states = closes_of(books, settlement.run.book, settlement.run.position)
            for entry in settlement.entries:
                count += _booked_well(entry, calendar, states)
        count += _sealed_gain_nothing(books)
        count += _lines_never_change(books)
    return count


def closes_of(books: Books, book: str, at: int) -> dict[str, str]:
    """Each period's last word before a run, read from the facts one by one."""
    words: dict[str, str] = {}
    for fact in books.facts[:at]:
        event = fact.event
        if fact.stream == f"book:{book}" and isinstance(
            event, PeriodSoftClosed | PeriodClosed | PeriodSealed | PeriodReopened
        ):
            words[event.period] = type(event).__name__
    return words


def _booked_well(entry: Entry, calendar: Calendar, words: dict[str, str]) -> int:
    count = 0
    for line in entry.lines:
        wanted = first_open(line.slot.earned, line.slot.kind, calendar, words)
        count += same(entry.booked, wanted.name, entry.unit, line)
        count += holds(wanted.first <= line.accounting_date <= wanted.last, line)
        count += holds(line.causes, "no cause", line)
    return count


def first_open(earned: date, kind: str, calendar: Calendar, words: dict[str, str]) -> Period:
    """The earliest period open at that time and not before the one earned in."""
    takes = {None, "PeriodReopened", "PeriodSoftClosed" if kind == "adjustment" else None}
    for period in calendar.periods:
        if period.last >= earned and words.get(period.name) in takes:
            return period
    raise Broken("no open period", earned)


def _sealed_gain_nothing(books: Books) -> int:
    """From a close to the next reopening no entry is booked in the period."""
    count = 0
    for fact in books.facts:
        if isinstance(fact.event, PeriodClosed):
            book, name = fact.stream.partition(":")[2], fact.event.period
            until = _next_reopening(books, fact, name)
            late = [
                entry
                for entry in books.entries
                if entry.book == book
                and entry.booked == name
                and fact.position < entry.known_at < until
            ]
            count += same(late, [], fact)
    return count


def _next_reopening(books: Books, close: Fact, period: str) -> int:
    for fact in books.facts[close.position :]:
        if (
            isinstance(fact.event, PeriodReopened)
            and fact.stream == close.stream
            and fact.event.period == period
        ):
            return fact.position
    return 10**9


def _lines_never_change(books: Books) -> int:
    """What stands is the sum of what was booked: nothing was replaced, nothing taken out."""
    count = 0
    for (unit, book), state in books.states.items():
        booked = _sum_of_lines(books, unit, book)
        told = state.schedule.told_in
        posted = {
            (row.slot, told): (row.minor, row.functional_minor)
            for row in state.posted
            if row.minor or row.functional_minor
        }
        count += same(posted, booked, unit, book)
    return count


def _sum_of_lines(books: Books, unit: str, book: str) -> dict[tuple[Slot, str], tuple[int, int]]:
    """In both currencies; what was told in another functional one before was taken back there."""
    sums: dict[tuple[Slot, str], tuple[int, int]] = {}
    for entry in books.entries:
        if entry.unit == unit and entry.book == book:
            for line in entry.lines:
                key = line.slot, entry.functional_currency
                minor, functional = sums.get(key, (0, 0))
                sums[key] = minor + line.minor, functional + line.functional_minor
    return {key: both for key, both in sums.items() if any(both)}


# --- 4 once ---


def once(history: History, ledger: Ledger) -> int:
    """Each fact twice, and each unit measured again without news: nothing changes."""
    count = 0
    for entity, log in history.logs.items():
        live = ledger[entity]
        # What is settled from the very same is not measured again here: law 6 does that.
        random, twice = Random(history.seed), Books(entity, settled=live.settled)
        for place, arrival in enumerate(log):
            accept(twice, arrival)
            count += same(accept(twice, random.choice(log[: place + 1])), None, arrival)
        count += same(twice.facts, live.facts, entity)
        count += same(twice.entries, live.entries, entity)
        count += _again(live)
    return count


def _again(books: Books) -> int:
    """The last run once more: what is already posted, measured from all facts, posts nothing."""
    count = 0
    for settlement in last_of_each_book(books):
        for unit, state in settlement.states.items():
            fresh = fresh_of(books, unit, settlement.run.position)
            anew = measured_anew(books, settlement, unit)
            with patch("domain.ledger.measure", lambda *_, anew=anew: anew):
                again = settle(unit, state, fresh, settlement.run)
            count += same(again.entries, (), unit)
            count += same(again.state.posted, state.posted, unit)
    return count


def last_of_each_book(books: Books) -> list[Settlement]:
    last = {settlement.run.book: settlement for settlement in books.settlements}
    return list(last.values())


# --- 5 sealed answers stay ---


def sealed_answers(_history: History, ledger: Ledger) -> int:
    """An answer as known at an earlier position is the same bytes, whatever came later.

    The ledger was asked at each run, while it knew nothing of what came.
    """
    count = 0
    for entity, books in ledger.items():
        for at, then in books.answered.items():
            now = asked(books, at)
            count += sum(same(*pair, entity, at) for pair in zip(now, then, strict=True))
    return count


def asked(books: Books, at: int) -> tuple[object, ...]:
    """What a ledger answers as known at a position: bytes, facts in force, master data."""
    return _bytes(_answers(books, at)), known(books.facts, at), master_at(books, at)


def _answers(books: Books, at: int) -> object:
    """Entries, balances by account and period, and known facts as of a position."""
    entries = [entry for entry in books.entries if entry.known_at <= at]
    balances: dict[str, int] = {}
    for entry in entries:
        for line in entry.lines:
            key = f"{entry.book} {entry.booked} {line.slot.account} {entry.currency}"
            balances[key] = balances.get(key, 0) + line.minor
    return entries, dict(sorted(balances.items())), [f.position for f in known(books.facts, at)]


def _bytes(answer: object) -> bytes:
    return msgspec.json.encode(answer)


# --- 6 replay = live = rebuild ---


def replay(history: History, ledger: Ledger) -> int:
    """From the log alone, every unit measured at every run: the same entries and schedules."""
    count = 0
    for entity, log in history.logs.items():
        live, again = ledger[entity], play(entity, log, measure_all=True)
        count += same(len(again.settlements), len(live.settlements))
        for ours, theirs in zip(live.settlements, again.settlements, strict=True):
            count += same(_bytes(ours.entries), _bytes(theirs.entries), entity, ours.run.position)
            for unit, state in theirs.states.items():
                count += same(_kept(ours.states[unit]), _kept(state), entity, unit)
    return count


def _kept(state: UnitState) -> object:
    return without_steps(state.schedule), state.posted


# --- 10 a longer look changes nothing earlier ---


def longer_look(history: History, ledger: Ledger) -> int:
    """What is due up to a period's end is the same when the look goes on beyond it."""
    random, count = Random(history.seed), 0
    for books in ledger.values():
        calendar = master_at(books, len(books.facts)).calendar
        for settlement in last_of_each_book(books):
            for unit, state in settlement.states.items():
                near = random.choice(calendar.periods[:18]).last
                far = add_months(near, random.randint(1, 18))
                short = _up_to(due(state.schedule, near, calendar), near)
                count += same(short, _up_to(due(state.schedule, far, calendar), near), unit, near)
                count += _as_if_it_ended(books, settlement, unit, near)
    return count


def _as_if_it_ended(books: Books, settlement: Settlement, unit: str, near: date) -> int:
    """Usage after a day moves nothing earned by it: a charge is earned as if the period ended."""
    run, fresh = settlement.run, fresh_of(books, unit, settlement.run.position)
    if not fresh.usage:
        return 0
    early = tuple(day for day in fresh.usage if day.day <= near)
    whole = measured_anew(books, settlement, unit)
    with causes_unasked():
        short = measure(unit, fresh.facts, early, run.master, run.book, run.through)
    found, expected = (_earned(one, near, run.master.calendar) for one in (short, whole))
    return same(found, expected, unit, near)


def _earned(schedule: Schedule, near: date, calendar: Calendar) -> dict[Slot, int]:
    rows = _up_to(due(schedule, near, calendar), near)
    return {slot: row.minor for slot, row in rows.items() if row.minor}


def _up_to(balances: Balances, last: date) -> Balances:
    """Slots earned by a date. Documents count from their own date, whatever one looks at."""
    return {slot: row for slot, row in balances.items() if slot.earned <= last}
