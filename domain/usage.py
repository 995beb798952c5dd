"""Usage arrives in numbered batches of immutable rows; corrections and retractions are batches.

Streams are `usage:SOURCE`. Rows live in their own table; a row counts from its batch's position
until that of the batch that replaces or retracts it. A row's standing (rated, pending and why) is
judged from what is known, never stored, so a fact that cures a pending row needs no resending.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, assert_never

from msgspec import Struct, structs

from domain.errors import Malformed, Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When


class MeterTotal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a batch adds to one meter."""

    meter: str
    rows: int
    quantity: Decimal


class UsageBatchAccepted(Event, frozen=True, kw_only=True, tag="usage-batch-accepted"):
    """A batch is in: `batch` is the ledger's number of it, `batch_number` the source's own.

    `root` is the SHA-256 over the accepted rows in (source, event id) order; (partition, offset)
    are reserved for streams. Counts: received = duplicates + rejected + accepted.
    """

    batch: int
    kind: Literal["rows", "correction", "retraction"]
    received: int
    duplicates: int
    rejected: int
    accepted: int
    totals: tuple[MeterTotal, ...]
    subscriptions: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    root: str
    batch_number: int | None = None
    partition: int | None = None
    offset: int | None = None


class UsageWindowDeclared(Event, frozen=True, kw_only=True, tag="usage-window-declared"):
    """What the source says it sent for a window: batch numbers first to last, rows if it says."""

    window_from: date
    window_to: date
    first_batch: int
    last_batch: int
    rows: int | None = None


class UsageGapWaived(Event, frozen=True, kw_only=True, tag="usage-gap-waived"):
    """A missing batch a person decided to close without."""

    batch_number: int


class DeclareUsageWindow(
    Struct, frozen=True, kw_only=True, tag="declare-usage-window", forbid_unknown_fields=True
):
    """Say which batches a source sent for a window."""

    when: When
    window_from: date
    window_to: date
    first_batch: int
    last_batch: int
    rows: int | None = None


class WaiveUsageGap(
    Struct, frozen=True, kw_only=True, tag="waive-usage-gap", forbid_unknown_fields=True
):
    """Close without a batch that never came."""

    when: When
    batch_number: int


class UsageRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One metered event as it comes in; (source, event_id) is accepted once for ever."""

    event_id: str
    subscription: str
    meter: str
    quantity: Decimal
    occurred_at: datetime
    unit: str | None = None
    dimensions: dict[str, str] = {}


class UsageDay(Struct, frozen=True, kw_only=True):
    """What one batch adds to one day of one subscription's meter, in the subscription's zone.

    `earned_on` is its day in the entity's zone, where that is another: billing periods follow the
    subscription, accounting periods the entity. `rows` counts rows, `quantity` is their exact sum
    in `unit` (none: the meter's). Where single rows matter it is one row, with its instant, its
    source and id, and its dimensions in order of their names; the batch that replaces or retracts
    a row takes it out again: with the same content, `rows` -1 and the quantity negated.
    """

    subscription: str
    meter: str
    day: date
    position: int
    rows: int
    quantity: Decimal
    unit: str | None = None
    earned_on: date | None = None
    at: datetime | None = None
    event: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()


UsageEvent = UsageBatchAccepted | UsageWindowDeclared | UsageGapWaived
UsageCommand = DeclareUsageWindow | WaiveUsageGap
# A gap names each missing batch; a window of more is a slip of the finger.
BATCHES_MAX = 1_000_000


def evolve(state: None, fact: Fact) -> None:
    """Batches and windows stand each for themselves; gaps are found where they are compared."""
    del state
    assert isinstance(fact.event, UsageEvent), fact


def decide(command: UsageCommand, state: None, context: Context) -> tuple[Event, ...]:
    """A source's word on what it sent is taken as it is; only what contradicts itself is refused.

    Rows and their batches do not come this way: bulk ingest accepts them row by row.
    """
    del state, context
    match command:
        case DeclareUsageWindow():
            _require_window(command)
            return (UsageWindowDeclared(**structs.asdict(command)),)
        case WaiveUsageGap():
            return (UsageGapWaived(when=command.when, batch_number=command.batch_number),)
        case _:
            assert_never(command)


def _require_window(command: DeclareUsageWindow) -> None:
    if command.window_to <= command.window_from:
        raise Rejected("window-ends-before-it-begins", field="window_to")
    if command.last_batch < command.first_batch:
        raise Rejected("batches-out-of-order", field="last_batch")
    if command.last_batch - command.first_batch >= BATCHES_MAX:
        raise Rejected("window-too-wide", field="last_batch", batches_max=BATCHES_MAX)
    if command.rows is not None and command.rows < 0:
        raise Malformed("negative-number", field="rows")


DECIDER: Decider[None, UsageCommand] = Decider(
    category="usage",
    initial=None,
    evolve=evolve,
    decide=decide,
    commands=(DeclareUsageWindow, WaiveUsageGap),
    events=(UsageBatchAccepted, UsageWindowDeclared, UsageGapWaived, Retracted),
)
