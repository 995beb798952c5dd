"""Dunning as facts: stated once, paused, and taken back where later facts say it never was."""

from __future__ import annotations

from datetime import date

import pytest

from domain.cash import FailPayment, ReceivePayment
from domain.dispute import OpenDispute, ResolveDispute
from domain.dunning import HoldDunning, PromisePayment, ReleaseDunning
from domain.dunning_steps import steps_of
from domain.errors import Rejected
from domain.facts import When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from projections.dunning import to_remind
from projections.question import Question
from replay.dunning import dun
from replay.ledger import Ledger
from tests.replay.conftest import NEW_YEAR, Send


def on(day: int, month: int = 2) -> When:
    return When(effective=date(2024, month, day))


@pytest.fixture
def owing(company: Ledger, send: Send) -> Ledger:
    """Due on 1 February, reminded after 7, 14 and 30 days."""
    elected = AdoptInvoicing(when=NEW_YEAR, options=InvoicingOptions(dunning="7,14,30"))
    send("invoicing:self", elected)
    issue(send, "i1", 100_00)
    return company


def issue(send: Send, name: str, minor: int) -> None:
    command = IssueInvoice(
        when=NEW_YEAR,
        customer="c1",
        currency="USD",
        number=f"N-{name}",
        due_on=date(2024, 2, 1),
        lines=(InvoiceLine(line="1", amount_minor=minor),),
    )
    send(f"invoice:{name}", command)


def pay(send: Send, name: str, minor: int, day: When) -> None:
    command = ReceivePayment(when=day, customer="c1", currency="USD", amount_minor=minor)
    send(f"payment:{name}", command)


def ran(ledger: Ledger, day: date) -> tuple[int, int]:
    """Posted and dunned: steps stated and taken back."""
    ledger.run("acme", day)
    done = dun(ledger, "acme", "main", day, actor="ann")
    return done.stated, done.taken_back


def queue(ledger: Ledger, day: date, **more: int) -> list[tuple[str, int, date, int]]:
    ledger.catch_up("acme")
    question = Question(entity="acme", book="main", through=day)
    with ledger.connection() as connection:
        rows = to_remind(connection, question, **more).rows
    return [(row.invoice, row.step, row.reached_on, row.open_minor) for row in rows]


MARCH = date(2024, 3, 10)


def test_each_step_is_stated_once_on_its_own_day(owing: Ledger) -> None:
    assert ran(owing, date(2024, 2, 7)) == (0, 0)
    assert ran(owing, date(2024, 2, 8)) == (1, 0)
    assert ran(owing, date(2024, 2, 8)) == (0, 0)
    assert queue(owing, date(2024, 2, 8)) == [("i1", 1, date(2024, 2, 8), 100_00)]
    assert ran(owing, MARCH) == (2, 0)
    assert queue(owing, MARCH) == [("i1", 3, date(2024, 3, 2), 100_00)]
    assert queue(owing, MARCH, after=owing.head("acme")) == []


def test_what_is_paid_late_keeps_its_steps_and_is_reminded_no_more(
    owing: Ledger, send: Send
) -> None:
    ran(owing, date(2024, 2, 20))
    pay(send, "p", 100_00, on(21))

    assert ran(owing, MARCH) == (0, 0)
    assert queue(owing, MARCH) == []


def test_money_that_had_come_before_takes_its_steps_back_and_lost_again_states_them_again(
    owing: Ledger, send: Send
) -> None:
    ran(owing, date(2024, 2, 20))
    pay(send, "p", 100_00, on(10))
    assert ran(owing, date(2024, 2, 20)) == (0, 1)

    send("payment:p", FailPayment(when=on(12), amount_minor=100_00))
    assert ran(owing, date(2024, 2, 20)) == (1, 0)
    assert ran(owing, date(2024, 2, 20)) == (0, 0)


def test_a_promise_a_hold_and_a_dispute_pause_it(owing: Ledger, send: Send) -> None:
    issue(send, "i2", 200_00)
    issue(send, "i3", 300_00)
    send("dunning:i1", PromisePayment(when=on(5), until=date(2024, 2, 11)))
    send("dunning:i2", HoldDunning(when=on(3), reason="a friend"))
    send("invoice:i3", OpenDispute(when=on(4), dispute="d", reason="late", amount_minor=10_00))
    assert ran(owing, date(2024, 2, 11)) == (0, 0)
    assert ran(owing, date(2024, 2, 12)) == (1, 0)

    send("dunning:i2", ReleaseDunning(when=on(13)))
    send("invoice:i3", ResolveDispute(when=on(14), dispute="d", outcome="withdrawn"))
    assert ran(owing, date(2024, 2, 14)) == (2, 0)
    assert [row[:3] for row in queue(owing, date(2024, 2, 14))] == [
        ("i1", 1, date(2024, 2, 12)),
        ("i2", 1, date(2024, 2, 13)),
        ("i3", 1, date(2024, 2, 14)),
    ]


def test_a_hold_that_is_known_late_takes_back_what_it_covers(owing: Ledger, send: Send) -> None:
    ran(owing, date(2024, 2, 20))
    send("dunning:i1", HoldDunning(when=on(10)))

    assert ran(owing, date(2024, 2, 20)) == (0, 1)
    assert queue(owing, date(2024, 2, 20)) == [("i1", 1, date(2024, 2, 8), 100_00)]


def test_without_an_election_nobody_is_reminded(company: Ledger, send: Send) -> None:
    issue(send, "i1", 100_00)

    assert ran(company, MARCH) == (0, 0)


SEVEN = "\N{ARABIC-INDIC DIGIT SEVEN}"


@pytest.mark.parametrize("option", ["", "seven", "7,7", "14,7", "-1", "7,", "9999", SEVEN])
def test_steps_that_are_no_rising_days_are_refused(option: str) -> None:
    with pytest.raises(Rejected, match="bad-dunning-steps"):
        steps_of(option)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (PromisePayment(when=on(5), until=date(2024, 2, 4)), "promise-in-the-past"),
        (ReleaseDunning(when=on(5)), "dunning-not-held"),
    ],
)
@pytest.mark.usefixtures("owing")
def test_what_cannot_be_is_refused(send: Send, command: object, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        send("dunning:i1", command)
    send("dunning:i1", HoldDunning(when=on(3)))
    with pytest.raises(Rejected, match="dunning-already-held"):
        send("dunning:i1", HoldDunning(when=on(4)))
