"""What an amount of a change rests on: how promises stand at its cut, and what they say of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from domain.accounting.contract.promise import Cut, Deal, Promise, marks_before, remains
from domain.accounting.contract.transfer import Mark, transferred
from domain.accounting.curves import last_day, total
from domain.accounting.schedule import Flow
from domain.contract_facts import Obligation
from domain.explain import Once, Step, Telling
from domain.facts import with_causes


class Seen(Struct):
    """A promise as a change finds it: the marks before it, and whether anything remains after."""

    promise: Promise
    passed: Sequence[Mark]
    goes_on: bool

    @property
    def is_begun(self) -> bool:
        return self.promise.is_even or any(mark.is_begun for mark in self.passed)


class Ground(Struct, frozen=True):
    """What an amount rests on: facts in groups, and what they say of it in steps."""

    causes: tuple[tuple[int, ...], ...]
    told: tuple[Telling, ...]


NOTHING = Ground((), ())


def seen_at(promise: Promise, cut: Cut, deal: Deal) -> Seen:
    passed = marks_before(promise.own, cut, deal)
    goes_on = not promise.is_ended and remains(promise.own, passed, cut)
    return Seen(promise, passed, goes_on)


def reopened(one: Seen, anew: Obligation | None, cut: Cut, deal: Deal) -> Seen:
    """What was wholly transferred goes on where a change states more of it: units, months, costs.
    What it sold before is done; only what is more remains.
    """
    if one.goes_on or anew is None or one.promise.is_ended or one.promise.is_invoiced:
        return one
    found = () if anew.pattern == "ratable" else deal.marks(anew)
    by_then = [mark for mark in found if mark.place <= cut.place]
    return Seen(one.promise, one.passed, remains(anew, by_then, cut))


def ground_of(seen: Sequence[Seen]) -> Ground:
    """What promises are at a change rests on: what changed them, and how far they are transferred,
    each told once.
    """
    marks = [(one.promise.name, one.passed) for one in seen]
    passed = with_causes((), [mark.cause for one in seen for mark in one.passed])
    told = Once(tuple([one.promise.changed for one in seen]))
    causes = (*[one.promise.causes for one in seen], passed)
    return Ground(causes, (told, partial(transferred, marks)))


def as_done(name: str, flows: Sequence[Flow], deal: Deal) -> Step:
    parts = (f"{deal.text(total(flow.curve))} by {last_day(flow.curve)}" for flow in flows)
    return Step(what=f"{name} transferred", value=", ".join(parts))


def as_left(name: str, minor: int, price_minor: int, deal: Deal) -> Step:
    return Step(what=name, value=f"{deal.text(minor)} of {deal.text(price_minor)} not earned")
