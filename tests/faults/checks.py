"""What must hold after every fault: nothing lost, nothing twice, nothing bent.

Acknowledged commands are in the log once, positions have no hole, usage is exact, the journal is
what the log says when it is settled in memory, and the ten laws hold. Whatever differs stops the
run with the words of the difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from domain.usage import UsageBatchAccepted
from replay.ledger import Ledger
from replay.rebuild import rebuild_views
from replay.verify import LAWS as LIVE_LAWS
from replay.verify import verify
from store.db import Connection
from store.usage_days import usage_days, usage_days_from_rows
from tests.faults.acts import Answer, Places
from tests.faults.plan import Story
from tests.laws.memory import Books, History, usage_of
from tests.laws.postgres import facts_of, follow, in_memory, leaves_of, memory_leaves
from tests.laws.test_laws import LAWS, OF_A_LEDGER
from tests.laws.time_laws import Broken, same

Answers = dict[tuple[str, str], Answer]
Compared = Counter[str]


def merged(answers: Answers, heard: Iterable[Answer]) -> int:
    """Each answer beside the first its key ever got; they must be the same."""
    count = 0
    for answer in heard:
        if not answer.kept:
            continue
        first = answers.setdefault((answer.entity, answer.key), answer)
        count += same(answer, first, "another answer for the same key")
    return count


def places_of(answers: Answers) -> Places:
    return {key: answer.positions[-1] for key, answer in answers.items() if answer.positions}


def check(ledger: Ledger, story: Story, answers: Answers, *, deep: bool) -> Compared:
    """Catch up, then everything; `deep` also makes the views again."""
    compared: Compared = Counter()
    memories: dict[str, Books] = {}
    for entity in story.entities:
        follow(ledger, entity, 5_000)
        facts = facts_of(ledger, entity)
        own = {key: one for (of, key), one in answers.items() if of == entity}
        with ledger.connection() as connection:
            compared["gap-free"] += _gap_free(connection, entity)
            compared["acknowledged once"] += _once(connection, entity, own)
            memory = memories[entity] = in_memory(entity, facts, story.arrivals(entity))
            compared["usage exact"] += _usage(connection, entity, memory)
            verified = verify(connection, entity)
        for verdict in verified.verdicts:
            same(verdict.breaks, (), "verify", verdict.check)
            compared[f"law {verdict.law}: {LIVE_LAWS[verdict.law]}"] += verdict.comparisons
        compared["journal = memory"] += _journal(ledger, entity, memory)
        if deep:
            again = in_memory(entity, facts, story.arrivals(entity), measure_all=True)
            compared["journal = measured anew"] += _journal(ledger, entity, again)
    settled = {entity: memory for entity, memory in memories.items() if memory.settlements}
    for law in OF_A_LEDGER:
        compared[f"drawn law {law}"] += LAWS[law](History(story.number, {}), settled)
    if deep:
        with ledger.connection() as connection:
            rebuilt = rebuild_views(connection)
        same(rebuilt.breaks, (), "views rebuilt")
        compared["views rebuilt"] += rebuilt.rows
    return compared


def _gap_free(connection: Connection, entity: str) -> int:
    rows = connection.execute(
        "SELECT position, recorded_at, stream, version, command_id FROM fact"
        " WHERE entity = %s ORDER BY position",
        [entity],
    ).fetchall()
    head = connection.execute(
        "SELECT position FROM entity_head WHERE entity = %s", [entity]
    ).fetchone()
    versions: dict[str, list[int]] = defaultdict(list)
    for _, _, stream, version, _ in rows:
        versions[stream].append(version)
    told = [row[1] for row in rows]
    count = same([row[0] for row in rows], list(range(1, len(rows) + 1)), entity, "positions")
    count += same(head[0] if head else 0, len(rows), entity, "head")
    count += same(told, sorted(told), entity, "recorded_at goes back")
    for stream, found in versions.items():
        count += same(found, list(range(1, len(found) + 1)), entity, stream, "versions")
    return count + len(rows)


def _once(connection: Connection, entity: str, answers: dict[str, Answer]) -> int:
    """Each key that was answered stands for exactly the facts, or the refusal, that were told."""
    facts: dict[str, list[int]] = defaultdict(list)
    for key, position in connection.execute(
        "SELECT command_id, position FROM fact WHERE entity = %s ORDER BY position", [entity]
    ):
        facts[key].append(position)
    refused: dict[str, list[str]] = defaultdict(list)
    for key, code in connection.execute(
        "SELECT key, code FROM refusal WHERE entity = %s", [entity]
    ):
        refused[key].append(code)
    count = 0
    for key, answer in answers.items():
        codes = refused[key] or refused[f"{key}:seal"]
        count += same(tuple(facts[key]), answer.positions, entity, key, "facts of a key")
        count += same(codes, [answer.code] if answer.code else [], entity, key, "refusals of a key")
    return count


def _usage(connection: Connection, entity: str, memory: Books) -> int:
    """Rows, days and hours are what the accepted batches say, and each id was taken once."""
    batches = [fact.event for fact in memory.facts if isinstance(fact.event, UsageBatchAccepted)]
    taken = sum(batch.accepted for batch in batches if batch.kind == "rows")
    (keys,) = connection.execute(
        "SELECT count(*) FROM usage_key WHERE entity = %s", [entity]
    ).fetchone() or (0,)
    count = same(keys, taken, entity, "ids taken")
    names = sorted({row.subscription for _, _, row, _ in memory.rows})
    zones = dict.fromkeys(names, "UTC")
    expected = {
        (day.subscription, day.meter, day.day, day.position): (day.rows, day.quantity)
        for name in names
        for day in usage_of(memory, f"subscription:{name}", len(memory.facts))
    }
    for read in (usage_days, usage_days_from_rows):
        found = {
            (day.subscription, day.meter, day.day, day.position): (day.rows, day.quantity)
            for day in read(connection, entity, zones)
            if day.rows or day.quantity
        }
        count += same(found, expected, entity, read.__name__)
    return count + len(expected)


def _journal(ledger: Ledger, entity: str, memory: Books) -> int:
    expected = [leaf.hex() for leaf in memory_leaves(memory)]
    found = [leaf.hex() for leaf in leaves_of(ledger, entity)]
    return same(found, expected, entity, "journal") + len(expected)


__all__ = ["Answers", "Broken", "Compared", "check", "merged", "places_of"]
