"""A fact is an event the ledger accepted, with where, when and by whom it was learned.

Two axes: `when.effective` says when it is true in the business, `position` when the ledger learned
it. `known` looks at one log as of a position and leaves out what a later known fact corrects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

from msgspec import Struct


class When(Struct, frozen=True, kw_only=True):
    """When a fact is true, when the parties agreed it, and its place among facts of one day.

    `order` is the source's own sequence if it gives one, else the stream version at acceptance,
    and from then on part of the fact (SPEC 3). `at` is the instant where the domain needs one.
    """

    effective: date
    agreed_on: date | None = None
    order: int | None = None
    at: datetime | None = None

    @property
    def measured(self) -> date:
        """When accounting measures a change: the later of effective and agreed (SPEC 3)."""
        agreed = self.agreed_on
        return self.effective if agreed is None else max(self.effective, agreed)


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What happened, under a tag given by hand. `when` is stored once, in the envelope."""

    when: When


class Retracted(Event, frozen=True, kw_only=True, tag="retracted"):
    """The fact named by `Fact.corrects` never was; a retracted correction undoes itself."""


class Source(Struct, frozen=True, kw_only=True):
    """The outside system's own name for a fact; all four together are accepted once for ever."""

    system: str
    kind: str
    id: str
    version: str = "1"


class Fact(Struct, frozen=True, kw_only=True):
    """The recorded envelope of one event (SPEC 4). `corrects`: the position it replaces."""

    entity: str
    position: int
    stream: str
    version: int
    event: Event
    recorded_at: datetime
    command_id: str
    actor: str
    reason: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    trace_id: str | None = None
    source: Source | None = None
    corrects: int | None = None
    schema: int = 1

    @property
    def when(self) -> When:
        return self.event.when


State = TypeVar("State")
CommandType = TypeVar("CommandType")


class Context(Struct, frozen=True, kw_only=True):
    """What a decision may need beside the command and its own stream.

    `outside`: a source sent it, so what it refers to may still come and is not asked for (SPEC 12).
    `evidence` is what the store gathered under the head lock for a close; `others` holds the states
    of the streams that `Decider.needs` named; `replaces` is the event a correction stands in for.
    `numbered` is the last number that each series has given out, `numbers` whose the numbers are
    that documents came with.
    """

    stream: str = ""
    actor: str = "system"
    outside: bool = False
    evidence: object | None = None
    others: dict[str, object] = {}
    replaces: Event | None = None
    numbered: Mapping[str, int] = {}
    numbers: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        return self.stream.partition(":")[2]


def needs_nothing(command: object) -> tuple[str, ...]:
    """Most commands are decided on their own stream alone."""
    del command
    return ()


class Decider(Struct, Generic[State, CommandType], frozen=True, kw_only=True):
    """One kind of stream: its events folded to a state, its commands decided on that state.

    `leads`: to which streams the state of a needed stream leads, so that a decision sees a chain of
    them to its end.
    """

    category: str
    initial: State
    evolve: Callable[[State, Fact], State]
    decide: Callable[[CommandType, State, Context], tuple[Event, ...]]
    commands: tuple[type, ...]
    events: tuple[type[Event], ...]
    needs: Callable[[CommandType], tuple[str, ...]] = needs_nothing
    leads: Callable[[Any], tuple[str, ...]] | None = None


def fold(decider: Decider[State, CommandType], facts: Iterable[Fact]) -> State:
    """The state after the corrected, effective-ordered timeline, never the arrival order."""
    state = decider.initial
    for fact in timeline(facts):
        state = decider.evolve(state, fact)
    return state


_position = attrgetter("position")


def known(facts: Iterable[Fact], at: int | None = None) -> tuple[Fact, ...]:
    """Facts up to a position, less those a later fact in force corrects; retractions left out.

    A correction is itself a fact: retract it and the fact it replaced is in force again.
    """
    seen = [*facts] if at is None else [fact for fact in facts if fact.position <= at]
    seen.sort(key=_position)
    dead = corrected(seen)
    if not dead:
        return tuple(seen)
    return tuple([f for f in seen if f.position not in dead and type(f.event) is not Retracted])


def of_kinds(facts: Iterable[Fact], *kinds: type[Event]) -> list[Fact]:
    """The facts that say one of these, in their order."""
    # No event is of another's kind, and `isinstance` takes five times as long to say no.
    wanted = frozenset(kinds)
    return [fact for fact in facts if type(fact.event) in wanted]


def but_kinds(facts: Iterable[Fact], *kinds: type[Event]) -> list[Fact]:
    """The facts that say none of these, in their order."""
    left_out = frozenset(kinds)
    return [fact for fact in facts if type(fact.event) not in left_out]


def corrected(seen: Iterable[Fact]) -> dict[int, int]:
    """Position of each fact no longer in force -> position of what stands in its place.

    A fact and what corrects it, directly or not, are one chain, of which at most one fact stands:
    from the first on, each gives way to the latest correction that counts.
    """
    links = sorted([fact for fact in seen if fact.corrects is not None], key=_position)
    if not links:
        return {}
    latest = _latest(links)
    ends: dict[int, int] = {}
    for position in sorted(latest, reverse=True):
        by = latest[position].position
        ends[position] = ends.get(by, by)
    aside: dict[int, int] = {}
    for fact in links:
        assert fact.corrects is not None, fact
        winner = latest.get(fact.corrects)
        # Brought back after another took its place, a correction gives way with what hangs on it.
        if fact.corrects in aside:
            aside[fact.position] = aside[fact.corrects]
        elif winner is not None and winner is not fact:
            aside[fact.position] = ends[fact.corrects]
    return ends | aside


def _latest(links: Sequence[Fact]) -> dict[int, Fact]:
    """Of each corrected fact the last correction that counts: one not itself retracted."""
    latest: dict[int, Fact] = {}
    for fact in reversed(links):
        assert fact.corrects is not None, fact
        last = latest.get(fact.position)
        if last is None or not isinstance(last.event, Retracted):
            latest.setdefault(fact.corrects, fact)
    return latest


def timeline(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Known facts by (effective, order); other ties are broken by what arrival cannot change."""
    return tuple(sorted(known(facts), key=in_effective_order))


def in_effective_order(fact: Fact) -> tuple[date, int, str, str]:
    when = fact.event.when
    source = fact.source
    return (
        when.effective,
        when.order or 0,
        fact.stream,
        f"{source.id}/{source.version}" if source else "",
    )


def causes_of(*groups: tuple[int, ...]) -> tuple[int, ...]:
    """The union of causes: in order and each once, as they are in every group."""
    together: tuple[int, ...] = ()
    for place, group in enumerate(groups):
        # Most groups are the same, or hold what came later: neither takes a set, nor a sort.
        if not together:
            together = group
        elif group and group is not together and group != together:
            if together[-1] >= group[0]:
                return tuple(sorted({*together}.union(*groups[place:])))
            together += group
    return together


def with_causes(causes: tuple[int, ...], more: Iterable[int]) -> tuple[int, ...]:
    """Causes, and more of them in any order: sorted, each once."""
    later = sorted({*more})
    if not causes or not later or causes[-1] < later[0]:
        return (*causes, *later)
    known = {*causes}
    return causes if known.issuperset(later) else tuple(sorted(known.union(later)))
