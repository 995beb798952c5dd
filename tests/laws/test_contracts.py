"""The laws over drawn contracts that are stated by themselves, and laws of their own.

Each history is drawn from its number alone. TIEOUT_LAW_CONTRACTS says how many: 80 by default.
"""

import os
from functools import lru_cache

import pytest

from tests.laws import count
from tests.laws.contract_laws import CONTRACT_LAWS
from tests.laws.contracts import contracts
from tests.laws.memory import History
from tests.laws.remaining_laws import price_is_earned_or_remains
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import Ledger, played

HISTORIES = int(os.environ.get("TIEOUT_LAW_CONTRACTS", "80"))
BLOCK = 20
BLOCKS = range(0, HISTORIES, BLOCK)
# The slow reference and what rests on it know lump prices and a few patterns only; law 16 is
# conservation for these.
UNKNOWN = {"7-conservation", "slow-reference"}
# What a credit note concedes beside purchases was taken for purchases given back; in 7196 a change
# of the price that nothing was left to bear was taken for a purchase; in 12018 what a refund at an
# end takes off what is owed beside promises was looked for in the promises; in 911 what goes back
# rested on what a day knew of a promise before it changed again that day; in 21083 what was given
# that is no money was not taken for received.
FOUND = (227, 911, 7_196, 10_208, 12_018, 21_083)
# With their sizes: what is done did not name the change that others were spread anew by without it;
# materials that cost less than was earned at their cost took off what was left of a price.
LONGER = ((22_014, 234), (22_110, 250))
EVERY = {
    **{law: LAWS[law] for law in LAWS if law not in UNKNOWN},
    **CONTRACT_LAWS,
    "17-price-is-earned-or-remains": price_is_earned_or_remains,
}


@lru_cache(maxsize=2 * BLOCK)
def drawn(number: int) -> tuple[History, Ledger]:
    found = contracts(number, count.sized(number))
    return found, played(found)


@pytest.mark.parametrize("law", EVERY)
@pytest.mark.parametrize("first", BLOCKS)
def test_every_drawn_contract_keeps(first: int, law: str) -> None:
    compared = 0
    for number in range(first, min(first + BLOCK, HISTORIES)):
        with count.named(number, count.sized(number)):
            told, ledger = drawn(number)
            compared += count.compared(f"{law}, of contracts", EVERY[law](told, ledger))

    assert compared > 0


@pytest.mark.parametrize(("number", "size"), [*((one, count.sized(one)) for one in FOUND), *LONGER])
def test_a_contract_in_which_a_law_once_failed_keeps_all(number: int, size: int) -> None:
    told = contracts(number, size)
    ledger = played(told)

    assert all(EVERY[law](told, ledger) >= 0 for law in EVERY)
