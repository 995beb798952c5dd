"""What the laws compared, and which kinds of facts met in one history of one entity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import combinations
from random import Random
from typing import Any

from domain.facts import Retracted
from domain.price import PriceSet
from domain.usage import UsageBatchAccepted
from tests.laws.memory import Arrival, History

COMPARISONS: Counter[str] = Counter()
_SEEN: set[tuple[int, int]] = set()
_LOGS: list[frozenset[str]] = []
_EVERY: list[frozenset[str]] = []


def sized(number: int) -> int:
    """How much happens in a history of this number, from 0 to 100: by the number alone, so that it
    is the same whatever else is imported.
    """
    return Random(number).randint(0, 100)


@contextmanager
def named(number: int, size: int) -> Iterator[None]:
    """What breaks in it says which history it was."""
    try:
        yield
    except Exception as problem:
        problem.add_note(f"Failing history: number={number}, size={size}")
        raise


def compared(law: str, made: int) -> int:
    COMPARISONS[law] += made
    return made


def met(number: int, size: int, history: History) -> None:
    """Remember the kinds of a history once, whichever law drew it."""
    if (number, size) in _SEEN:
        return
    _SEEN.add((number, size))
    logs = [frozenset(map(kind_of, facts_of(log))) for log in history.logs.values()]
    _LOGS.extend(logs)
    _EVERY.append(frozenset.union(*logs))


def facts_of(log: Iterable[Arrival]) -> list[Arrival]:
    """What of a log is accepted."""
    return [arrival for arrival in log if not arrival.is_refused]


def kind_of(arrival: Arrival) -> str:
    """The event's tag; what corrects, and what takes usage back, are kinds of their own."""
    event = arrival.event
    if isinstance(event, Retracted):
        return "retraction"
    if isinstance(event, UsageBatchAccepted) and event.kind != "rows":
        return f"usage-{event.kind}"
    if isinstance(event, PriceSet) and arrival.corrects is None and event.when.order:
        return "price-set" if event.when.order < 20 else "price-set-again"
    if arrival.corrects is not None:
        return "correction"
    tag = type(event).__struct_config__.tag
    return str(tag)


def told() -> dict[str, Any]:
    """All of it in plain values, for another process to take."""
    return {
        "comparisons": dict(COMPARISONS),
        "logs": [sorted(log) for log in _LOGS],
        "every": [sorted(log) for log in _EVERY],
    }


def take(other: dict[str, Any]) -> None:
    """Count what another process counted, too."""
    COMPARISONS.update(other.get("comparisons", {}))
    _LOGS.extend(map(frozenset, other.get("logs", ())))
    _EVERY.extend(map(frozenset, other.get("every", ())))


def histories() -> int:
    return len(_EVERY)


def pairs() -> dict[tuple[str, str], int]:
    """How often each two kinds met; kinds that are in every history are not counted."""
    everywhere = frozenset.intersection(*_EVERY) if _EVERY else frozenset()
    kinds = sorted(frozenset.union(*_EVERY, frozenset()) - everywhere)
    found = dict.fromkeys(combinations(kinds, 2), 0)
    for log in _LOGS:
        for pair in combinations(sorted(log - everywhere), 2):
            found[pair] += 1
    return found
