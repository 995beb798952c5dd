"""What was taken over from other books, and what is left of it at the end of each period since.

What was taken over is what two people signed; what stands in `opening-clearing` is the journal's.
Together they come to nothing, or a row says by how much they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from domain.carried import CarriedPosition, OpeningPositionChanged, OpeningPositionEnded
from domain.facts import Fact, known
from domain.opening import OpeningProposed, OpeningSigned
from projections.question import Answer, Horizon, Question, calendar_at, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)


class TakenOver(Struct, frozen=True, kw_only=True):
    """Of one opening; without a name: credit that customers had. Taken as signed, left at the end
    of the period.

    `position_taken_minor`: billed less recognised before. `to_earn_left_minor`: with what was
    changed of positions since, without what was given back, and nothing of what ended and is owed
    as it was billed. `clearing_minor`: debits positive. `difference_minor`: receivables less
    positions and credit taken, plus clearing; not nothing where an item is not issued yet, or was
    voided or credited since, or something was given back of a position.
    """

    opening: str
    period: str
    currency: str
    receivable_taken_minor: int = 0
    receivable_left_minor: int = 0
    position_taken_minor: int = 0
    to_earn_taken_minor: int = 0
    to_earn_left_minor: int = 0
    credit_taken_minor: int = 0
    credit_left_minor: int = 0
    clearing_minor: int = 0
    difference_minor: int = 0


def openings(connection: Connection, question: Question) -> Answer[TakenOver]:
    """Each opening in each period from the one it counts from on; nothing before it is signed."""
    with looking(connection, question) as seen:
        ends = {
            min(period.last, seen.through): period.name
            for period in calendar_at(connection, seen.entity, seen.known_at).periods
            if period.first <= seen.as_of
        }
        facts = [*known(log.read_categories(connection, seen.entity, ["opening"], upto=seen.run))]
        rows = (*_of_openings(connection, seen, facts, ends),)
        return seen.answer((*rows, *_of_credit(connection, seen, ends)))


def _signed(facts: Sequence[Fact]) -> dict[str, Fact]:
    """What was proposed and signed and counts in the book, by its stream."""
    signed = {fact.stream for fact in facts if isinstance(fact.event, OpeningSigned)}
    return {
        fact.stream: fact
        for fact in facts
        if fact.stream in signed and isinstance(fact.event, OpeningProposed)
    }


def _of_openings(
    connection: Connection, seen: Horizon, facts: Sequence[Fact], ends: dict[date, str]
) -> Iterator[TakenOver]:
    signed = _signed(facts)
    if not signed:
        return
    changes = [*_changes(connection, seen, facts, signed, ends)]
    names = seen.parameters(openings=[*signed], days=[*ends])
    found = {
        (stream, day): amounts
        for stream, day, *amounts in connection.execute(SQL.left_of_openings, names)
    }
    for stream, fact in sorted(signed.items()):
        event = fact.event
        assert isinstance(event, OpeningProposed), fact
        counts = event.book in (None, seen.book)
        positions = event.positions if counts else ()
        items = sum(row.amount_minor for row in event.items)
        owed = sum(row.owed_minor for row in positions)
        to_earn = sum(row.to_earn_minor for row in positions)
        for day, period in ends.items():
            if day < fact.when.effective:
                continue
            clearing, left, earned = found.get((stream, day), (0, 0, 0))
            more = sum(minor for name, at, minor in changes if (name, at) == (stream, day))
            yield TakenOver(
                opening=stream.partition(":")[2],
                period=period,
                currency=event.currency,
                receivable_taken_minor=items,
                receivable_left_minor=left,
                position_taken_minor=owed,
                to_earn_taken_minor=to_earn,
                to_earn_left_minor=to_earn + (more if counts else 0) - earned,
                clearing_minor=clearing,
                difference_minor=items - owed + clearing,
            )


def _changes(
    connection: Connection,
    seen: Horizon,
    facts: Sequence[Fact],
    signed: dict[str, Fact],
    ends: dict[date, str],
) -> Iterator[tuple[str, date, int]]:
    """So much more, or less, is to be earned by a day of what an opening carried."""
    told = [
        (fact.stream, fact.when.measured, fact.event)
        for fact in facts
        if fact.stream in signed
        and isinstance(fact.event, OpeningPositionChanged | OpeningPositionEnded)
    ]
    as_billed = []
    for stream, measured, event in told:
        if isinstance(event, OpeningPositionChanged):
            minor = event.price_change_minor
        else:
            minor = -event.refund_minor
            if event.owed == "billed":
                as_billed.append((stream, measured, _row(event, signed[stream])))
        yield from ((stream, day, minor) for day in ends if measured <= day)
    earned = _earned(connection, seen, [(stream, row) for stream, _, row in as_billed], ends)
    for place, (stream, measured, row) in enumerate(as_billed, 1):
        changes = [
            (at, one.price_change_minor)
            for name, at, one in told
            if name == stream and isinstance(one, OpeningPositionChanged)
            if (one.unit, one.obligation) == (row.unit, row.obligation)
        ]
        for day in ends:
            if measured <= day:
                costs = row.to_earn_minor + sum(minor for at, minor in changes if at <= day)
                yield stream, day, earned.get((place, day), 0) - costs


def _row(event: OpeningPositionEnded, signed: Fact) -> CarriedPosition:
    assert isinstance(signed.event, OpeningProposed), signed
    named = (event.unit, event.obligation)
    return next(row for row in signed.event.positions if (row.unit, row.obligation) == named)


def _earned(
    connection: Connection,
    seen: Horizon,
    rows: Sequence[tuple[str, CarriedPosition]],
    ends: dict[date, str],
) -> dict[tuple[int, date], int]:
    """What was earned of each position by the end of a day."""
    if not rows:
        return {}
    names = seen.parameters(
        units=[row.unit for _, row in rows],
        subjects=[f"{stream}:{row.obligation}" for stream, row in rows],
        joined=[f"{stream}:{row.contract}/{row.obligation}" for stream, row in rows],
        days=[*ends],
    )
    return {
        (place, day): minor
        for place, day, minor in connection.execute(SQL.earned_of_positions, names)
    }


def _of_credit(connection: Connection, seen: Horizon, ends: dict[date, str]) -> Iterator[TakenOver]:
    names = seen.parameters(days=[*ends])
    for currency, day, clearing, taken, left in connection.execute(SQL.left_of_credit, names):
        yield TakenOver(
            opening="",
            period=ends[day],
            currency=currency,
            credit_taken_minor=taken,
            credit_left_minor=left,
            clearing_minor=clearing,
            difference_minor=clearing - taken,
        )
