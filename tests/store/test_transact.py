"""Commands into facts on a real database: once, in order, refused for good, or nothing stored."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from threading import Barrier

import psycopg
import pytest
from msgspec import structs

from domain.books import (
    AdjustmentApproved,
    AdjustmentLine,
    ApproveAdjustment,
    CloseEvidence,
    ClosePeriod,
    OpenBook,
    ProposeAdjustment,
    ReopenPeriod,
    RunPosting,
)
from domain.calendar import months
from domain.cash import (
    ApplyPayment,
    ReceivePayment,
)
from domain.entity import DefineCalendar, OpenEntity
from domain.errors import Malformed, Rejected
from domain.facts import Retracted, Source, When, known, timeline
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.party import AmendCustomer, RegisterCustomer
from domain.payment_facts import (
    Application,
)
from domain.subscription import (
    AmendSubscription,
    CancelSubscription,
    Item,
    ItemChange,
    StartSubscription,
)
from store import db, group, log
from store.remembered import Remembered
from store.request import Conflict, Receipt, Request
from store.sitting import Decided
from store.transact import append_many, retrying, submit

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
JANUARY = date(2026, 1, 1)


def clock():
    return NOW


def when(day=JANUARY, **fields):
    return When(effective=day, **fields)


def register(key="k", stream="customer:a", currency="USD", **fields):
    command = RegisterCustomer(when=when(), currency=currency)
    return Request(entity="e", stream=stream, key=key, command=command, **fields)


def start(key="start", **fields):
    command = StartSubscription(
        when=when(),
        customer="a",
        currency="USD",
        term_from=JANUARY,
        term_to=date(2027, 1, 1),
        items=(Item(item="seats", price="p", quantity=Decimal(10)),),
    )
    return Request(entity="e", stream="subscription:s", key=key, command=command, **fields)


def amend(key, seats, day=date(2026, 4, 16), order=None, **fields):
    changes = (ItemChange(item="seats", quantity=Decimal(seats)),)
    command = AmendSubscription(when=when(day, order=order), items=changes)
    return Request(entity="e", stream="subscription:s", key=key, command=command, **fields)


def crm(name, version="1"):
    return Source(system="crm", kind="deal", id=name, version=version)


def refusals(connection):
    rows = connection.execute("SELECT key, code, at_position FROM refusal ORDER BY key")
    return rows.fetchall()


def facts(connection):
    return tuple(log.read_all(connection, "e"))


def test_a_command_becomes_a_fact_with_its_whole_envelope(connection):
    request = register(
        actor="ann",
        reason="new",
        source=crm("1"),
        correlation_id="c",
        causation_id="d",
        trace_id="t",
    )

    receipt = submit(connection, request, clock=clock)

    assert receipt == Receipt(entity="e", key="k", stream="customer:a", positions=(1,))
    (fact,) = facts(connection)
    assert (fact.command_id, fact.actor, fact.reason, fact.source) == ("k", "ann", "new", crm("1"))
    assert (fact.correlation_id, fact.causation_id, fact.trace_id) == ("c", "d", "t")
    assert (fact.version, fact.when, fact.recorded_at) == (1, when(order=1), NOW)


def test_the_same_key_again_changes_nothing(connection):
    first = submit(connection, register(), clock=clock)
    again = submit(connection, register(actor="another", trace_id="retry"), clock=clock)

    assert again == structs.replace(first, repeated=True)
    assert len(facts(connection)) == 1


def test_the_same_key_with_another_body_is_told_so_and_the_first_outcome_stands(connection):
    submit(connection, register(), clock=clock)

    with pytest.raises(Malformed, match="key-reused") as reused:
        submit(connection, register(currency="EUR"), clock=clock)
    with pytest.raises(Malformed, match="key-reused") as elsewhere:
        submit(connection, register(stream="customer:b"), clock=clock)

    told = {"key": "k", "used_on": "customer:a", "positions": [1]}
    assert reused.value.context == told | {"differs": "command"}
    assert elsewhere.value.context == told | {"differs": "stream"}
    assert submit(connection, register(), clock=clock).repeated
    assert len(facts(connection)) == 1


def test_a_key_stands_for_the_fact_it_corrects_too(connection):
    append_many(connection, "e", [register("a"), register("b", stream="customer:b")], clock=clock)
    retraction = Request(entity="e", stream="customer:a", key="k", corrects=1)
    submit(connection, retraction, clock=clock)

    with pytest.raises(Malformed, match="key-reused"):
        submit(connection, structs.replace(retraction, corrects=2), clock=clock)


def test_an_outside_fact_is_never_refused_for_what_is_not_known_yet(connection):
    early = amend("early", 20, source=crm("1"))

    assert submit(connection, early, clock=clock).positions == (1,)
    with pytest.raises(Rejected):
        submit(connection, amend("own", 20), clock=clock)


def test_a_key_is_looked_up_before_the_command_is_judged(connection):
    submit(connection, register("first"), clock=clock)
    with pytest.raises(Rejected):
        submit(connection, register("second"), clock=clock)

    assert submit(connection, register("first"), clock=clock).repeated


def test_a_refusal_is_kept_and_final_for_its_key_even_when_it_would_pass_now(connection):
    refused = amend("early", 5)
    with pytest.raises(Rejected) as first:
        submit(connection, refused, clock=clock)
    submit(connection, start(), clock=clock)

    with pytest.raises(Rejected) as second:
        submit(connection, refused, clock=clock)

    assert (second.value.code, second.value.field, second.value.context) == (
        first.value.code,
        first.value.field,
        first.value.context,
    )
    assert refusals(connection) == [("early", first.value.code, 0)]
    assert submit(connection, structs.replace(refused, key="later"), clock=clock).positions == (2,)


def test_malformed_input_stores_nothing_and_leaves_the_key_free(connection):
    for bad in (
        register(stream="nonsense:x"),
        register(currency="no-currency"),
        register(reason="cafe\u0301"),
        register(actor=""),
        register(key="\x00"),
        Request(entity="e", stream="invoice:i", key="k", command=register().command),
        Request(entity="e", stream="customer:a", key="k"),
    ):
        with pytest.raises(Malformed):
            submit(connection, bad, clock=clock)

    assert (facts(connection), refusals(connection)) == ((), [])
    assert not submit(connection, register(), clock=clock).repeated


def test_an_outside_fact_comes_once_whatever_its_key(connection):
    first = submit(connection, register("k1", source=crm("1")), clock=clock)
    again = submit(connection, register("k2", source=crm("1")), clock=clock)

    assert again == Receipt(
        entity="e", key="k2", stream="customer:a", positions=first.positions, repeated=True
    )
    assert submit(connection, register("k2", source=crm("1")), clock=clock) == again
    assert len(facts(connection)) == 1


def test_an_outside_name_with_another_body_is_refused_for_good(connection):
    submit(connection, register("k1", source=crm("1")), clock=clock)
    other = register("k2", stream="customer:b", source=crm("1"))

    for _ in range(2):
        with pytest.raises(Rejected, match="source-id-reused"):
            submit(connection, other, clock=clock)

    assert refusals(connection) == [("k2", "source-id-reused", 1)]


def test_another_version_of_an_outside_name_is_another_fact(connection):
    submit(connection, register("k1", source=crm("1")), clock=clock)
    submit(connection, register("k2", stream="customer:b", source=crm("1", "2")), clock=clock)

    assert len(facts(connection)) == 2


def test_a_stale_version_is_a_conflict_and_the_key_stays_free(connection):
    submit(connection, register(), clock=clock)
    amendment = AmendCustomer(when=when(), payment_terms_days=60)
    stale = Request(
        entity="e", stream="customer:a", key="k2", command=amendment, expected_version=0
    )

    with pytest.raises(Conflict, match="customer:a is at version 1, not 0"):
        submit(connection, stale, clock=clock)

    assert refusals(connection) == []
    assert submit(connection, structs.replace(stale, expected_version=1), clock=clock).positions


def test_a_correction_takes_the_place_and_the_order_of_what_it_replaces(connection):
    submit(connection, start(), clock=clock)
    submit(connection, amend("a1", 20, order=7), clock=clock)
    corrected = amend("a2", 15, order=99, corrects=2, reason="typed wrong")

    submit(connection, corrected, clock=clock)

    last = facts(connection)[-1]
    assert (last.corrects, last.reason, last.when.order) == (2, "typed wrong", 7)
    assert [fact.position for fact in timeline(facts(connection))] == [1, 3]


def test_the_start_of_a_subscription_can_be_corrected_after_it_was_amended(connection):
    submit(connection, start(), clock=clock)
    submit(connection, amend("a1", 20), clock=clock)

    receipt = submit(connection, start("again", corrects=1), clock=clock)

    assert receipt.positions == (3,)


def test_a_retraction_needs_no_command_and_undoes_a_correction_too(connection):
    submit(connection, register("k1"), clock=clock)
    submit(connection, register("k2", currency="EUR", corrects=1), clock=clock)

    retraction = Request(entity="e", stream="customer:a", key="k3", corrects=2)
    submit(connection, retraction, clock=clock)

    assert isinstance(facts(connection)[-1].event, Retracted)
    assert [fact.position for fact in known(facts(connection))] == [1]


def test_what_is_not_in_force_or_not_there_cannot_be_corrected(connection):
    submit(connection, register("k1"), clock=clock)
    submit(connection, register("k2", currency="EUR", corrects=1), clock=clock)

    with pytest.raises(Rejected, match="not-in-force"):
        submit(connection, register("k3", corrects=1), clock=clock)
    with pytest.raises(Rejected, match="unknown-fact"):
        submit(connection, register("k4", corrects=9), clock=clock)
    with pytest.raises(Rejected, match="unknown-fact"):
        submit(connection, register("k5", stream="customer:b", corrects=2), clock=clock)


def undo(key, position, stream="subscription:s"):
    return Request(entity="e", stream=stream, key=key, corrects=position)


def test_a_retraction_can_itself_be_taken_back_and_so_on(connection):
    submit(connection, start(), clock=clock)
    submit(connection, undo("r1", 1), clock=clock)
    submit(connection, undo("r2", 2), clock=clock)

    assert [fact.position for fact in known(facts(connection))] == [1]
    with pytest.raises(Rejected, match="subscription-already-started"):
        submit(connection, start("again"), clock=clock)
    submit(connection, undo("r3", 3), clock=clock)
    assert known(facts(connection)) == ()


def test_a_retraction_of_a_correction_can_be_taken_back(connection):
    submit(connection, register("k1"), clock=clock)
    submit(connection, register("k2", currency="EUR", corrects=1), clock=clock)
    submit(connection, undo("r1", 2, "customer:a"), clock=clock)
    submit(connection, undo("r2", 3, "customer:a"), clock=clock)

    assert [fact.position for fact in known(facts(connection))] == [2]


def test_a_retraction_taken_back_already_is_not_in_force(connection):
    submit(connection, start(), clock=clock)
    submit(connection, undo("r1", 1), clock=clock)
    submit(connection, undo("r2", 2), clock=clock)

    with pytest.raises(Rejected, match="not-in-force"):
        submit(connection, undo("r3", 2), clock=clock)


def test_a_retraction_states_nothing_that_a_command_could_replace(connection):
    submit(connection, start(), clock=clock)
    submit(connection, undo("r1", 1), clock=clock)

    with pytest.raises(Rejected, match="not-in-force"):
        submit(connection, start("again", corrects=2), clock=clock)


def test_what_was_stated_anew_meanwhile_keeps_its_place(connection):
    submit(connection, start(), clock=clock)
    submit(connection, undo("r1", 1), clock=clock)
    submit(connection, start("anew"), clock=clock)

    with pytest.raises(Rejected, match="place-taken"):
        submit(connection, undo("r2", 2), clock=clock)
    assert [fact.position for fact in known(facts(connection))] == [3]


def test_a_correction_that_came_meanwhile_keeps_its_place(connection):
    submit(connection, register("k1"), clock=clock)
    submit(connection, register("k2", currency="EUR", corrects=1), clock=clock)
    submit(connection, undo("r1", 2, "customer:a"), clock=clock)
    submit(connection, register("k3", currency="JPY", corrects=1), clock=clock)

    with pytest.raises(Rejected, match="not-in-force"):
        submit(connection, undo("r2", 3, "customer:a"), clock=clock)


def test_a_correction_leaves_a_deal_in_its_currency(connection):
    submit(connection, start(), clock=clock)
    command = structs.replace(start().command, currency="EUR")

    request = Request(entity="e", stream="subscription:s", key="fix", command=command, corrects=1)

    with pytest.raises(Rejected) as caught:
        submit(connection, request, clock=clock)

    assert (caught.value.code, caught.value.context) == ("currency-changed", {"was": "USD"})


def test_an_act_is_undone_by_its_own_means_not_by_a_retraction(connection):
    run = Request(
        entity="e", stream="run:self", key="r", command=RunPosting(when=when(), through=JANUARY)
    )
    submit(connection, run, clock=clock)

    with pytest.raises(Rejected, match="not-correctable"):
        submit(connection, Request(entity="e", stream="run:self", key="x", corrects=1), clock=clock)


def test_two_changes_on_one_day_from_a_source_without_order_are_ambiguous(connection):
    submit(connection, start(), clock=clock)
    submit(connection, amend("a1", 20, source=crm("1")), clock=clock)

    with pytest.raises(Rejected, match="ambiguous-order"):
        submit(connection, amend("a2", 15, source=crm("2")), clock=clock)

    assert submit(connection, amend("a3", 15, order=2, source=crm("3")), clock=clock).positions
    assert submit(connection, amend("a4", 12), clock=clock).positions
    cancel = CancelSubscription(when=when(date(2026, 4, 16)))
    request = Request(entity="e", stream="subscription:s", key="c", command=cancel, source=crm("4"))
    with pytest.raises(Rejected, match="ambiguous-order"):
        submit(connection, request, clock=clock)


def test_changes_with_an_order_mean_the_same_in_either_order_of_arrival(connection):
    for key, requests in (("x", [(20, 1), (15, 2)]), ("y", [(15, 2), (20, 1)])):
        entity = {"entity": key}
        submit(connection, structs.replace(start(), **entity), clock=clock)
        for seats, order in requests:
            change = amend(f"a{order}", seats, order=order, source=crm(f"{order}"))
            submit(connection, structs.replace(change, **entity), clock=clock)

    seats = [
        [fact.event.items[0].quantity for fact in timeline(log.read_all(connection, entity))]
        for entity in ("x", "y")
    ]
    assert seats == [[10, 20, 15], [10, 20, 15]]


def test_a_decision_may_look_at_another_stream(connection):
    line = InvoiceLine(line="1", amount_minor=100)
    issue = IssueInvoice(when=when(), customer="a", currency="EUR", lines=(line,))
    receive = ReceivePayment(when=when(), customer="a", currency="USD", amount_minor=100)
    apply = ApplyPayment(when=when(), applications=(Application(invoice="i", amount_minor=100),))

    *done, refused = append_many(
        connection,
        "e",
        [
            Request(entity="e", stream="invoice:i", key="1", command=issue),
            Request(entity="e", stream="payment:p", key="2", command=receive),
            Request(entity="e", stream="payment:p", key="3", command=apply),
        ],
        clock=clock,
    )

    assert [receipt.positions for receipt in done] == [(1,), (2,)]
    assert refused.code == "currency-mismatch"


def opened(connection):
    requests = [
        Request(
            entity="e",
            stream="entity:self",
            key="e1",
            command=OpenEntity(when=when(), name="E", functional_currency="USD"),
        ),
        Request(
            entity="e",
            stream="entity:self",
            key="e2",
            command=DefineCalendar(when=when(), periods=months(JANUARY, 12)),
        ),
        Request(
            entity="e",
            stream="book:us-gaap",
            key="e3",
            command=OpenBook(when=when(), name="US GAAP"),
        ),
    ]
    assert all(
        isinstance(outcome, Receipt)
        for outcome in append_many(connection, "e", requests, clock=clock)
    )


def test_a_command_is_decided_on_corrections_made_just_before_it(connection):
    def issue(key, minor):
        line = InvoiceLine(line="1", amount_minor=minor)
        command = IssueInvoice(when=when(), customer="a", currency="USD", lines=(line,))
        return Request(entity="e", stream="invoice:i", key=key, command=command)

    def credit(key, minor):
        line = CreditLine(line="1", amount_minor=minor)
        command = IssueCredit(when=when(), number=key, lines=(line,))
        return Request(entity="e", stream="invoice:i", key=key, command=command)

    requests = [
        issue("i", 100),
        credit("c1", 30),
        credit("c2", 50),
        structs.replace(credit("fix", 10), corrects=3),
        credit("c3", 60),
        credit("c4", 1),
    ]
    *done, refused = append_many(connection, "e", requests, clock=clock)

    assert [receipt.positions for receipt in done] == [(1,), (2,), (3,), (4,), (5,)]
    assert (refused.code, refused.context["left"]) == ("credit-above-invoice", 0)


def test_closes_count_as_they_were_learned_whatever_their_dates(connection):
    opened(connection)
    close = ClosePeriod(when=when(date(2026, 2, 5)), period="2026-01")
    reopen = ReopenPeriod(when=when(date(2026, 2, 1)), period="2026-01", approved_by="bob")
    commands = [close, reopen, structs.replace(close, when=when(date(2026, 2, 1)))]

    for number, command in enumerate(commands):
        request = Request(
            entity="e", stream="book:us-gaap", key=f"c{number}", command=command, actor="ann"
        )
        assert submit(connection, request, clock=clock).positions


def test_a_close_is_decided_on_evidence_gathered_under_the_lock(connection):
    opened(connection)
    seen = []

    def evidence(under_lock, request):
        seen.append((request.key, log.head(under_lock, "e").position))
        return CloseEvidence(unposted=len(seen) % 2)

    close = ClosePeriod(when=when(), period="2026-01")
    requests = [
        register("before"),
        Request(entity="e", stream="book:us-gaap", key="c1", command=close),
        Request(entity="e", stream="book:us-gaap", key="c2", command=close),
    ]
    _, refused, closed = append_many(connection, "e", requests, clock=clock, evidence=evidence)

    assert seen == [("c1", 4), ("c2", 4)]
    assert refused.code == "close-unposted"
    assert closed.positions == (5,)


def propose(connection, actor):
    opened(connection)
    command = ProposeAdjustment(
        when=when(),
        book="us-gaap",
        currency="USD",
        memo="accrual",
        lines=(
            AdjustmentLine(account="revenue", amount_minor=-5),
            AdjustmentLine(account="unbilled-receivable", amount_minor=5),
        ),
    )
    request = Request(entity="e", stream="adjustment:1", key="p", command=command, actor=actor)
    submit(connection, request, clock=clock)


def approval(actor, key="q"):
    command = ApproveAdjustment(when=when())
    return Request(entity="e", stream="adjustment:1", key=key, command=command, actor=actor)


def test_an_approval_leaves_a_row_that_names_both_people(connection):
    propose(connection, "ann")
    receipt = submit(connection, approval("bob"), clock=clock)

    rows = connection.execute("SELECT entity, subject, preparer, approver, position FROM approval")
    assert rows.fetchall() == [("e", "adjustment:1", "ann", "bob", *receipt.positions)]


def test_ones_own_approval_is_refused_by_the_domain(connection):
    propose(connection, "ann")

    with pytest.raises(Rejected, match="own-approval"):
        submit(connection, approval("ann"), clock=clock)


def test_ones_own_approval_is_refused_by_the_database_if_the_domain_were_wrong(connection):
    propose(connection, "ann")
    forged = AdjustmentApproved(when=when(order=2), approved_by="ann", proposed_by="ann")
    proposed = facts(connection)[-1]
    after = structs.replace(proposed, position=proposed.position + 1, version=2, event=forged)
    head = log.head(connection, "e")
    _, types = group.load(connection, "e", [], Remembered(0))
    decided = Decided(
        head=head, facts=[after], keys=[], refusals=[], numbered=head.numbered, numbers=[]
    )

    with pytest.raises(psycopg.errors.CheckViolation):
        group.store(connection, decided, types)
    with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
        group.write(connection, decided)

    assert facts(connection)[-1] == proposed


def test_many_commands_are_each_answered_by_themselves(connection):
    requests = [
        register("k1"),
        register("k1"),
        register("k2"),
        register("k3", stream="nonsense"),
        register("k4", stream="customer:b", expected_version=3),
        register("k5", stream="customer:c"),
        register("k1", currency="EUR"),
    ]

    outcomes = append_many(connection, "e", requests, clock=clock)

    told = [o.positions if isinstance(o, Receipt) else o.code for o in outcomes]
    assert told == [
        (1,),
        (1,),
        "customer-already-registered",
        "unknown-stream",
        "version-conflict",
        (2,),
        "key-reused",
    ]
    assert outcomes[1].repeated
    assert refusals(connection) == [("k2", "customer-already-registered", 1)]


def test_one_by_one_and_all_at_once_write_the_same_log(connection):
    def requests(entity):
        many = [start(), *(amend(f"a{n}", n + 1, JANUARY + timedelta(n)) for n in range(20))]
        many += [amend("back", 3, JANUARY), amend("fix", 9, corrects=5), register()]
        return [structs.replace(request, entity=entity) for request in many]

    for request in requests("x"):
        submit(connection, request, clock=clock)
    append_many(connection, "y", requests("y"), clock=clock)

    one, all_ = (
        [structs.replace(fact, entity="") for fact in log.read_all(connection, entity)]
        for entity in ("x", "y")
    )
    assert one == all_
    assert len(one) == 24


def test_recorded_at_never_goes_back_with_the_clock(connection):
    ticks = count()

    def backwards():
        return NOW - timedelta(days=next(ticks))

    for key in ("a", "b", "c"):
        submit(connection, register(key, stream=f"customer:{key}"), clock=backwards)

    assert [fact.recorded_at for fact in facts(connection)] == [NOW, NOW, NOW]


def test_racing_repeats_of_one_key_make_one_fact(database):
    def race(_):
        with db.connect(database) as connection:
            return submit(connection, register(), clock=clock)

    with ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(race, range(16)))

    assert {receipt.positions for receipt in receipts} == {(1,)}
    assert [receipt.repeated for receipt in receipts].count(False) == 1


def deadlock(first, second):
    """Two transactions that take two heads in opposite order; the database ends one of them.

    How often each was attempted: the one that is back before the other got up meets it once more,
    and then it may be the other that is ended.
    """
    held = Barrier(2)

    def take(connection, names):
        attempts = count(1)

        def attempt():
            number = next(attempts)
            with connection.transaction():
                log.lock_head(connection, names[0])
                if number == 1:
                    held.wait()
                log.lock_head(connection, names[1])
            return number

        return retrying(connection, attempt)

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(take, (first, second), (("e", "f"), ("f", "e"))))


def test_a_transaction_that_lost_a_deadlock_is_tried_again(database):
    with db.connect(database) as first, db.connect(database) as second:
        append_many(first, "e", [register()], clock=clock)
        append_many(first, "f", [structs.replace(register(), entity="f")], clock=clock)

        attempts = deadlock(first, second)

    assert max(attempts) > 1


def test_inside_a_transaction_of_others_nothing_is_tried_again(connection):
    calls = []

    def attempt():
        calls.append(1)
        raise psycopg.errors.DeadlockDetected

    with pytest.raises(psycopg.errors.DeadlockDetected), connection.transaction():
        retrying(connection, attempt)

    assert calls == [1]
