"""The dunning run: the steps that overdue invoices have come to, less those already stated.

Measured again each time: a step that later facts say was never reached (the money had come, a hold
or a dispute was on) is taken back, and what is reached is stated once. Who was cut off runs again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from domain.dunning import (
    DunningStepReached,
    ReachDunningStep,
    Reached,
    pauses_of,
    reached,
)
from domain.dunning_steps import steps_of
from domain.facts import Fact, When, fold
from domain.invoicing import DECIDER as INVOICING
from domain.invoicing import elected_on
from projections.dunning import Dunned, dunned
from projections.question import Question
from replay.ledger import Ledger
from store import log
from store.request import Receipt, Request


class Dun(Struct, frozen=True, kw_only=True):
    """How many steps a run stated, and how many it took back; and what it was known at."""

    entity: str
    through: date
    known_at: int
    stated: int
    taken_back: int


def dun(ledger: Ledger, entity: str, book: str, through: date, *, actor: str) -> Dun:
    """By the election in force on `through`; on all that the last posting run had settled."""
    ledger.catch_up(entity)
    with ledger.connection() as connection:
        elections = fold(INVOICING, log.read_stream(connection, entity, "invoicing:self"))
        steps = steps_of(elected_on(elections, through).dunning)
        question = Question(entity=entity, book=book, through=through)
        found = dunned(connection, question, steps[0] if steps else 0)
    asking = [
        request for row in found.rows for request in _difference(entity, row, steps, through, actor)
    ]
    done = [one for one in ledger.submit_many(entity, asking) if isinstance(one, Receipt)]
    assert len(done) == len(asking), (done, asking)
    back = sum(request.corrects is not None for request in asking)
    return Dun(
        entity=entity,
        through=through,
        known_at=found.known_at,
        stated=len(asking) - back,
        taken_back=back,
    )


def _difference(
    entity: str, row: Dunned, steps: tuple[int, ...], through: date, actor: str
) -> Iterator[Request]:
    """First what is taken back, then what is stated; keys name what they follow on."""
    wanted = {one.step: one for one in reached(row.overdue, steps, pauses_of(row.facts), through)}
    stated = {
        fact.event.step: fact for fact in row.facts if isinstance(fact.event, DunningStepReached)
    }
    invoice = row.overdue.invoice
    for step, fact in sorted(stated.items()):
        # What lies beyond the day of this run is for a later one to judge.
        if fact.when.effective <= through and not _stands(fact, wanted.get(step)):
            yield Request(
                entity=entity,
                stream=fact.stream,
                key=f"dun:{invoice}:back:{fact.position}",
                corrects=fact.position,
                actor=actor,
            )
    if row.overdue.open_minor(through) <= 0:
        return
    for step, one in wanted.items():
        if step not in stated or not _stands(stated[step], one):
            yield Request(
                entity=entity,
                stream=f"dunning:{invoice}",
                key=f"dun:{invoice}:{step}:{one.on}:{row.version}",
                command=_command(one, row.overdue.currency),
                actor=actor,
            )


def _stands(fact: Fact, one: Reached | None) -> bool:
    return one is not None and one.on == fact.when.effective


def _command(one: Reached, currency: str) -> ReachDunningStep:
    return ReachDunningStep(
        when=When(effective=one.on),
        step=one.step,
        days_overdue=one.days_overdue,
        currency=currency,
        open_minor=one.open_minor,
    )
