"""Coupons in the billing run: taken once, given back by a void, in the order they are granted."""

from datetime import date
from decimal import Decimal

import pytest

from domain.coupon import GrantCoupon, WithdrawCoupon
from domain.facts import When
from domain.invoice import IssueCredit, VoidInvoice
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued
from domain.invoicing import AdoptInvoicing, InvoicingOptions
from domain.party import AmendCustomer, RegisterCustomer
from domain.price import SetPrice
from domain.pricing import Flat
from domain.subscription import Item, StartSubscription
from domain.tax.status import TaxStatus
from domain.tax.table import SetTaxRates, TaxRate
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


# --- with tax: the worked cases, from the grant to the documents ---


@pytest.fixture
def taxed(company, send):
    """The table knows the customer's country, at nothing, ten and twenty percent."""
    when = When(effective=NEW_YEAR)
    rates = tuple(
        TaxRate(name="VAT", percent=Decimal(percent), code=f"at-{percent}")
        for percent in (0, 10, 20)
    )
    send("invoicing:self", AdoptInvoicing(when=when, options=InvoicingOptions(tax="table")))
    send("tax:FR", SetTaxRates(when=when, rates=rates, seller="established"))
    status = TaxStatus(jurisdiction="FR")
    send("customer:m1", RegisterCustomer(when=when, currency="EUR", tax=status))
    return company


def sell_items(send, **items):
    """One subscription of some items, each at an amount a month and a percentage of tax."""
    when = When(effective=NEW_YEAR)
    for name, (amount, percent) in items.items():
        price = SetPrice(
            when=when,
            currency="EUR",
            model=Flat(amount=Decimal(amount)),
            product=name,
            tax_code=f"at-{percent}",
        )
        send(f"price:{name}", price)
    started = StartSubscription(
        when=when,
        customer="m1",
        currency="EUR",
        term_from=NEW_YEAR,
        term_to=date(2025, 1, 1),
        items=tuple(Item(item=name, price=name) for name in items),
    )
    send("subscription:n1", started)


def euros(minor, **how):
    return grant(amount=Decimal(minor) / 100, currency="EUR", **how)


def taxes(lines):
    return sum(one.amount_minor for one in lines if one.kind == "tax")


def test_a_coupon_comes_off_before_tax_of_three_rates(taxed, send):
    """lago-coupon-three-tax-rates."""
    sell_items(send, plan=(100, 10), fx=(50, 0), cards=(30, 20), top=(20, 20))
    send("coupon:ten", euros(10_00))

    (document,) = bill(taxed, NEW_YEAR)

    assert (taxes(document.command.lines), document.total_minor) == (19_00, 209_00)


def test_three_coupons_are_taxed_by_their_exact_shares(taxed, send):
    """lago-three-coupons-two-tax-rates: the tax is 18.89, by whole cents it would be another."""
    fees = {f"{side}{n}": (10 * n, 20 if n == 2 else 10) for side in "ab" for n in (1, 2, 3, 4)}
    sell_items(send, **fees)
    send("coupon:a", euros(20_00, products=("a1", "a2")))
    send("coupon:b", euros(10_00, items=("b1", "b2", "b3", "b4")))
    send("coupon:c", euros(5_00, order=-1))

    (document,) = bill(taxed, NEW_YEAR)

    assert (taxes(document.command.lines), document.total_minor) == (18_89, 183_89)


def test_a_credit_takes_its_share_of_the_coupon_and_of_the_tax(taxed, send):
    """lago-credit-note-coupon-two-taxes: 117.67, of it 19.61 tax."""
    sell_items(send, plan1=(179, 10), plan2=(399, 20))
    send("coupon:big", euros(250_00, items=("plan2",)))
    (document,) = bill(taxed, NEW_YEAR)
    assert (taxes(document.command.lines), document.total_minor) == (47_70, 375_70)
    (plan,) = (
        one.line
        for one in document.command.lines
        if (one.obligation, one.kind) == ("plan2", "subscription")
    )

    wanted = CreditLine(line=plan, amount_minor=262_60)
    note = IssueCredit(when=When(effective=FEBRUARY), number="C-1", lines=(wanted,))
    send(document.stream, note)

    with taxed.connection() as connection:
        facts = log.read_categories(connection, "acme", ["invoice"])
    (credited,) = (fact.event for fact in facts if isinstance(fact.event, CreditIssued))
    kinds = {one.line: one.kind for one in document.command.lines}
    by_kind = {kinds[row.line]: row.amount_minor for row in credited.lines}
    assert by_kind == {"subscription": 262_60, "coupon": -164_54, "tax": 19_61}
    assert sum(by_kind.values()) == 117_67
