"""What chargebacks did to a payment, one after another: taken, come back, gone for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.chargeback_facts import (
    ChargebackEvent,
    ChargebackLost,
    ChargebackOpened,
    ChargebackWon,
)
from domain.facts import Fact, causes_of

# Money is with us before a chargeback and once it is won.
WITH_US = frozenset({"none", "won"})


class Turn(NamedTuple):
    """One change of how a chargeback stands: none, open, won, lost. `at` is the fact of its day."""

    at: Fact
    chargeback: str
    minor: int
    before: str
    after: str
    causes: tuple[int, ...]
    told: tuple[str, ...]
    fee_minor: int

    @property
    def change_minor(self) -> int:
        """What it changes of the money that is with us."""
        return self.minor * ((self.after in WITH_US) - (self.before in WITH_US))


def turns(facts: Iterable[Fact]) -> Iterator[Turn]:
    """Of one payment's facts in effective order."""
    own: dict[str, list[Fact]] = {}
    for fact in facts:
        if isinstance(fact.event, ChargebackEvent):
            own.setdefault(fact.event.chargeback, []).append(fact)
    for name, said in own.items():
        first = next((fact for fact in said if isinstance(fact.event, ChargebackOpened)), None)
        if first is not None:
            yield from _of_one(name, first, said)


def _of_one(name: str, first: Fact, said: list[Fact]) -> Iterator[Turn]:
    """An outcome dated before the opening takes effect with it; the first opening counts."""
    assert isinstance(first.event, ChargebackOpened), first
    outcomes = [fact for fact in said if not isinstance(fact.event, ChargebackOpened)]
    place, before = said.index(first), "none"
    causes: tuple[int, ...] = ()
    told: tuple[str, ...] = ()
    for fact in (first, *outcomes):
        event, after = fact.event, _outcome(fact)
        if after == before:
            continue
        at = first if said.index(fact) < place else fact
        causes = causes_of(causes, (fact.position,))
        told = (*told, f"{after} on {fact.when.effective}")
        fee = event.fee_minor if isinstance(event, ChargebackOpened) else 0
        fee -= event.fee_returned_minor if isinstance(event, ChargebackWon) else 0
        yield Turn(at, name, first.event.amount_minor, before, after, causes, told, fee)
        before = after


def _outcome(fact: Fact) -> str:
    if isinstance(fact.event, ChargebackWon):
        return "won"
    return "lost" if isinstance(fact.event, ChargebackLost) else "open"
