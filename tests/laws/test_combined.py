"""The laws over drawn contracts of which some joined others, before or after all else is known.

Each history is drawn from its number alone. TIEOUT_LAW_COMBINED says how many: 40 by default.
"""

import itertools
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from random import Random
from typing import cast

import pytest

from domain.accounting.curves import total
from domain.accounting.measure import measure
from domain.accounting.schedule import Flow
from domain.contract_facts import ContractJoined, ContractOpened
from domain.facts import Fact, When, known
from domain.journal import Slot
from tests.laws import count
from tests.laws.contract_laws import _units
from tests.laws.contracts import ENTITY, FIRST, contracts, retracted
from tests.laws.memory import Arrival, History, Settlement, and_then, play
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import (
    Ledger,
    final_run,
    holds,
    played,
    same_keys,
    standing_by_earned,
)

HISTORIES = int(os.environ.get("TIEOUT_LAW_COMBINED", "40"))
BLOCK = 20
BLOCKS = range(0, HISTORIES, BLOCK)
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
        facts.append(_gone(random.choice(joins)))
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


def _gone(join: Arrival) -> Arrival:
    key = f"gone-{join.key}"
    return Arrival(key=key, stream=join.stream, event=retracted(join), corrects=join.key)


def undone(history: History, ledger: Ledger) -> int:
    """Once all is retracted, every balance by earned period is as if nothing had joined."""
    log = history.logs[ENTITY]
    joins = [one for one in log if isinstance(one.event, ContractJoined)]
    gone = {one.corrects for one in log}
    back, final = ledger[ENTITY], final_run(ledger[ENTITY])
    for join in joins:
        if join.key not in gone:
            back = and_then(back, _gone(join))
    back = and_then(back, final)
    keys = {join.key for join in joins}
    never = play(ENTITY, [*(o for o in log if not {o.key, o.corrects} & keys), final])
    return same_keys(standing_by_earned(back), standing_by_earned(never), ENTITY)


def one_unit(history: History, ledger: Ledger) -> int:
    """What joined comes to nothing in its own unit; the one has what documents and prices of all
    come to: receivables are the same as apart.
    """
    log, final = history.logs[ENTITY], final_run(ledger[ENTITY])
    together = standing_by_earned(and_then(ledger[ENTITY], final))
    apart = standing_by_earned(
        play(
            ENTITY,
            [
                *(
                    o
                    for o in log
                    if not isinstance(o.event, ContractJoined) and not o.key.startswith("gone-")
                ),
                final,
            ],
        )
    )
    gone = {one.corrects for one in log}
    joined = {
        join.stream
        for join in log
        if isinstance(join.event, ContractJoined) and join.key not in gone
    }
    count = same_keys(_receivables(together), _receivables(apart), ENTITY)
    return count + holds(not joined & set(_stands(together)), "stands where it joined", joined)


def _receivables(standing: dict[object, int]) -> dict[object, int]:
    """By line and day, whichever unit they stand in."""
    found: dict[object, int] = {}
    for key, minor in standing.items():
        _, book, currency, slot = cast("tuple[str, str, object, Slot]", key)
        if slot.account == "accounts-receivable":
            at = book, currency, slot.earned, slot.subject
            found[at] = found.get(at, 0) + minor
    return found


def _stands(standing: dict[object, int]) -> Iterator[str]:
    for key in standing:
        yield cast("tuple[str, str, object, Slot]", key)[0]


def joins_are_named(_history: History, ledger: Ledger) -> int:
    """Law 8 of what joins contracts: an amount that names it differs without it, or its steps do;
    one that does not name it is the same.
    """
    count = 0
    for settlement, unit, facts in _units(ledger[ENTITY]):
        joins = [fact for fact in known(facts) if isinstance(fact.event, ContractJoined)]
        whole = _shown(settlement, unit, facts)
        for join in joins:
            gone = [fact for fact in facts if join.position not in {fact.position, fact.corrects}]
            without = {shown for shown, _ in _shown(settlement, unit, gone)}
            for shown, flow in whole:
                named = join.position in flow.causes
                count += holds(named != (shown in without), unit, join.position, named, flow)
    return count


def _shown(settlement: Settlement, unit: str, facts: Sequence[Fact]) -> list[tuple[object, Flow]]:
    """Amounts with what explain shows of them."""
    run = settlement.run
    schedule = measure(unit, facts, (), run.master, run.book, run.through)
    return [
        (
            (
                flow.kind,
                flow.subject,
                flow.legs,
                flow.curve,
                flow.obligation,
                flow.rule,
                flow.steps,
            ),
            flow,
        )
        for flow in schedule.flows
        if total(flow.curve)
    ]


NOT_THESE = {"7-conservation", "slow-reference", "8-no-orphan"}
EVERY = {
    **{law: LAWS[law] for law in LAWS if law not in NOT_THESE},
    "undone-is-never": undone,
    "one-unit": one_unit,
    "8-joins-are-named": joins_are_named,
}


@lru_cache(maxsize=2 * BLOCK)
def drawn(number: int) -> tuple[History, Ledger]:
    found = combined(number)
    return found, played(found)


@pytest.mark.parametrize("law", EVERY)
@pytest.mark.parametrize("first", BLOCKS)
def test_every_combination_keeps(first: int, law: str) -> None:
    compared = 0
    for number in range(first, min(first + BLOCK, HISTORIES)):
        told, ledger = drawn(number)
        compared += count.compared(f"{law}, of combinations", EVERY[law](told, ledger))

    assert compared > 0
