"""The ten laws on a live ledger: each check says how much it compared, and what differed.

Nothing is repaired and nothing is switched: a difference is a value in a list, for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice

from msgspec import Struct

from domain.accounting.schedule import Schedule
from domain.books import BookOpened
from domain.due import due
from domain.facts import known
from domain.journal import Balances, Slot
from domain.ledger import Fresh
from domain.master import MASTER_CATEGORIES, MasterData, master_data
from projections.breaks import Break, Verdict
from projections.reconciliation import reconcile
from projections.remeasure import Place, measured
from replay.price_ties import (
    NOTHING,
    TOLD,
    Amounts,
    PriceTies,
    Stored,
    is_deal,
    prices,
    revenue,
    stored,
)
from replay.rebuild import rebuild_journal
from replay.report_ties import report_ties
from store import checkpoints, log
from store.db import Connection, queries
from store.unit_facts import fresh

SQL = queries(__file__)

LAWS = {
    1: "balance",
    2: "a late fact is only late",
    3: "earned then, booked now",
    4: "once",
    5: "sealed answers stay",
    6: "replay = live = rebuild",
    7: "conservation",
    8: "no orphan",
    9: "nothing silent",
    10: "a longer look changes nothing earlier",
}
UNITS_AT_ONCE = 500
SEAL = "period-seal"

Told = Callable[[str, str], None]


class Verified(Struct, frozen=True, kw_only=True):
    """Every check of every entity, in order of the laws; `comparisons` is their sum."""

    positions: dict[str, int]
    comparisons: int
    breaks: int
    verdicts: tuple[Verdict, ...]

    @property
    def not_compared(self) -> tuple[int, ...]:
        """Laws that found nothing to compare: that proves nothing, so it is a failure."""
        compared = {verdict.law for verdict in self.verdicts if verdict.comparisons}
        return tuple(law for law in LAWS if law not in compared)


class Look(Struct, frozen=True, kw_only=True):
    """One entity as its last posting run knew it: read once, for all that is compared with it."""

    entity: str
    run: int
    through: date
    books: tuple[str, ...]
    master: MasterData

    @property
    def places(self) -> tuple[Place, ...]:
        """Each of its books at the end of the run's day."""
        return tuple(
            Place(entity=self.entity, book=book, run=self.run, day=self.through, master=self.master)
            for book in self.books
        )


def verify(connection: Connection, entity: str | None = None, told: Told | None = None) -> Verified:
    """All ten laws of one entity or of all; the poster and the views must have caught up."""
    say = told or _silent
    entities = [entity] if entity is not None else sorted(log.heads(connection))
    verdicts: list[Verdict] = []
    for name in entities:
        say(name, "reconciling")
        verdicts += reconcile(connection, name)
        if looked := look_at(connection, name):
            say(name, "measuring again")
            verdicts += measured_again(connection, looked)
            say(name, "reports beside accounts")
            verdicts.append(report_ties(connection, name, looked.books, looked.run))
        say(name, "keys and leaves")
        verdicts += [*_keys(connection, name), _leaves(connection, name)]
        say(name, "posting again")
        verdicts += _posted_again(connection, name)
    return Verified(
        positions={name: log.heads(connection).get(name, 0) for name in entities},
        comparisons=sum(verdict.comparisons for verdict in verdicts),
        breaks=sum(len(verdict.breaks) for verdict in verdicts),
        verdicts=tuple(sorted(verdicts, key=lambda verdict: verdict.law)),
    )


def _silent(entity: str, what: str) -> None:
    """Nobody listens."""


# --- laws 2 and 10: measured at once, and looked at for longer ------------------------------------


def look_at(connection: Connection, entity: str) -> Look | None:
    """None where nothing was posted yet."""
    posted = checkpoints.passed(connection, entity, checkpoints.JOURNAL)
    run = checkpoints.passed_run(connection, entity, posted)
    if run.through is None:
        return None
    kept = log.read_categories(connection, entity, [*MASTER_CATEGORIES, "book"], upto=run.position)
    return Look(
        entity=entity,
        run=run.position,
        through=run.through,
        books=tuple(
            sorted(
                fact.stream.partition(":")[2]
                for fact in known(kept)
                if isinstance(fact.event, BookOpened)
            )
        ),
        master=master_data(fact for fact in kept if not fact.stream.startswith("book:")),
    )


def measured_again(connection: Connection, look: Look) -> tuple[Verdict, ...]:
    """All facts at once give what many runs posted; a year more of time changes nothing before; and
    prices are what is earned and what remains.
    """
    entity, places = look.entity, look.places
    late, longer = _Count("posted-is-measured", entity), _Count("a-year-longer", entity)
    ties = PriceTies(entity)
    for chunk in _units(connection, look):
        posted = _posted(connection, look, chunk)
        kept = [stored(connection, place, chunk) for place in places]
        for unit, facts in fresh(connection, entity, chunk, look.run, look.master).items():
            for place, rows in zip(places, kept, strict=True):
                booked = posted.get((unit, place.book), {})
                schedule = _compare(unit, facts, place, booked, (late, longer))
                if is_deal(unit):
                    priced = prices(unit, schedule, facts, place)
                    left = rows.get(unit, Stored())
                    ties.compare(unit, schedule, place, priced, revenue(booked), left)
    return (late.verdict(2), ties.verdict(), longer.verdict(10))


def _units(connection: Connection, look: Look) -> Iterator[list[str]]:
    """Some at a time, in order: memory does not grow with the ledger."""
    names = {"entity": look.entity, "run": look.run, "limit": UNITS_AT_ONCE}
    after = ""
    while chunk := [unit for (unit,) in connection.execute(SQL.units, names | {"after": after})]:
        yield chunk
        after = chunk[-1]


def _posted(
    connection: Connection, look: Look, units: list[str]
) -> dict[tuple[str, str], dict[Slot, Amounts]]:
    names = {"entity": look.entity, "units": units, "run": look.run}
    found: dict[tuple[str, str], dict[Slot, Amounts]] = {}
    for unit, book, *slot, minor, functional in connection.execute(SQL.posted, names):
        found.setdefault((unit, book), {})[Slot(*slot)] = (minor, functional)
    return found


def _compare(
    unit: str,
    read: Fresh,
    place: Place,
    posted: dict[Slot, Amounts],
    counts: tuple[_Count, _Count],
) -> Schedule:
    late, longer = counts
    calendar, through = place.master.calendar, place.day
    schedule = measured(unit, read, place)
    balances = due(schedule, through, calendar)
    now = _amounts(balances)
    late.compare(unit, now, posted)
    end = calendar.periods[-1].last if calendar.periods else through
    beyond = due(schedule, max(end, through), calendar)
    longer.compare(
        unit,
        {slot: both for slot, both in now.items() if slot.earned <= through},
        {slot: both for slot, both in _amounts(beyond).items() if slot.earned <= through},
    )
    return schedule


def _amounts(balances: Balances) -> dict[Slot, Amounts]:
    both = ((slot, (row.minor, row.functional_minor)) for slot, row in balances.items())
    return {slot: amounts for slot, amounts in both if any(amounts)}


class _Count:
    """Slots compared so far, and those that differ."""

    def __init__(self, check: str, entity: str) -> None:
        self.check = check
        self.entity = entity
        self.comparisons = 0
        self.breaks: list[Break] = []

    def compare(
        self, unit: str, expected: Mapping[Slot, Amounts], found: Mapping[Slot, Amounts]
    ) -> None:
        slots = {*expected, *found}
        self.comparisons += len(slots)
        for slot in sorted(slots):
            if expected.get(slot, NOTHING) != found.get(slot, NOTHING) and len(self.breaks) < TOLD:
                self.breaks.append(
                    Break(
                        check=self.check,
                        entity=self.entity,
                        what=f"{unit}: {slot.account} of {slot.subject}, earned {slot.earned}",
                        expected=_in_words(expected.get(slot, NOTHING)),
                        found=_in_words(found.get(slot, NOTHING)),
                    )
                )

    def verdict(self, law: int) -> Verdict:
        return Verdict(
            law=law, check=self.check, comparisons=self.comparisons, breaks=tuple(self.breaks)
        )


def _in_words(amounts: Amounts) -> str:
    """In transaction currency; in functional currency too, where that differs."""
    return str(amounts[0]) if amounts[0] == amounts[1] else f"{amounts[0]} worth {amounts[1]}"


# --- laws 4, 5, 6 and 9: keys, leaves, and the journal made again ---------------------------------


def _keys(connection: Connection, entity: str) -> Iterator[Verdict]:
    names = {"entity": entity, "limit": TOLD}
    without_key = [
        Break(
            check="facts-have-keys",
            entity=entity,
            what=f"fact {position}",
            expected="its key in the table of keys",
            found=f"no key {key}",
            positions=(position,),
        )
        for position, key in connection.execute(SQL.facts_without_key, names)
    ]
    yield _counted(connection, 4, "facts-have-keys", SQL.count_facts, entity, without_key)
    without_trace = [
        Break(
            check="keys-have-answers",
            entity=entity,
            what=f"key {key}",
            expected="its facts, or its kept refusal",
            found=f"{outcome} without a record",
        )
        for key, outcome in connection.execute(SQL.keys_without_trace, names)
    ]
    yield _counted(connection, 9, "keys-have-answers", SQL.count_keys, entity, without_trace)


def _leaves(connection: Connection, entity: str) -> Verdict:
    altered = [
        Break(
            check="facts-unaltered",
            entity=entity,
            what=f"fact {position}",
            expected="the leaf stored beside it",
            found="columns that give another",
            positions=(position,),
        )
        for position in islice(log.altered(connection, entity), TOLD)
    ]
    return _counted(connection, 5, "facts-unaltered", SQL.count_facts, entity, altered)


def _counted(
    connection: Connection,
    law: int,
    check: str,
    count: str,
    entity: str,
    breaks: Iterable[Break],
) -> Verdict:
    row = connection.execute(count.encode(), {"entity": entity}).fetchone()
    assert row is not None, check
    return Verdict(law=law, check=check, comparisons=row[0], breaks=tuple(breaks))


def _posted_again(connection: Connection, entity: str) -> tuple[Verdict, ...]:
    """The whole journal from the log, where the live one cannot be read; then every seal."""
    again = rebuild_journal(connection, entity)
    seals = tuple(row for row in again.breaks if row.check == SEAL)
    others = tuple(row for row in again.breaks if row.check != SEAL)
    return (
        Verdict(law=5, check="seals", comparisons=again.seals, breaks=seals),
        Verdict(law=6, check="journal", comparisons=again.entries + again.lines, breaks=others),
    )
