"""The register of documents, and that it finds a hole where there is one."""

from datetime import date

import pytest
from msgspec.structs import replace

from domain.facts import Source, When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from projections.question import Question
from projections.register import Gap, register, register_gaps
from store import checkpoints

ASK = Question(entity="acme", book="us-gaap")
NEW_YEAR, MARCH = date(2024, 1, 1), date(2024, 3, 1)


def issue(books, name, day, number=None, **envelope):
    line = InvoiceLine(line="1", amount_minor=100_00)
    command = IssueInvoice(
        when=When(effective=day), customer="c1", currency="USD", lines=(line,), number=number
    )
    return books.tell(f"invoice:{name}", command, **envelope)


@pytest.fixture
def issued(books):
    options = InvoicingOptions(series="INV-", credit_series="CN-")
    books.tell("invoicing:self", AdoptInvoicing(when=When(effective=NEW_YEAR), options=options))
    issue(books, "a", NEW_YEAR)
    books.second = issue(books, "b", MARCH)
    issue(books, "z", NEW_YEAR, "X-9", source=Source(system="erp", kind="invoice", id="z"))
    cut = CreditLine(line="1", amount_minor=30_00)
    books.tell("invoice:a", IssueCredit(when=When(effective=MARCH), lines=(cut,)))
    books.tell("invoice:a", VoidInvoice(when=When(effective=MARCH)))
    books.run(date(2024, 4, 30))
    books.catch_up()
    return books


def rows(books, question=ASK, **narrowed):
    found = register(books.connection, question, **narrowed).rows
    return [(row.number, row.kind, row.invoice, row.total_minor, row.state) for row in found]


def test_documents_stand_by_series_and_number(issued):
    assert rows(issued) == [
        ("X-9", "invoice", "z", 100_00, "issued"),
        ("CN-000001", "credit-note", "a", -30_00, "issued"),
        ("INV-000001", "invoice", "a", 100_00, "void"),
        ("INV-000002", "invoice", "b", 100_00, "issued"),
    ]
    assert [one.customer for one in register(issued.connection, ASK).rows] == ["c1"] * 4


def test_one_series_by_a_day(issued):
    question = replace(ASK, through=NEW_YEAR)

    assert rows(issued, question, series="INV-") == [
        ("INV-000001", "invoice", "a", 100_00, "issued")
    ]


def test_what_never_was_keeps_its_place_and_what_was_corrected_stands_once(issued):
    before = issued.connection.execute("SELECT max(position) FROM fact").fetchone()[0]
    issued.retract("invoice:b", issued.second)
    issue(issued, "c", MARCH)
    issued.run(date(2024, 5, 31))
    issued.catch_up()

    assert [row[:1] + row[4:] for row in rows(issued, series="INV-")] == [
        ("INV-000001", "void"),
        ("INV-000002", "retracted"),
        ("INV-000003", "issued"),
    ]
    assert len(rows(issued, replace(ASK, known_at=before), series="INV-")) == 2
    assert register_gaps(issued.connection, ASK).rows == ()


def test_a_hole_and_a_number_given_twice_are_found(issued):
    """No command can make either: they are put into the view by hand."""
    schema = checkpoints.schema_of(checkpoints.live_generation(issued.connection))
    issued.connection.execute(f"SET search_path TO {schema}, public")
    issued.connection.execute(
        "UPDATE document SET number = 'INV-000005' WHERE stream = 'invoice:b'"
    )
    issued.connection.execute(
        "INSERT INTO document"
        " SELECT entity, 'invoice:q', kind, 'INV-000001', customer, currency, day, due_on, minor,"
        " series, debits, position, from_position, to_position, payer, channel FROM document"
        " WHERE stream = 'invoice:a' AND kind = 'issued'"
    )

    assert register_gaps(issued.connection, ASK).rows == (
        Gap(series="INV-", finding="duplicate", place_from=1, place_to=1, numbers=2),
        Gap(series="INV-", finding="missing", place_from=2, place_to=4, numbers=3),
    )
