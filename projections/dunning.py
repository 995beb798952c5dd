"""Dunning: what is overdue and what pauses it, as a run measures it; and who is to be reminded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

from domain.dunning import DunningStepReached, Overdue
from domain.facts import Fact, timeline
from projections.question import Answer, Horizon, Question, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

DOCUMENTS = "receivables"


class Dunned(Struct, frozen=True, kw_only=True):
    """An invoice that may be reminded of: the facts on it in force, in effective order."""

    overdue: Overdue
    version: int
    facts: tuple[Fact, ...]


class ToRemind(Struct, frozen=True, kw_only=True):
    """The last step that an open invoice came to. `position`: of the fact, for who follows."""

    invoice: str
    number: str
    customer: str
    currency: str
    step: int
    reached_on: date
    days_overdue: int
    open_minor: int
    position: int


def dunned(connection: Connection, question: Question, first_step: int) -> Answer[Dunned]:
    """Invoices that may have come to the first step, and those that a step is stated of."""
    with looking(connection, question, DOCUMENTS) as seen:
        own = _facts(connection, seen)
        names = seen.parameters(documents=sorted(own))
        names["through"] = seen.as_of
        names["due_by"] = _before(seen.as_of, first_step)
        rows = connection.execute(SQL.overdue, names).fetchall()
        disputed = [row[0] for row in connection.execute(SQL.disputed, names)]
        told = log.read_streams(connection, seen.entity, disputed, upto=seen.known_at)
        return seen.answer(
            tuple(
                Dunned(
                    overdue=Overdue(
                        invoice=invoice,
                        currency=currency,
                        due_on=due_on,
                        changes=tuple(zip(days, minors, strict=True)),
                    ),
                    version=len(own.get(invoice, ())),
                    facts=timeline([*own.get(invoice, ()), *told.get(f"invoice:{invoice}", ())]),
                )
                for invoice, currency, due_on, days, minors in rows
            )
        )


def to_remind(connection: Connection, question: Question, *, after: int = 0) -> Answer[ToRemind]:
    """What another system should send: of each open invoice the last step, if it is newer than a
    position that the other system has seen.
    """
    with looking(connection, question, DOCUMENTS) as seen:
        last: dict[str, Fact] = {}
        for invoice, facts in _facts(connection, seen).items():
            for fact in timeline(facts):
                if isinstance(fact.event, DunningStepReached) and fact.when.effective <= seen.as_of:
                    last[invoice] = fact
        names = seen.parameters(documents=sorted(last))
        names["through"] = seen.as_of
        rows = [
            _reminder(last[invoice], invoice, number, customer, minor)
            for invoice, number, customer, minor in connection.execute(SQL.to_remind, names)
            if last[invoice].position > after
        ]
        return seen.answer(tuple(sorted(rows, key=lambda row: row.position)))


def _reminder(fact: Fact, invoice: str, number: str, customer: str, minor: int) -> ToRemind:
    event = fact.event
    assert isinstance(event, DunningStepReached)
    return ToRemind(
        invoice=invoice,
        number=number,
        customer=customer,
        currency=event.currency,
        step=event.step,
        reached_on=fact.when.effective,
        days_overdue=event.days_overdue,
        open_minor=minor,
        position=fact.position,
    )


def _facts(connection: Connection, seen: Horizon) -> dict[str, list[Fact]]:
    """Every fact of dunning by invoice, retractions too."""
    facts: Iterable[Fact] = log.read_categories(
        connection, seen.entity, ["dunning"], upto=seen.known_at
    )
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.stream.partition(":")[2], []).append(fact)
    return found


def _before(day: date, days: int) -> date:
    return date.min if day == date.min else day - timedelta(days=days)
