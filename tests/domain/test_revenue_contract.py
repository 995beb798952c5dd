from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from domain.contract_commands import (
    ContractCommand,
    ModifyContract,
    OpenContract,
    SatisfyObligation,
    TerminateContract,
)
from domain.contract_facts import (
    ContractModified,
    ContractOpened,
    ContractTerminated,
    Obligation,
    ObligationSatisfied,
    Restated,
)
from domain.errors import Rejected
from domain.money import LARGEST_MINOR
from tests.domain.given import code, decide, on, refusal, state

STREAM = "contract:k1"
SUPPORT = Obligation(
    obligation="support",
    ssp_minor=60_000,
    service_from=date(2024, 1, 1),
    service_to=date(2025, 1, 1),
)
LICENCE = Obligation(obligation="licence", ssp_minor=90_000, pattern="point-in-time")
OPEN = OpenContract(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    price_minor=120_000,
    obligations=(SUPPORT, LICENCE),
)
OPENED = ContractOpened(
    when=on(1, 1),
    customer="c1",
    currency="USD",
    price_minor=120_000,
    obligations=(SUPPORT, LICENCE),
)
TRAINING = Obligation(obligation="training", ssp_minor=30_000, pattern="point-in-time")


def promising(**how: object) -> OpenContract:
    return structs.replace(OPEN, obligations=(structs.replace(SUPPORT, **how),))


def test_a_contract_opens_with_its_promises_and_price() -> None:
    assert decide(STREAM, OPEN) == (OPENED,)


def test_a_contract_opens_once() -> None:
    assert code(STREAM, OPEN, OPENED) == "contract-already-open"


def test_a_contract_may_be_free() -> None:
    assert decide(STREAM, structs.replace(OPEN, price_minor=0))


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (structs.replace(OPEN, customer=""), "empty-text"),
        (structs.replace(OPEN, currency="usd"), "unknown-currency"),
        (structs.replace(OPEN, price_minor=-1), "negative-price"),
        (structs.replace(OPEN, price_minor=LARGEST_MINOR + 1), "amount-too-large"),
        (structs.replace(OPEN, obligations=()), "no-obligations"),
        (structs.replace(OPEN, obligations=(SUPPORT, SUPPORT)), "duplicate-obligation"),
        (promising(obligation=""), "empty-text"),
        (promising(ssp_minor=-1), "negative-ssp"),
        (promising(ssp_minor=LARGEST_MINOR + 1), "amount-too-large"),
        (promising(ssp_minor=0, ssp_range_minor=(0, LARGEST_MINOR + 1)), "amount-too-large"),
        (promising(service_from=None, service_to=None), "ratable-without-term"),
        (promising(service_to=None), "ratable-without-term"),
        (promising(service_to=date(2024, 1, 1)), "service-ends-before-it-begins"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused(command: OpenContract, expected: str) -> None:
    assert code(STREAM, command) == expected


def test_amounts_may_be_as_large_as_the_ledger_holds() -> None:
    largest = structs.replace(promising(ssp_minor=LARGEST_MINOR), price_minor=LARGEST_MINOR)
    change = ModifyContract(when=on(4, 1), price_change_minor=LARGEST_MINOR)

    assert decide(STREAM, largest)
    assert decide(STREAM, change, OPENED)


def test_a_modification_adds_promises_and_changes_the_price() -> None:
    command = ModifyContract(when=on(4, 1), price_change_minor=-10_000, added=(TRAINING,))
    modified = ContractModified(when=on(4, 1), price_change_minor=-10_000, added=(TRAINING,))

    assert decide(STREAM, command, OPENED) == (modified,)


def test_the_same_change_of_price_may_come_twice() -> None:
    command = ModifyContract(when=on(4, 1), price_change_minor=-10_000)
    modified = ContractModified(when=on(4, 1), price_change_minor=-10_000)

    assert decide(STREAM, command, OPENED, modified) == (modified,)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ModifyContract(when=on(4, 1), price_change_minor=0, added=(SUPPORT,)),
            "duplicate-obligation",
        ),
        (
            ModifyContract(
                when=on(4, 1),
                price_change_minor=0,
                added=(Obligation(obligation="more", ssp_minor=1),),
            ),
            "ratable-without-term",
        ),
        (
            ModifyContract(when=on(4, 1), price_change_minor=-LARGEST_MINOR - 1),
            "amount-too-large",
        ),
    ],
)
def test_a_modification_that_makes_no_sense_is_refused(
    command: ModifyContract, expected: str
) -> None:
    assert code(STREAM, command, OPENED) == expected


def test_control_of_a_promise_passes() -> None:
    command = SatisfyObligation(when=on(3, 1), obligation="licence")
    satisfied = ObligationSatisfied(when=on(3, 1), obligation="licence")

    assert decide(STREAM, command, OPENED) == (satisfied,)
    assert decide(STREAM, command, OPENED, satisfied) == (satisfied,)


def test_control_of_an_unknown_promise_does_not_pass_unless_a_source_is_early() -> None:
    command = SatisfyObligation(when=on(3, 1), obligation="training")

    assert refusal(STREAM, command, OPENED) == (
        "unknown-obligation",
        {"obligation": "training"},
    )
    assert decide(STREAM, command, OPENED, outside=True)


def test_what_is_earned_over_time_is_not_satisfied_at_one_moment() -> None:
    command = SatisfyObligation(when=on(3, 1), obligation="support")

    assert refusal(STREAM, command, OPENED) == ("not-point-in-time", {"pattern": "ratable"})


def test_a_contract_ends_and_gives_back_at_most_its_price() -> None:
    command = TerminateContract(when=on(7, 1), refund_minor=120_000)
    terminated = ContractTerminated(when=on(7, 1), refund_minor=120_000)

    assert decide(STREAM, command, OPENED) == (terminated,)
    assert refusal(STREAM, structs.replace(command, refund_minor=120_001), OPENED) == (
        "refund-above-price",
        {"price": 120_000},
    )
    assert code(STREAM, structs.replace(command, refund_minor=-1), OPENED) == "amount-not-positive"


def test_of_what_is_owed_as_billed_credit_notes_say_what_is_given_back() -> None:
    command = TerminateContract(when=on(7, 1), owed="billed")

    assert decide(STREAM, command, OPENED) == (ContractTerminated(when=on(7, 1), owed="billed"),)
    assert code(STREAM, structs.replace(command, refund_minor=1), OPENED) == (
        "refund-of-what-is-billed"
    )


def test_a_promise_may_be_worth_nothing_and_a_contract_may_end_without_a_refund() -> None:
    assert decide(STREAM, promising(ssp_minor=0))
    assert decide(STREAM, TerminateContract(when=on(7, 1)), OPENED)


def test_a_refund_beyond_the_ledger_is_malformed_also_before_the_contract_is_known() -> None:
    command = TerminateContract(when=on(7, 1), refund_minor=LARGEST_MINOR)

    assert decide(STREAM, command, outside=True)
    beyond = structs.replace(command, refund_minor=LARGEST_MINOR + 1)
    assert code(STREAM, beyond, outside=True) == "amount-too-large"


def test_a_contract_ends_once() -> None:
    terminated = ContractTerminated(when=on(7, 1))

    assert code(STREAM, TerminateContract(when=on(8, 1)), OPENED, terminated) == (
        "already-terminated"
    )


@pytest.mark.parametrize(
    "command",
    [
        ModifyContract(when=on(4, 1), price_change_minor=1),
        SatisfyObligation(when=on(3, 1), obligation="licence"),
        TerminateContract(when=on(7, 1), refund_minor=5),
    ],
)
def test_a_person_cannot_change_what_is_not_open_but_a_source_may_be_early(
    command: ContractCommand,
) -> None:
    assert code(STREAM, command) == "contract-not-open"
    assert len(decide(STREAM, command, outside=True)) == 1


def test_a_change_dated_before_the_opening_counts_all_the_same() -> None:
    early = ContractModified(when=on(12, 1, year=2023), price_change_minor=500, added=(TRAINING,))

    folded = state(STREAM, early, OPENED)

    assert folded.price_minor == 120_500
    assert set(folded.obligations) == {"support", "licence", "training"}
    assert code(STREAM, structs.replace(OPEN, obligations=(TRAINING,)), early) == (
        "duplicate-obligation"
    )


def test_units_at_a_price_need_no_count_beforehand() -> None:
    boxes = Obligation(obligation="boxes", pattern="units", unit_price=Decimal(150))
    credits_ = Obligation(obligation="credits", pattern="as-exercised", unit_ssp=Decimal(1))

    assert decide(STREAM, structs.replace(OPEN, price_minor=0, obligations=(boxes,)))
    assert code(STREAM, structs.replace(OPEN, obligations=(credits_,))) == "missing-quantity"


def test_a_contract_of_its_own_states_nothing_anew() -> None:
    command = ModifyContract(
        when=on(4, 1),
        price_change_minor=100,
        added=(TRAINING,),
        restated=(Restated(obligation="support", price_minor=1),),
        treatment="separate",
        judgement="sold by another team",
    )

    assert code(STREAM, command, OPENED) == "separate-changes-nothing-else"
    assert decide(STREAM, structs.replace(command, restated=()), OPENED)


def agreed(day: int, order: int | None = None, **how: Any) -> ModifyContract:
    return ModifyContract(when=on(3, day, order=order), price_change_minor=5, **how)


MORE: dict[str, Any] = {"added": (TRAINING,)}
LONGER: dict[str, Any] = {
    "restated": (Restated(obligation="support", service_to=date(2025, 7, 1)),)
}


@pytest.mark.parametrize("how", [MORE, LONGER])
def test_after_its_end_a_contract_promises_nothing_more(how: dict[str, Any]) -> None:
    ended = ContractTerminated(when=on(3, 10, order=4))
    earlier = ContractTerminated(when=on(3, 5, order=4))
    (field,) = how

    with pytest.raises(Rejected) as caught:
        decide(STREAM, agreed(10, **how), OPENED, ended)

    assert (caught.value.code, caught.value.field) == ("already-terminated", field)
    assert caught.value.context == {"terminated_on": "2024-03-10"}
    assert code(STREAM, agreed(11, **how), OPENED, ended) == "already-terminated"
    assert code(STREAM, agreed(9, **how), OPENED, ended, earlier) == "already-terminated"
    # What was agreed before is told late; a price may be settled after; a source is not asked.
    assert decide(STREAM, agreed(9, **how), OPENED, ended)
    assert decide(STREAM, agreed(10, order=3, **how), OPENED, ended)
    assert decide(STREAM, agreed(11), OPENED, ended)
    assert decide(STREAM, agreed(11, **how), OPENED, ended, outside=True)
