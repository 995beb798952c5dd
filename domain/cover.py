"""The days a subscription is in term and served: its terms, less the days it was stopped.

Each row knows the facts it rests on, and what stopped it before its term was over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct, structs

from domain.calendar import add_months
from domain.cycle import Span
from domain.facts import Fact, causes_of
from domain.service import (
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
    served_by,
)
from domain.subscription import SubscriptionRenewed, SubscriptionStarted

# The end of what has none.
NEVER = date.max
HOLDS = (SubscriptionPaused, SubscriptionSuspended, SubscriptionResumed)


class Cover(Struct, frozen=True):
    """Days in term, half-open, and the facts that say so.

    `renewed` is a renewal's first day, `resumed` the day on which service went on after a stop;
    `resting` is what stopped and resumed it, `stopped` what ends the row early, and `again` what
    lets it go on after that.
    """

    start: date
    end: date
    causes: tuple[int, ...]
    renewed: date | None = None
    resumed: date | None = None
    resting: tuple[int, ...] = ()
    stopped: tuple[int, ...] = ()
    again: tuple[int, ...] = ()


class Hole(Struct, frozen=True):
    """Days without service, and the facts that began and ended them."""

    start: date
    end: date
    began: tuple[int, ...]
    causes: tuple[int, ...]


def terms_agreed(start: Fact, facts: Sequence[Fact]) -> tuple[Cover, ...]:
    """The term and its renewals, whatever was stopped or cancelled in them."""
    event = start.event
    assert isinstance(event, SubscriptionStarted)
    is_endless = event.term_to is None or event.renews_months is not None
    end = NEVER if is_endless or event.term_to is None else event.term_to
    rows = [Cover(event.term_from, end, (start.position,))]
    ends_by = start.position
    for fact in facts:
        if isinstance(fact.event, SubscriptionRenewed):
            begin = max(fact.when.effective, rows[-1].end)
            if fact.event.term_to > begin:
                overlaps = (ends_by,) if begin > fact.when.effective else ()
                causes = causes_of((start.position,), (fact.position,), overlaps)
                rows.append(Cover(begin, fact.event.term_to, causes, begin))
                ends_by = fact.position
    return tuple(rows)


def spans_agreed(
    event: SubscriptionStarted, rows: Sequence[Cover], until: date
) -> tuple[Span, ...]:
    """Each term by itself; automatic renewals as far as one looks."""
    if event.term_to is None or event.renews_months is None:
        return tuple((row.start, row.end) for row in rows)
    found = [(event.term_from, event.term_to)]
    while found[-1][1] < until:
        end = add_months(event.term_to, event.renews_months * len(found))
        found.append((found[-1][1], end))
    return tuple(found)


def served(rows: Sequence[Cover], facts: Sequence[Fact]) -> tuple[Cover, ...]:
    """The terms less the days on which service was stopped."""
    holes = _holes(facts)
    if not holes:
        return tuple(rows)
    return tuple(part for row in rows for part in _around(row, holes))


def _around(row: Cover, holes: Sequence[Hole]) -> Iterator[Cover]:
    for hole in holes:
        if hole.end <= row.start or hole.start >= row.end:
            continue
        if row.start < hole.start:
            again = hole.causes if hole.end < NEVER else ()
            yield structs.replace(row, end=hole.start, stopped=hole.began, again=again)
        if hole.end >= row.end:
            return
        row = structs.replace(row, start=hole.end, resumed=hole.end, resting=hole.causes)
    yield row


def _holes(facts: Sequence[Fact]) -> list[Hole]:
    """From the first fact that stops service to the next that resumes it."""
    holes: list[Hole] = []
    began: Fact | None = None
    for fact in facts:
        event = fact.event
        if not isinstance(event, HOLDS):
            continue
        now = served_by(event)
        if now == "stopped" and began is None:
            began = fact
        elif now == "active" and began is not None:
            by = (began.position,)
            if began.when.effective < fact.when.effective:
                both = causes_of(by, (fact.position,))
                holes.append(Hole(began.when.effective, fact.when.effective, by, both))
            began = None
    if began is not None:
        holes.append(Hole(began.when.effective, NEVER, (began.position,), (began.position,)))
    return holes
