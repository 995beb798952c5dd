"""What work has cost so far of what it is expected to in all, and what of that shows no progress.

Progress by cost is never more than complete: costs above what is expected say that the estimate is
overdue, which a person has to see (rule 31).
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from domain.contract_facts import (
    ContractModified,
    ExpectationRevised,
    Obligation,
    ProgressMeasured,
)
from domain.facts import Event
from domain.money import rounded_share

WHOLE = Fraction(1)


class AtCost(Struct, frozen=True):
    """Materials that are earned at their cost (ASC 606-10-55-21(b), IFRS 15.B19(b)): what those
    that the customer controls cost, and what all of them do.
    """

    done: int
    every: int

    def with_share(self, minor: int, part: int, whole: int) -> int:
        """Their cost, up to the price, and a share of what is left of the price."""
        apart = min(self.every, max(minor, 0))
        return min(self.done, apart) + rounded_share(minor - apart, part, whole)


class Costs(Struct):
    """What a promise has cost so far and is expected to, or what was measured of it in percent."""

    expected: int
    materials: int
    incurred: int = 0
    excluded: int = 0
    controlled: int = 0
    stated: Fraction = Fraction(0)

    def take(self, own: Obligation, event: Event) -> bool:
        """Whether the fact says something of the costs of the promise that it is about."""
        match event:
            case ProgressMeasured():
                self._measure(event)
            case ExpectationRevised(expected_cost_minor=None, materials_minor=None):
                return False
            case ExpectationRevised(expected_cost_minor=expected, materials_minor=materials):
                self.expected = self.expected if expected is None else expected
                self.materials = self.materials if materials is None else materials
            case ContractModified():
                self.expected += _added_costs(own, event)
            case _:
                return False
        return True

    def _measure(self, event: ProgressMeasured) -> None:
        """Measured last counts: a percentage takes the place of the costs before it."""
        if event.materials_minor is not None:
            self.controlled = event.materials_minor
        if event.percent is not None:
            self.incurred, self.stated = 0, Fraction(event.percent) / 100
            return
        self.incurred, self.excluded = event.incurred_minor or 0, event.excluded_minor
        if event.expected_minor is not None:
            self.expected = event.expected_minor

    @property
    def share(self) -> Fraction:
        """Of what is neither left out nor earned at cost."""
        left_out = self.excluded + max(self.materials, self.controlled)
        if self.incurred and self.expected > left_out:
            done = self.incurred - self.excluded - self.controlled
            return Fraction(done, self.expected - left_out)
        return self.stated

    @property
    def is_overdue(self) -> bool:
        """Whether what it has cost, and materials that are still to come, are more than expected
        in all; what is said to be complete by a percentage needs no estimate.
        """
        to_come = max(self.materials - self.controlled, 0)
        return bool(self.incurred) and self.incurred + to_come > self.expected

    @property
    def at_cost(self) -> AtCost | None:
        """None where nothing is earned at cost. What is complete is, with its materials."""
        every = max(self.materials, self.controlled)
        if not every:
            return None
        is_complete = not self.incurred and self.stated >= WHOLE
        return AtCost(every if is_complete else self.controlled, every)


def costs_of(own: Obligation) -> Costs:
    """As a promise is first stated."""
    return Costs(expected=own.expected_cost_minor or 0, materials=own.materials_minor)


def _added_costs(own: Obligation, event: ContractModified) -> int:
    return sum(row.added_cost_minor for row in event.restated if row.obligation == own.obligation)
