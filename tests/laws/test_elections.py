"""The laws over drawn histories in which every book elects what is off by default.

So it is where prices state what they sell for alone. Of figures that only these move the slow
reference knows nothing, so it is not asked; of shares there is one of its own.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.laws import count
from tests.laws.electing import electing, selling_alone
from tests.laws.histories import history
from tests.laws.memory import History
from tests.laws.shares import shares
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import Ledger, played

HISTORIES = max(1, int(os.environ.get("TIEOUT_LAW_HISTORIES", "60")) // 10)
# Options of the same measure of time share the histories of one run.
ELECTED: tuple[dict[str, Any], ...] = (
    {"given_back": "contra-revenue"},
    {"overbilled": "negative-unbilled", "after_cancellation": "run-on"},
    {"receivable_at": "service-start", "served_before_issue": "at-issue"},
)
# What it sells it sells upfront from April on, and does not say what that sells for alone.
WAITS = (12_004, 9)
# What amounts of one pool each rest on was not enough to measure all of them.
POOLED = (12_018, 15)
# In books by months a term ends without access, and is renewed on that day.
RENEWED = ((13_042, 8), (13_064, 13))
Law = Callable[[History, Ledger], int]
ALL: dict[str, Law] = {
    name: law for name, law in LAWS.items() if name not in {"7-conservation", "slow-reference"}
}


@pytest.mark.parametrize("elected", ELECTED, ids=" and ".join)
def test_every_law_holds_whatever_is_elected(elected: dict[str, Any]) -> None:
    _held(lambda number, size: electing(history(number, size), **elected), HISTORIES)


def test_every_law_holds_where_prices_say_what_they_sell_for_alone() -> None:
    _held(
        lambda number, size: selling_alone(history(number, size // 5)),
        HISTORIES // 3,
        {**ALL, "shares": shares},
    )


def test_every_law_holds_where_a_subscription_waits_to_be_measured() -> None:
    told = selling_alone(history(*WAITS))
    ledger = played(told)

    assert any(books.waiting for books in ledger.values())
    assert all(law(told, ledger) >= 0 for law in ALL.values())


def test_every_law_holds_where_amounts_are_worth_something_together() -> None:
    told = selling_alone(history(*POOLED))
    ledger = played(told)

    assert all(law(told, ledger) >= 0 for law in ALL.values())


@pytest.mark.parametrize("drawn", RENEWED)
def test_shares_are_those_of_the_reference_where_what_ends_without_access_is_sold_on(
    drawn: tuple[int, int],
) -> None:
    told = selling_alone(history(*drawn))

    assert shares(told, played(told))


def _held(
    draw: Callable[[int, int], History], histories: int, laws: Mapping[str, Law] = ALL
) -> None:
    compared = dict.fromkeys(laws, 0)

    for number in range(max(1, histories)):
        size = count.sized(number)
        with count.named(number, size):
            told = draw(number, size)
            ledger = played(told)
            for name, law in laws.items():
                compared[name] += law(told, ledger)

    assert all(compared.values())
