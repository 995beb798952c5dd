"""The poster on a real database."""

import threading
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from domain.contract_commands import ModifyContract, OpenContract, SatisfyObligation
from domain.contract_facts import Restated
from domain.facts import When
from domain.invoice import IssueCredit, IssueInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.price import SetPrice
from domain.pricing import Flat, PerUnit
from domain.subscription import RenewSubscription
from projections import journal, listing, runner
from projections.question import Behind, Question
from projections.settling import Task
from replay.journal import journal as journal_lines
from store import checkpoints, db, unit_states
from store.run_units import weights
from tests.domain.contracting import units
from tests.projections.conftest import ENTITY, JOURNAL, made_at_once

REVENUE = """
    SELECT booked, to_char(earned, 'YYYY-MM'), -sum(minor) FROM journal_line
     WHERE account = 'revenue' GROUP BY 1, 2 ORDER BY 1, 2
"""
WAITING = "SELECT unit, code FROM parked WHERE to_run IS NULL"
MEASURED = "SELECT measured_at FROM unit_state WHERE unit = 'subscription:s1'"


def test_late_usage_is_booked_in_the_open_month_and_earned_in_its_own(books):
    books.quarter_with_late_usage()

    books.catch_up()

    assert books.connection.execute(REVENUE).fetchall() == [
        ("2024-01", "2024-01", 100_000),
        ("2024-02", "2024-02", 100_000),
        ("2024-03", "2024-03", 100_000),
        ("2024-04", "2024-02", 20_000),
        ("2024-04", "2024-04", 100_000),
    ]


def test_the_journal_is_the_same_however_the_log_is_paged(books):
    books.quarter_with_late_usage()
    found = []
    for batch in (1, 7, 5_000):
        with books.connection.transaction(force_rollback=True):
            books.catch_up(batch)
            found.append(books.connection.execute(JOURNAL).fetchall())

    assert len(found[0]) == 4
    assert found[1:] == [found[0], found[0]]


def test_the_journal_is_the_same_however_little_is_read_at_once(books, monkeypatch):
    books.quarter_with_late_usage()
    found = made_at_once(books)
    monkeypatch.setattr(listing, "READ_IN_ONE_TRANSACTION", 1)

    books.catch_up()

    assert books.connection.execute(JOURNAL).fetchall() == found


def test_a_chunk_ends_before_the_unit_with_which_it_would_read_too_much(monkeypatch):
    monkeypatch.setattr(listing, "READ_IN_ONE_TRANSACTION", 10)
    sizes = {"a": 4, "b": 6, "c": 1, "d": 50, "e": 2}
    monkeypatch.setattr(listing, "weights", lambda _, __, units: {u: sizes[u] for u in units})
    nothing_else = Task(
        entity=ENTITY, position=9, runs=(), before=date(2024, 1, 1), through=date(2024, 1, 1)
    )
    marked = [(unit, True) for unit in sizes] + [("f", False)]
    units = listing.Listing(task=nothing_else, since=0, after="f", listed=marked, ends=True)

    taken = [listing.take(None, units, 100) for _ in range(5)]

    assert ["".join(unit for unit, _ in chunk) for chunk in taken] == ["ab", "c", "d", "ef", ""]
    assert units.weights == {}


def test_units_are_weighed_by_their_facts_and_by_the_hours_of_their_usage(books):
    books.quarter_with_late_usage().catch_up()
    units = ["subscription:s1", "subscription:nobody"]

    assert weights(books.connection, ENTITY, units) == {units[0]: 3 + 1, units[1]: 0}


def test_a_second_pass_posts_nothing(books):
    books.quarter_with_late_usage()
    books.catch_up()
    before = books.connection.execute(JOURNAL).fetchall()

    books.run(date(2024, 4, 30))
    books.catch_up()

    assert books.connection.execute(JOURNAL).fetchall() == before


def test_a_unit_whose_calendar_ends_too_early_waits_alone(books):
    books.subscribe("s1")
    books.subscribe("s2", date(2025, 12, 1), date(2026, 2, 1))
    books.run(date(2026, 1, 31))

    books.catch_up()

    parked = "SELECT unit, from_run, to_run, code FROM parked ORDER BY unit"
    assert books.connection.execute(parked).fetchall() == [
        ("subscription:s2", 11, None, "no-period")
    ]
    units = "SELECT DISTINCT unit FROM journal_entry"
    assert books.connection.execute(units).fetchall() == [("subscription:s1",)]


def test_pending_usage_is_judged_again_by_itself(books):
    books.subscribe("s1", date(2024, 1, 1), date(2024, 4, 1))
    books.use("s1", date(2024, 4, 5), 50)
    books.run(date(2024, 4, 30))
    renewal = RenewSubscription(when=When(effective=date(2024, 4, 1)), term_to=date(2024, 7, 1))
    books.tell("subscription:s1", renewal)
    books.run(date(2024, 4, 30))

    books.catch_up()

    pending = "SELECT meter, day, reason, from_run, to_run, rows, quantity FROM usage_pending"
    assert books.connection.execute(pending).fetchall() == [
        ("calls", date(2024, 4, 5), "out-of-term", 11, 13, 1, 50)
    ]
    april = "SELECT -sum(minor) FROM journal_line WHERE account = 'revenue' AND booked = '2024-04'"
    assert books.connection.execute(april).fetchone() == (110_000,)


def test_a_run_is_seen_whole_or_not_at_all_and_goes_on_after_a_break(books):
    for name in ("s1", "s2", "s3", "s4", "s5"):
        books.subscribe(name)
    books.run(date(2024, 1, 31))
    connection = books.connection
    whole = made_at_once(books)

    seen = []
    more = True
    while more:
        # A new poster each time, as after a crash: it knows only what the database says.
        _, more = journal.advance(connection, ENTITY, None, batch=5_000, units=2)
        seen.append(checkpoints.passed(connection, ENTITY, checkpoints.JOURNAL))

    assert len(whole) == 5
    assert connection.execute(JOURNAL).fetchall() == whole
    assert seen == [13, 13, 13, 14, 14]


def test_two_posters_on_one_entity_post_once(books, database):
    for name in ("s1", "s2", "s3", "s4", "s5"):
        books.subscribe(name)
        books.run(date(2024, 1, 31))
    done = []

    def post():
        with db.connect(database) as connection:
            done.append(runner.post(connection, ENTITY, batch=1))

    posters = [threading.Thread(target=post) for _ in range(3)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()

    assert done == [18, 18, 18]
    entries = books.connection.execute("SELECT entry, unit, known_at FROM journal_entry ORDER BY 1")
    assert entries.fetchall() == [
        (1, "subscription:s1", 10),
        (2, "subscription:s2", 12),
        (3, "subscription:s3", 14),
        (4, "subscription:s4", 16),
        (5, "subscription:s5", 18),
    ]


def test_a_run_records_the_change_of_each_charge(books):
    books.subscribe("s1")
    books.use("s1", date(2024, 2, 20), 60)
    books.run(date(2024, 2, 29))
    books.use("s1", date(2024, 2, 21), 40)
    books.run(date(2024, 2, 29))
    books.run(date(2024, 3, 31))

    books.catch_up()

    charges = """
        SELECT position, item, price, service_from, service_to, quantity, minor, delta_minor
          FROM charge ORDER BY position
    """
    february = ("call", "call@2020-01-01", date(2024, 2, 1), date(2024, 3, 1))
    assert books.connection.execute(charges).fetchall() == [
        (11, *february, 60, 120_00, 120_00),
        (13, *february, 100, 200_00, 80_00),
    ]


def test_a_price_known_later_measures_every_unit_again(books):
    books.subscribe("s1")
    books.run(date(2024, 3, 31))
    dearer = SetPrice(
        when=When(effective=date(2024, 3, 1)), currency="USD", model=Flat(amount=Decimal(1200))
    )
    books.tell("price:seat", dearer)
    books.run(date(2024, 3, 31))

    books.catch_up()

    assert books.connection.execute(REVENUE).fetchall() == [
        ("2024-01", "2024-01", 100_000),
        ("2024-02", "2024-02", 100_000),
        ("2024-03", "2024-03", 120_000),
    ]


def test_a_document_moved_to_another_contract_takes_its_credits_along(books):
    books.subscribe("s1")
    line = InvoiceLine(line="1", amount_minor=100_00)
    january = When(effective=date(2024, 1, 5))
    issue = IssueInvoice(when=january, customer="c1", currency="USD", lines=(line,))
    first = books.tell("invoice:a", issue)
    books.tell(
        "invoice:a",
        IssueCredit(when=january, number="CN", lines=(CreditLine(line="1", amount_minor=40_00),)),
    )
    books.run(date(2024, 1, 31))
    moved = replace(issue, lines=(replace(line, subscription="s1"),))
    books.tell("invoice:a", moved, corrects=first)
    books.run(date(2024, 1, 31))

    books.catch_up()

    receivable = """
        SELECT unit, sum(minor) FROM journal_line
         WHERE account = 'accounts-receivable' GROUP BY unit ORDER BY unit
    """
    assert books.connection.execute(receivable).fetchall() == [
        ("invoice:a:1", 0),
        ("subscription:s1", 60_00),
    ]


def test_a_state_of_before_states_were_kept_apart_is_measured_again(books):
    books.subscribe("s1")
    first = books.run(date(2024, 2, 15))
    books.catch_up()
    connection = books.connection
    second = books.run(date(2024, 4, 30))
    with connection.transaction(force_rollback=True):
        books.catch_up()
        wanted = connection.execute(REVENUE).fetchall()
        assert connection.execute(MEASURED).fetchone() == (first,)
    key, units = ("subscription:s1", "us-gaap"), ["subscription:s1"]
    whole = unit_states.whole_states(connection, ENTITY, units, ["us-gaap"])[key]
    schedule = unit_states.open_states(connection, ENTITY, units, ["us-gaap"])[key].schedule
    before = msgspec.msgpack.encode(replace(whole, schedule=schedule))
    connection.execute("UPDATE unit_state SET schedule = %s, posted = NULL, open = NULL", (before,))

    books.catch_up()

    assert connection.execute(REVENUE).fetchall() == wanted
    assert connection.execute(MEASURED).fetchone() == (second,)


def test_a_reader_beside_a_run_under_way_sees_the_run_before_it(books, database):
    for name in ("s1", "s2", "s3", "s4", "s5"):
        books.subscribe(name)
    first = books.run(date(2024, 1, 31))
    books.catch_up()
    second = books.run(date(2024, 2, 29))
    question = Question(entity=ENTITY, book="us-gaap")
    with db.connect(database) as reader:
        before = journal_lines(reader, question)

        poster, _ = journal.advance(books.connection, ENTITY, None, batch=5_000, units=2)
        written = reader.execute("SELECT max(known_at) FROM journal_line").fetchone()
        under_way = journal_lines(reader, question)
        with pytest.raises(Behind):
            journal_lines(reader, replace(question, at_least=second))
        more = True
        while more:
            poster, more = journal.advance(books.connection, ENTITY, poster, batch=5_000, units=2)
        whole = journal_lines(reader, replace(question, at_least=second))

    assert written == (second,)
    assert (before.run, under_way.run, whole.run) == (first, first, second)
    assert under_way == before
    assert (len(before.rows), len(whole.rows)) == (20, 40)


@pytest.mark.parametrize("contract", ["by-rule", "none"])
def test_what_comes_to_more_than_a_column_holds_waits_by_a_name(books, contract):
    since = When(effective=date(2020, 1, 1))
    dear = PerUnit(unit_amount=Decimal("1e15"))
    books.tell(
        "price:call",
        SetPrice(when=since, currency="USD", model=dear, meter="calls", bill="arrears"),
    )
    books.subscribe("s1", contract=contract)
    books.subscribe("s2")
    books.use("s1", date(2024, 1, 20), 10**6)
    books.run(date(2024, 1, 31))

    books.catch_up()

    parked = books.connection.execute("SELECT unit, code FROM parked").fetchall()
    posted = books.connection.execute("SELECT DISTINCT unit FROM journal_entry").fetchall()
    assert parked == [("subscription:s1", "amount-too-large")]
    assert posted == [("subscription:s2",)]


def test_what_a_change_makes_too_large_waits_and_its_contract_can_be_mended(books):
    opening = OpenContract(
        when=When(effective=date(2024, 1, 1)),
        customer="c1",
        currency="USD",
        price_minor=0,
        obligations=(units("seats", "10", "5"),),
    )
    far = Decimal(10) ** 17
    many = Restated(obligation="seats", added_quantity=far, added_unit_price=far)
    change = ModifyContract(
        when=When(effective=date(2024, 2, 1)), price_change_minor=0, restated=(many,)
    )
    sold = SatisfyObligation(
        when=When(effective=date(2024, 3, 1)), obligation="seats", quantity=Decimal(4)
    )
    books.tell("contract:k1", opening)
    wrong = books.tell("contract:k1", change)
    books.run(date(2024, 2, 29))
    books.catch_up()
    waits = books.connection.execute(WAITING).fetchall()

    # It goes on while it waits, and is mended by what says the right number.
    books.tell("contract:k1", sold)
    few = replace(many, added_quantity=Decimal(1), added_unit_price=Decimal(3))
    books.tell("contract:k1", replace(change, restated=(few,)), corrects=wrong)
    books.run(date(2024, 3, 31))
    books.catch_up()

    assert waits == [("contract:k1", "amount-too-large")]
    assert books.connection.execute(WAITING).fetchall() == []
    earned = books.connection.execute(
        "SELECT -sum(minor) FROM journal_line WHERE account = 'revenue'"
    ).fetchall()
    assert earned == [(1_927,)]
