"""An invoice or a draft that somebody asks for gets its tax before it is decided, or waits."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs

from domain.errors import Rejected
from domain.facts import Source, When
from domain.invoice import DraftInvoice, IssueInvoice
from domain.invoice_facts import InvoiceDrafted, InvoiceIssued, InvoiceLine
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.party import AmendCustomer
from domain.tax.status import TaxStatus
from domain.tax.table import SetTaxRates, TaxRate
from projections.exceptions import exceptions
from projections.question import Question
from store import log
from store.request import Receipt, Request

SINCE = When(effective=date(2024, 1, 1))
VAT = TaxRate(name="VAT", percent=Decimal(20))
LINES = (InvoiceLine(line="1", amount_minor=100_00),)
ISSUE = IssueInvoice(when=SINCE, customer="c1", currency="USD", lines=LINES)
ELECT = AdoptInvoicing(when=SINCE, options=InvoicingOptions(tax="table"))
RATES = SetTaxRates(when=SINCE, rates=(VAT,), seller="established")
STATUS = AmendCustomer(when=SINCE, tax=TaxStatus(jurisdiction="FR"))


@pytest.fixture
def electing(company, send):
    send("invoicing:self", ELECT)
    send("tax:FR", RATES)
    return company


def asking(stream, command, key=None, source=None):
    key = key or f"{stream} {type(command).__name__}"
    return Request(entity="acme", stream=stream, key=key, command=command, source=source)


def lines(ledger, kind, stream="invoice:i1"):
    with ledger.connection() as connection:
        facts = log.read_stream(connection, "acme", stream)
    events = [fact.event for fact in facts if isinstance(fact.event, kind)]
    return [(line.kind, line.amount_minor) for line in events[-1].lines]


def test_an_invoice_that_is_asked_for_gets_its_tax(electing, send):
    send("customer:c1", STATUS)
    electing.submit(asking("invoice:i1", ISSUE))

    assert lines(electing, InvoiceIssued) == [("subscription", 100_00), ("tax", 20_00)]


def test_a_draft_gets_its_tax_and_is_issued_as_it_stands(electing, send):
    send("customer:c1", STATUS)
    draft = DraftInvoice(when=SINCE, customer="c1", currency="USD", lines=LINES)
    electing.submit(asking("invoice:i1", draft))
    electing.submit(asking("invoice:i1", IssueInvoice(when=SINCE)))

    assert lines(electing, InvoiceDrafted) == lines(electing, InvoiceIssued)
    assert lines(electing, InvoiceIssued)[1:] == [("tax", 20_00)]


def test_what_nobody_can_tell_the_tax_of_waits_and_leaves_its_key_free(electing, send):
    with pytest.raises(Rejected) as caught:
        electing.submit(asking("invoice:i1", ISSUE))
    electing.catch_up("acme")
    with electing.connection() as connection:
        rows = exceptions(connection, Question(entity="acme")).rows

    assert caught.value.code == "tax-status-missing"
    assert [(row.kind, row.subject) for row in rows] == [("awaiting-tax", "invoice:i1")]
    send("customer:c1", STATUS)
    assert not electing.submit(asking("invoice:i1", ISSUE)).repeated
    with electing.connection() as connection:
        assert exceptions(connection, Question(entity="acme")).rows == ()


def test_a_repeat_is_told_its_first_answer_whatever_the_tax_would_be_now(electing, send):
    send("customer:c1", STATUS)
    first = electing.submit(asking("invoice:i1", ISSUE))
    send("tax:FR", SetTaxRates(when=SINCE))
    again = electing.submit(asking("invoice:i1", ISSUE))

    assert (again.positions, again.repeated) == (first.positions, True)


def test_many_commands_are_asked_for_in_their_turn(company):
    """What comes before an invoice in one list counts for it."""
    asked = [
        asking("invoicing:self", ELECT),
        asking("tax:FR", RATES),
        asking("invoice:i0", ISSUE),
        asking("customer:c1", STATUS),
        asking("invoice:i1", ISSUE),
    ]
    outcomes = company.submit_many("acme", asked)

    assert [type(one) for one in outcomes] == [Receipt, Receipt, Rejected, Receipt, Receipt]
    assert lines(company, InvoiceIssued) == [("subscription", 100_00), ("tax", 20_00)]


def test_a_correction_of_ours_gets_its_tax_and_one_of_an_outside_document_none(electing, send):
    send("customer:c1", STATUS)
    source = Source(system="billing", kind="invoice", id="1")
    electing.submit(asking("invoice:i1", ISSUE))
    electing.submit(asking("invoice:i2", ISSUE, source=source))
    less = structs.replace(ISSUE, lines=(InvoiceLine(line="1", amount_minor=50_00),))
    for name in ("i1", "i2"):
        stream = f"invoice:{name}"
        with electing.connection() as connection:
            (fact,) = log.read_stream(connection, "acme", stream)
        request = structs.replace(asking(stream, less, f"fix {name}"), corrects=fact.position)
        electing.submit(request)

    assert lines(electing, InvoiceIssued) == [("subscription", 50_00), ("tax", 10_00)]
    assert lines(electing, InvoiceIssued, "invoice:i2") == [("subscription", 50_00)]


def test_two_documents_of_one_stream_in_one_list_each_get_their_tax(electing, send):
    send("customer:c1", STATUS)
    drafts = [
        DraftInvoice(
            when=SINCE,
            customer="c1",
            currency="USD",
            lines=(InvoiceLine(line="1", amount_minor=minor),),
        )
        for minor in (10_00, 20_00)
    ]
    electing.submit_many(
        "acme", [asking("invoice:i1", one, f"d{n}") for n, one in enumerate(drafts)]
    )

    with electing.connection() as connection:
        facts = log.read_stream(connection, "acme", "invoice:i1")
    assert [fact.event.lines[1].amount_minor for fact in facts] == [2_00, 4_00]


def test_an_outside_system_and_who_states_the_tax_are_left_alone(electing):
    source = Source(system="billing", kind="invoice", id="1")
    stated = (*LINES, InvoiceLine(line="2", amount_minor=7_00, kind="tax"))
    own = IssueInvoice(when=SINCE, customer="c1", currency="USD", lines=stated)
    electing.submit(asking("invoice:i1", ISSUE, source=source))
    electing.submit(asking("invoice:i2", own))

    assert lines(electing, InvoiceIssued) == [("subscription", 100_00)]
    assert lines(electing, InvoiceIssued, "invoice:i2")[1:] == [("tax", 7_00)]
