"""The laws on PostgreSQL for 20 drawn histories, with the poster in batches of 1, 7 and 5,000."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from replay.ledger import Ledger
from store import db, embedded
from tests.laws import count
from tests.laws.histories import history
from tests.laws.memory import History
from tests.laws.postgres import Clock, facts_of, in_memory, leaves_of, memory_leaves, tell
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import same

HISTORIES = 20
BATCHES = (1, 7, 5_000)
# Law 4 is told to PostgreSQL itself, 6 by its leaves; the others that need only a ledger:
OF_A_LEDGER = (
    "1-balance",
    "3-earned-then-booked-now",
    "7-conservation",
    "8-no-orphan",
    "9-nothing-silent",
    "10-a-longer-look-changes-nothing-earlier",
    "slow-reference",
)


@pytest.fixture(scope="module")
def ledgers(server: embedded.Server, template: str) -> Iterator[dict[int, Ledger]]:
    """Three ledgers that are told the same, each with another batch."""
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


def test_20_histories_keep_the_laws_on_postgres(ledgers: dict[int, Ledger]) -> None:
    refused: Counter[str] = Counter()
    accepted = compared = 0
    for number in range(HISTORIES):
        drawn = history(number, number * 5)
        memory = {}
        for entity, arrivals in drawn.logs.items():
            name = f"{entity}-{number}"
            told = {batch: tell(ledgers[batch], name, arrivals, batch) for batch in BATCHES}
            facts = {batch: facts_of(ledgers[batch], name) for batch in BATCHES}
            memory[name] = in_memory(name, facts[1], arrivals)
            expected = memory_leaves(memory[name])
            rebuilt = in_memory(name, facts[1], arrivals, measure_all=True)
            compared += same(memory_leaves(rebuilt), expected, name)
            for batch in BATCHES:
                compared += same(facts[batch], facts[1], name, batch)
                found = leaves_of(ledgers[batch], name)
                compared += same([leaf.hex() for leaf in found], [e.hex() for e in expected])
            compared += _twice(ledgers[7], name, arrivals)
            accepted += told[1].accepted
            refused.update(told[1].refused)
        for law in OF_A_LEDGER:
            compared += LAWS[law](History(number, {}), memory)
    count.COMPARISONS["on PostgreSQL"] = compared

    assert compared > 0
    assert accepted > 10 * sum(refused.values()), refused


def _twice(ledger: Ledger, name: str, arrivals: tuple[object, ...]) -> int:
    """Law 4: everything told once more, key by key, changes neither log nor journal."""
    before = facts_of(ledger, name), leaves_of(ledger, name)
    tell(ledger, name, arrivals, 7)
    return same((facts_of(ledger, name), leaves_of(ledger, name)), before, name)
