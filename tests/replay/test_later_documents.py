"""A document that a later one rests on is not taken back under it, and none is replaced while it
stands.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.billing_options import BillingOptions
from domain.errors import Rejected
from domain.facts import Source, When
from domain.invoice import IssueCredit, IssueInvoice, VoidInvoice
from domain.invoice_facts import CreditLine, InvoiceIssued, InvoiceLine, InvoiceVoided
from domain.price import SetPrice
from domain.pricing import PerUnit
from domain.subscription import CancelSubscription
from store import log
from store.request import Request

NEW_YEAR, MID = date(2024, 1, 1), date(2024, 1, 16)
FIRST, SECOND, THIRD = (f"c1-USD-2024{day}-1" for day in ("0101", "0116", "0120"))
REPAIRED = BillingOptions(credits="next-invoice")


@pytest.fixture
def repaired(company, send):
    """January is billed in advance; half of it is taken back on an invoice of its own."""
    model = PerUnit(unit_amount=Decimal(100))
    send(
        "price:seat",
        SetPrice(when=When(effective=NEW_YEAR), currency="USD", model=model, options=REPAIRED),
    )
    company.bill("acme", NEW_YEAR)
    send("subscription:s1", CancelSubscription(when=When(effective=MID)))
    company.bill("acme", MID)
    return company


def void(name, day=20):
    return f"invoice:{name}", VoidInvoice(when=When(effective=date(2024, 1, day)))


def invoice(name, minor, **more):
    line = InvoiceLine(line="1", amount_minor=minor)
    when = When(effective=date(2024, 1, 20))
    more.setdefault("customer", "c1")
    return f"invoice:{name}", IssueInvoice(when=when, currency="USD", lines=(line,), **more)


def issued(ledger, *names):
    """What each invoice bills, line by line."""
    with ledger.connection() as connection:
        facts = log.read_streams(connection, "acme", [f"invoice:{name}" for name in names])
    return [
        [(line.kind, line.amount_minor) for line in fact.event.lines]
        for own in facts.values()
        for fact in own
        if isinstance(fact.event, InvoiceIssued)
    ]


def refused(send, stream, command, **more):
    with pytest.raises(Rejected) as told:
        send(stream, command, **more)
    return told.value.code, told.value.context


def test_what_a_later_invoice_takes_back_is_void_only_after_it(repaired, send):
    assert issued(repaired, FIRST, SECOND) == [
        [("subscription", 1000_00)],
        [("subscription", -516_13), ("credit", 516_13)],
    ]
    assert refused(send, *void(FIRST)) == ("later-document-stands", {"invoices": [SECOND]})

    send(*void(SECOND))
    send(*void(FIRST))
    repaired.bill("acme", date(2024, 1, 20))

    assert issued(repaired, THIRD) == [[("subscription", 483_87)]]


def test_the_later_one_may_be_retracted_instead(repaired, send):
    with repaired.connection() as connection:
        (fact,) = log.read_stream(connection, "acme", f"invoice:{SECOND}")
    send(f"invoice:{SECOND}", None, corrects=fact.position)

    assert send(*void(FIRST))


@pytest.mark.usefixtures("repaired")
def test_what_a_later_one_rests_on_is_not_retracted_under_it(repaired, send):
    stream, position = retracting(repaired, FIRST, InvoiceIssued)

    assert refused(send, stream, None, corrects=position) == (
        "later-document-stands",
        {"invoices": [SECOND]},
    )
    send(*void(SECOND))
    assert send(stream, None, corrects=position)


def test_what_another_stands_in_the_place_of_is_not_had_back(company, send):
    """Neither its void nor the credit of all of it."""
    company.bill("acme", NEW_YEAR)
    send(*void(FIRST))
    send(*invoice("y", 1000_00, replaces=FIRST))
    stream, position = retracting(company, FIRST, InvoiceVoided)

    told = refused(send, stream, None, corrects=position)
    assert told == ("later-document-stands", {"invoices": ["y"]})
    send(*void("y"))
    assert send(stream, None, corrects=position)


@pytest.mark.usefixtures("company")
def test_a_document_is_not_had_back_under_a_number_that_is_anothers(send):
    for name, number in (("a", "1"), ("b", "2")):
        told = Source(system="erp", kind="invoice", id=number)
        (position,) = send(*invoice(name, 1, number="E-1"), source=told)
        if name == "a":
            (undone,) = send("invoice:a", None, corrects=position)

    assert refused(send, "invoice:a", None, corrects=undone) == (
        "duplicate-number",
        {"number": "E-1", "stream": "invoice:b"},
    )
    send("invoice:b", None, corrects=position)
    assert refused(send, "invoice:a", None, corrects=undone)[0] == "duplicate-number"


def retracting(ledger, name, kind):
    """The stream, and the position of the fact to retract."""
    with ledger.connection() as connection:
        facts = log.read_stream(connection, "acme", f"invoice:{name}")
    (found,) = (fact.position for fact in facts if isinstance(fact.event, kind))
    return f"invoice:{name}", found


def test_an_outside_system_voids_what_it_likes(send):
    assert send(*void(FIRST), source=Source(system="erp", kind="void", id="1"))


def test_what_a_debit_note_adds_to_is_void_only_after_it(company, send):
    company.bill("acme", NEW_YEAR)
    send(*invoice("more", 50_00, debits=FIRST))

    assert refused(send, *void(FIRST)) == ("later-document-stands", {"invoices": ["more"]})
    send(*void("more"))
    assert send(*void(FIRST))


def test_later_periods_and_other_customers_rest_on_nothing(company, send):
    company.bill("acme", NEW_YEAR)
    company.bill("acme", date(2024, 2, 1))
    send(*invoice("x", 50_00))

    assert send(*void(FIRST))


def test_an_invoice_takes_the_place_of_one_that_no_longer_stands(company, send):
    company.bill("acme", NEW_YEAR)

    assert refused(send, *invoice("y", 1, replaces=FIRST)) == (
        "replaced-stands",
        {"invoice": FIRST, "left": 1000_00},
    )
    assert refused(send, *invoice("y", 1, replaces="nobody"))[0] == "unknown-invoice"
    row = CreditLine(line="1", amount_minor=1000_00)
    credit = IssueCredit(when=When(effective=MID), number="n1", lines=(row,))
    send(f"invoice:{FIRST}", credit)
    assert refused(send, *invoice("y", 1, replaces=FIRST, customer="c2"))[0] == "other-account"
    assert send(*invoice("y", 1, replaces=FIRST))


def test_an_outside_invoice_may_replace_what_is_void_later(company, send):
    company.bill("acme", NEW_YEAR)
    for number, name in enumerate((FIRST, "unknown yet")):
        told = Source(system="erp", kind="invoice", id=f"{number}")
        assert send(*invoice(f"y{number}", 1, replaces=name), source=told)


def test_a_void_in_one_list_with_what_it_rests_on_sees_it(company):
    """What was decided before it in the same group counts."""
    company.bill("acme", NEW_YEAR)
    acts = [invoice("more", 50_00, debits=FIRST), void(FIRST), void("more"), void(FIRST)]
    asked = [
        Request(entity="acme", stream=stream, key=f"g{place}", command=command)
        for place, (stream, command) in enumerate(acts)
    ]
    codes = [getattr(one, "code", None) for one in company.submit_many("acme", asked)]

    assert codes == [None, "later-document-stands", None, None]
