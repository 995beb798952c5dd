"""Which units the facts of a page touch: noted between runs, and nothing is measured yet.

Facts are read once, set by set: where earlier facts of their streams went is known before the
first of them is routed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from domain.facts import Fact
from domain.routing import (
    Directory,
    brings_along,
    is_stated,
    named_units,
    rests_on,
    route,
    taken_over,
)
from store import copying
from store.db import Connection, queries

SQL = queries(__file__)

Touched = tuple[str, int]


class Stream(Struct):
    """Where the facts of one stream went so far."""

    units: set[str] = msgspec.field(default_factory=set)
    positions: list[int] = msgspec.field(default_factory=list)


class Known(Struct, frozen=True):
    """What is known before a fact: streams whose facts follow one another, and the facts, with
    their streams, of units that others take over from or into.
    """

    streams: dict[str, Stream]
    units: dict[str, dict[int, str]]


def mark(connection: Connection, entity: str, facts: Sequence[Fact], before: int) -> None:
    """Note the units of the facts that follow a position, and what they bring along."""
    streams = _streams(connection, entity, facts, before)
    known = Known(streams, _units(connection, entity, facts, streams, before))
    touched: list[Touched] = []
    for fact in facts:
        stream = streams.setdefault(fact.stream, Stream())
        units = route(fact, _directory(streams))
        earlier = stream.positions if brings_along(fact) else []
        first = [unit for unit in units if unit not in stream.units]
        found = [(unit, fact.position) for unit in units]
        found += [(unit, position) for unit in first for position in earlier]
        stream.units.update(units)
        stream.positions.append(fact.position)
        found += _taken_along(fact, streams)
        touched += _new(found, fact.stream, known)
        touched += _taken_over(fact, units, known)
    copying.send(connection, SQL.copy_fact_units, _fact_units(entity, touched))


def _taken_along(fact: Fact, streams: dict[str, Stream]) -> list[Touched]:
    """What the fact's unit rests on besides itself: the facts of that stream known so far."""
    name = rests_on(fact)
    if name is None or fact.stream in streams[name].units:
        return []
    streams[name].units.add(fact.stream)
    return [(fact.stream, position) for position in streams[name].positions]


def _new(found: list[Touched], stream: str, known: Known) -> list[Touched]:
    """Without what a unit took over before."""
    if not known.units:
        return found
    new = [(unit, at) for unit, at in found if at not in known.units.get(unit, ())]
    for unit, position in new:
        if unit in known.units:
            known.units[unit][position] = stream
    return new


def _taken_over(fact: Fact, units: Sequence[str], known: Known) -> list[Touched]:
    """All that the unit of a contract knows so far, for the one that it joins."""
    taken = taken_over(fact)
    if taken is None:
        return []
    found: list[Touched] = []
    for unit in (other for other in units if is_stated(other) and other != taken):
        own = known.units[unit]
        new = {at: name for at, name in known.units[taken].items() if at not in own}
        found += [(unit, position) for position in new]
        own.update(new)
        for name in new.values():
            known.streams.setdefault(name, Stream()).units.add(unit)
    return found


def _fact_units(entity: str, touched: Iterable[Touched]) -> Iterator[bytes]:
    """Rows of `fact_unit`."""
    begin, names = copying.columns(3) + copying.text(entity), copying.Texts()
    for unit, position in touched:
        yield begin + names[unit] + copying.int8(position)


def _streams(
    connection: Connection, entity: str, facts: Iterable[Fact], before: int
) -> dict[str, Stream]:
    """Streams whose facts follow one another, as they were before a page: by two queries, one
    more where customers have news, and one where contracts are named.
    """
    wanted = {fact.stream for fact in facts if fact.corrects is not None or brings_along(fact)}
    wanted |= {name for fact in facts if (name := rests_on(fact)) is not None}
    customers = {fact.stream for fact in facts if _category(fact) == "customer"}
    followed = wanted | customers
    contracts = {unit for fact in facts for unit in named_units(fact) if is_stated(unit)}
    found = {stream: Stream() for stream in sorted(followed | contracts)}
    if followed:
        names = {"entity": entity, "streams": sorted(followed), "before": before}
        for name, unit in connection.execute(SQL.units_of_streams, names):
            found[name].units.add(unit)
        for name, position in connection.execute(SQL.positions_of_streams, names):
            found[name].positions.append(position)
    if customers:
        names = {"entity": entity, "customers": sorted(customers)}
        for name, unit in connection.execute(SQL.subscriptions_of_customers, names):
            found[name].units.add(unit)
    if named := sorted(contracts - followed):
        names = {"entity": entity, "streams": named, "before": before}
        for name, unit in connection.execute(SQL.units_of_contracts, names):
            found[name].units.add(unit)
    return found


def _units(
    connection: Connection,
    entity: str,
    facts: Iterable[Fact],
    streams: dict[str, Stream],
    before: int,
) -> dict[str, dict[int, str]]:
    """Where contracts join in a page: the units they take over from and into, as they were before
    it; every other contract of the page may come between.
    """
    joins = [fact for fact in facts if taken_over(fact) is not None]
    if not joins:
        return {}
    wanted = {name for name in streams if is_stated(name)}
    wanted |= {unit for name in wanted for unit in streams[name].units if is_stated(unit)}
    found: dict[str, dict[int, str]] = {unit: {} for unit in sorted(wanted)}
    names = {"entity": entity, "units": list(found), "before": before}
    for unit, position, stream in connection.execute(SQL.facts_of_units, names):
        found[unit][position] = stream
    return found


def _directory(streams: dict[str, Stream]) -> Directory:
    return lambda name: tuple(sorted(streams[name].units)) if name in streams else ()


def _category(fact: Fact) -> str:
    return fact.stream.partition(":")[0]
