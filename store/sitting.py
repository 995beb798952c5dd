"""One turn at the head of a log: what was loaded, what was decided on it and is not yet stored.

Nothing here touches the database: commands are decided one after the other, each on what those
before it made true, and what came of them waits to be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct, structs

from domain.books import ClosePeriod, SoftClosePeriod
from domain.credit_note import CreditInvoice
from domain.crediting import require_retractable
from domain.deciders import Command, decider_of
from domain.errors import Malformed, Rejected
from domain.facts import Context, Decider, Event, Fact, Retracted
from domain.invoice import DraftInvoice, IssueCredit, IssueInvoice, VoidInvoice, stated_number
from domain.numbering import number_of
from domain.series import place_in
from store import log
from store.keys import Known, Refusal, SourceKey, context_text, reused, source_key
from store.request import (
    Clock,
    Conflict,
    Outcome,
    Receipt,
    Request,
    body,
    check,
    fingerprint,
    name,
)
from store.timeline import Timeline

# Reads a stream that no request named, while nothing can be appended to it.
Follow = Callable[[str], Timeline]
# Gathers what a decision must see in other streams, once what was decided before it is taken and
# stored.
Gather = Callable[["Sitting", Request], object]


# What cannot be decided on the streams that the command names alone.
_GATHERED = (SoftClosePeriod, ClosePeriod, CreditInvoice, IssueCredit, VoidInvoice)


class Asked(NamedTuple):
    """A request that can be stored, with what is worked out of it once, however often it is tried.

    `decider` is none where no stream can have that name.
    """

    request: Request
    fingerprint: bytes
    decider: Decider[Any, Any] | None
    streams: tuple[str, ...]
    numbers: tuple[str, ...] = ()


class Taken(NamedTuple):
    """The stream that took a number last, and how many took it before."""

    stream: str
    taking: int = 0


class Loaded(Struct, frozen=True, kw_only=True):
    """All that a group of commands is decided on, as of one position.

    `timelines` has every stream that a request names or its decision looks at, `numbers` the stream
    that took a number which a request states.
    """

    head: log.Head
    keys: dict[str, Known]
    sources: dict[SourceKey, Known]
    timelines: dict[str, Timeline]
    numbers: dict[str, Taken]


class Decided(Struct, frozen=True, kw_only=True):
    """What is to be stored after `head`, all of it or nothing. `numbered` are the last numbers of
    series, `numbers` those that documents came with, each with its first fact and how many streams
    took it before.
    """

    head: log.Head
    facts: Sequence[Fact]
    keys: Sequence[tuple[str, Known]]
    refusals: Sequence[Refusal]
    numbered: Mapping[str, int]
    numbers: Sequence[tuple[str, Fact, int]]

    @property
    def after(self) -> log.Head:
        """Where the head stands once it is stored."""
        if not self.facts:
            return self.head
        last = self.facts[-1]
        return structs.replace(
            self.head,
            position=last.position,
            recorded_at=last.recorded_at,
            numbered=self.numbered,
        )


class Sitting:
    """Decides requests in turn. Without `gather` no decision sees evidence, and without `follow` no
    decision sees beyond the streams that its command names.
    """

    def __init__(
        self,
        loaded: Loaded,
        clock: Clock,
        gather: Gather | None = None,
        follow: Follow | None = None,
    ) -> None:
        self._head = loaded.head
        self._keys = loaded.keys
        self._sources = loaded.sources
        self._timelines = loaded.timelines
        self._numbered = dict(loaded.head.numbered)
        self._numbers = loaded.numbers
        self._clock = clock
        self._gather = gather
        self._follow = follow
        self._recorded_at = loaded.head.recorded_at
        self._facts: list[Fact] = []
        self._new_keys: list[tuple[str, Known]] = []
        self._refusals: list[Refusal] = []
        self._new_numbers: list[tuple[str, Fact, int]] = []

    def take(self) -> Decided:
        """What was decided since the last time; who takes it stores it."""
        decided = Decided(
            head=self._head,
            facts=self._facts,
            keys=self._new_keys,
            refusals=self._refusals,
            numbered=dict(self._numbered),
            numbers=self._new_numbers,
        )
        self._head = decided.after
        self._facts, self._new_keys, self._refusals, self._new_numbers = [], [], [], []
        return decided

    def judge(self, asked: Asked | Malformed) -> Outcome:
        """The answer to one request; accepted facts and refusals wait to be taken."""
        if isinstance(asked, Malformed):
            return asked
        if (earlier := self._keys.get(asked.request.key)) is not None:
            return _repeated(asked, earlier)
        try:
            return self._accept(asked)
        except Rejected as refusal:
            self._refuse(asked, refusal)
            return refusal
        except (Malformed, Conflict) as problem:
            return problem

    def _accept(self, asked: Asked) -> Receipt:
        request = asked.request
        source = None if request.source is None else source_key(request.source)
        if source is not None and (first := self._sources.get(source)) is not None:
            if first.fingerprint != asked.fingerprint:
                raise Rejected("source-id-reused", field="source", positions=first.positions)
            self._remember(request.key, first)
            return _receipt(request, first, repeated=True)
        decider = asked.decider or decider_of(request.stream)
        timeline = self._timelines[request.stream]
        if request.expected_version not in (None, timeline.version):
            raise Conflict(
                request.stream, expected=request.expected_version, found=timeline.version
            )
        events = self._events(asked, decider, timeline)
        facts = self._number(request, events, timeline)
        positions = tuple(fact.position for fact in facts)
        known = Known(asked.fingerprint, request.stream, positions)
        self._remember(request.key, known)
        if source is not None:
            self._sources[source] = known
        return _receipt(request, known, repeated=False)

    def _events(
        self, asked: Asked, decider: Decider[Any, Any], timeline: Timeline
    ) -> tuple[Event, ...]:
        """What the request makes true: decided on the timeline without the fact it replaces."""
        request = asked.request
        if request.command is None:
            assert request.corrects is not None
            fact = timeline.retractable(request.corrects)
            if self._gather is not None and needs_evidence(asked):
                require_retractable(fact.event, self._gather(self, request))
            return (Retracted(when=fact.when),)
        target = timeline.correctable(request.corrects) if request.corrects is not None else None
        if not isinstance(request.command, decider.commands):
            raise Malformed("wrong-command", field="command", command=name(request))
        context = self._context(asked, None if target is None else target.event)
        state = timeline.state(decider, without=request.corrects)
        events: tuple[Event, ...] = decider.decide(_with_tax(request), state, context)
        if target is not None:
            return tuple(_in_place_of(target, event) for event in events)
        if request.source is not None:
            timeline.refuse_ambiguous(events)
        return events

    def _context(self, asked: Asked, replaced: Event | None) -> Context:
        """What the decision may look at beside its own stream, as it stands at the head."""
        request, gathered = asked.request, None
        if self._gather is not None and needs_evidence(asked):
            gathered = self._gather(self, request)
        return Context(
            stream=request.stream,
            actor=request.actor,
            outside=request.source is not None,
            evidence=gathered,
            others=self._others(asked),
            replaces=replaced,
            numbered=self._numbered,
            numbers=self._holders(asked.numbers),
        )

    def _holders(self, numbers: Sequence[str]) -> dict[str, str]:
        """Whose the numbers are that a request states; one whose document is gone is nobody's."""
        taken = ((number, self._numbers.get(number)) for number in numbers)
        return {
            number: one.stream
            for number, one in taken
            if one is not None and self._timelines[one.stream].has_number(number)
        }

    def _others(self, asked: Asked) -> dict[str, object]:
        """The states of the streams a request names, and of those that they lead to."""
        found = {
            stream: self._timelines[stream].state(decider_of(stream))
            for stream in asked.streams[1:]
        }
        if not leads_on(asked) or self._follow is None:
            return found
        assert asked.decider is not None
        assert asked.decider.leads is not None
        states = list(found.values())
        while states:
            for stream in asked.decider.leads(states.pop()):
                if stream not in found:
                    if stream not in self._timelines:
                        self._timelines[stream] = self._follow(stream)
                    found[stream] = self._timelines[stream].state(asked.decider)
                    states.append(found[stream])
        return found

    def _number(
        self, request: Request, events: Sequence[Event], timeline: Timeline
    ) -> tuple[Fact, ...]:
        head, at = self._head, self._head.position + len(self._facts)
        facts = tuple(
            log.fact(
                head.entity,
                at + place,
                timeline.version + place,
                log.Draft(
                    stream=request.stream,
                    event=event,
                    recorded_at=self._now(),
                    command_id=request.key,
                    actor=request.actor,
                    reason=request.reason,
                    correlation_id=request.correlation_id,
                    causation_id=request.causation_id,
                    trace_id=request.trace_id,
                    # The outside name belongs to the command; its first fact carries it.
                    source=request.source if place == 1 else None,
                    corrects=request.corrects,
                ),
            )
            for place, event in enumerate(events, 1)
        )
        assert facts, request
        replaced = timeline.at(request.corrects)
        before = None if replaced is None else number_of(replaced.event)
        timeline.extend(facts)
        self._facts += facts
        for fact in facts:
            self._count(fact, before)
        return facts

    def _count(self, fact: Fact, before: tuple[str, str | None] | None) -> None:
        """A number is given out, or taken by whoever came with it first; a correction keeps it."""
        numbered = number_of(fact.event)
        if numbered is None or numbered == before:
            return
        number, series = numbered
        if series is not None:
            place = place_in(series, number)
            self._numbered[series] = max(place, self._numbered.get(series, 0))
            return
        last = self._numbers.get(number)
        if last is None or last.stream != fact.stream:
            taking = 0 if last is None else last.taking + 1
            self._numbers[number] = Taken(fact.stream, taking)
            self._new_numbers.append((number, fact, taking))

    def _refuse(self, asked: Asked, refusal: Rejected) -> None:
        request = asked.request
        known = Known(asked.fingerprint, request.stream, (), refusal)
        self._remember(request.key, known)
        row = Refusal(
            entity=self._head.entity,
            key=request.key,
            stream=request.stream,
            command=name(request),
            body=body(request),
            code=refusal.code,
            field=refusal.field,
            context=context_text(refusal.context),
            actor=request.actor,
            reason=request.reason,
            recorded_at=self._now(),
            at_position=self._head.position + len(self._facts),
        )
        self._refusals.append(row)

    def _remember(self, key: str, known: Known) -> None:
        self._keys[key] = known
        self._new_keys.append((key, known))

    def _now(self) -> datetime:
        """The clock, never before the last fact: recorded_at does not decrease along the log."""
        now = self._clock()
        if self._recorded_at is None or now > self._recorded_at:
            self._recorded_at = now
        return self._recorded_at


def leads_on(asked: Asked | Malformed) -> bool:
    """Whether what a command names may lead to more that its decision looks at."""
    return (
        isinstance(asked, Asked)
        and asked.decider is not None
        and asked.decider.leads is not None
        and len(asked.streams) > 1
    )


def needs_evidence(asked: Asked | Malformed) -> bool:
    """Whether it is decided on more than it names; what an outside system says is as it says."""
    if not isinstance(asked, Asked):
        return False
    command, is_ours = asked.request.command, asked.request.source is None
    if command is None:
        return is_ours and asked.request.stream.startswith("invoice:")
    is_close = isinstance(command, SoftClosePeriod | ClosePeriod)
    return isinstance(command, _GATHERED) and (is_close or is_ours)


def ask(request: Request) -> Asked | Malformed:
    """A request ready to be decided, or why it can be neither stored nor given to a decider."""
    try:
        told = fingerprint(check(request))
    except Malformed as problem:
        return problem
    try:
        decider = decider_of(request.stream)
    except Malformed:
        return Asked(request, told, None, ())
    streams: tuple[str, ...] = (request.stream,)
    if isinstance(request.command, decider.commands):
        streams += tuple(decider.needs(request.command))
    return Asked(request, told, decider, streams, _stated(request))


def _stated(request: Request) -> tuple[str, ...]:
    """The number a document would come with."""
    number = stated_number(request.command, request.stream)
    return () if number is None else (number,)


def _with_tax(request: Request) -> Command:
    """The command as it is decided: an invoice with the tax that was asked for."""
    command = request.command
    assert command is not None, request
    if request.taxed is None or not isinstance(command, IssueInvoice | DraftInvoice):
        return command
    return structs.replace(command, lines=request.taxed.lines, taxed_by=request.taxed.by)


def _repeated(asked: Asked, earlier: Known) -> Outcome:
    """The first outcome of a key is the only one."""
    if earlier.fingerprint != asked.fingerprint:
        return reused(asked.request.key, asked.request.stream, "command", earlier)
    return earlier.refusal or _receipt(asked.request, earlier, repeated=True)


def _receipt(request: Request, known: Known, *, repeated: bool) -> Receipt:
    return Receipt(
        entity=request.entity,
        key=request.key,
        stream=known.stream,
        positions=known.positions,
        repeated=repeated,
    )


def _in_place_of(target: Fact, event: Event) -> Event:
    """A correction inherits the order of what it replaces, or two runs of one file would differ."""
    return structs.replace(event, when=structs.replace(event.when, order=target.when.order))
