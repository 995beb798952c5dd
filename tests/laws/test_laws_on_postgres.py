"""The ten laws on PostgreSQL for 20 drawn histories, told as public commands.

Three ledgers are told the same; their posters follow in batches of 1, 7 and 5,000.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest
from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql
from psycopg.conninfo import make_conninfo

from domain.facts import Fact
from projections import runner
from replay.ledger import Ledger
from store import db, embedded
from tests.laws import count
from tests.laws.histories import history
from tests.laws.memory import Arrival, Books, History, logged, play
from tests.laws.postgres import (
    Clock,
    Told,
    answers,
    facts_of,
    in_memory,
    leaves_of,
    memory_leaves,
    settled_once,
    standing,
    tell,
    tell_again,
    tell_facts,
)
from tests.laws.test_laws import LAWS, OF_A_LEDGER
from tests.laws.time_laws import (
    causes_unasked,
    final_run,
    holds,
    same,
    shuffled,
    standing_by_earned,
)

HISTORIES = int(os.environ.get("TIEOUT_LAW_HISTORIES_ON_POSTGRESQL", "14"))
BATCHES = (1, 7, 5_000)


class Kept(Struct):
    """One entity of a history in all ledgers: what was told, what they answered at each run."""

    name: str
    number: int
    arrivals: tuple[Arrival, ...]
    told: dict[int, Told]
    facts: tuple[Fact, ...]
    memory: Books
    seen: dict[int, bytes] = {}

    @property
    def accepted(self) -> list[Arrival]:
        return [one for one in self.arrivals if one.key in self.told[1].positions]


@pytest.fixture(scope="module")
def ledgers(server: embedded.Server, template: str) -> Iterator[dict[int, Ledger]]:
    """Three ledgers, each with another batch."""
    with db.connect(server.dsn) as administrator, ExitStack() as stack:
        administrator.autocommit = True
        found = {}
        for batch in BATCHES:
            name = f"tieout_laws_{administrator.info.backend_pid}_{batch}"
            make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log")
            administrator.execute(make.format(sql.Identifier(name), sql.Identifier(template)))
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            stack.callback(administrator.execute, drop)
            ledger = Ledger.open(make_conninfo(server.dsn, dbname=name), Clock())
            found[batch] = stack.enter_context(ledger)
        yield found


@pytest.fixture(scope="module")
def kept(ledgers: dict[int, Ledger]) -> list[Kept]:
    """The histories, told to every ledger; one of them is asked what it sees at each run."""
    return [
        _kept(ledgers, f"{entity}-{number}", number, arrivals)
        for number in range(HISTORIES)
        for entity, arrivals in history(number, number * 5).logs.items()
    ]


def _kept(
    ledgers: dict[int, Ledger], name: str, number: int, arrivals: tuple[Arrival, ...]
) -> Kept:
    seen: dict[int, bytes] = {}

    def look(name: str, position: int) -> None:
        seen[position] = answers(ledgers[7], name, position)

    with settled_once():
        told = {
            batch: tell(ledger, name, arrivals, batch, *((look,) if batch == 7 else ()))
            for batch, ledger in ledgers.items()
        }
        facts = facts_of(ledgers[1], name)
        memory = in_memory(name, facts, arrivals)
    return Kept(name, number, arrivals, told, facts, memory, seen)


def noted(law: str, comparisons: int) -> None:
    count.COMPARISONS[f"{law} on PostgreSQL"] += comparisons
    assert comparisons > 0


def _place(key: object) -> tuple[object, ...]:
    assert isinstance(key, tuple)
    *where, slot = key
    return (
        *where,
        slot.earned,
        slot.kind,
        slot.subject,
        slot.account,
        slot.obligation,
        slot.document,
    )


def test_ten_times_as_much_is_accepted_as_is_refused(kept: list[Kept]) -> None:
    refused: Counter[str] = Counter()
    for one in kept:
        refused.update(one.told[1].refused)
    accepted = sum(len(one.told[1].positions) for one in kept)

    assert accepted > 10 * sum(refused.values()), refused


def test_a_correction_into_another_currency_is_refused(kept: list[Kept]) -> None:
    tried = [arrival for one in kept for arrival in one.arrivals if arrival.is_refused]
    accepted = [arrival for one in kept for arrival in one.told[1].wrongly_accepted]

    assert accepted == []
    assert len(tried) > len(kept) / 4


@pytest.mark.parametrize("law", OF_A_LEDGER)
def test_the_facts_of_postgres_keep(kept: list[Kept], law: str) -> None:
    noted(law, sum(LAWS[law](History(one.number, {}), {one.name: one.memory}) for one in kept))


def test_postgres_keeps_2_a_late_fact_is_only_late(
    kept: list[Kept], ledgers: dict[int, Ledger]
) -> None:
    """The accepted facts in another order into the log as they are; then all are settled."""
    compared = 0
    for one in kept:
        name, final = f"{one.name}-late", final_run(one.memory)
        late = (*shuffled(tuple(one.accepted), Random(one.number)), final)
        with causes_unasked():
            live = standing_by_earned(play(name, (*one.accepted, final)))
        expected = {_place(key): minor for key, minor in live.items()}
        with causes_unasked(), ledgers[5_000].connection() as connection:
            tell_facts(connection, logged(name, late), late)
            runner.catch_up(connection, name)
            compared += same(standing(connection, name), expected, name)
            compared += holds(expected, "nothing stands", name)

    noted("2-a-late-fact-is-only-late", compared)


def test_postgres_keeps_5_sealed_answers_stay(kept: list[Kept], ledgers: dict[int, Ledger]) -> None:
    """What was answered when a run was the last thing known is answered still, byte for byte."""
    compared = sum(
        same(answers(ledgers[7], one.name, position), then, one.name, position)
        for one in kept
        for position, then in one.seen.items()
    )

    noted("5-sealed-answers-stay", compared)


def test_postgres_keeps_6_replay_is_live_is_rebuild(
    kept: list[Kept], ledgers: dict[int, Ledger]
) -> None:
    """The same facts and the same leaves in all ledgers, in memory, and with all measured anew."""
    compared = 0
    for one in kept:
        expected = memory_leaves(one.memory)
        rebuilt = in_memory(one.name, one.facts, one.arrivals, measure_all=True)
        compared += same(memory_leaves(rebuilt), expected, one.name)
        for ledger in ledgers.values():
            compared += same(facts_of(ledger, one.name), one.facts, one.name)
            found = leaves_of(ledger, one.name)
            compared += same([leaf.hex() for leaf in found], [leaf.hex() for leaf in expected])

    noted("6-replay-is-live-is-rebuild", compared)


def test_postgres_keeps_4_once(kept: list[Kept], ledgers: dict[int, Ledger]) -> None:
    """All that was accepted comes twice again, under its key and its own source's id.

    Only usage sent under another batch's name leaves a fact: it says that every row is known.
    """
    compared, ledger = 0, ledgers[1]
    for one in kept:
        final = final_run(one.memory)
        tell(ledger, one.name, [final], 5_000)
        before = leaves_of(ledger, one.name)
        compared += tell_again(ledger, one.name, one.accepted, one.told[1])
        tell(ledger, one.name, [replace(final, key="final-again")], 5_000)
        compared += same(leaves_of(ledger, one.name), before, one.name)

    noted("4-once", compared)
