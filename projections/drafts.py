"""Drafts nobody has issued or thrown away: what is prepared, by whom, and what they wait for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from domain.facts import Fact, timeline
from domain.invoice import DECIDER
from projections.question import Answer, Question, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)


class OpenDraft(Struct, frozen=True, kw_only=True):
    """A draft. `issue_on`: from when the billing run issues it, if it made it."""

    invoice: str
    customer: str
    currency: str
    drafted_on: date
    issue_on: date | None
    total_minor: int
    lines: int
    prepared_by: str
    is_approved: bool
    is_measured: bool


def drafts(
    connection: Connection, question: Question, *, customer: str | None = None
) -> Answer[OpenDraft]:
    """Drafts dated by `through`, the oldest first."""
    with looking(connection, question) as seen:
        names = [name for (name,) in connection.execute(SQL.drafted, seen.parameters())]
        read = log.read_streams(connection, seen.entity, names, upto=seen.known_at)
        found = [row for own in read.values() if (row := _row(own)) is not None]
        rows = (row for row in found if customer in {None, row.customer})
        dated = [row for row in rows if row.drafted_on <= seen.through]
        return seen.answer(tuple(sorted(dated, key=_in_order)))


def _in_order(row: OpenDraft) -> tuple[date, str]:
    return row.drafted_on, row.invoice


def _row(facts: Sequence[Fact]) -> OpenDraft | None:
    state = DECIDER.initial
    for fact in timeline(facts):
        state = DECIDER.evolve(state, fact)
    draft = state.drafting.draft
    if draft is None or state.issued is not None:
        return None
    return OpenDraft(
        invoice=facts[0].stream.partition(":")[2],
        customer=draft.customer,
        currency=draft.currency,
        drafted_on=draft.when.effective,
        issue_on=draft.issue_on,
        total_minor=sum(line.amount_minor for line in draft.lines),
        lines=len(draft.lines),
        prepared_by=state.drafting.prepared_by,
        is_approved=state.drafting.is_approved,
        is_measured=draft.is_measured,
    )
