"""Numbers of documents on a real database: one after the other, given once, none left out."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from domain.errors import Rejected
from domain.facts import Source, When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from store import db, log
from store.remembered import Remembered
from store.request import Receipt, Request
from store.transact import append_many, append_surely, submit
from tests.store.number_sender import send

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
JANUARY = date(2026, 1, 1)
SERIES = InvoicingOptions(series="INV-{year}-", credit_series="CN-")


def clock():
    return NOW


def adopt(options=SERIES, day=JANUARY, key="adopt"):
    command = AdoptInvoicing(when=When(effective=day), options=options)
    return Request(entity="e", stream="invoicing:self", key=key, command=command)


def issue(name, day=JANUARY, minor=100, number=None, **envelope):
    envelope.setdefault("key", name)
    line = InvoiceLine(line="1", amount_minor=minor)
    command = IssueInvoice(
        when=When(effective=day), customer="a", currency="USD", lines=(line,), number=number
    )
    return Request(entity="e", stream=f"invoice:{name}", command=command, **envelope)


def credit(name, key, number=None, minor=10):
    line = CreditLine(line="1", amount_minor=minor)
    command = IssueCredit(when=When(effective=JANUARY), number=number, lines=(line,))
    return Request(entity="e", stream=f"invoice:{name}", key=key, command=command)


def outside(name):
    return Source(system="erp", kind="invoice", id=name)


def given(connection):
    """Number and series of each document, in the order of the log."""
    return [
        (fact.event.number, fact.event.series)
        for fact in log.read_all(connection, "e")
        if isinstance(fact.event, InvoiceIssued | CreditIssued)
    ]


def numbers(connection):
    return [number for number, _ in given(connection)]


def refused(connection, request):
    with pytest.raises(Rejected) as told:
        submit(connection, request, clock=clock)
    return told.value


def test_without_a_series_documents_are_called_as_they_say_or_as_their_stream(connection):
    requests = [issue("a"), issue("b", number="B-7"), credit("a", "c", "CR-1")]
    append_many(connection, "e", requests, clock=clock)

    assert given(connection) == [("a", None), ("B-7", None), ("CR-1", None)]


def test_a_series_counts_on_for_each_kind_and_year(connection):
    requests = [
        adopt(),
        issue("a"),
        credit("a", "c1"),
        issue("b", date(2027, 1, 1)),
        issue("c"),
        credit("c", "c2"),
    ]
    append_many(connection, "e", requests, clock=clock)
    submit(connection, issue("d", date(2027, 5, 1)), clock=clock)

    assert numbers(connection) == [
        "INV-2026-000001",
        "CN-000001",
        "INV-2027-000001",
        "INV-2026-000002",
        "CN-000002",
        "INV-2027-000002",
    ]


def test_what_is_refused_takes_no_number_and_what_is_repeated_keeps_its_own(connection):
    requests = [
        adopt(),
        issue("a"),
        issue("bad", minor=-1),
        issue("b"),
        issue("a"),
        issue("a", key="a second time"),
        issue("c"),
    ]
    outcomes = append_many(connection, "e", requests, clock=clock)

    assert numbers(connection) == ["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"]
    assert [isinstance(one, Receipt) for one in outcomes] == [
        True,
        True,
        False,
        True,
        True,
        False,
        True,
    ]


def test_a_document_is_numbered_by_the_election_of_its_own_day(connection):
    submit(connection, adopt(day=date(2026, 2, 1)), clock=clock)
    append_many(connection, "e", [issue("old"), issue("new", date(2026, 2, 1))], clock=clock)

    assert numbers(connection) == ["old", "INV-2026-000001"]


def test_a_correction_keeps_the_number_and_the_next_document_gets_the_next(connection):
    append_many(connection, "e", [adopt(), issue("a"), issue("b")], clock=clock)
    submit(connection, issue("a", date(2027, 2, 1), key="fix", corrects=2), clock=clock)
    submit(connection, issue("c"), clock=clock)

    assert numbers(connection) == [
        "INV-2026-000001",
        "INV-2026-000002",
        "INV-2026-000001",
        "INV-2026-000003",
    ]


def test_a_document_that_never_was_leaves_its_number_used(connection):
    append_many(connection, "e", [adopt(), issue("a")], clock=clock)
    submit(connection, Request(entity="e", stream="invoice:a", key="no", corrects=2), clock=clock)
    submit(connection, issue("a", key="again"), clock=clock)

    assert numbers(connection) == ["INV-2026-000001", "INV-2026-000002"]


def test_our_own_documents_say_no_number_where_a_series_gives_it(connection):
    submit(connection, adopt(), clock=clock)

    assert refused(connection, issue("a", number="X-1")).code == "number-by-series"


def test_a_credit_note_without_a_series_needs_a_number(connection):
    submit(connection, issue("a"), clock=clock)

    assert refused(connection, credit("a", "c")).code == "number-needed"


def test_an_outside_number_is_one_streams_whoever_remembers_it(connection):
    first = issue("a", number="E-1", source=outside("1"))
    second = issue("b", number="E-1", source=outside("2"))
    third = issue("c", number="E-1", source=outside("3"))
    fourth = issue("E-1", source=outside("4"))
    append_many(connection, "e", [first, second], clock=clock)
    remembered = Remembered()

    def from_memory(request):
        lend = partial(nullcontext, connection)
        (told,) = append_surely(lend, "e", [request], clock=clock, remembered=remembered)
        return told

    from_memory(adopt(InvoicingOptions(), key="none"))
    told = from_memory(third)
    last = from_memory(fourth)

    assert numbers(connection) == ["E-1"]
    assert (told.code, told.context["stream"]) == ("duplicate-number", "invoice:a")
    assert last.code == "duplicate-number"


def undo(name, corrects, key):
    return Request(entity="e", stream=f"invoice:{name}", key=key, corrects=corrects)


def test_the_number_of_an_outside_document_that_never_was_may_come_again(connection):
    """Under another stream, in the same group or later, and again after that one; but never while
    it is some document's.
    """
    first, second, third, fourth = (
        issue(name, number="E-1", source=outside(name)) for name in "abcd"
    )
    submit(connection, first, clock=clock)
    outcomes = append_many(connection, "e", [undo("a", 1, "no a"), second, third], clock=clock)
    told = refused(connection, fourth)
    submit(connection, undo("b", 3, "no b"), clock=clock)
    again = issue("a", number="E-1", key="again", source=outside("a2"))
    submit(connection, again, clock=clock)

    assert [isinstance(one, Receipt) for one in outcomes] == [True, True, False]
    assert outcomes[2].context == {"number": "E-1", "stream": "invoice:b"}
    assert told.context == {"number": "E-1", "stream": "invoice:b"}
    assert numbers(connection) == ["E-1", "E-1", "E-1"]
    last = issue("e", number="E-1", source=outside("e"))
    assert refused(connection, last).context["stream"] == "invoice:a"


def test_a_retraction_that_is_taken_back_holds_the_number_again(connection):
    submit(connection, issue("a", number="E-1", source=outside("a")), clock=clock)
    for place in (1, 2):
        submit(connection, undo("a", place, f"undo {place}"), clock=clock)

    told = refused(connection, issue("b", number="E-1", source=outside("b")))
    assert told.context["stream"] == "invoice:a"


def test_whoever_remembers_streams_may_use_a_number_that_is_free_again(connection):
    append_many(
        connection,
        "e",
        [issue("a", number="E-1", source=outside("a")), undo("a", 1, "no a")],
        clock=clock,
    )
    remembered = Remembered()
    lend = partial(nullcontext, connection)
    for request in (
        adopt(InvoicingOptions()),
        issue("b", number="E-1", source=outside("b")),
    ):
        (told,) = append_surely(lend, "e", [request], clock=clock, remembered=remembered)
        assert isinstance(told, Receipt), told

    assert numbers(connection) == ["E-1", "E-1"]


def test_an_outside_document_may_be_corrected_under_its_number_or_another(connection):
    submit(connection, issue("a", number="E-1", source=outside("1")), clock=clock)
    for place, number in enumerate(("E-1", None, "E-2", "E-1"), 2):
        again = issue("a", number=number, key=f"fix{place}", source=outside(f"{place}"))
        submit(connection, structs.replace(again, corrects=place - 1), clock=clock)

    assert numbers(connection) == ["E-1", "E-1", "E-1", "E-2", "E-1"]
    told = refused(connection, issue("b", number="E-2", source=outside("b")))
    assert told.context == {"number": "E-2", "stream": "invoice:a"}


def test_an_outside_number_that_a_series_gives_is_refused_by_name(connection):
    append_many(connection, "e", [adopt(), issue("a")], clock=clock)

    for place, number in enumerate(("INV-2026-000001", "INV-2026-000999", "CN-0000012")):
        told = refused(connection, issue(f"x{place}", number=number, source=outside(f"{place}")))
        assert told.code == "number-of-a-series", number
    submit(connection, issue("y", number="INV-2026-77", source=outside("y")), clock=clock)


def test_large_groups_under_the_lock_count_as_small_ones_do(connection):
    submit(connection, adopt(), clock=clock)
    requests = [issue(f"i{place:04}") for place in range(1_500)]
    append_many(connection, "e", requests, clock=clock)
    submit(connection, issue("last"), clock=clock)

    assert numbers(connection) == [f"INV-2026-{place:06}" for place in range(1, 1_502)]


def test_threads_that_issue_at_once_leave_no_number_out(connection, database):
    submit(connection, adopt(), clock=clock)

    def act(name):
        with db.connect(database) as opened:
            return send(opened, name, 30)

    with ThreadPoolExecutor(4) as pool:
        refusals = [*pool.map(act, "abcd")]

    assert all(len(row) == 20 for row in refusals)
    assert sorted(numbers(connection)) == [f"INV-2026-{place:06}" for place in range(1, 81)]


@pytest.mark.parametrize("place", ["decided-not-written", "committed-not-answered"])
def test_processes_that_are_killed_while_they_issue_leave_no_number_out(
    connection, database, place
):
    submit(connection, adopt(), clock=clock)

    def run(name, armed):
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        if armed is not None:
            environment["TIEOUT_FAILPOINT"] = armed
        command = [sys.executable, "-m", "tests.store.number_sender", database, name, "12"]
        return subprocess.Popen(command, cwd=ROOT, env=environment)

    for round_ in range(1, 3):
        started = [run(name, f"{place}:kill:{round_}") for name in "abc"]
        assert {one.wait() for one in started} == {-signal.SIGKILL}
    assert {run(name, None).wait() for name in "abc"} == {0}

    assert sorted(numbers(connection)) == [f"INV-2026-{place:06}" for place in range(1, 25)]
