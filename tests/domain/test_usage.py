from datetime import date

import pytest
from msgspec import structs

from domain.usage import (
    DeclareUsageWindow,
    UsageBatchAccepted,
    UsageGapWaived,
    UsageWindowDeclared,
    WaiveUsageGap,
)
from tests.domain.given import code, decide, on, state

STREAM = "usage:meterer"
DECLARE = DeclareUsageWindow(
    when=on(2, 1),
    window_from=date(2024, 1, 1),
    window_to=date(2024, 2, 1),
    first_batch=1,
    last_batch=10,
    rows=5_000,
)
DECLARED = UsageWindowDeclared(
    when=on(2, 1),
    window_from=date(2024, 1, 1),
    window_to=date(2024, 2, 1),
    first_batch=1,
    last_batch=10,
    rows=5_000,
)
BATCH = UsageBatchAccepted(
    when=on(1, 31),
    batch=1,
    kind="rows",
    received=0,
    duplicates=0,
    rejected=0,
    accepted=0,
    totals=(),
    subscriptions=(),
    first_day=None,
    last_day=None,
    root="",
)


def test_a_source_declares_what_it_sent() -> None:
    assert decide(STREAM, DECLARE) == (DECLARED,)


def test_a_source_may_declare_the_same_window_again() -> None:
    assert decide(STREAM, DECLARE, DECLARED) == (DECLARED,)


def test_a_window_may_hold_nothing_or_a_million_batches() -> None:
    assert decide(STREAM, structs.replace(DECLARE, rows=0))
    assert decide(STREAM, structs.replace(DECLARE, first_batch=1, last_batch=1_000_000))
    wider = structs.replace(DECLARE, first_batch=1, last_batch=1_000_001)
    assert code(STREAM, wider) == "window-too-wide"


def test_a_window_may_hold_one_batch() -> None:
    assert decide(STREAM, structs.replace(DECLARE, first_batch=7, last_batch=7, rows=None))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (structs.replace(DECLARE, window_to=date(2024, 1, 1)), "window-ends-before-it-begins"),
        (structs.replace(DECLARE, first_batch=11), "batches-out-of-order"),
        (structs.replace(DECLARE, last_batch=10**12), "window-too-wide"),
        (structs.replace(DECLARE, rows=-1), "negative-number"),
    ],
)
def test_a_window_that_contradicts_itself_is_refused(
    command: DeclareUsageWindow, expected: str
) -> None:
    assert code(STREAM, command) == expected


def test_a_gap_is_waived_before_and_after_it_is_found() -> None:
    command = WaiveUsageGap(when=on(2, 5), batch_number=7)
    waived = UsageGapWaived(when=on(2, 5), batch_number=7)

    assert decide(STREAM, command, DECLARED) == (waived,)
    assert decide(STREAM, command, DECLARED, waived) == (waived,)


def test_batches_are_folded_like_any_fact_of_the_stream() -> None:
    assert state(STREAM, BATCH, DECLARED) is None
