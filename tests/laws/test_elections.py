"""The laws over drawn histories in which every book elects what is off by default.

Of figures that only an election moves the slow reference knows nothing, so it is not asked.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.laws.electing import electing
from tests.laws.histories import history
from tests.laws.test_laws import LAWS
from tests.laws.time_laws import played

HISTORIES = max(1, int(os.environ.get("TIEOUT_LAW_HISTORIES", "200")) // 20)
# Options of the same measure of time share the histories of one run.
ELECTED: tuple[dict[str, Any], ...] = (
    {"given_back": "contra-revenue"},
    {"overbilled": "negative-unbilled", "after_cancellation": "run-on"},
    {"receivable_at": "service-start", "served_before_issue": "at-issue"},
)
ASKED = [law for law in LAWS if law not in {"7-conservation", "slow-reference"}]


@pytest.mark.parametrize("elected", ELECTED, ids=" and ".join)
def test_every_law_holds_whatever_is_elected(elected: dict[str, Any]) -> None:
    compared = dict.fromkeys(ASKED, 0)

    @seed(4)
    @settings(
        max_examples=HISTORIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32), st.integers(0, 100))
    def check(number: int, size: int) -> None:
        told = electing(history(number, size), **elected)
        ledger = played(told)
        for law in ASKED:
            compared[law] += LAWS[law](told, ledger)

    check()

    assert all(compared.values())
