"""The books' own facts: periods closed, sealed and reopened, posting runs, approved adjustments.

Streams are `book:BOOK` (closes and seals), `run:self` (posting runs) and `adjustment:ID`.
A close is two facts: `period-closed` draws the line, `period-sealed` follows when the poster has
passed it.
"""

from __future__ import annotations

from datetime import date
from typing import assert_never, get_args

from msgspec import Struct, structs

from domain.currency import exponent
from domain.entity import EntityState
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.journal import Account
from domain.money import require_size


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
    """A manual entry, of no effect until approved. `reverses_on`: the mirror entry's date."""

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
    """Open a parallel accounting book."""

    when: When
    name: str


class RunPosting(Struct, frozen=True, kw_only=True, tag="run-posting", forbid_unknown_fields=True):
    """Settle what is known."""

    when: When
    through: date


class CloseEvidence(Struct, frozen=True, kw_only=True):
    """What stands against a close, gathered by the store under the head lock: counts and names."""

    unposted: int = 0
    parked: tuple[str, ...] = ()
    pending: int = 0
    gaps: tuple[str, ...] = ()
    unknown_customers: tuple[str, ...] = ()


class SoftClosePeriod(
    Struct, frozen=True, kw_only=True, tag="soft-close-period", forbid_unknown_fields=True
):
    """Cut a period for settling."""

    when: When
    period: str


class ClosePeriod(
    Struct, frozen=True, kw_only=True, tag="close-period", forbid_unknown_fields=True
):
    """Close a period for adjustments too."""

    when: When
    period: str


class SealPeriod(Struct, frozen=True, kw_only=True, tag="seal-period", forbid_unknown_fields=True):
    """Seal a closed period; the poster does, once it has passed the close."""

    when: When
    period: str
    digest: str
    entries: int
    lines: int
    debits_minor: tuple[tuple[str, int], ...]
    closed_at: int


class ReopenPeriod(
    Struct, frozen=True, kw_only=True, tag="reopen-period", forbid_unknown_fields=True
):
    """Undo a close: the sender asks, `approved_by` is the other person."""

    when: When
    period: str
    approved_by: str


class ProposeAdjustment(
    Struct, frozen=True, kw_only=True, tag="propose-adjustment", forbid_unknown_fields=True
):
    """Propose a manual entry; the sender is its preparer."""

    when: When
    book: str
    currency: str
    lines: tuple[AdjustmentLine, ...]
    memo: str
    reverses_on: date | None = None


class ApproveAdjustment(
    Struct, frozen=True, kw_only=True, tag="approve-adjustment", forbid_unknown_fields=True
):
    """Stand for an adjustment that another person proposed."""

    when: When


class Act(Struct, frozen=True):
    """The last thing done to a period, and the position where it was done."""

    standing: str = "open"
    at: int = 0


class BookState(Struct, frozen=True, kw_only=True):
    """The standing of each period of one book, and where its last close stands."""

    is_open: bool = False
    acts: dict[str, Act] = {}
    closed_at: dict[str, int] = {}

    def standing(self, period: str) -> str:
        return self.acts.get(period, Act()).standing


BookEvent = BookOpened | PeriodSoftClosed | PeriodClosed | PeriodSealed | PeriodReopened
BookCommand = OpenBook | SoftClosePeriod | ClosePeriod | SealPeriod | ReopenPeriod


def evolve_book(state: BookState, fact: Fact) -> BookState:
    event = fact.event
    assert isinstance(event, BookEvent), fact
    match event:
        case BookOpened():
            return structs.replace(state, is_open=True)
        case PeriodSoftClosed():
            return _acted(state, event.period, "soft-closed", fact)
        case PeriodClosed():
            return _acted(state, event.period, "closed", fact)
        case PeriodSealed():
            return _acted(state, event.period, "sealed", fact)
        case PeriodReopened():
            return _acted(state, event.period, "open", fact)
        case _:
            assert_never(event)


def _acted(state: BookState, period: str, standing: str, fact: Fact) -> BookState:
    """Acts count in the order they were learned, whatever date they bear (see periods.py)."""
    closed = dict(state.closed_at)
    if standing == "closed":
        closed[period] = max(fact.position, closed.get(period, 0))
    acts = dict(state.acts)
    if fact.position > acts.get(period, Act()).at:
        acts[period] = Act(standing, fact.position)
    return structs.replace(state, acts=acts, closed_at=closed)


def needs_calendar(command: BookCommand) -> tuple[str, ...]:
    """A period must be one of the entity's calendar."""
    return () if isinstance(command, OpenBook) else ("entity:self",)


def decide_book(command: BookCommand, state: BookState, context: Context) -> tuple[Event, ...]:
    """Each period closes and reopens by itself: an earlier one that stays open keeps taking lines.

    A close without a soft close implies one; what stands against it comes as evidence (SPEC 4, 9).
    """
    if isinstance(command, OpenBook):
        if state.is_open:
            raise Rejected("book-already-open", field="stream")
        require_name(command.name, "name")
        return (BookOpened(when=command.when, name=command.name),)
    if not state.is_open:
        raise Rejected("unknown-book", field="stream", book=context.name)
    _require_period(command.period, context)
    stands = state.standing(command.period)
    match command:
        case SoftClosePeriod():
            _require_standing(stands, "open")
            _require_nothing_open(context)
            return (PeriodSoftClosed(when=command.when, period=command.period),)
        case ClosePeriod():
            _require_standing(stands, "open", "soft-closed")
            _require_nothing_open(context)
            return (PeriodClosed(when=command.when, period=command.period),)
        case SealPeriod():
            if stands != "closed" or state.closed_at.get(command.period) != command.closed_at:
                raise Rejected("period-not-closed", field="period", standing=stands)
            return (PeriodSealed(**structs.asdict(command)),)
        case ReopenPeriod():
            _require_reopening(command, stands, context)
            return (PeriodReopened(**structs.asdict(command)),)
        case _:
            assert_never(command)


def _require_standing(stands: str, *allowed: str) -> None:
    if stands not in allowed:
        raise Rejected("period-already-closed", field="period", standing=stands)


def _require_reopening(command: ReopenPeriod, stands: str, context: Context) -> None:
    """Two people; the database says so once more in a constraint (SPEC 10)."""
    if stands == "open":
        raise Rejected("period-not-closed", field="period", standing=stands)
    require_name(command.approved_by, "approved_by")
    if command.approved_by == context.actor:
        raise Rejected("same-person", field="approved_by", actor=context.actor)


def _require_period(period: str, context: Context) -> None:
    entity = context.others.get("entity:self")
    calendar = entity.calendar if isinstance(entity, EntityState) else None
    if calendar is None or calendar.named(period) is None:
        raise Rejected("unknown-period", field="period", period=period)


def _require_nothing_open(context: Context) -> None:
    """A close is refused while anything it would leave out is known (SPEC 2, law 3 and 9)."""
    evidence = context.evidence
    if not isinstance(evidence, CloseEvidence):
        return
    if evidence.gaps:
        raise Rejected("close-usage-gap", field="period", batches=list(evidence.gaps))
    if evidence.parked:
        raise Rejected("close-parked", field="period", units=list(evidence.parked))
    if evidence.pending:
        raise Rejected("close-pending", field="period", rows=evidence.pending)
    if evidence.unknown_customers:
        customers = list(evidence.unknown_customers)
        raise Rejected("close-unknown-customer", field="period", customers=customers)
    if evidence.unposted:
        raise Rejected("close-unposted", field="period", facts=evidence.unposted)


BOOK: Decider[BookState, BookCommand] = Decider(
    category="book",
    initial=BookState(),
    evolve=evolve_book,
    decide=decide_book,
    commands=(OpenBook, SoftClosePeriod, ClosePeriod, SealPeriod, ReopenPeriod),
    events=(BookOpened, PeriodSoftClosed, PeriodClosed, PeriodSealed, PeriodReopened, Retracted),
    needs=needs_calendar,
)


def evolve_run(state: None, fact: Fact) -> None:
    """Runs need no state: a run that looks back settles as far as the furthest before it."""
    del state
    assert isinstance(fact.event, PostingRun), fact


def decide_run(command: RunPosting, state: None, context: Context) -> tuple[Event, ...]:
    """Never refused: a run with nothing to settle posts nothing."""
    del state, context
    return (PostingRun(when=command.when, through=command.through),)


RUN: Decider[None, RunPosting] = Decider(
    category="run",
    initial=None,
    evolve=evolve_run,
    decide=decide_run,
    commands=(RunPosting,),
    events=(PostingRun, Retracted),
)


class AdjustmentState(Struct, frozen=True, kw_only=True):
    """Who proposed it, and whether another person approved it."""

    proposed_by: str | None = None
    is_approved: bool = False


AdjustmentEvent = AdjustmentProposed | AdjustmentApproved
AdjustmentCommand = ProposeAdjustment | ApproveAdjustment
ACCOUNTS = frozenset(get_args(Account))


def evolve_adjustment(state: AdjustmentState, fact: Fact) -> AdjustmentState:
    event = fact.event
    assert isinstance(event, AdjustmentEvent), fact
    match event:
        case AdjustmentProposed():
            return structs.replace(state, proposed_by=event.proposed_by)
        case AdjustmentApproved():
            return structs.replace(state, is_approved=True)
        case _:
            assert_never(event)


def needs_book(command: AdjustmentCommand) -> tuple[str, ...]:
    """An adjustment of a book that does not exist would never be posted, and nobody would see."""
    return (f"book:{command.book}",) if isinstance(command, ProposeAdjustment) else ()


def decide_adjustment(
    command: AdjustmentCommand, state: AdjustmentState, context: Context
) -> tuple[Event, ...]:
    """Dated in a closed period it is booked in the next open one, not refused (SPEC 2, law 3)."""
    match command:
        case ProposeAdjustment():
            if state.proposed_by is not None:
                raise Rejected("already-proposed", field="stream")
            _require_book(command.book, context)
            _require_balanced(command)
            return (AdjustmentProposed(**structs.asdict(command), proposed_by=context.actor),)
        case ApproveAdjustment():
            proposer = _require_other_person(state, context)
            return (
                AdjustmentApproved(
                    when=command.when, approved_by=context.actor, proposed_by=proposer
                ),
            )
        case _:
            assert_never(command)


def _require_other_person(state: AdjustmentState, context: Context) -> str:
    """The proposer, if someone else now approves; the database says so once more (SPEC 10)."""
    if state.proposed_by is None:
        raise Rejected("not-proposed", field="stream")
    if state.is_approved:
        raise Rejected("already-approved", field="stream")
    if state.proposed_by == context.actor:
        raise Rejected("own-approval", field="actor", actor=context.actor)
    return state.proposed_by


def _require_book(book: str, context: Context) -> None:
    known = context.others.get(f"book:{book}")
    if not isinstance(known, BookState) or not known.is_open:
        raise Rejected("unknown-book", field="book", book=book)


def _require_balanced(command: ProposeAdjustment) -> None:
    exponent(command.currency)
    for line in command.lines:
        if line.account not in ACCOUNTS:
            raise Rejected("unknown-account", field="lines.account", account=line.account)
    if not command.lines or sum(line.amount_minor for line in command.lines) != 0:
        raise Rejected("unbalanced-adjustment", field="lines")
    for line in command.lines:
        require_size(line.amount_minor, "lines.amount_minor")
    if command.reverses_on is not None and command.reverses_on <= command.when.effective:
        raise Rejected("reverses-before-it-counts", field="reverses_on")


ADJUSTMENT: Decider[AdjustmentState, AdjustmentCommand] = Decider(
    category="adjustment",
    initial=AdjustmentState(),
    evolve=evolve_adjustment,
    decide=decide_adjustment,
    commands=(ProposeAdjustment, ApproveAdjustment),
    events=(AdjustmentProposed, AdjustmentApproved, Retracted),
    needs=needs_book,
)
