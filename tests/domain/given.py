"""Given these events of a stream, when this command comes, then these events, or a refusal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec import structs

from domain.books import CloseEvidence
from domain.deciders import decider_of
from domain.errors import Malformed, Rejected
from domain.facts import Context, Event, Fact, When, fold

RECORDED = datetime(2024, 6, 1, 12, tzinfo=UTC)
Others = Mapping[str, Sequence[Event]]


def on(month: int, day: int, *, year: int = 2024, order: int | None = None) -> When:
    return When(effective=date(year, month, day), order=order)


def facts(stream: str, events: Sequence[Event]) -> tuple[Fact, ...]:
    """As a log would hold them: numbered from 1, each in the order it came unless it says so."""
    return tuple(
        fact(position, stream=stream, event=event) for position, event in enumerate(events, start=1)
    )


def fact(position: int, *, stream: str, event: Event, corrects: int | None = None) -> Fact:
    if event.when.order is None:
        event = structs.replace(event, when=structs.replace(event.when, order=position))
    return Fact(
        entity="acme",
        position=position,
        stream=stream,
        version=position,
        event=event,
        recorded_at=RECORDED,
        command_id=f"key-{position}",
        actor="ana",
        corrects=corrects,
    )


def state(stream: str, *given: Event) -> Any:
    return fold(decider_of(stream), facts(stream, given))


def decide(
    stream: str,
    command: Any,
    *given: Event,
    others: Others | None = None,
    actor: str = "ana",
    outside: bool = False,
    evidence: CloseEvidence | None = None,
    replaces: Event | None = None,
) -> tuple[Event, ...]:
    """What the decider answers; of the other streams it sees those it says it needs."""
    decider = decider_of(stream)
    context = Context(
        stream=stream,
        actor=actor,
        outside=outside,
        evidence=evidence,
        replaces=replaces,
        others={
            need: state(need, *(others or {}).get(need, ())) for need in decider.needs(command)
        },
    )
    return decider.decide(command, state(stream, *given), context)


def refusal(stream: str, command: Any, *given: Event, **how: Any) -> tuple[str, dict[str, object]]:
    """The code of the refusal and what it tells."""
    with pytest.raises((Rejected, Malformed)) as caught:
        decide(stream, command, *given, **how)
    assert isinstance(caught.value, Rejected | Malformed)
    return caught.value.code, caught.value.context


def code(stream: str, command: Any, *given: Event, **how: Any) -> str:
    return refusal(stream, command, *given, **how)[0]
