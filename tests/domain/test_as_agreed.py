"""Which of the known facts count at the end of a day: agreed or happened by then, or of before."""

from __future__ import annotations

from datetime import date

import pytest

from domain.accounting.as_agreed import as_agreed
from domain.accounting.curves import At, Curve, Steps
from domain.accounting.remaining import Remains, remaining
from domain.accounting.revenue import RELEASE
from domain.accounting.schedule import Flow, Outlook, Schedule, Spoken
from domain.contract_facts import (
    ContractJoined,
    ContractModified,
    ContractTerminated,
    ObligationSatisfied,
    PriceConceded,
    PriceEstimated,
)
from domain.facts import Event, When
from domain.invoice_facts import (
    CreditIssued,
    CreditLine,
    InvoiceIssued,
    InvoiceLine,
    InvoiceVoided,
    Treatment,
)
from domain.opening import OpeningSigned
from domain.party import CustomerRegistered
from domain.policy import Options
from domain.service import AccessGranted
from domain.subscription import SubscriptionCancelled
from tests.domain.given import fact

DAY = date(2024, 3, 31)
BEFORE, AFTER = date(2024, 3, 1), date(2024, 4, 1)
IN_TIME, LATE, AHEAD = (
    When(effective=BEFORE),
    When(effective=AFTER),
    When(effective=AFTER, agreed_on=BEFORE),
)


def counts(stream: str, *events: Event, default: str = "as-if-never") -> list[bool]:
    known = [fact(at, stream=stream, event=event) for at, event in enumerate(events, start=1)]
    found = as_agreed(known, DAY, lambda _issued: default)
    assert [*found] == sorted(found, key=lambda one: one.position)
    return [one in found for one in known]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        # Parties agree.
        (lambda when: ContractModified(when=when, price_change_minor=1), [True, False, True]),
        (lambda when: ContractTerminated(when=when), [True, False, True]),
        (
            lambda when: PriceConceded(when=when, obligation="a", amount_minor=1),
            [True, False, True],
        ),
        # Things happen, and are estimated: nobody agrees that.
        (lambda when: ObligationSatisfied(when=when, obligation="a"), [True, False, False]),
        (lambda when: PriceEstimated(when=when, variable=()), [True, False, False]),
        # Later it is told how it was.
        (lambda when: AccessGranted(when=when), [True, True, True]),
        (
            lambda when: ContractJoined(when=when, contract="k2", because="one-objective"),
            [True, True, True],
        ),
    ],
)
def test_what_parties_agree_counts_from_then_what_happens_from_its_day(
    event: object, expected: list[bool]
) -> None:
    assert callable(event)
    found = [counts("contract:k1", event(when))[0] for when in (IN_TIME, LATE, AHEAD)]

    assert found == expected


def test_every_change_of_a_subscription_is_agreed_and_a_signature_is_for_what_was() -> None:
    ahead = SubscriptionCancelled(when=AHEAD)
    late = SubscriptionCancelled(when=LATE)

    assert counts("subscription:s1", ahead, late) == [True, False]
    signed = OpeningSigned(when=LATE, approved_by="bob", proposed_by="ann")
    assert counts("opening:o1", signed) == [True]


def test_what_is_known_of_customers_counts_by_no_day() -> None:
    assert counts("customer:c1", CustomerRegistered(when=LATE, currency="USD")) == [True]


def issued(when: When) -> InvoiceIssued:
    line = InvoiceLine(line="1", amount_minor=1200_00)
    day = when.effective
    return InvoiceIssued(
        when=when, customer="c1", currency="USD", number="N1", due_on=day, lines=(line,)
    )


def credit(treatment: Treatment) -> CreditIssued:
    row = CreditLine(line="1", amount_minor=100_00)
    return CreditIssued(when=LATE, number="C1", lines=(row,), treatment=treatment)


def test_a_document_that_was_wrong_counts_and_what_is_given_back_later_does_not() -> None:
    invoice = issued(IN_TIME)

    assert counts("invoice:i1", invoice, credit("as-if-never")) == [True, True]
    assert counts("invoice:i1", invoice, credit("from-now")) == [True, False]
    assert counts("invoice:i1", issued(LATE)) == [False]
    assert counts("invoice:i1", issued(AHEAD)) == [True]


@pytest.mark.parametrize(
    ("said", "default", "expected"),
    [
        ("as-if-never", "from-now", True),
        ("from-now", "as-if-never", False),
        (None, "as-if-never", True),
        (None, "from-now", False),
    ],
)
def test_a_void_counts_as_it_says_or_as_the_book_elects(
    said: Treatment | None, default: str, expected: bool
) -> None:
    """What a void leaves rests on what was credited before it: they count together."""
    void = InvoiceVoided(when=LATE, treatment=said)
    rows = issued(IN_TIME), credit("from-now"), void

    assert counts("invoice:i1", *rows, default=default) == [True, expected, expected]
    # Nobody knows what it voids.
    assert counts("invoice:i1", void, default=default) == [False]


# --- what is known, and what was agreed ---


def flow(obligation: str, curve: Curve) -> Flow:
    return Flow(
        kind="release",
        subject=obligation,
        legs=RELEASE,
        curve=curve,
        causes=(1,),
        rule="ratable-by-day@1",
        obligation=obligation,
    )


def schedule(*flows: Flow, memos: tuple[Flow, ...] = (), **said: object) -> Schedule:
    return Schedule(
        unit="contract:k1", book="main", currency="USD", flows=flows, memos=memos, **said
    )  # type: ignore[arg-type]


def told(known: Schedule, agreed: Schedule) -> dict[str, tuple[int, ...]]:
    rows: tuple[Remains, ...] = remaining(known, DAY, (), Options(), agreed)
    return {
        row.obligation: (row.price_minor, row.earned_minor, row.remaining_minor) for row in rows
    }


def steps(*marks: tuple[date, int]) -> Steps:
    return Steps(marks)


def test_a_promise_is_as_agreed_while_nothing_later_moves_what_was_earned() -> None:
    """Later it costs less, from the day after on."""
    known = schedule(flow("a", steps((BEFORE, 300_00), (AFTER, 900_00))))
    agreed = schedule(flow("a", steps((BEFORE, 300_00), (AFTER, 1200_00))))

    assert told(known, agreed) == {"a": (1200_00, 300_00, 900_00)}


def test_a_promise_of_which_a_later_fact_moves_what_was_earned_is_as_known() -> None:
    known = schedule(flow("a", steps((BEFORE, 200_00), (AFTER, 900_00))))
    agreed = schedule(flow("a", steps((BEFORE, 300_00), (AFTER, 1200_00))))

    assert told(known, agreed) == {"a": (900_00, 200_00, 700_00)}


def test_what_never_was_earned_after_all_is_no_promise() -> None:
    agreed = schedule(flow("a", At(BEFORE, 300_00)), flow("b", At(AFTER, 100_00)))

    assert told(schedule(), agreed) == {"b": (100_00, 0, 100_00)}


def test_what_was_performed_before_it_was_agreed_costs_what_was_earned() -> None:
    known = schedule(flow("a", steps((BEFORE, 300_00), (AFTER, 1200_00))), flow("b", At(AFTER, 5)))

    assert told(known, schedule()) == {"a": (300_00, 300_00, 0)}


def test_what_is_not_a_contract_yet_promises_nothing() -> None:
    memo = Flow(
        kind="promised",
        subject="a",
        legs=(),
        curve=steps((BEFORE, 1200_00)),
        causes=(1,),
        rule="promised@1",
        obligation="a",
    )
    hoped = schedule(memos=(memo,), outlook=Outlook(is_contract=False))
    held = schedule(memos=(memo,), outlook=Outlook(spoken=(Spoken(obligation="a"),)))

    assert told(hoped, hoped) == {}
    assert told(held, held) == {"a": (1200_00, 0, 1200_00)}
