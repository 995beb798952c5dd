"""What was taken over from other books, and what is left of it at the end of each period since.

What was taken over is what two people signed; what stands in `opening-clearing` is the journal's.
Together they come to nothing, or a row says by how much they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from domain.facts import Fact, known
from domain.opening import OpeningProposed, OpeningSigned
from projections.question import Answer, Horizon, Question, calendar_at, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)


class TakenOver(Struct, frozen=True, kw_only=True):
    """Of one opening; without a name: credit that customers had. Taken as signed, left at the end
    of the period.

    `position_taken_minor`: billed less recognised before. `clearing_minor`: debits positive.
    `difference_minor`: receivables less positions and credit taken, plus clearing; not nothing
    where an item is not issued yet, or was voided or credited since.
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
        signed = _signed(connection, seen)
        ends = {
            min(period.last, seen.through): period.name
            for period in calendar_at(connection, seen.entity, seen.known_at).periods
            if period.first <= seen.as_of
        }
        rows = (*_of_openings(connection, seen, signed, ends),)
        return seen.answer((*rows, *_of_credit(connection, seen, ends)))


def _signed(connection: Connection, seen: Horizon) -> dict[str, Fact]:
    """What was proposed and signed and counts in the book, by its stream."""
    facts = [*known(log.read_categories(connection, seen.entity, ["opening"], upto=seen.run))]
    signed = {fact.stream for fact in facts if isinstance(fact.event, OpeningSigned)}
    return {
        fact.stream: fact
        for fact in facts
        if fact.stream in signed and isinstance(fact.event, OpeningProposed)
    }


def _of_openings(
    connection: Connection, seen: Horizon, signed: dict[str, Fact], ends: dict[date, str]
) -> Iterator[TakenOver]:
    if not signed:
        return
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
            yield TakenOver(
                opening=stream.partition(":")[2],
                period=period,
                currency=event.currency,
                receivable_taken_minor=items,
                receivable_left_minor=left,
                position_taken_minor=owed,
                to_earn_taken_minor=to_earn,
                to_earn_left_minor=to_earn - earned,
                clearing_minor=clearing,
                difference_minor=items - owed + clearing,
            )


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
