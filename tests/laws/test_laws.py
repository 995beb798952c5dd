"""The ten laws of SPEC 2, and more, over drawn histories; each must have compared something.

They have the numbers from 0 on, so that every law sees the same ones, today and after any change.
TIEOUT_LAW_HISTORIES says how many: 60 by default.
"""

import os
from functools import lru_cache

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tests.laws import count
from tests.laws.cause_laws import causes
from tests.laws.ended_laws import what_ended_owes_money
from tests.laws.fact_laws import conservation, nothing_silent, slow_reference
from tests.laws.histories import history
from tests.laws.memory import History
from tests.laws.time_laws import (
    Ledger,
    balance,
    booking,
    lateness,
    longer_look,
    once,
    played,
    replay,
    sealed_answers,
)

HISTORIES = int(os.environ.get("TIEOUT_LAW_HISTORIES", "60"))
# Shrinking helps a person; a run that only has to fail fast does without.
PHASES = [Phase.generate] if os.environ.get("TIEOUT_LAW_QUICK") else [Phase.generate, Phase.shrink]
BLOCK = 200
BLOCKS = [
    pytest.param(first, min(BLOCK, HISTORIES - first), id=f"from-{first}")
    for first in range(0, HISTORIES, BLOCK)
]
LAWS = {
    "1-balance": balance,
    "2-a-late-fact-is-only-late": lateness,
    "3-earned-then-booked-now": booking,
    "4-once": once,
    "5-sealed-answers-stay": sealed_answers,
    "6-replay-is-live-is-rebuild": replay,
    "7-conservation": conservation,
    "8-no-orphan": causes,
    "9-nothing-silent": nothing_silent,
    "10-a-longer-look-changes-nothing-earlier": longer_look,
    "18-what-ended-owes-money": what_ended_owes_money,
    "slow-reference": slow_reference,
}
# Those that facts and journal can answer once they are read back from a database. The others are
# asked of the database itself: by repeating, by reordering, by seals and leaves.
OF_A_LEDGER = (
    "1-balance",
    "3-earned-then-booked-now",
    "7-conservation",
    "8-no-orphan",
    "9-nothing-silent",
    "10-a-longer-look-changes-nothing-earlier",
    "slow-reference",
)

# A line went to another billing period of its price; usage after a stop did not rest on what
# resumed service; amounts of one pool each named another of two withdrawals of access; what a
# credit note is worth did not rest on the one before it; what other money did on the day ordered
# what went back of an advance.
FOUND = ((417_053, 69), (1_721_824_299_522, 9), (146, 17), (10_078, 48), (40_046, 36), (91_023, 13))


@lru_cache(maxsize=BLOCK)
def drawn(number: int, size: int) -> tuple[History, Ledger]:
    found = history(number, size)
    return found, played(found)


# Law after law over one block, so that each block is drawn and played once.
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(("first", "histories"), BLOCKS)
def test_every_drawn_history_keeps(law: str, first: int, histories: int) -> None:
    compared = 0
    for number in range(first, first + histories):
        size = count.sized(number)
        with count.named(number, size):
            told, ledger = drawn(number, size)
            count.met(number, size, told)
            compared += count.compared(law, LAWS[law](told, ledger))

    assert compared > 0


@pytest.mark.parametrize(("number", "size"), FOUND)
def test_a_history_in_which_a_law_once_failed_keeps_all(number: int, size: int) -> None:
    told, ledger = drawn(number, size)

    assert all(LAWS[law](told, ledger) >= 0 for law in LAWS)


def test_any_two_kinds_of_facts_meet_at_least_20_times_in_200_histories() -> None:
    @seed(0)
    @settings(max_examples=200, deadline=None, database=None, phases=PHASES)
    @given(st.integers(0, 2**32), st.integers(0, 100))
    def draw(number: int, size: int) -> None:
        count.met(number, size, history(number, size))

    draw()

    assert {pair: times for pair, times in count.pairs().items() if times < 20} == {}
