"""Groups decided on what is remembered: one statement, and the same answers as if all was read."""

from contextlib import contextmanager
from random import Random

import pytest

from domain.cash import (
    ApplyPayment,
    ReceivePayment,
)
from domain.errors import Malformed, Rejected
from domain.facts import Source
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.payment_facts import (
    Application,
)
from store import log
from store.remembered import Remembered
from store.request import Request
from store.transact import append_surely, submit
from tests.store.groups import WHEN, amend, clock, register, round_trips


def pay(key, name, number="1", minor=100):
    command = ReceivePayment(
        when=WHEN, customer="a", currency="USD", amount_minor=minor, reference=None
    )
    source = Source(system="bank", kind="receipt", id=number)
    return Request(entity="e", stream=f"payment:{name}", key=key, command=command, source=source)


def sender(connection):
    """A process with a memory of its own."""
    remembered = Remembered()

    @contextmanager
    def lend():
        yield connection

    def send(*requests):
        return append_surely(lend, requests[0].entity, requests, clock=clock, remembered=remembered)

    return send


def told(outcome):
    if isinstance(outcome, Rejected | Malformed):
        return outcome.code
    return outcome.positions, outcome.repeated


def test_one_round_trip_is_enough_for_streams_that_are_known_or_new(connection):
    send = sender(connection)
    send(register("first"))
    with round_trips(connection) as known:
        send(amend("second"))
    with round_trips(connection) as new:
        send(register("third", "b"), amend("fourth", "b"), amend("fifth"))

    assert (known, new) == ([1], [1])
    assert [one.stream for one in log.read_all(connection, "e")] == [
        *("customer:a", "customer:a", "customer:b", "customer:b", "customer:a")
    ]


def test_a_key_is_for_ever_although_nobody_looked_it_up(connection):
    send = sender(connection)
    send(register("k"))

    assert [*map(told, send(register("k")))] == [((1,), True)]
    assert [*map(told, send(amend("k")))] == ["key-reused"]
    assert [*map(told, send(amend("more")))] == [((2,), False)]


def test_a_refusal_is_kept_and_final_and_that_of_another_process_too(connection, other):
    send = sender(connection)
    send(register("k"))
    assert [*map(told, send(register("ours")))] == ["customer-already-registered"]
    with pytest.raises(Rejected):
        submit(other, register("theirs"), clock=clock)

    assert [*map(told, send(amend("theirs")))] == ["key-reused"]
    assert [*map(told, send(register("ours"), register("theirs")))] == [
        *("customer-already-registered", "customer-already-registered")
    ]
    assert connection.execute("SELECT key FROM refusal ORDER BY key").fetchall() == [
        *(("ours",), ("theirs",))
    ]


def test_an_outside_fact_comes_once_although_nobody_looked_for_its_name(connection):
    send = sender(connection)
    send(pay("k", "p"))

    assert [*map(told, send(pay("again", "p")))] == [((1,), True)]
    assert [*map(told, send(pay("other", "p", minor=200)))] == ["source-id-reused"]
    assert [*map(told, send(pay("elsewhere", "q")))] == ["source-id-reused"]
    assert [*map(told, send(pay("twice", "p", number="2")))] == ["already-received"]
    assert log.head(connection, "e").position == 1


def test_a_stream_that_was_not_known_is_not_taken_for_empty(connection, other):
    submit(other, register("theirs"), clock=clock)
    send = sender(connection)
    send(register("ours", "b"))

    assert [*map(told, send(register("again")))] == ["customer-already-registered"]
    assert [*map(told, send(amend("more")))] == [((3,), False)]


def test_a_stream_that_others_added_to_meanwhile_is_read_again(connection, other):
    send = sender(connection)
    send(register("a"), register("b", "b"))
    submit(other, amend("theirs"), clock=clock)
    send(amend("b2", "b"))
    send(amend("b3", "b"))

    assert [*map(told, send(amend("ours")))] == [((6,), False)]
    assert [one.version for one in log.read_stream(connection, "e", "customer:a")] == [1, 2, 3]


def issue(key, currency="USD"):
    lines = (InvoiceLine(line="1", amount_minor=100),)
    command = IssueInvoice(when=WHEN, customer="a", currency=currency, lines=lines)
    return Request(entity="e", stream="invoice:i", key=key, command=command)


def apply(key):
    command = ApplyPayment(when=WHEN, applications=(Application(invoice="i", amount_minor=100),))
    return Request(entity="e", stream="payment:p", key=key, command=command)


def test_a_stream_that_a_decision_only_looks_at_is_not_taken_for_empty(connection, other):
    submit(other, issue("theirs", currency="EUR"), clock=clock)
    send = sender(connection)
    send(pay("ours", "p"))

    assert [*map(told, send(apply("apply")))] == ["currency-mismatch"]


def test_a_stream_that_a_decision_only_looks_at_is_read_again_once_others_were_there(
    connection, other
):
    send = sender(connection)
    send(issue("i"), pay("p", "p"))
    submit(other, Request(entity="e", stream="invoice:i", key="back", corrects=1), clock=clock)
    send(register("between"))

    assert [*map(told, send(apply("apply")))] == ["unknown-invoice"]


def test_a_head_whose_epoch_was_raised_is_read_again(connection, other):
    send = sender(connection)
    send(register("a"))
    other.execute("UPDATE entity_head SET epoch = epoch + 1")

    assert [*map(told, send(amend("b")))] == [((2,), False)]


@pytest.mark.parametrize("seed", range(4))
def test_two_with_memories_and_one_without_answer_like_one_without(connection, other, seed):
    draw = Random(seed)
    keys = [f"k{number}" for number in range(40)]
    made = [draw.choice([register, amend])(key, draw.choice("abcd")) for key in keys]
    sent = [draw.choice(made) for _ in range(160)]
    told_alone = []
    for request in sent:
        (outcome,) = sender(connection)(
            Request(entity="alone", stream=request.stream, key=request.key, command=request.command)
        )
        told_alone.append(told(outcome))
    senders = [sender(connection), sender(other)]

    answers = []
    for request in sent:
        send = draw.choice([*senders, sender(other)])
        answers += map(told, send(request))

    assert answers == told_alone
