"""One step of an explanation: what was done and what came of it, from the amount's own call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct


class Step(Struct, frozen=True, kw_only=True):
    """`what` names an input or an operation in the reader's words, `value` is its exact text."""

    what: str
    value: str


class Telling(Protocol):
    """Writes the steps of one amount when somebody asks, from the very values it came from.

    Nearly all amounts are posted and never explained: writing their steps took longer than
    measuring them.
    """

    def __call__(self) -> Iterable[Step]: ...


# The steps of an amount: written already where they are few, else what writes them.
Told = tuple[Step, ...] | Telling


def steps_of(told: Told | None) -> tuple[Step, ...]:
    """The steps, written out; none where nothing was told."""
    if told is None or isinstance(told, tuple):
        return told or ()
    return tuple(told())


class Once(Struct, frozen=True, eq=False):
    """All that its parts tell, each part once by whatever way it comes.

    A part may be one of these, too: what is told change by change grows by one part for a change,
    and is not copied.
    """

    parts: tuple[Telling, ...] = ()

    def __call__(self) -> tuple[Step, ...]:
        return tuple(step for part in self.each() for step in steps_of(part))

    def each(self) -> Iterator[Telling]:
        """In order, without those that are made of parts."""
        seen, left = set[Telling](), [*reversed(self.parts)]
        while left:
            part = left.pop()
            if part in seen:
                continue
            seen.add(part)
            if isinstance(part, Once):
                left += reversed(part.parts)
            else:
                yield part


def both(first: Told, then: Told) -> Told:
    """What was told, and what is told beside: written when somebody asks."""
    if not (first and then):
        return first or then
    return every((first, then))


def every(parts: tuple[Told, ...]) -> Telling:
    """All that is told, one after another."""
    return lambda: tuple(step for part in parts for step in steps_of(part))
