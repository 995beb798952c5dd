"""What happened to deals, customers, prices and usage: every kind of change, how often, how told.

*Ahead* was recorded before the day it counts from, *late* after it, by the entity's days. *Undone*
no longer stands: it was retracted, or something else stands in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.anchor import BillingAnchorChanged
from domain.catalogue import Adopted
from domain.discount import DiscountGranted, DiscountWithdrawn
from domain.facts import Event, Fact, Retracted, known
from domain.master import master_data
from domain.party import CustomerAmended, CustomerRegistered
from domain.price import PriceSet
from domain.service import (
    AccessGranted,
    AccessWithdrawn,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
)
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionEvent,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from domain.threshold import ThresholdReached
from domain.usage import UsageBatchAccepted
from projections.question import Answer, Horizon, Question, looking
from store import log
from store.db import Connection, queries

SQL = queries(__file__)

STREAMS_AT_ONCE = 1_000
# Beside subscriptions, what shapes their bills. Each has few facts or few streams.
CATEGORIES = ("customer", "price", "subscription", "threshold", "usage")
_Around = CustomerRegistered | CustomerAmended | PriceSet | ThresholdReached | UsageBatchAccepted


class Change(Struct, frozen=True, kw_only=True):
    """One kind of change, and how: facts that were ever recorded, and how many streams have one."""

    what: str
    how: str
    ahead: int
    in_time: int
    late: int
    undone: int
    of: int


class _Count(Struct):
    ahead: int = 0
    in_time: int = 0
    late: int = 0
    undone: int = 0
    streams: int = 0


def changes(connection: Connection, question: Question) -> Answer[Change]:
    """Every kind of change by a position that counts from a day by `through`, in order of names."""
    with looking(connection, question) as seen:
        zone = ZoneInfo(master_data(log.read_categories(connection, seen.entity, ["entity"])).zone)
        counts: dict[tuple[str, str], _Count] = {}
        for facts in _streams(connection, seen):
            _count(facts, seen.through, zone, counts)
        return seen.answer(
            tuple(
                Change(
                    what=what,
                    how=how,
                    ahead=one.ahead,
                    in_time=one.in_time,
                    late=one.late,
                    undone=one.undone,
                    of=one.streams,
                )
                for (what, how), one in sorted(counts.items())
            )
        )


def _streams(connection: Connection, seen: Horizon) -> Iterator[tuple[Fact, ...]]:
    """Some streams at a time: memory does not grow with the ledger."""
    after = ""
    names = {"entity": seen.entity, "categories": [*CATEGORIES], "limit": STREAMS_AT_ONCE}
    while page := [
        stream for (stream,) in connection.execute(SQL.streams, names | {"after": after})
    ]:
        read = log.read_streams(connection, seen.entity, page, upto=seen.known_at)
        yield from read.values()
        after = page[-1]


def _count(
    facts: Sequence[Fact],
    through: date,
    zone: ZoneInfo,
    counts: dict[tuple[str, str], _Count],
) -> None:
    """One stream, in the order in which it was learned."""
    standing = {fact.position for fact in known(facts)}
    items: set[str] = set()
    met: set[tuple[str, str]] = set()
    for place, fact in enumerate(facts):
        if fact.when.effective > through or isinstance(fact.event, Retracted):
            continue
        event = fact.event.content if isinstance(fact.event, Adopted) else fact.event
        for how in _hows(event, items, is_first=place == 0):
            key = str(type(event).__struct_config__.tag), how
            one = counts.setdefault(key, _Count())
            one.streams += key not in met
            met.add(key)
            _tally(one, fact, zone, stands=fact.position in standing)
        items |= {item.item for item in _items(event)}


def _tally(one: _Count, fact: Fact, zone: ZoneInfo, *, stands: bool) -> None:
    told, counts_from = fact.recorded_at.astimezone(zone).date(), fact.when.effective
    one.ahead += told < counts_from
    one.in_time += told == counts_from
    one.late += told > counts_from
    one.undone += not stands


def _items(event: Event) -> tuple[Item | ItemChange, ...]:
    if isinstance(event, SubscriptionStarted | SubscriptionAmended | SubscriptionRenewed):
        return event.items
    return ()


# --- in words ------------------------------------------------------------------------------------


def _hows(event: Event, items: Collection[str], *, is_first: bool) -> Iterator[str]:
    """What an event does, each in the words of its own options; `items` were sold before."""
    if isinstance(event, SubscriptionEvent):
        yield from how_sold(event, items)
    elif isinstance(event, _Around):
        yield from _how_around(event, is_first=is_first)


def how_sold(event: SubscriptionEvent, items: Collection[str]) -> Iterator[str]:
    """The ways in which one fact changes a subscription; nothing is guessed from amounts."""
    match event:
        case SubscriptionStarted():
            yield from _how_started(event)
        case SubscriptionAmended():
            yield from (_how_changed(change, items) for change in event.items)
        case SubscriptionRenewed():
            yield "on other terms" if event.items else "as it was"
        case SubscriptionCancelled():
            when = "at the end of the period" if event.timing == "period-end" else "on the day"
            yield f"{when}, refund {event.refund}"
        case BillingAnchorChanged():
            yield f"running period {event.running_period}"
        case DiscountGranted():
            limit = "limited" if event.periods or event.until else "without end"
            yield f"{'percentage' if event.percent else 'amount'}, {limit}"
        case DiscountWithdrawn() | SubscriptionPaused() | SubscriptionResumed():
            yield ""
        case SubscriptionSuspended():
            yield f"billing {event.billing}"
        case AccessGranted() | AccessWithdrawn():
            yield "to one item" if event.item else "to everything"
        case _:
            assert_never(event)


def _how_started(event: SubscriptionStarted) -> Iterator[str]:
    if event.term_to is None:
        yield "without end"
    else:
        yield "renews by itself" if event.renews_months else "for a term"
    if event.trial_to is not None:
        yield "with a trial"


def _how_changed(change: ItemChange, items: Collection[str]) -> str:
    if change.removed:
        how = f"item removed, refund {change.refund}"
    elif change.item not in items:
        how = "item added"
    else:
        how = "other price" if change.price is not None else "other quantity"
    return f"{how}, at the end of the period" if change.timing == "period-end" else how


def _how_around(event: _Around, *, is_first: bool) -> Iterator[str]:
    match event:
        case CustomerRegistered() | CustomerAmended():
            if event.parent is not None:
                yield f"under a parent, billed to {event.billed_to or 'self'}"
            else:
                yield ""
        case PriceSet():
            yield "first version" if is_first else "another version"
        case ThresholdReached():
            yield "billed within the period"
        case UsageBatchAccepted():
            yield event.kind
        case _:
            assert_never(event)
