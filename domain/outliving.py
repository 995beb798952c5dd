"""Positions of other books that go on to be served after their contract or subscription ended.

What was agreed here and what other books left are ended by a fact each. Where only one was said
nothing waits for the other, so it is listed for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec import Struct

from domain.carried import (
    CarriedPosition,
    OpeningPositionChanged,
    OpeningPositionEnded,
    is_said_of,
)
from domain.contract_facts import ContractTerminated
from domain.facts import Fact, of_kinds
from domain.opening import OpeningProposed, OpeningSigned
from domain.subscription import SubscriptionCancelled


class Outliving(Struct, frozen=True, kw_only=True):
    """A position served until a day after `ended`; `since` is the position of the fact that ended
    its contract.
    """

    unit: str
    obligation: str
    ended: date
    served_to: date
    since: int


def carried(facts: Sequence[Fact]) -> dict[str, list[tuple[CarriedPosition, date]]]:
    """By unit, positions of signed openings that nobody ended, and until when each is served."""
    signed = {fact.stream for fact in of_kinds(facts, OpeningSigned)}
    said = sorted(
        of_kinds(facts, OpeningPositionChanged, OpeningPositionEnded),
        key=lambda fact: (fact.when.measured, fact.when.order or 0),
    )
    found: dict[str, list[tuple[CarriedPosition, date]]] = {}
    for fact in facts:
        if isinstance(fact.event, OpeningProposed) and fact.stream in signed:
            for row in fact.event.positions:
                mine = [one.event for one in said if is_said_of(one, row, fact.stream)]
                ends = row.service_to
                for event in mine:
                    if isinstance(event, OpeningPositionChanged):
                        ends = event.service_to or ends
                if ends and not any(isinstance(one, OpeningPositionEnded) for one in mine):
                    found.setdefault(row.unit, []).append((row, ends))
    return found


def outliving(
    positions: Sequence[tuple[CarriedPosition, date]], facts: Sequence[Fact]
) -> Iterator[Outliving]:
    """Of one contract or subscription, by the facts about it that are known."""
    ended = [fact for fact in facts if _ends(fact)]
    if not ended:
        return
    first = min(ended, key=lambda fact: (fact.when.effective, fact.position))
    for row, ends in positions:
        if ends > first.when.effective:
            yield Outliving(
                unit=row.unit,
                obligation=row.obligation,
                ended=first.when.effective,
                served_to=ends,
                since=first.position,
            )


def _ends(fact: Fact) -> bool:
    """What is served to the end of what was billed is served so by other books' bills, too."""
    event = fact.event
    if isinstance(event, SubscriptionCancelled):
        return event.timing == "effective"
    return isinstance(event, ContractTerminated)
