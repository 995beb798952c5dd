"""Who did what, when and why: every fact and every refusal of an entity, in the order learned."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from projections.question import Answer, Question
from store import checkpoints, log
from store.db import Connection, queries

SQL = queries(__file__)

PAGE = 1_000


class Act(Struct, frozen=True):
    """A fact, or a refusal (`code` says which) judged when the log stood at `position`.

    `content` is the event's payload, or the command that was refused, as canonical JSON.
    """

    position: int
    outcome: str
    recorded_at: datetime
    actor: str
    reason: str | None
    stream: str
    what: str
    key: str
    effective: date | None
    corrects: int | None
    approved_by: str | None
    source: str | None
    code: str | None
    field: str | None
    content: str


def audit_trail(
    connection: Connection,
    question: Question,
    *,
    stream: str | None = None,
    actor: str | None = None,
    after: int = 0,
    limit: int = PAGE,
) -> Answer[Act]:
    """The next acts after a position; `through` is by the day they were recorded on."""
    entity = question.entity
    with connection.transaction():
        found = log.head(connection, entity)
        head = found.position if found else 0
        known_at = head if question.known_at is None else min(question.known_at, head)
        names = {
            "entity": entity,
            "known_at": known_at,
            "through": question.through or date.max,
            "stream": stream,
            "actor": actor,
            "after": after,
            "limit": limit,
        }
        rows = connection.execute(SQL.acts, names).fetchall()
        run = checkpoints.passed_run(connection, entity, known_at)
    return Answer(
        entity=entity,
        known_at=known_at,
        run=run.position,
        through=question.through or date.max,
        rows=tuple(Act(*row) for row in rows),
    )
