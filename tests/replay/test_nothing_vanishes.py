"""What is sold at an unknown price waits by name; what entries were booked by is never undone."""

from datetime import date
from decimal import Decimal

import pytest

from domain.errors import Rejected
from domain.facts import When
from domain.subscription import Item, StartSubscription
from projections.exceptions import exceptions
from projections.question import Question
from store.request import Request


def _start(price):
    return StartSubscription(
        when=When(effective=date(2024, 1, 1)),
        customer="c1",
        currency="USD",
        term_from=date(2024, 1, 1),
        term_to=date(2025, 1, 1),
        items=(Item(item="seats", price=price, quantity=Decimal(1)),),
    )


def test_an_item_sold_at_an_unknown_price_is_found_and_stands_against_a_close(company, send):
    send("subscription:s9", _start("saet"))
    company.run("acme", date(2024, 1, 31))

    with company.connection() as connection:
        found = exceptions(connection, Question(entity="acme")).rows
    assert [(one.kind, one.subject) for one in found] == [("parked", "subscription:s9")]
    with pytest.raises(Rejected, match="close-parked"):
        company.close_period("acme", "main", "2024-01")


def test_periods_are_added_never_taken_back(company):
    company.run("acme", date(2024, 1, 31))
    company.close_period("acme", "main", "2024-01")

    retraction = Request(entity="acme", stream="entity:self", key="undo", corrects=2)
    with pytest.raises(Rejected, match="not-correctable"):
        company.submit(retraction)
