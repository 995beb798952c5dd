from datetime import date

import pytest
from msgspec import structs

from domain.chargeback import ChargebackCommand, LoseChargeback, OpenChargeback, WinChargeback
from domain.chargeback_facts import ChargebackLost, ChargebackOpened, ChargebackWon
from domain.facts import Event
from domain.payment_facts import PaymentReceived, PaymentRefunded
from tests.domain.given import code, decide, on, state

STREAM = "payment:p1"
RECEIVED = PaymentReceived(when=on(2, 1), customer="c1", currency="USD", amount_minor=10_000)
OPEN = OpenChargeback(when=on(3, 1), chargeback="d", amount_minor=4_000, fee_minor=15)
OPENED = ChargebackOpened(when=on(3, 1), chargeback="d", amount_minor=4_000, fee_minor=15)
WIN = WinChargeback(when=on(4, 1), chargeback="d", fee_returned_minor=15)
WON = ChargebackWon(when=on(4, 1), chargeback="d", fee_returned_minor=15)
LOSE = LoseChargeback(when=on(4, 1), chargeback="d")
LOST = ChargebackLost(when=on(4, 1), chargeback="d")


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (OPEN, (), OPENED),
        (WIN, (OPENED,), WON),
        (LOSE, (OPENED,), LOST),
    ],
)
def test_a_chargeback_is_opened_won_and_lost(
    command: ChargebackCommand, given: tuple[Event, ...], expected: Event
) -> None:
    assert decide(STREAM, command, RECEIVED, *given) == (expected,)


@pytest.mark.parametrize(
    ("command", "given", "expected"),
    [
        (structs.replace(OPEN, chargeback=""), (), "empty-text"),
        (structs.replace(OPEN, amount_minor=0), (), "amount-not-positive"),
        (structs.replace(OPEN, fee_minor=-1), (), "amount-not-positive"),
        (structs.replace(OPEN, amount_minor=10_001), (), "chargeback-above-payment"),
        (OPEN, (OPENED,), "duplicate-chargeback"),
        (WIN, (), "unknown-chargeback"),
        (LOSE, (), "unknown-chargeback"),
        (structs.replace(WIN, fee_returned_minor=-1), (OPENED,), "amount-not-positive"),
        (LOSE, (OPENED, WON), "chargeback-decided"),
        (WIN, (OPENED, LOST), "chargeback-decided"),
    ],
)
def test_what_makes_no_sense_is_refused(
    command: ChargebackCommand, given: tuple[Event, ...], expected: str
) -> None:
    assert code(STREAM, command, RECEIVED, *given) == expected


@pytest.mark.parametrize("command", [OPEN, WIN, LOSE])
def test_a_gateway_may_be_ahead_of_the_payment_and_a_person_may_not(
    command: ChargebackCommand,
) -> None:
    assert code(STREAM, command) == "not-received"
    assert len(decide(STREAM, command, outside=True)) == 1


def test_a_gateway_may_decide_twice() -> None:
    assert decide(STREAM, LOSE, RECEIVED, OPENED, WON, outside=True) == (LOST,)


def test_a_bank_may_take_back_what_was_refunded_before() -> None:
    refunded = PaymentRefunded(when=on(2, 2), amount_minor=10_000)

    assert decide(STREAM, OPEN, RECEIVED, refunded) == (OPENED,)


@pytest.mark.parametrize(
    ("given", "kept"), [((OPENED,), 6_000), ((OPENED, LOST), 6_000), ((OPENED, WON), 10_000)]
)
def test_what_is_with_us_is_what_was_not_taken_or_was_won(
    given: tuple[Event, ...], kept: int
) -> None:
    assert state(STREAM, RECEIVED, *given).kept_minor == kept


def test_an_outcome_counts_though_its_date_is_before_the_opening() -> None:
    early = structs.replace(WON, when=on(2, 15))

    assert early.when.effective < date(2024, 3, 1)
    assert state(STREAM, RECEIVED, OPENED, early).kept_minor == 10_000
