"""Histories of stated contracts of which some joined others, before or after all else is known."""

from __future__ import annotations

import itertools
from random import Random

from domain.contract_facts import ContractJoined, ContractOpened
from domain.facts import When
from tests.laws.contracts import ENTITY, FIRST, contracts, retracted
from tests.laws.memory import Arrival, History

# Late orders come by their own sequence, after all that is drawn.
ORDER = 10**5


def combined(number: int) -> History:
    """Contracts of which the second joined the first, and the third perhaps either of them."""
    random = Random(number)
    tries = (contracts(seed, random.randint(0, 100), least=2) for seed in itertools.count(number))
    told = next(one for one in tries if _fits(one))
    body = [*told.logs[ENTITY]]
    streams = sorted({one.stream for one in body if one.stream.startswith("contract:")})
    into = {streams[1]: "k0"}
    if len(streams) > 2:
        into[streams[2]] = random.choice(("k0", "k1"))
    joins = [_join(stream, first, at) for at, (stream, first) in enumerate(into.items())]
    facts: list[Arrival] = [*joins]
    if random.random() < 0.3:
        facts.append(gone(random.choice(joins)))
    first = next(at for at, one in enumerate(body) if one.stream in streams)
    for fact in facts:
        after = [at for at, one in enumerate(body) if one.key == fact.corrects]
        body.insert(random.randint(after[0] + 1 if after else first, len(body)), fact)
    return History(told.seed, {ENTITY: tuple(body)})


def _fits(history: History) -> bool:
    """What is left of a price is not told for two, and all must be contracts: what does not keep to
    that waits, once it is one.
    """
    said = (one.event for one in history.logs[ENTITY])
    opened = [event for event in said if isinstance(event, ContractOpened)]
    rows = [row for event in opened for row in event.obligations]
    if not all(event.criteria_met for event in opened):
        return False
    return not any(row.ssp_range_minor for row in rows)


def _join(stream: str, first: str, at: int) -> Arrival:
    when = When(effective=FIRST, order=ORDER + at)
    event = ContractJoined(when=when, contract=first, because="one-objective")
    return Arrival(key=f"joined{at}", stream=stream, event=event)


def gone(join: Arrival) -> Arrival:
    key = f"gone-{join.key}"
    return Arrival(key=key, stream=join.stream, event=retracted(join), corrects=join.key)
