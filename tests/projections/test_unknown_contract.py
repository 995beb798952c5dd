"""What names a contract that nobody opened is listed, until somebody opens it."""

from __future__ import annotations

from datetime import date

import pytest

from domain.cash import ReceivePayment
from domain.contract_commands import ModifyContract, OpenContract
from domain.contract_facts import Obligation
from domain.facts import Source, When
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from projections.exceptions import Finding, exceptions
from projections.question import Question

JANUARY = date(2024, 1, 31)
SINCE = When(effective=date(2024, 1, 1))
YEAR = {"service_from": date(2024, 1, 1), "service_to": date(2025, 1, 1)}
PAID = ReceivePayment(when=SINCE, customer="c1", currency="USD", amount_minor=60_00, contract="k9")


def source(number):
    return Source(system="crm", kind="deal", id=str(number), version="1")


def bill(books, name="i1", **line):
    row = InvoiceLine(line="1", amount_minor=1_200_00, **YEAR, **line)
    issue = IssueInvoice(when=SINCE, customer="c1", currency="USD", lines=(row,))
    return books.tell(f"invoice:{name}", issue, source=source(name))


def open_contract(books):
    service = Obligation(obligation="service", price_minor=1_200_00, **YEAR)
    command = OpenContract(
        when=SINCE, customer="c1", currency="USD", price_minor=0, obligations=(service,)
    )
    return books.tell("contract:k9", command)


def run(books):
    books.run(JANUARY)
    books.catch_up()


def listed(books, known_at=None):
    found = exceptions(books.connection, Question(entity="acme", known_at=known_at)).rows
    return [row for row in found if row.kind == "unknown-contract"]


def finding(subject, since, count=1):
    return Finding(
        kind="unknown-contract",
        subject=subject,
        detail="named, and not opened",
        since=since,
        count=count,
    )


def test_what_is_billed_of_a_contract_nobody_opened_is_listed_until_it_is_opened(books):
    at = bill(books, contract="k9")
    bill(books, "i2", contract="k9")
    run(books)

    assert listed(books) == [finding("contract:k9", at, 2)]

    opened = open_contract(books)
    run(books)
    assert listed(books) == []
    assert listed(books, opened - 1) == [finding("contract:k9", at, 2)]

    books.retract("contract:k9", opened)
    run(books)
    assert listed(books) == [finding("contract:k9", at, 2)]


def test_so_is_what_is_billed_of_a_subscription_nobody_started(books):
    at = bill(books, subscription="s9")
    run(books)
    assert listed(books) == [finding("subscription:s9", at)]

    books.subscribe("s9")
    run(books)
    assert listed(books) == []


def test_so_is_a_change_of_a_contract_that_a_source_tells_before_it(books):
    change = ModifyContract(when=SINCE, price_change_minor=10_00)
    at = books.tell("contract:k9", change, source=source(1))
    run(books)
    assert listed(books) == [finding("contract:k9", at)]

    open_contract(books)
    run(books)
    assert listed(books) == []


def test_so_is_money_for_a_contract_nobody_opened(books):
    at = books.tell("payment:p1", PAID)
    run(books)
    assert listed(books) == [finding("contract:k9", at)]

    opened = open_contract(books)
    run(books)
    assert listed(books) == []

    books.retract("contract:k9", opened)
    run(books)
    assert listed(books) == [finding("contract:k9", at)]

    books.retract("payment:p1", at)
    run(books)
    assert listed(books) == []


@pytest.mark.parametrize("name", ["s9"])
def test_usage_of_a_subscription_nobody_started_is_pending_and_listed_once(books, name):
    books.use(name, date(2024, 1, 20), 60)
    run(books)
    found = exceptions(books.connection, Question(entity="acme")).rows

    assert [(row.kind, row.detail) for row in found] == [("pending-usage", "unknown-subscription")]
