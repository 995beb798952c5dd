from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from domain.price import PriceSet
from domain.pricing import Flat
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    Item,
    ItemChange,
    RenewSubscription,
    StartSubscription,
    SubscriptionAmended,
    SubscriptionCancelled,
    SubscriptionCommand,
    SubscriptionRenewed,
)
from tests.domain.given import code, decide, on, refusal, state
from tests.domain.subscribing import started

STREAM = "subscription:s1"
SEATS = Item(item="seats", price="seat", quantity=Decimal(10))
START = StartSubscription(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    term_from=date(2024, 1, 1),
    term_to=date(2025, 1, 1),
    items=(SEATS,),
)
STARTED = started("2024-01-01", "2025-01-01", SEATS)
MORE = (ItemChange(item="seats", quantity=Decimal(20)),)
CANCELLED = SubscriptionCancelled(when=on(7, 1))
IN_EUROS = {"price:seat": (PriceSet(when=on(1, 1), currency="EUR", model=Flat(amount=Decimal(1))),)}


def test_a_subscription_starts() -> None:
    assert decide(STREAM, START) == (STARTED,)


def test_a_started_subscription_is_not_started_again() -> None:
    assert code(STREAM, START, STARTED) == "subscription-already-started"


def test_a_start_asks_nothing_about_its_customer_or_prices_being_known() -> None:
    command = structs.replace(START, customer="nobody-yet")

    assert decide(STREAM, command)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (structs.replace(START, customer=""), "empty-text"),
        (structs.replace(START, currency="USDX"), "unknown-currency"),
        (structs.replace(START, zone="Nowhere"), "unknown-zone"),
        (structs.replace(START, term_to=START.term_from), "term-ends-before-it-begins"),
        (structs.replace(START, term_to=date(2124, 1, 3)), "term-too-long"),
        (structs.replace(START, term_to=date(9999, 12, 31)), "term-too-long"),
        (
            structs.replace(START, term_from=date(2990, 1, 1), term_to=date(3000, 1, 1)),
            "term-too-long",
        ),
        (structs.replace(START, anchor_day=0), "anchor-day-out-of-range"),
        (structs.replace(START, anchor_day=32), "anchor-day-out-of-range"),
        (structs.replace(START, renews_months=0), "renewal-out-of-range"),
        (structs.replace(START, renews_months=1201), "renewal-out-of-range"),
        (structs.replace(START, trial_to=START.term_from), "trial-ends-before-it-begins"),
        (
            structs.replace(START, items=(structs.replace(SEATS, quantity=Decimal(10) ** 18),)),
            "quantity-too-large",
        ),
        (structs.replace(START, items=()), "no-items"),
        (structs.replace(START, items=(SEATS, SEATS)), "duplicate-item"),
        (structs.replace(START, items=(structs.replace(SEATS, item=""),)), "empty-text"),
        (structs.replace(START, items=(structs.replace(SEATS, price=""),)), "empty-text"),
        (
            structs.replace(START, items=(structs.replace(SEATS, quantity=Decimal(-1)),)),
            "negative-quantity",
        ),
        (
            structs.replace(START, items=(structs.replace(SEATS, quantity=Decimal("NaN")),)),
            "not-finite",
        ),
        (
            structs.replace(START, items=(structs.replace(SEATS, quantity=Decimal("1E-16")),)),
            "wrong-scale",
        ),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(command: StartSubscription, expected: str) -> None:
    assert code(STREAM, command) == expected


@pytest.mark.parametrize(
    "command",
    [
        structs.replace(START, term_to=date(2024, 1, 2)),
        structs.replace(START, term_to=date(2124, 1, 2)),
        structs.replace(START, term_from=date(2990, 1, 1), term_to=date(2999, 12, 31)),
        structs.replace(START, anchor_day=1),
        structs.replace(START, anchor_day=31),
        structs.replace(START, renews_months=1, alignment="calendar"),
        structs.replace(START, renews_months=1200, trial_to=date(2024, 1, 2)),
        structs.replace(START, items=(structs.replace(SEATS, quantity=Decimal(0)),)),
    ],
)
def test_a_start_may_go_to_the_limits(command: StartSubscription) -> None:
    assert decide(STREAM, command)


def test_a_correction_leaves_a_subscription_in_its_currency() -> None:
    command = structs.replace(START, currency="EUR", customer="c2")

    assert refusal(STREAM, command, replaces=STARTED) == ("currency-changed", {"was": "USD"})
    assert decide(STREAM, structs.replace(command, currency="USD"), replaces=STARTED)


def test_nothing_is_sold_at_a_price_in_another_currency() -> None:
    assert refusal(STREAM, START, others=IN_EUROS) == (
        "currency-mismatch",
        {"price": "EUR", "subscription": "USD"},
    )


def test_an_item_is_not_moved_to_a_price_in_another_currency() -> None:
    command = AmendSubscription(when=on(2, 1), items=(ItemChange(item="seats", price="seat"),))

    assert code(STREAM, command, STARTED, others=IN_EUROS) == "currency-mismatch"


def test_an_amendment_changes_what_it_names() -> None:
    command = AmendSubscription(when=on(4, 16), items=MORE)

    assert decide(STREAM, command, STARTED) == (SubscriptionAmended(when=on(4, 16), items=MORE),)


def test_a_backdated_amendment_is_accepted_whatever_came_after() -> None:
    later = SubscriptionAmended(
        when=on(6, 1), items=(ItemChange(item="seats", quantity=Decimal(5)),)
    )

    assert decide(STREAM, AmendSubscription(when=on(1, 2), items=MORE), STARTED, later)


def test_an_amendment_outside_the_term_is_accepted() -> None:
    command = AmendSubscription(when=on(6, 1, year=2026), items=MORE)

    assert decide(STREAM, command, STARTED)


def test_an_amendment_to_what_is_already_so_is_still_a_fact() -> None:
    amended = SubscriptionAmended(when=on(4, 16), items=MORE)

    assert decide(STREAM, AmendSubscription(when=on(4, 16), items=MORE), STARTED, amended) == (
        amended,
    )


def test_an_item_is_added_with_a_price() -> None:
    added = (ItemChange(item="support", price="support-plan"),)

    assert decide(STREAM, AmendSubscription(when=on(2, 1), items=added), STARTED)


def test_a_removed_item_may_come_back() -> None:
    gone = SubscriptionAmended(when=on(2, 1), items=(ItemChange(item="seats", removed=True),))

    assert decide(STREAM, AmendSubscription(when=on(3, 1), items=MORE), STARTED, gone)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((), "no-items"),
        ((ItemChange(item="support", quantity=Decimal(1)),), "unknown-item"),
        ((ItemChange(item="support", removed=True),), "unknown-item"),
        ((ItemChange(item="seats", quantity=Decimal(-1)),), "negative-quantity"),
        ((ItemChange(item="seats", price=""),), "empty-text"),
        ((*MORE, *MORE), "duplicate-item"),
        ((ItemChange(item="seats", quantity=Decimal(10) ** 18),), "quantity-too-large"),
        (
            (ItemChange(item="seats", quantity=Decimal(1), refund="none"),),
            "refund-without-removal",
        ),
    ],
)
def test_an_amendment_that_makes_no_sense_is_refused(
    items: tuple[ItemChange, ...], expected: str
) -> None:
    assert code(STREAM, AmendSubscription(when=on(2, 1), items=items), STARTED) == expected


def test_a_renewal_lets_the_term_go_on() -> None:
    command = RenewSubscription(when=on(1, 1, year=2025), term_to=date(2026, 1, 1), items=MORE)

    assert decide(STREAM, command, STARTED) == (
        SubscriptionRenewed(when=on(1, 1, year=2025), term_to=date(2026, 1, 1), items=MORE),
    )


def test_a_renewal_that_ends_when_it_begins_is_refused() -> None:
    command = RenewSubscription(when=on(1, 1, year=2025), term_to=date(2025, 1, 1))

    assert code(STREAM, command, STARTED) == "term-ends-before-it-begins"


def test_a_renewal_for_more_than_a_century_is_refused() -> None:
    command = RenewSubscription(when=on(1, 1, year=2025), term_to=date(2130, 1, 1))

    assert code(STREAM, command, STARTED) == "term-too-long"


def test_a_renewal_may_be_backdated_and_repeated() -> None:
    command = RenewSubscription(when=on(1, 1, year=2025), term_to=date(2026, 1, 1))
    renewed = SubscriptionRenewed(when=on(1, 1, year=2025), term_to=date(2026, 1, 1))

    assert decide(STREAM, command, STARTED, renewed) == (renewed,)


def test_a_cancellation_ends_the_service() -> None:
    command = CancelSubscription(when=on(7, 1), refund="none")

    assert decide(STREAM, command, STARTED) == (
        SubscriptionCancelled(when=on(7, 1), refund="none"),
    )


def test_a_cancellation_may_wait_for_what_is_billed_already() -> None:
    command = CancelSubscription(when=on(7, 1), timing="period-end")

    assert decide(STREAM, command, STARTED) == (
        SubscriptionCancelled(when=on(7, 1), timing="period-end"),
    )


def test_an_item_may_change_or_go_at_the_end_of_its_billing_period() -> None:
    items = (ItemChange(item="seats", removed=True, timing="period-end", refund="none"),)

    assert decide(STREAM, AmendSubscription(when=on(2, 10), items=items), STARTED) == (
        SubscriptionAmended(when=on(2, 10), items=items),
    )


def test_a_cancelled_subscription_is_not_cancelled_again() -> None:
    command = CancelSubscription(when=on(8, 1))

    assert refusal(STREAM, command, STARTED, CANCELLED) == (
        "already-cancelled",
        {"cancelled_on": "2024-07-01"},
    )


@pytest.mark.parametrize(
    "command",
    [
        AmendSubscription(when=on(7, 1), items=MORE),
        RenewSubscription(when=on(1, 1, year=2025), term_to=date(2026, 1, 1)),
    ],
)
def test_nothing_is_changed_from_the_cancellation_on(command: SubscriptionCommand) -> None:
    assert refusal(STREAM, command, STARTED, CANCELLED) == (
        "after-cancellation",
        {"cancelled_on": "2024-07-01"},
    )


def test_what_counts_before_the_cancellation_may_come_after_it() -> None:
    assert decide(STREAM, AmendSubscription(when=on(6, 30), items=MORE), STARTED, CANCELLED)


@pytest.mark.parametrize(
    "command",
    [
        AmendSubscription(when=on(2, 1), items=MORE),
        RenewSubscription(when=on(1, 1, year=2025), term_to=date(2026, 1, 1)),
        CancelSubscription(when=on(7, 1)),
    ],
)
def test_a_person_cannot_change_what_never_started_but_a_source_may_be_early(
    command: SubscriptionCommand,
) -> None:
    assert code(STREAM, command) == "subscription-not-started"
    assert len(decide(STREAM, command, outside=True)) == 1


@pytest.mark.parametrize(
    "command",
    [
        AmendSubscription(when=on(8, 1), items=MORE),
        AmendSubscription(when=on(2, 1), items=(ItemChange(item="x", quantity=Decimal(1)),)),
        CancelSubscription(when=on(8, 1)),
    ],
)
def test_what_a_source_says_is_not_refused_by_what_others_said(
    command: SubscriptionCommand,
) -> None:
    assert decide(STREAM, command, STARTED, CANCELLED, outside=True)


def test_the_state_is_the_same_in_any_order_of_dates() -> None:
    before_the_start = SubscriptionAmended(
        when=on(12, 1, year=2023), items=(ItemChange(item="support", price="plan"),)
    )
    renewed = SubscriptionRenewed(when=on(12, 2, year=2023), term_to=date(2026, 1, 1))
    second = SubscriptionCancelled(when=on(9, 1))

    folded = state(STREAM, before_the_start, renewed, STARTED, CANCELLED, second)

    assert folded.items == {"seats", "support"}
    assert folded.term_to == date(2026, 1, 1)
    assert folded.cancelled_on == date(2024, 7, 1)
