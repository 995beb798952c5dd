"""The fewest facts an amount rests on, found by measuring without each of them (law 8).

What is sold and in which term says by itself which facts it rests on. Where service stops and goes
on, anchors move and changes wait for the end of a period, one fact decides what another means, and
reasoning about it would be longer than trying.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from msgspec import structs

from domain.accounting.schedule import Flow
from domain.facts import Fact, causes_of

Build = Callable[[Sequence[Fact]], Sequence[Flow]]
# What flows that are worth something only together, as those of a pool, rest on together.
Together = Callable[[Sequence[Flow]], tuple[int, ...]]


def union(flows: Sequence[Flow]) -> tuple[int, ...]:
    """Where no fact decides what another means, what each flow rests on is all that they do."""
    return causes_of(*(flow.causes for flow in flows))


class Rested(NamedTuple):
    """Flows, each with the fewest facts from which it is measured with the same steps; and how to
    find what several of them rest on together.
    """

    flows: tuple[Flow, ...]
    together: Together = union


def fewest(flows: Sequence[Flow], facts: Sequence[Fact], build: Build) -> Rested:
    """The flows, each with the fewest facts from which it is measured with the same steps."""
    trial = _Trial(flows, facts, build)
    rested = tuple(structs.replace(flow, causes=trial.needed(flow)) for flow in flows)
    return Rested(rested, trial.together)


def rest_together(
    some: Sequence[Flow], flows: Sequence[Flow], facts: Sequence[Fact], build: Build
) -> tuple[int, ...]:
    """What some of the flows, and others beside them, rest on together; tried only where they do
    not rest on all the facts anyway.
    """
    every = union(some)
    if {fact.position for fact in facts}.issubset(every):
        return every
    return _Trial(flows, facts, build).together(some)


class _Trial:
    """What is measured from some of the facts; each choice of them once."""

    def __init__(self, flows: Sequence[Flow], facts: Sequence[Fact], build: Build) -> None:
        self.facts, self.build = facts, build
        self.every = frozenset(fact.position for fact in facts)
        self.seen = {self.every: _Shown(flows)}
        # What was agreed or learned last is tried first: agreed late, it changes how all is
        # measured.
        order = sorted(facts, key=lambda fact: (fact.when.measured, fact.position), reverse=True)
        self.turn = [fact.position for fact in order]

    def needed(self, flow: Flow) -> tuple[int, ...]:
        keys, found = (_amount(flow),), frozenset(flow.causes)
        # What is none of these facts, as a document, is not tried.
        if found >= self.every or not self.same(found, keys):
            found = (found - self.every) | (self.posted if flow.legs else self.told)
        if not self.same(found, keys):
            found |= self.every
        return tuple(sorted(self.without_others(found, keys)))

    def together(self, flows: Sequence[Flow]) -> tuple[int, ...]:
        """What some flows rest on together, among them flows that are not measured here: those of
        one rest on the fewest facts, but a fact of another may decide what these mean.
        """
        known = self.seen[self.every].flows
        mine = [flow for flow in flows if _amount(flow) in known]
        every = union(flows)
        keys, found = [_amount(flow) for flow in mine], self.every.intersection(every)
        if self.same(found, keys):
            return every
        others = frozenset(union([flow for flow in flows if _amount(flow) not in known]))
        found = self.without_others(self.every, keys, kept=others)
        return tuple(sorted(found | (frozenset(every) - self.every)))

    @cached_property
    def posted(self) -> frozenset[int]:
        """Where nothing says which facts flows rest on, those that all of them do: where either of
        two facts would do for one flow, it is the one that others need.
        """
        shown = self.seen[self.every].flows.items()
        return self.without_others(self.every, [key for key, (one, *_) in shown if one.legs])

    @cached_property
    def told(self) -> frozenset[int]:
        """The same of what is posted nowhere, which may say more."""
        shown = self.seen[self.every].flows.items()
        return self.without_others(self.every, [key for key, (one, *_) in shown if not one.legs])

    def without_others(
        self, found: frozenset[int], keys: Sequence[object], kept: frozenset[int] = frozenset()
    ) -> frozenset[int]:
        while True:
            before = found
            for position in self.turn:
                if position in found - kept and self.same(found - {position}, keys):
                    found -= {position}
            if found == before:
                return found

    def same(self, positions: frozenset[int], keys: Sequence[object]) -> bool:
        """Whether some facts measure all that is named as all facts do."""
        wanted, found = self.seen[self.every], self.of(positions)
        return all(found.of(key) == wanted.of(key) for key in keys)

    def of(self, positions: frozenset[int]) -> _Shown:
        if positions not in self.seen:
            some = [fact for fact in self.facts if fact.position in positions]
            self.seen[positions] = _Shown(self.build(some))
        return self.seen[positions]


class _Shown:
    """Flows by what they measure. Their steps are written for what is asked about: most of what
    some facts imply is asked of other facts.
    """

    def __init__(self, flows: Sequence[Flow]) -> None:
        self.flows: dict[object, list[Flow]] = {}
        for flow in flows:
            self.flows.setdefault(_amount(flow), []).append(flow)
        self.told: dict[object, Counter[object]] = {}

    def of(self, amount: object) -> Counter[object]:
        """The rules and steps of an amount; none where it is not measured."""
        if amount not in self.told:
            same = self.flows.get(amount, ())
            self.told[amount] = Counter((flow.rule, flow.steps) for flow in same)
        return self.told[amount]


def _amount(flow: Flow) -> object:
    """What is measured and where it stands; not how, and not why."""
    return flow.obligation, flow.legs, flow.curve
