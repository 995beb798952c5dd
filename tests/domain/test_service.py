"""Pausing, suspending, resuming, moving the billing anchor and access, beside what is sold."""

from collections.abc import Callable

import pytest

from domain.anchor import BillingAnchorChanged, ChangeBillingAnchor
from domain.conflicts import conflict
from domain.facts import Event, When
from domain.service import (
    AccessGranted,
    AccessWithdrawn,
    GrantAccess,
    PauseSubscription,
    ResumeSubscription,
    ServiceCommand,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionSuspended,
    SuspendSubscription,
    WithdrawAccess,
)
from domain.subscription import (
    Item,
    ItemChange,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionCommand,
)
from tests.domain.given import code, decide, on
from tests.domain.subscribing import started

STREAM = "subscription:s1"
STARTED = started("2024-01-01", "2025-01-01", Item(item="seats", price="seat"))
PAUSED = SubscriptionPaused(when=on(3, 4))
RESUMED = SubscriptionResumed(when=on(4, 5))
SUSPENDED = SubscriptionSuspended(when=on(3, 4))
CANCELLED = SubscriptionCancelled(when=on(7, 1))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (PauseSubscription(when=on(3, 4)), PAUSED),
        (SuspendSubscription(when=on(3, 4)), SUSPENDED),
        (
            SuspendSubscription(when=on(3, 4), billing="stops"),
            SubscriptionSuspended(when=on(3, 4), billing="stops"),
        ),
        (GrantAccess(when=on(3, 4)), AccessGranted(when=on(3, 4))),
        (GrantAccess(when=on(3, 4), item="seats"), AccessGranted(when=on(3, 4), item="seats")),
        (WithdrawAccess(when=on(3, 4)), AccessWithdrawn(when=on(3, 4))),
        (
            ChangeBillingAnchor(when=on(3, 4), anchor_day=31, running_period="cut"),
            BillingAnchorChanged(when=on(3, 4), anchor_day=31, running_period="cut"),
        ),
    ],
)
def test_what_is_asked_of_the_service_is_recorded(
    command: SubscriptionCommand, expected: Event
) -> None:
    assert decide(STREAM, command, STARTED) == (expected,)


def test_what_is_paused_or_suspended_resumes() -> None:
    for held in (PAUSED, SUSPENDED):
        assert decide(STREAM, ResumeSubscription(when=on(4, 5)), STARTED, held) == (RESUMED,)


def test_a_suspension_may_become_a_pause() -> None:
    assert decide(STREAM, PauseSubscription(when=on(3, 9)), STARTED, SUSPENDED)


@pytest.mark.parametrize("held", [PAUSED, SubscriptionSuspended(when=on(3, 4), billing="stops")])
@pytest.mark.parametrize("command", [PauseSubscription, SuspendSubscription])
def test_what_is_stopped_is_not_stopped_again(
    command: Callable[..., ServiceCommand], held: Event
) -> None:
    assert code(STREAM, command(when=on(3, 9)), STARTED, held) == "already-paused"


def test_what_was_never_stopped_does_not_resume() -> None:
    assert code(STREAM, ResumeSubscription(when=on(3, 3)), STARTED) == "not-paused"
    assert code(STREAM, ResumeSubscription(when=on(3, 3)), STARTED, PAUSED) == "not-paused"


def test_a_pause_may_be_dated_before_another_and_in_the_future() -> None:
    for day in (on(2, 1), on(4, 5), on(12, 31)):
        assert decide(STREAM, PauseSubscription(when=day), STARTED, PAUSED, RESUMED)


def test_a_source_is_not_refused_by_what_others_said() -> None:
    assert decide(STREAM, ResumeSubscription(when=on(3, 3)), outside=True)
    assert decide(
        STREAM, PauseSubscription(when=on(8, 3)), STARTED, PAUSED, CANCELLED, outside=True
    )


@pytest.mark.parametrize(
    "command",
    [
        PauseSubscription(when=on(7, 1)),
        GrantAccess(when=on(7, 1)),
        ChangeBillingAnchor(when=on(7, 1), anchor_day=3),
    ],
)
def test_nothing_changes_from_the_cancellation_on(command: SubscriptionCommand) -> None:
    assert code(STREAM, command, STARTED, CANCELLED) == "after-cancellation"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (ChangeBillingAnchor(when=on(3, 4), anchor_day=0), "anchor-day-out-of-range"),
        (ChangeBillingAnchor(when=on(3, 4), anchor_day=32), "anchor-day-out-of-range"),
        (GrantAccess(when=on(3, 4), item="nothing"), "unknown-item"),
        (GrantAccess(when=on(3, 4), item=""), "unknown-item"),
        (PauseSubscription(when=on(3, 4)), "subscription-not-started"),
    ],
)
def test_what_makes_no_sense_is_refused(command: SubscriptionCommand, expected: str) -> None:
    given = () if expected == "subscription-not-started" else (STARTED,)

    assert code(STREAM, command, *given) == expected


def amended(quantity: int, item: str = "seats", when: When = PAUSED.when) -> SubscriptionAmended:
    return SubscriptionAmended(when=when, items=(ItemChange(item=item, quantity=quantity),))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (amended(2), amended(3), True),
        (amended(2), amended(2), False),
        (amended(2), amended(3, "extra"), False),
        (amended(2), amended(3, when=on(3, 5)), False),
        (PAUSED, RESUMED, False),
        (PAUSED, SubscriptionResumed(when=PAUSED.when), True),
        (PAUSED, SUSPENDED, True),
        (PAUSED, PAUSED, False),
        (PAUSED, amended(2), False),
        (PAUSED, SubscriptionCancelled(when=PAUSED.when), True),
        (
            BillingAnchorChanged(when=on(3, 4), anchor_day=1),
            BillingAnchorChanged(when=on(3, 4), anchor_day=2),
            True,
        ),
    ],
)
def test_changes_conflict_that_mean_something_else_in_the_other_order(
    one: Event, other: Event, expected: bool
) -> None:
    assert conflict(one, other) is conflict(other, one) is expected
