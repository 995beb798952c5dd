"""The books' own facts: periods closed, sealed and reopened, posting runs, approved adjustments.

Streams are `book:BOOK` (closes and seals), `run` (posting runs of the entity) and `adjustment:ID`.
A close is two facts: `period-closed` draws the line, `period-sealed` follows when the poster has passed it.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from domain.facts import Event, When


class BookOpened(Event, frozen=True, kw_only=True, tag="book-opened"):
    """A parallel accounting book of the entity, such as us-gaap or ifrs."""

    name: str


class PostingRun(Event, frozen=True, kw_only=True, tag="posting-run"):
    """Settle every unit on what is known at this position; time-driven lines go up to `through`."""

    through: date


class PeriodSoftClosed(Event, frozen=True, kw_only=True, tag="period-soft-closed"):
    """The cut: settling books there no more, approved adjustments still may."""

    period: str


class PeriodClosed(Event, frozen=True, kw_only=True, tag="period-closed"):
    """Adjustments stop too; a close without a soft close implies one."""

    period: str


class PeriodSealed(Event, frozen=True, kw_only=True, tag="period-sealed"):
    """The digest over the entries booked in the period that every later replay must reproduce."""

    period: str
    digest: str
    entries: int
    lines: int
    debits_minor: tuple[tuple[str, int], ...]
    closed_at: int


class PeriodReopened(Event, frozen=True, kw_only=True, tag="period-reopened"):
    """Two people undo the close and its seal."""

    period: str
    approved_by: str


class AdjustmentLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Debit positive, credit negative, in minor units of the adjustment's currency."""

    account: str
    amount_minor: int


class AdjustmentProposed(Event, frozen=True, kw_only=True, tag="adjustment-proposed"):
    """A manual entry dated `effective`; no effect until approved. `reverses_on`: the mirror entry's date."""

    book: str
    currency: str
    lines: tuple[AdjustmentLine, ...]
    memo: str
    proposed_by: str
    reverses_on: date | None = None


class AdjustmentApproved(Event, frozen=True, kw_only=True, tag="adjustment-approved"):
    """Another person than the proposer stands for it."""

    approved_by: str
    proposed_by: str


class OpenBook(Struct, frozen=True, kw_only=True, tag="open-book", forbid_unknown_fields=True):
    when: When
    name: str


class RunPosting(Struct, frozen=True, kw_only=True, tag="run-posting", forbid_unknown_fields=True):
    when: When
    through: date


class CloseEvidence(Struct, frozen=True, kw_only=True):
    """What stands against a close, gathered by the store under the head lock: counts and names."""

    unposted: int = 0
    parked: tuple[str, ...] = ()
    pending: int = 0
    gaps: tuple[str, ...] = ()


class SoftClosePeriod(Struct, frozen=True, kw_only=True, tag="soft-close-period", forbid_unknown_fields=True):
    when: When
    period: str


class ClosePeriod(Struct, frozen=True, kw_only=True, tag="close-period", forbid_unknown_fields=True):
    when: When
    period: str


class SealPeriod(Struct, frozen=True, kw_only=True, tag="seal-period", forbid_unknown_fields=True):
    when: When
    period: str
    digest: str
    entries: int
    lines: int
    debits_minor: tuple[tuple[str, int], ...]
    closed_at: int


class ReopenPeriod(Struct, frozen=True, kw_only=True, tag="reopen-period", forbid_unknown_fields=True):
    when: When
    period: str
    approved_by: str


class ProposeAdjustment(Struct, frozen=True, kw_only=True, tag="propose-adjustment", forbid_unknown_fields=True):
    when: When
    book: str
    currency: str
    lines: tuple[AdjustmentLine, ...]
    memo: str
    reverses_on: date | None = None


class ApproveAdjustment(Struct, frozen=True, kw_only=True, tag="approve-adjustment", forbid_unknown_fields=True):
    when: When
