"""Seals of a period: what they cover, and what leaves them as they are."""

from datetime import UTC, date, datetime

import pytest

from domain.books import RunPosting
from domain.errors import Rejected
from domain.facts import When
from domain.party import RegisterCustomer
from store import seals
from store.request import Request
from store.transact import submit

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JANUARY = date(2026, 1, 31)


def clock():
    return NOW


def entry(connection, number, run, unit, *, period="2026-01", minor=100):
    leaf = f"{run}{unit}{minor}".encode().ljust(32)
    connection.execute(
        "INSERT INTO journal_entry VALUES ('e', %s, 'gaap', %s, %s, %s, 'USD', 'USD', %s)",
        [number, unit, run, period, leaf],
    )
    for line, amount in enumerate((minor, -minor), 1):
        connection.execute(
            "INSERT INTO journal_line VALUES ('e', %s, %s, 'gaap', %s, %s, %s, 'revenue', 'release'"
            ", 's', 'o', 'd', 'c', %s, %s, 'USD', %s, 'USD', %s, 'r', %s)",
            [number, line, unit, run, period, JANUARY, JANUARY, amount, amount, [run]],
        )


def seal(connection, **fields):
    return seals.period_seal(
        connection, "e", **({"book": "gaap", "period": "2026-01", "closed_at": 9} | fields)
    )


def refuse(connection, key="again"):
    command = RegisterCustomer(when=When(effective=JANUARY), currency="USD")
    request = Request(entity="e", stream="customer:a", key=key, command=command)
    with pytest.raises(Rejected):
        submit(connection, request, clock=clock)


def register(connection, key="first"):
    command = RegisterCustomer(when=When(effective=JANUARY), currency="USD")
    request = Request(entity="e", stream="customer:a", key=key, command=command)
    return submit(connection, request, clock=clock)


def run(connection, key):
    command = RunPosting(when=When(effective=JANUARY), through=JANUARY)
    request = Request(entity="e", stream="run:self", key=key, command=command)
    return submit(connection, request, clock=clock)


def test_a_seal_counts_entries_lines_and_debits(connection):
    entry(connection, 1, 5, "customer:a", minor=100)
    entry(connection, 2, 5, "customer:b", minor=30)
    entry(connection, 3, 5, "customer:b", period="2026-02")

    found = seal(connection)

    assert (found.entries, found.lines, found.closed_at) == (2, 4, 9)
    assert found.debits_minor == (("USD", 130),)


def test_a_seal_does_not_depend_on_how_entries_were_numbered(connection):
    entry(connection, 7, 6, "customer:a")
    entry(connection, 8, 5, "customer:b")
    first = seal(connection)
    with connection.transaction():
        for table in ("journal_entry", "journal_line"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            connection.execute(f"DELETE FROM {table}")
    entry(connection, 1, 5, "customer:b")
    entry(connection, 2, 6, "customer:a")

    assert seal(connection) == first


def test_an_entry_more_or_another_period_or_book_is_another_seal(connection):
    entry(connection, 1, 5, "customer:a")
    digests = {seal(connection).digest, seal(connection, book="ifrs").digest}
    digests.add(seal(connection, period="2026-02").digest)
    entry(connection, 2, 8, "customer:a")
    digests.add(seal(connection).digest)

    assert len(digests) == 4


def test_the_seal_of_an_earlier_close_can_be_computed_again(connection):
    entry(connection, 1, 5, "customer:a")
    before = seal(connection)
    entry(connection, 2, 12, "customer:a")

    assert seal(connection, upto=9) == before
    assert seal(connection).digest != before.digest


def test_what_was_refused_before_the_close_is_sealed_too(connection):
    register(connection)
    without = seal(connection, closed_at=3).digest
    refuse(connection)

    assert seal(connection, closed_at=3).digest != without


def test_what_is_refused_after_the_close_leaves_its_seal_alone(connection):
    register(connection)
    closed_at = run(connection, "r").positions[0]
    before = seal(connection, closed_at=closed_at)
    refuse(connection)

    assert seal(connection, closed_at=closed_at) == before
    assert seals.refused_digest(connection, "e", before=closed_at + 1) != before.kept


def test_two_logs_with_the_same_facts_have_the_same_digest_up_to_each_position(connection):
    register(connection)
    first = seals.log_digest(connection, "e")
    run(connection, "r")

    assert seals.log_digest(connection, "e", upto=1) == first
    assert seals.log_digest(connection, "e") != first
