"""What a posting run could not settle, stated as facts: which unit waits, why, and since which run.

Streams are `parked:UNIT`. Whether a unit waits is decided by every run anew; these facts say so for
whoever asks later, and move no amount.
"""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct, structs

from domain.facts import Context, Decider, Event, Fact, Retracted, When


class UnitParked(Event, frozen=True, kw_only=True, tag="unit-parked"):
    """The run at position `run` could not settle the unit: `code` is the refusal, or unexpected."""

    unit: str
    run: int
    code: str
    detail: str


class UnitReleased(Event, frozen=True, kw_only=True, tag="unit-released"):
    """The run at position `run` settled the unit after all; it had waited since the run `since`."""

    unit: str
    run: int
    since: int


class ParkUnit(Struct, frozen=True, kw_only=True, tag="park-unit", forbid_unknown_fields=True):
    """State that a unit waits; the runner does, once the run is whole."""

    when: When
    unit: str
    run: int
    code: str
    detail: str


class ReleaseUnit(
    Struct, frozen=True, kw_only=True, tag="release-unit", forbid_unknown_fields=True
):
    """State that a unit no longer waits; the runner does, once the run is whole."""

    when: When
    unit: str
    run: int
    since: int


ParkingCommand = ParkUnit | ReleaseUnit


def evolve_parking(state: None, fact: Fact) -> None:
    """What stands is what the last run found: nothing is folded from here."""
    del state
    assert isinstance(fact.event, UnitParked | UnitReleased), fact


def decide_parking(command: ParkingCommand, state: None, context: Context) -> tuple[Event, ...]:
    """Never refused: it says what a run found."""
    del state, context
    match command:
        case ParkUnit():
            return (UnitParked(**structs.asdict(command)),)
        case ReleaseUnit():
            return (UnitReleased(**structs.asdict(command)),)
        case _:
            assert_never(command)


DECIDER: Decider[None, ParkingCommand] = Decider(
    category="parked",
    initial=None,
    evolve=evolve_parking,
    decide=decide_parking,
    commands=(ParkUnit, ReleaseUnit),
    events=(UnitParked, UnitReleased, Retracted),
)
