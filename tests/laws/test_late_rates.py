"""Rates that come after all else: what waits heals, what stood in itself is told anew.

Both end where rates that were there from the start lead to (laws 2 and 7).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache

import pytest
from msgspec import structs

from domain.books import PostingRun
from domain.rates import RatesPublished
from tests.laws.histories import history
from tests.laws.memory import Arrival, and_then, play
from tests.laws.time_laws import causes_unasked, final_run, same_keys, standing_by_earned
from tests.laws.worth_laws import worths

SEEDS = range(int(os.environ.get("TIEOUT_LAW_HISTORIES", "60")) // 4)
Log = tuple[Arrival, ...]


def is_rate(arrival: Arrival) -> bool:
    return isinstance(arrival.event, RatesPublished)


def run(final: Arrival, number: int) -> Arrival:
    assert isinstance(final.event, PostingRun)
    when = structs.replace(final.event.when, order=10**6 + number)
    return Arrival(
        key=f"run-{number}",
        stream="run:self",
        event=PostingRun(when=when, through=final.event.through),
    )


def one_by_one(log: Log, final: Arrival) -> Iterator[Arrival]:
    """The last rate first, a run after each: at first most days have none."""
    yield from (arrival for arrival in log if not is_rate(arrival))
    yield run(final, 0)
    for number, rate in enumerate(reversed([one for one in log if is_rate(one)]), 1):
        yield rate
        yield run(final, number)


@lru_cache(maxsize=4)
def logs(seed: int) -> list[tuple[str, Log]]:
    """Of entities that have rates."""
    found = history(seed, 60).logs.items()
    return [(entity, log) for entity, log in found if any(map(is_rate, log))]


def test_some_histories_have_rates() -> None:
    assert any(logs(seed) for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_rates_that_come_last_lead_where_rates_lead_that_came_first(seed: int) -> None:
    for entity, log in logs(seed):
        with causes_unasked():
            first = play(entity, log)
            final = final_run(first)
            live = and_then(first, final)
            late = play(entity, one_by_one(log, final))

        assert same_keys(standing_by_earned(late), standing_by_earned(live), entity)
        assert worths({entity: late}) == worths({entity: live})
