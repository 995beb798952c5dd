"""Shared master data taken from the group's log into an entity's own, content and digest.

Nothing is ever measured from another entity's log: after the adoption the entity's own facts say
it all. A group fact is adopted once, under a key made of its origin; what corrects or retracts it
there corrects or retracts what was adopted here.
"""

from collections.abc import Iterable
from typing import get_args

from domain.catalogue import Adopt, CatalogueEvent
from domain.facts import Fact, Retracted, Source
from store import log
from store.db import Connection, queries
from store.keys import find_keys
from store.request import Clock, Outcome, Request
from store.transact import append_many

SQL = queries(__file__)

CATEGORIES = ("meter", "price", "product")


def adopt(
    connection: Connection,
    *,
    group: str,
    entity: str,
    clock: Clock,
    actor: str = "system",
    streams: Iterable[str] | None = None,
) -> list[Outcome]:
    """Adopt what the group has and the entity has not; `streams` limits it to some of them."""
    wanted = None if streams is None else frozenset(streams)
    facts = [
        fact
        for fact in log.read_categories(connection, group, CATEGORIES)
        if wanted is None or fact.stream in wanted
    ]
    leaves = _leaves(connection, group)
    done = find_keys(connection, entity, (_key(fact) for fact in facts))
    outcomes: list[Outcome] = []
    for originals, batch in _batches([fact for fact in facts if _key(fact) not in done]):
        adopted = find_keys(connection, entity, (f"adopt/{group}/{at}" for at in originals))
        places = {key: known.positions[0] for key, known in adopted.items() if known.positions}
        requests = [_request(entity, fact, leaves, places, actor) for fact in batch]
        outcomes += append_many(connection, entity, requests, clock=clock)
    return outcomes


def _leaves(connection: Connection, group: str) -> dict[int, str]:
    names = {"group": group, "categories": list(CATEGORIES), "after": 0}
    return dict(connection.execute(SQL.group_facts, names).fetchall())


def _batches(facts: list[Fact]) -> Iterable[tuple[list[int], list[Fact]]]:
    """A correction goes by itself: what it replaces must have been adopted before."""
    waiting: list[Fact] = []
    for fact in facts:
        if fact.corrects is None:
            waiting.append(fact)
            continue
        if waiting:
            yield [], waiting
        yield [fact.corrects], [fact]
        waiting = []
    if waiting:
        yield [], waiting


def _key(fact: Fact) -> str:
    return f"adopt/{fact.entity}/{fact.position}"


def _request(
    entity: str, fact: Fact, leaves: dict[int, str], places: dict[str, int], actor: str
) -> Request:
    corrects = places.get(f"adopt/{fact.entity}/{fact.corrects}")
    command = None
    if not isinstance(fact.event, Retracted):
        assert isinstance(fact.event, get_args(CatalogueEvent)), fact
        command = Adopt(
            when=fact.when,
            origin=fact.entity,
            origin_position=fact.position,
            origin_stream=fact.stream,
            origin_leaf=leaves[fact.position],
            content=fact.event,
        )
    return Request(
        entity=entity,
        stream=fact.stream,
        key=_key(fact),
        command=command,
        actor=actor,
        reason=f"adopted from {fact.entity}",
        source=Source(system=fact.entity, kind="fact", id=str(fact.position)),
        corrects=corrects,
    )
