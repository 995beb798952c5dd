"""A rate that two others say together is as good as one that is quoted: all else stays the same."""

import os
from functools import lru_cache

import pytest

from domain.rates import RatesPublished
from tests.laws.electing import quoting_across
from tests.laws.histories import history
from tests.laws.memory import Arrival, History
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import Ledger, played, same_keys, standing_by_earned
from tests.laws.worth_laws import worths

SEEDS = range(max(2, int(os.environ.get("TIEOUT_LAW_HISTORIES", "60")) // 12))


def has_rates(told: History) -> bool:
    return any(isinstance(one.event, RatesPublished) for log in told.logs.values() for one in log)


def both_ways(log: tuple[Arrival, ...]) -> bool:
    """Whether a pair is quoted either way round on one day: there the direct one counts, and of
    two that are quoted against a third currency the last.
    """
    rows = [one.event for one in log if isinstance(one.event, RatesPublished)]
    days = [(event.when.effective, {row.into for row in event.rates}) for event in rows]
    return any(day == other and into != their for day, into in days for other, their in days)


DRAWN = [number for number in SEEDS if has_rates(history(number, 60))]


@lru_cache(maxsize=len(SEEDS))
def across(number: int) -> tuple[History, Ledger]:
    told = quoting_across(history(number, 60))
    return told, played(told)


@pytest.mark.parametrize("number", DRAWN)
def test_what_is_quoted_against_a_third_currency_leads_where_the_pair_itself_leads(
    number: int,
) -> None:
    drawn = history(number, 60)
    _, found = across(number)

    for entity, books in played(drawn).items():
        if both_ways(drawn.logs[entity]):
            continue
        assert same_keys(standing_by_earned(found[entity]), standing_by_earned(books), entity)
        assert worths({entity: found[entity]}) == worths({entity: books})


def test_amounts_name_the_two_rates_that_say_theirs() -> None:
    assert sum(LAWS["8-no-orphan"](*across(number)) for number in DRAWN) > 0
