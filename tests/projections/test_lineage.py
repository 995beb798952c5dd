"""Lineage down and up, and the explanation of a line, on the story of the late usage."""

from datetime import UTC, date, datetime

from domain.explain import Step
from domain.explained import Explained
from projections.lineage import explain_line, lineage_down, lineage_up, lineage_up_event, lines_of

ENTITY = "acme"
BATCH = 15
LATE = (4, 1)


def late_line(books):
    """The line of entry 4 that earns the late usage of February."""
    lines = lines_of(books.connection, ENTITY, entry=4)
    return next(row for row in lines if row.account == "revenue" and row.minor == -200_00)


def test_a_line_leads_down_to_its_facts_and_usage_rows(books):
    books.quarter_with_late_usage().catch_up()
    line = late_line(books)

    down = lineage_down(books.connection, ENTITY, line.entry, line.line)

    assert (line.booked, line.earned, line.rule) == (
        "2024-04",
        date(2024, 2, 29),
        "usage-as-it-occurs@1",
    )
    assert [(fact.position, fact.stream, fact.what) for fact in down.causes] == [
        (9, "subscription:s1", "subscription-started"),
        (BATCH, "usage:app", "usage-batch-accepted"),
    ]
    assert [
        (row.position, str(row.quantity), row.occurred_at, row.replaced_at) for row in down.rows
    ] == [
        (BATCH, "60", datetime(2024, 2, 20, 9, tzinfo=UTC), None),
        (BATCH, "40", datetime(2024, 2, 20, 9, tzinfo=UTC), None),
    ]


def test_a_usage_event_leads_up_to_the_lines_it_moved(books):
    books.quarter_with_late_usage().catch_up()
    line = late_line(books)
    event = lineage_down(books.connection, ENTITY, line.entry, line.line).rows[0].event_id

    up = lineage_up_event(books.connection, ENTITY, "app", event)

    assert [(row.event_id, row.position) for row in up.rows] == [(event, BATCH)]
    assert [fact.position for fact in up.facts] == [BATCH]
    assert line in up.lines
    assert {row.earned for row in up.lines} == {date(2024, 2, 29)}


def test_a_fact_leads_up_to_every_line_it_caused(books):
    books.quarter_with_late_usage().catch_up()

    up = lineage_up(books.connection, ENTITY, 9)

    posted = books.connection.execute("SELECT count(*) FROM journal_line").fetchone()
    assert len(up.lines) == posted[0]


def test_what_is_not_there_leads_nowhere(books):
    books.quarter_with_late_usage().catch_up()

    assert lineage_down(books.connection, ENTITY, 99, 1) is None
    assert lineage_up(books.connection, ENTITY, 99) is None
    assert lineage_up_event(books.connection, ENTITY, "app", "none") is None
    assert explain_line(books.connection, ENTITY, 99, 1) is None


def test_a_line_is_explained_by_the_steps_of_its_own_measure(books):
    books.quarter_with_late_usage().catch_up()
    line = late_line(books)

    told = explain_line(books.connection, ENTITY, line.entry, line.line)

    assert (told.stood_minor, told.due_minor, told.through) == (0, -200_00, date(2024, 4, 30))
    (share,) = told.shares
    assert isinstance(share, Explained)
    assert (share.minor, share.causes) == (-200_00, (9, BATCH))
    assert Step(what="usage of calls", value="100") in share.steps
    assert share.steps[-1] == Step(what="charged, rounded once", value="200.00")


def test_every_line_is_explained_to_the_amount_it_left(books):
    books.quarter_with_late_usage().catch_up()

    for entry in (1, 2, 3, 4):
        for line in lines_of(books.connection, ENTITY, entry=entry):
            told = explain_line(books.connection, ENTITY, line.entry, line.line)
            assert told.stood_minor + line.minor == told.due_minor
            assert told.shares


def test_a_fact_without_lines_says_why(books):
    books.quarter_with_late_usage()
    books.use("nobody", date(2024, 4, 3), 7)
    books.run(date(2024, 4, 30))
    books.use("s1", date(2024, 4, 4), 1)
    books.catch_up()

    def why(position):
        return lineage_up(books.connection, ENTITY, position).why_none

    assert why(9) is None
    assert why(5) == "master data: the next run measures with it"
    assert why(8) == "master data: usage waits until its customer is registered"
    assert why(10) == "an act of the books: it settles what is known"
    assert why(17) == "its usage is pending: unknown-subscription"
    assert why(19) == "no posting run has come after it yet"
