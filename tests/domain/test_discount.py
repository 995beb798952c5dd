from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from domain.discount import DiscountGranted, DiscountWithdrawn, GrantDiscount, WithdrawDiscount
from domain.subscription import Item
from tests.domain.given import code, decide, on
from tests.domain.subscribing import started

STREAM = "subscription:s1"
STARTED = started("2024-01-01", "2025-01-01", Item(item="seats", price="seat"))
GRANT = GrantDiscount(when=on(2, 1), discount="launch", percent=Decimal(20), items=("seats",))
GRANTED = DiscountGranted(when=on(2, 1), discount="launch", percent=Decimal(20), items=("seats",))
IN_MONEY = structs.replace(GRANT, percent=None, amount=Decimal("10.5"))


def test_a_discount_is_granted_in_per_cent_or_in_money() -> None:
    assert decide(STREAM, GRANT, STARTED) == (GRANTED,)
    assert decide(STREAM, IN_MONEY, STARTED)
    assert decide(STREAM, structs.replace(GRANT, percent=Decimal(100), items=()), STARTED)


def test_a_discount_may_be_limited_and_take_its_turn() -> None:
    assert decide(STREAM, structs.replace(GRANT, periods=3, order=2), STARTED)
    assert decide(STREAM, structs.replace(GRANT, until=date(2024, 5, 1)), STARTED)


def test_a_discount_that_was_withdrawn_may_be_granted_again() -> None:
    withdrawn = DiscountWithdrawn(when=on(3, 1), discount="launch")
    again = structs.replace(GRANT, when=on(4, 1))

    command = WithdrawDiscount(when=on(3, 1), discount="launch")

    assert decide(STREAM, command, STARTED, GRANTED) == (withdrawn,)
    assert decide(STREAM, again, STARTED, GRANTED, withdrawn)
    assert code(STREAM, again, STARTED, GRANTED) == "discount-already-granted"


def test_what_was_never_granted_is_not_withdrawn() -> None:
    command = WithdrawDiscount(when=on(3, 1), discount="launch")

    assert code(STREAM, command, STARTED) == "unknown-discount"
    assert decide(STREAM, command, outside=True)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (structs.replace(GRANT, percent=None), "percent-or-amount"),
        (structs.replace(GRANT, amount=Decimal(1)), "percent-or-amount"),
        (structs.replace(GRANT, percent=Decimal(0)), "percent-out-of-range"),
        (structs.replace(GRANT, percent=Decimal("100.01")), "percent-out-of-range"),
        (structs.replace(GRANT, percent=Decimal("NaN")), "not-finite"),
        (structs.replace(IN_MONEY, amount=Decimal(0)), "amount-not-positive"),
        (structs.replace(IN_MONEY, amount=Decimal("Infinity")), "not-finite"),
        (structs.replace(GRANT, periods=0), "discount-without-period"),
        (structs.replace(GRANT, until=date(2024, 2, 1)), "discount-without-period"),
        (structs.replace(GRANT, periods=1, until=date(2025, 1, 1)), "periods-or-until"),
        (structs.replace(GRANT, items=("seats", "seats")), "duplicate-item"),
        (structs.replace(GRANT, items=("nothing",)), "unknown-item"),
        (structs.replace(GRANT, discount=""), "empty-text"),
    ],
)
def test_a_discount_that_makes_no_sense_is_refused(command: GrantDiscount, expected: str) -> None:
    assert code(STREAM, command, STARTED) == expected
