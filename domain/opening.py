"""Opening positions: what other books leave to these on the day they take over (cut-over).

One person proposes all of it, with control totals as the other books have them, and another signs;
then it is measured as it stands, against `opening-clearing`. Positions of contracts say what was
billed and earned before and what is still to be earned; open items become invoices under their own
numbers, each accepted only as it was signed. What becomes of a position later is said of it in the
same stream (domain/carried). Streams are `opening:ID`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import assert_never

from msgspec import Struct, structs

from domain.books import BookState
from domain.carried import (
    CarriedPosition,
    ChangeOpeningPosition,
    EndOpeningPosition,
    OpeningPositionChanged,
    OpeningPositionEnded,
    changed,
    ended,
)
from domain.currency import exponent
from domain.errors import Rejected, require_name
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.invoice_facts import InvoiceLine
from domain.money import LARGEST_MINOR

# A larger company takes over in several openings, each with control totals of its own.
ROWS_MAX = 2_000


class OpenItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is open of an invoice of before, under its own number."""

    number: str
    customer: str
    due_on: date
    amount_minor: int


class ControlTotals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the other books say it all comes to, and how many there are."""

    items: int
    positions: int
    receivable_minor: int
    deferred_minor: int
    unbilled_minor: int
    to_earn_minor: int


class OpeningProposed(Event, frozen=True, kw_only=True, tag="opening-proposed"):
    """These books take over on `effective`. Of no effect until signed. `book`: positions count in
    this one only; none: in all.
    """

    currency: str
    items: tuple[OpenItem, ...]
    positions: tuple[CarriedPosition, ...]
    control: ControlTotals
    proposed_by: str
    book: str | None = None


class OpeningSigned(Event, frozen=True, kw_only=True, tag="opening-signed"):
    """Another person than the proposer stands for it."""

    approved_by: str
    proposed_by: str


class ProposeOpening(
    Struct, frozen=True, kw_only=True, tag="propose-opening", forbid_unknown_fields=True
):
    """State what other books leave; the control totals must match."""

    when: When
    currency: str
    control: ControlTotals
    items: tuple[OpenItem, ...] = ()
    positions: tuple[CarriedPosition, ...] = ()
    book: str | None = None


class SignOpening(
    Struct, frozen=True, kw_only=True, tag="sign-opening", forbid_unknown_fields=True
):
    """Stand for what another person proposed."""

    when: When


class OpeningState(Struct, frozen=True, kw_only=True):
    """What was proposed, whether another person signed it, and what its positions are since."""

    proposed: OpeningProposed | None = None
    is_signed: bool = False
    since: tuple[OpeningPositionChanged | OpeningPositionEnded, ...] = ()


OpeningEvent = OpeningProposed | OpeningSigned | OpeningPositionChanged | OpeningPositionEnded
OpeningCommand = ProposeOpening | SignOpening | ChangeOpeningPosition | EndOpeningPosition


def evolve(state: OpeningState, fact: Fact) -> OpeningState:
    event = fact.event
    assert isinstance(event, OpeningEvent), fact
    match event:
        case OpeningProposed():
            return structs.replace(state, proposed=event)
        case OpeningSigned():
            return structs.replace(state, is_signed=True)
        case OpeningPositionChanged() | OpeningPositionEnded():
            return structs.replace(state, since=(*state.since, event))
        case _:
            assert_never(event)


def needs(command: OpeningCommand) -> tuple[str, ...]:
    """A position in a book that does not exist would never be posted, and nobody would see."""
    if isinstance(command, ProposeOpening) and command.book is not None:
        return (f"book:{command.book}",)
    return ()


def decide(command: OpeningCommand, state: OpeningState, context: Context) -> tuple[Event, ...]:
    """Dated in a closed period it is booked in the next open one, not refused (SPEC 2, law 3)."""
    match command:
        case ProposeOpening():
            if state.proposed is not None:
                raise Rejected("already-proposed", field="stream")
            _require_book(command.book, context)
            _require_sound(command)
            _require_controls(command)
            return (OpeningProposed(**structs.asdict(command), proposed_by=context.actor),)
        case SignOpening():
            if state.proposed is None:
                raise Rejected("not-proposed", field="stream")
            if state.is_signed:
                raise Rejected("already-approved", field="stream")
            if state.proposed.proposed_by == context.actor:
                raise Rejected("own-approval", field="actor", actor=context.actor)
            proposer = state.proposed.proposed_by
            return (
                OpeningSigned(when=command.when, approved_by=context.actor, proposed_by=proposer),
            )
        case ChangeOpeningPosition():
            return (changed(command, *_signed(state)),)
        case EndOpeningPosition():
            return (ended(command, *_signed(state)),)
        case _:
            assert_never(command)


def _signed(
    state: OpeningState,
) -> tuple[
    tuple[CarriedPosition, ...], tuple[OpeningPositionChanged | OpeningPositionEnded, ...], date
]:
    """The positions that count, what they are since, and from which day on they count."""
    if state.proposed is None or not state.is_signed:
        raise Rejected("not-signed", field="stream")
    return state.proposed.positions, state.since, state.proposed.when.effective


def _require_book(book: str | None, context: Context) -> None:
    known = context.others.get(f"book:{book}")
    if book is not None and not (isinstance(known, BookState) and known.is_open):
        raise Rejected("unknown-book", field="book", book=book)


def _require_sound(command: ProposeOpening) -> None:
    exponent(command.currency)
    rows = len(command.items) + len(command.positions)
    if not 0 < rows <= ROWS_MAX:
        raise Rejected("opening-rows", field="items", rows=rows, at_most=ROWS_MAX)
    _require_once((item.number for item in command.items), "items.number")
    _require_once((f"{row.unit} {row.obligation}" for row in command.positions), "positions")
    for item in command.items:
        require_name(item.number, "items.number")
        require_name(item.customer, "items.customer")
        if not 0 < item.amount_minor <= LARGEST_MINOR:
            raise Rejected("amount-not-positive", field="items.amount_minor", number=item.number)
    for row in command.positions:
        _require_position(row, command.when.effective)


def _require_once(names: Iterable[str], field: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Rejected("twice-in-an-opening", field=field, name=name)
        seen.add(name)


def _require_position(row: CarriedPosition, day: date) -> None:
    """Whatever is owed is earned in time; what is left to earn has the days to earn it in."""
    where = {"unit": row.unit, "obligation": row.obligation}
    require_name(row.obligation, "positions.obligation")
    require_name(row.customer, "positions.customer")
    if (row.contract is None) is (row.subscription is None):
        raise Rejected("two-contracts", field="positions.contract", **where)
    amounts = (row.billed_minor, row.recognised_minor, row.to_earn_minor)
    if not all(0 <= minor <= LARGEST_MINOR for minor in amounts):
        raise Rejected("opening-amount", field="positions", **where)
    if row.owed_minor > row.to_earn_minor:
        raise Rejected("owed-and-never-earned", field="positions.to_earn_minor", **where)
    start, end = row.service_from, row.service_to
    if (start is None) is not (end is None) or (row.to_earn_minor and start is None):
        raise Rejected("half-a-service-period", field="positions.service_to", **where)
    if start is not None and end is not None and end <= start:
        raise Rejected("service-ends-before-it-begins", field="positions.service_to", **where)
    if start is not None and start < day:
        raise Rejected("service-before-opening", field="positions.service_from", **where)


def totals(items: Iterable[OpenItem], positions: Iterable[CarriedPosition]) -> ControlTotals:
    """What the rows come to."""
    items, positions = [*items], [*positions]
    return ControlTotals(
        items=len(items),
        positions=len(positions),
        receivable_minor=sum(item.amount_minor for item in items),
        deferred_minor=sum(max(row.owed_minor, 0) for row in positions),
        unbilled_minor=sum(max(-row.owed_minor, 0) for row in positions),
        to_earn_minor=sum(row.to_earn_minor for row in positions),
    )


def _require_controls(command: ProposeOpening) -> None:
    found = totals(command.items, command.positions)
    for name in ControlTotals.__struct_fields__:
        stated, is_ = getattr(command.control, name), getattr(found, name)
        if stated != is_:
            raise Rejected(
                "control-total-differs", field=f"control.{name}", stated=stated, found=is_
            )


def require_listed(
    opening: str | None,
    number: str,
    party: tuple[str, str],
    lines: tuple[InvoiceLine, ...],
    context: Context,
) -> None:
    """An invoice of before is one line of kind `opening`, as a signed opening lists it."""
    if opening is None:
        if any(line.kind == "opening" for line in lines):
            raise Rejected("not-in-opening", field="opening", number=number)
        return
    known = context.others.get(f"opening:{opening}")
    signed = isinstance(known, OpeningState) and known.is_signed
    proposed = known.proposed if isinstance(known, OpeningState) and signed else None
    items = proposed.items if proposed else ()
    item = next((item for item in items if item.number == number), None)
    if (
        item is None
        or proposed is None
        or party != (item.customer, proposed.currency)
        or [(line.kind, line.amount_minor) for line in lines] != [("opening", item.amount_minor)]
    ):
        raise Rejected("not-in-opening", field="opening", number=number, opening=opening)


DECIDER: Decider[OpeningState, OpeningCommand] = Decider(
    category="opening",
    initial=OpeningState(),
    evolve=evolve,
    decide=decide,
    commands=(ProposeOpening, SignOpening, ChangeOpeningPosition, EndOpeningPosition),
    events=(
        OpeningProposed,
        OpeningSigned,
        OpeningPositionChanged,
        OpeningPositionEnded,
        Retracted,
    ),
    needs=needs,
)
