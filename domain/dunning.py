"""Dunning: which steps a customer's overdue invoice has come to, and what stands in their way.

Streams are `dunning:INVOICE`. A step is measured: it is reached on the first day, so many after the
due date, on which the invoice is open and nothing pauses it; a run states it, and takes it back
where later facts say otherwise. Other systems send the letters. No amount moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import assert_never

from msgspec import Struct, structs

from domain.currency import exponent
from domain.errors import Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted, When
from domain.invoice_facts import DisputeOpened, DisputeResolved
from domain.money import require_positive

# From a day to the last one; without an end it goes on.
Pause = tuple[date, date]


class DunningStepReached(Event, frozen=True, kw_only=True, tag="dunning-step-reached"):
    """On `effective` so much was open, so many days after it was due."""

    step: int
    days_overdue: int
    currency: str
    open_minor: int


class PaymentPromised(Event, frozen=True, kw_only=True, tag="payment-promised"):
    """The customer promised to pay by the end of a day: until then nobody is reminded."""

    until: date


class DunningHeld(Event, frozen=True, kw_only=True, tag="dunning-held"):
    """Somebody stopped it by hand."""

    reason: str = ""


class DunningReleased(Event, frozen=True, kw_only=True, tag="dunning-released"):
    """It goes on: a step that fell into the hold is reached now."""


class ReachDunningStep(
    Struct, frozen=True, kw_only=True, tag="reach-dunning-step", forbid_unknown_fields=True
):
    """State that a step is reached; the dunning run does."""

    when: When
    step: int
    days_overdue: int
    currency: str
    open_minor: int


class PromisePayment(
    Struct, frozen=True, kw_only=True, tag="promise-payment", forbid_unknown_fields=True
):
    """Record a promise to pay by a day."""

    when: When
    until: date


class HoldDunning(
    Struct, frozen=True, kw_only=True, tag="hold-dunning", forbid_unknown_fields=True
):
    """Stop dunning of an invoice by hand."""

    when: When
    reason: str = ""


class ReleaseDunning(
    Struct, frozen=True, kw_only=True, tag="release-dunning", forbid_unknown_fields=True
):
    """Let dunning of an invoice go on."""

    when: When


DunningEvent = DunningStepReached | PaymentPromised | DunningHeld | DunningReleased
DunningCommand = ReachDunningStep | PromisePayment | HoldDunning | ReleaseDunning


class DunningState(Struct, frozen=True, kw_only=True):
    """Steps stated, and whether somebody holds it."""

    steps: frozenset[int] = frozenset()
    is_held: bool = False


def evolve(state: DunningState, fact: Fact) -> DunningState:
    event = fact.event
    assert isinstance(event, DunningEvent), fact
    match event:
        case DunningStepReached():
            return structs.replace(state, steps=state.steps | {event.step})
        case PaymentPromised():
            return state
        case DunningHeld() | DunningReleased():
            return structs.replace(state, is_held=isinstance(event, DunningHeld))
        case _:
            assert_never(event)


def decide(command: DunningCommand, state: DunningState, context: Context) -> tuple[Event, ...]:
    """A step is stated once until it is taken back; nothing is asked of the invoice, which may
    come later.
    """
    del context
    match command:
        case ReachDunningStep():
            if command.step in state.steps:
                raise Rejected("step-already-reached", field="step", step=command.step)
            require_positive(command.step, "step")
            require_positive(command.open_minor, "open_minor")
            exponent(command.currency)
            return (DunningStepReached(**structs.asdict(command)),)
        case PromisePayment():
            if command.until < command.when.effective:
                raise Rejected("promise-in-the-past", field="until")
            return (PaymentPromised(when=command.when, until=command.until),)
        case HoldDunning():
            if state.is_held:
                raise Rejected("dunning-already-held", field="stream")
            return (DunningHeld(when=command.when, reason=command.reason),)
        case ReleaseDunning():
            if not state.is_held:
                raise Rejected("dunning-not-held", field="stream")
            return (DunningReleased(when=command.when),)
        case _:
            assert_never(command)


# --- measured -------------------------------------------------------------------------------------


class Overdue(Struct, frozen=True, kw_only=True):
    """An invoice, and by how much what is open of it changed on which days."""

    invoice: str
    currency: str
    due_on: date
    changes: tuple[tuple[date, int], ...]

    def open_minor(self, day: date) -> int:
        return sum(minor for on, minor in self.changes if on <= day)


class Reached(Struct, frozen=True, kw_only=True):
    """A step of an invoice that is reached on a day."""

    step: int
    on: date
    days_overdue: int
    open_minor: int


def reached(
    invoice: Overdue, steps: Sequence[int], pauses: Iterable[Pause], through: date
) -> Iterator[Reached]:
    """Each step with the day it is reached on: the first that is late enough and not paused."""
    standing = sorted(pauses)
    for step, days in enumerate(steps, 1):
        day = _after(invoice.due_on + timedelta(days=days), standing)
        if day is None or day > through:
            return
        left = invoice.open_minor(day)
        if left > 0:
            late = (day - invoice.due_on).days
            yield Reached(step=step, on=day, days_overdue=late, open_minor=left)


def _after(day: date, pauses: Sequence[Pause]) -> date | None:
    """The day, or the first after all pauses that it falls into; none if one has no end."""
    for first, last in pauses:
        if first <= day <= last:
            if last == date.max:
                return None
            day = last + timedelta(days=1)
    return day


def pauses_of(facts: Sequence[Fact]) -> Iterator[Pause]:
    """Of one invoice's facts in force, in effective order: holds, promises and open disputes."""
    held: date | None = None
    for fact in facts:
        match fact.event:
            case DunningHeld():
                held = fact.when.effective
            case DunningReleased() if held is not None:
                yield held, fact.when.effective - timedelta(days=1)
                held = None
            case PaymentPromised():
                yield fact.when.effective, fact.event.until
            case DisputeOpened():
                yield fact.when.effective, _resolved(fact, fact.event, facts)
            case _:
                pass
    if held is not None:
        yield held, date.max


def _resolved(opened: Fact, event: DisputeOpened, facts: Sequence[Fact]) -> date:
    """The day before all of a dispute was resolved."""
    parts = [
        (fact.when.effective, fact.event.amount_minor)
        for fact in facts
        if isinstance(fact.event, DisputeResolved) and fact.event.dispute == event.dispute
    ]
    sums = accumulate(minor for _, minor in parts)
    told = zip(parts, sums, strict=True)
    day = next((on for (on, _), so_far in told if so_far >= event.amount_minor), None)
    return date.max if day is None else max(day, opened.when.effective) - timedelta(days=1)


DECIDER: Decider[DunningState, DunningCommand] = Decider(
    category="dunning",
    initial=DunningState(),
    evolve=evolve,
    decide=decide,
    commands=(ReachDunningStep, PromisePayment, HoldDunning, ReleaseDunning),
    events=(DunningStepReached, PaymentPromised, DunningHeld, DunningReleased, Retracted),
)
