"""One stream while commands are decided on it: its facts, its version, its folded state.

The state is folded from the corrected timeline in effective order, never from the order of arrival.
A fact that comes last in that order is folded onto the state at hand; any other folds anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs

from domain.balance_facts import (
    BalanceGranted,
)
from domain.books import (
    AdjustmentApproved,
    AdjustmentProposed,
    BookOpened,
    PeriodClosed,
    PeriodReopened,
    PeriodSealed,
    PeriodSoftClosed,
    PostingRun,
)
from domain.conflicts import conflict, is_change
from domain.contract_facts import ContractOpened
from domain.entity import CalendarDefined, EntityOpened
from domain.errors import Rejected
from domain.facts import Decider, Event, Fact, Retracted, corrected, in_effective_order, known
from domain.invoice_facts import InvoiceIssued
from domain.numbering import number_of
from domain.opening import OpeningProposed, OpeningSigned
from domain.party import CustomerRegistered
from domain.payment_facts import (
    PaymentReceived,
)
from domain.subscription import SubscriptionStarted
from domain.usage import UsageBatchAccepted

# What was done, rather than what was true: it has its own way back (reopen, reverse, correct the
# rows), and takes two people where that does. What entries were booked by (the entity, its books
# and periods) is added to, never taken back.
ACTS = (
    AdjustmentApproved,
    AdjustmentProposed,
    BookOpened,
    CalendarDefined,
    EntityOpened,
    OpeningProposed,
    OpeningSigned,
    PeriodClosed,
    PeriodReopened,
    PeriodSealed,
    PeriodSoftClosed,
    PostingRun,
    UsageBatchAccepted,
)
# What a stream has once; a second of these would be read by nobody.
ONCE = (
    BalanceGranted,
    ContractOpened,
    CustomerRegistered,
    InvoiceIssued,
    PaymentReceived,
    SubscriptionStarted,
)


class Timeline:
    """The facts of one stream as known at the head, and what they fold to."""

    __slots__ = ("_facts", "_last", "_seen", "_state", "version")

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = list(facts)
        self._state: Any = None
        self._last: Fact | None = None
        self._seen = -1
        self.version = max((fact.version for fact in facts), default=0)

    def state(self, decider: Decider[Any, Any], *, without: int | None = None) -> Any:
        """What the stream's facts fold to, as if the fact at `without` had never been."""
        if without is not None:
            return _fold(decider, decider.initial, self._in_force(without))
        if self._seen == len(self._facts):
            return self._state
        later = self._facts[self._seen :]
        if self._last is not None and _continues(self._last, later):
            self._state = _fold(decider, self._state, later)
            self._last = later[-1] if later else self._last
        else:
            live = self._in_force()
            self._state = _fold(decider, decider.initial, live)
            self._last = live[-1] if live else None
        self._seen = len(self._facts)
        return self._state

    def extend(self, facts: Sequence[Fact]) -> None:
        self._facts += facts
        self.version = facts[-1].version

    def correctable(self, position: int) -> Fact:
        """The fact a correction names, if it is in force and may be replaced."""
        fact = self.retractable(position)
        if isinstance(fact.event, Retracted):
            raise Rejected("not-in-force", field="corrects", position=position)
        return fact

    def retractable(self, position: int) -> Fact:
        """The fact a retraction names: one in force, or a retraction that nobody took back yet.

        Taken back, a correction or a retraction leaves what it had replaced in force again. That
        must be able to stand: nothing else has come in its place meanwhile.
        """
        fact = self.at(position)
        if fact is None:
            raise Rejected("unknown-fact", field="corrects", position=position)
        if position in corrected(self._facts):
            raise Rejected("not-in-force", field="corrects", position=position)
        if isinstance(fact.event, ACTS):
            raise Rejected("not-correctable", field="corrects", position=position)
        if isinstance(fact.event, Retracted):
            self._require_room(fact)
        return fact

    def _require_room(self, retraction: Fact) -> None:
        next_position = self._facts[-1].position + 1
        undoing = structs.replace(retraction, position=next_position, corrects=retraction.position)
        standing = {fact.position for fact in known(self._facts)}
        then = known([*self._facts, undoing])
        kept = {type(fact.event) for fact in then if fact.position in standing}
        back = {type(fact.event) for fact in then if fact.position not in standing}
        if back & kept & {*ONCE}:
            raise Rejected("place-taken", field="corrects", position=retraction.position)

    def has_number(self, number: str) -> bool:
        """Whether a document that came with the number still is one, by whatever number it goes."""
        ends = corrected(self._facts)
        events = {fact.position: fact.event for fact in self._facts}
        own = (fact for fact in self._facts if (number_of(fact.event) or ("",))[0] == number)
        stands = (events[ends.get(fact.position, fact.position)] for fact in own)
        return any(not isinstance(event, Retracted) for event in stands)

    def at(self, position: int | None) -> Fact | None:
        """The fact at a position of the log, if it is one of these."""
        return next((fact for fact in self._facts if fact.position == position), None)

    def refuse_ambiguous(self, events: Iterable[Event]) -> None:
        """Two conflicting changes on one day from a source without an order have no meaning."""
        said = [event for event in events if is_change(event) and event.when.order is None]
        if not said:
            return
        for fact in known(self._facts):
            if any(conflict(fact.event, event) for event in said):
                raise Rejected("ambiguous-order", field="when.order", position=fact.position)

    def _in_force(self, without: int | None = None) -> list[Fact]:
        if not self._facts:
            return []
        live = [fact for fact in known(self._facts) if fact.position != without]
        return sorted(live, key=in_effective_order)


def _continues(last: Fact, later: Iterable[Fact]) -> bool:
    """Nothing among the later facts reaches back: all come after, in order, and correct nothing."""
    for fact in later:
        if fact.corrects is not None or in_effective_order(fact) < in_effective_order(last):
            return False
        last = fact
    return True


def _fold(decider: Decider[Any, Any], state: Any, facts: Iterable[Fact]) -> Any:
    for fact in facts:
        state = decider.evolve(state, fact)
    return state
