"""When a step of dunning is reached: late enough, open on that day, and nothing pauses it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.dunning import (
    DunningHeld,
    DunningReleased,
    Overdue,
    Pause,
    PaymentPromised,
    pauses_of,
    reached,
)
from domain.facts import Event
from domain.invoice_facts import DisputeOpened, DisputeResolved
from tests.domain.given import facts, on

DUE = date(2024, 2, 1)
STEPS = (7, 14)
LAST = date.max


def day(days: int) -> date:
    """So many days after it was due."""
    return DUE + timedelta(days=days)


def steps(*pauses: Pause, paid: tuple[date, int] | None = None, upto: int = 60) -> list[object]:
    changes = ((date(2024, 1, 1), 100), *([(paid[0], -paid[1])] if paid else []))
    invoice = Overdue(invoice="i", currency="USD", due_on=DUE, changes=changes)
    found = reached(invoice, STEPS, pauses, day(upto))
    return [(one.step, one.on, one.days_overdue, one.open_minor) for one in found]


def paused(*events: Event) -> list[Pause]:
    return [*pauses_of(facts("dunning:i", events))]


def test_a_step_is_reached_on_its_day_and_not_before() -> None:
    assert steps(upto=6) == []
    assert steps(upto=7) == [(1, day(7), 7, 100)]
    assert steps() == [(1, day(7), 7, 100), (2, day(14), 14, 100)]


def test_what_was_paid_by_the_day_is_reminded_of_no_more() -> None:
    assert steps(paid=(day(7), 100)) == []
    assert steps(paid=(day(8), 100)) == [(1, day(7), 7, 100)]
    assert steps(paid=(day(8), 30)) == [(1, day(7), 7, 100), (2, day(14), 14, 70)]


def test_what_falls_into_a_pause_is_reached_on_the_day_after_it() -> None:
    assert steps((day(5), day(9))) == [(1, day(10), 10, 100), (2, day(14), 14, 100)]
    assert steps((day(5), day(9)), (day(10), day(20))) == [
        (1, day(21), 21, 100),
        (2, day(21), 21, 100),
    ]
    assert steps((day(8), LAST)) == [(1, day(7), 7, 100)]


def test_a_hold_lasts_until_the_day_before_its_release() -> None:
    held = DunningHeld(when=on(2, 3))

    assert paused(held) == [(date(2024, 2, 3), LAST)]
    assert paused(held, DunningReleased(when=on(2, 9))) == [(date(2024, 2, 3), date(2024, 2, 8))]


def test_a_promise_lasts_through_its_day() -> None:
    promised = PaymentPromised(when=on(2, 3), until=date(2024, 2, 9))

    assert paused(promised) == [(date(2024, 2, 3), date(2024, 2, 9))]


@pytest.mark.parametrize(
    ("parts", "until"),
    [
        ((), LAST),
        (((4, 60),), LAST),
        (((4, 60), (9, 40)), date(2024, 2, 8)),
        (((9, 100),), date(2024, 2, 8)),
    ],
)
def test_a_dispute_holds_it_until_all_of_it_is_resolved(
    parts: tuple[tuple[int, int], ...], until: date
) -> None:
    opened = DisputeOpened(when=on(2, 3), dispute="d", amount_minor=100, reason="late")
    resolved = [
        DisputeResolved(when=on(2, at), dispute="d", outcome="upheld", amount_minor=minor)
        for at, minor in parts
    ]
    another = DisputeResolved(when=on(2, 4), dispute="e", outcome="upheld", amount_minor=100)

    assert paused(opened, *resolved, another) == [(date(2024, 2, 3), until)]


def test_who_has_paid_too_much_is_not_reminded() -> None:
    assert steps(paid=(day(1), 130)) == []
