"""Histories of stated contracts of which some joined others, before or after all else is known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from random import Random

from msgspec import structs

from domain.contract_facts import ContractJoined, ContractOpened
from domain.facts import When
from domain.invoice_facts import InvoiceIssued
from domain.policy import PolicyAdopted
from domain.rates import Rate, RatesPublished
from tests.laws.contracts import ENTITY, FIRST, PERIODS, contracts, retracted
from tests.laws.memory import Arrival, History

# Late orders come by their own sequence, after all that is drawn.
ORDER = 10**5
RATE_AGE = 95


def combined(number: int) -> History:
    """Contracts of which the second joined the first, and the third either of them; every fourth
    history is in another currency than the books.
    """
    random = Random(number)
    tries = (contracts(seed, random.randint(0, 100), least=2) for seed in itertools.count(number))
    told = next(one for one in tries if _fits(one))
    body = [*told.logs[ENTITY]]
    if number % 4 == 3:
        body = [*map(_in_yen, body)]
    streams = sorted({one.stream for one in body if one.stream.startswith("contract:")})
    into = {streams[1]: "k0"}
    if len(streams) > 2:
        into[streams[2]] = random.choice(("k0", "k1"))
    joins = [_join(stream, first, at) for at, (stream, first) in enumerate(into.items())]
    facts: list[Arrival] = [*joins]
    if random.random() < 0.3:
        facts.append(gone(random.choice(joins)))
    first = next(at for at, one in enumerate(body) if one.stream in streams)
    if number % 4 == 3:
        body[first:first] = _rates(random)
    for fact in facts:
        after = [at for at, one in enumerate(body) if one.key == fact.corrects]
        body.insert(random.randint(after[0] + 1 if after else first, len(body)), fact)
    return History(told.seed, {ENTITY: tuple(body)})


def _in_yen(arrival: Arrival) -> Arrival:
    """The same in yen, where the books are in dollars and a rate lasts until the next."""
    event = arrival.event
    if isinstance(event, PolicyAdopted):
        options = structs.replace(event.options, rate_age_days=RATE_AGE)
        return structs.replace(arrival, event=structs.replace(event, options=options))
    if not isinstance(event, ContractOpened | InvoiceIssued):
        return arrival
    return structs.replace(arrival, event=structs.replace(event, currency="JPY"))


def _rates(random: Random) -> Iterator[Arrival]:
    """Of each third month, as long as anything is measured."""
    for at, period in enumerate(PERIODS[::3]):
        rate = Rate(currency="JPY", into="USD", rate=Decimal("0.0001") * random.randint(62, 99))
        when = When(effective=period.first, order=2 * ORDER + at)
        yield Arrival(
            key=f"rate{at}", stream="rates:self", event=RatesPublished(when=when, rates=(rate,))
        )


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
