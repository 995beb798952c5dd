"""Coupons in the billing run: taken once, given back by a void, in the order they are granted."""

from datetime import date
from decimal import Decimal

import pytest

from domain.coupon import GrantCoupon, WithdrawCoupon
from domain.facts import When
from domain.invoice import VoidInvoice
from domain.invoice_facts import InvoiceIssued
from domain.party import AmendCustomer, RegisterCustomer
from domain.subscription import Item, StartSubscription
from replay.billing.run import Wanted
from replay.ledger import whole
from store import log

NEW_YEAR, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
SEATS = Item(item="seats", price="seat", quantity=Decimal(3))
FIRST = "invoice:m1-USD-20240101-1"


def grant(customer="m1", **how):
    return GrantCoupon(when=When(effective=NEW_YEAR), customer=customer, **how)


def amount(minor, **how):
    return grant(amount=Decimal(minor) / 100, currency="USD", **how)


@pytest.fixture
def sell(send):
    def sold(customer, *subscriptions):
        when = When(effective=NEW_YEAR)
        send(f"customer:{customer}", RegisterCustomer(when=when, currency="USD"))
        for name in subscriptions:
            started = StartSubscription(
                when=when,
                customer=customer,
                currency="USD",
                term_from=NEW_YEAR,
                term_to=date(2025, 1, 1),
                items=(SEATS,),
            )
            send(f"subscription:{name}", started)

    return sold


def lines(ledger, customer="m1"):
    """Of each invoice of a customer the subscription, coupon and amount of every line."""
    with ledger.connection() as connection:
        facts = log.read_categories(connection, "acme", ["invoice"])
    return {
        fact.stream: [(one.subscription, one.coupon, one.amount_minor) for one in event.lines]
        for fact in facts
        if isinstance(event := fact.event, InvoiceIssued) and event.customer == customer
    }


def bill(ledger, day):
    return whole(ledger.billing(Wanted(entity="acme", through=day))).documents


def test_a_coupon_comes_off_the_lines_of_the_invoices_to_come_until_it_is_used_up(
    company, send, sell
):
    sell("m1", "n1", "n2")
    bill(company, NEW_YEAR)
    send("coupon:spring", amount(700_00))

    said = company.bill_preview("acme", FEBRUARY)
    bill(company, FEBRUARY)
    assert [one.total_minor for one in said.documents if one.customer == "m1"] == [0]
    bill(company, FEBRUARY)
    bill(company, MARCH)

    assert lines(company) == {
        FIRST: [("n1", None, 300_00), ("n2", None, 300_00)],
        "invoice:m1-USD-20240201-1": [
            ("n1", None, 300_00),
            ("n2", None, 300_00),
            ("n1", "spring", -300_00),
            ("n2", "spring", -300_00),
        ],
        "invoice:m1-USD-20240301-1": [
            ("n1", None, 300_00),
            ("n2", None, 300_00),
            ("n1", "spring", -50_00),
            ("n2", "spring", -50_00),
        ],
    }


def test_a_void_gives_a_coupon_back_to_the_invoice_issued_anew(company, send, sell):
    sell("m1", "n1")
    send("coupon:once", grant(percent=Decimal(50), times=1))
    bill(company, NEW_YEAR)
    send(FIRST, VoidInvoice(when=When(effective=NEW_YEAR)))

    bill(company, NEW_YEAR)
    bill(company, FEBRUARY)

    reduced = [("n1", None, 300_00), ("n1", "once", -150_00)]
    assert lines(company) == {
        FIRST: reduced,
        "invoice:m1-USD-20240101-2": reduced,
        "invoice:m1-USD-20240201-1": [("n1", None, 300_00)],
    }


def test_a_limited_coupon_goes_first_and_one_withdrawn_not_at_all(company, send, sell):
    sell("m1", "n1", "n2")
    send("coupon:all", grant(percent=Decimal(10)))
    send("coupon:gone", grant(percent=Decimal(10)))
    send("coupon:gone", WithdrawCoupon(when=When(effective=NEW_YEAR)))
    send("coupon:some", amount(100_00, subscriptions=("n2",), order=9))
    send("coupon:euros", grant(amount=Decimal(5), currency="EUR"))

    bill(company, NEW_YEAR)

    assert lines(company)[FIRST] == [
        ("n1", None, 300_00),
        ("n2", None, 300_00),
        ("n2", "some", -100_00),
        ("n1", "all", -30_00),
        ("n2", "all", -20_00),
    ]


def test_a_childs_coupon_reduces_its_own_lines_on_its_parents_invoice(company, send, sell):
    sell("m1", "n1")
    sell("m2", "n2")
    when = When(effective=NEW_YEAR)
    send("customer:m2", AmendCustomer(when=when, parent="m1", billed_to="parent"))
    send("coupon:mine", grant("m2", percent=Decimal(10)))

    bill(company, NEW_YEAR)

    assert lines(company)[FIRST] == [
        ("n1", None, 300_00),
        ("n2", None, 300_00),
        ("n2", "mine", -30_00),
    ]
