"""What other books left of a contract that ended is listed, until somebody ends it, too."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from domain.carried import CarriedPosition, ChangeOpeningPosition, EndOpeningPosition
from domain.facts import When
from domain.opening import ProposeOpening, SignOpening, totals
from domain.subscription import CancelSubscription
from projections.exceptions import Finding, exceptions
from projections.question import Question

JANUARY = date(2024, 1, 31)
SINCE = When(effective=date(2024, 1, 1))
MARCH = When(effective=date(2024, 3, 1))
SEATS = CarriedPosition(
    subscription="s1",
    obligation="seats",
    customer="c1",
    billed_minor=1_200_00,
    recognised_minor=0,
    to_earn_minor=1_200_00,
    service_from=date(2024, 1, 1),
    service_to=date(2024, 7, 1),
)
ROWS = (SEATS, replace(SEATS, obligation="care", service_to=date(2024, 3, 1)))
NAMED = {"subscription": "s1", "obligation": "seats"}


def taken_over(books):
    control = totals([], ROWS)
    propose = ProposeOpening(when=SINCE, currency="USD", control=control, positions=ROWS)
    books.tell("opening:2024", propose)
    books.tell("opening:2024", SignOpening(when=SINCE), actor="bob")
    books.subscribe("s1")


def listed(books):
    books.run(JANUARY)
    books.catch_up()
    found = exceptions(books.connection, Question(entity="acme")).rows
    return [row for row in found if row.kind == "position-runs-on"]


def test_what_is_served_after_its_subscription_ended_is_listed_until_it_is_ended(books):
    taken_over(books)
    assert listed(books) == []

    at = books.tell("subscription:s1", CancelSubscription(when=MARCH))
    runs_on = Finding(
        kind="position-runs-on",
        subject="subscription:s1",
        detail="seats is served to 2024-07-01, and it ended 2024-03-01",
        since=at,
        count=1,
    )
    assert listed(books) == [runs_on]

    ended = books.tell("opening:2024", EndOpeningPosition(when=MARCH, **NAMED))
    assert listed(books) == []
    books.retract("opening:2024", ended)
    assert listed(books) == [runs_on]

    shorter = ChangeOpeningPosition(
        when=SINCE, service_to=date(2024, 3, 1), price_change_minor=-800_00, **NAMED
    )
    books.tell("opening:2024", shorter)
    assert listed(books) == []


def test_what_was_billed_before_is_served_to_the_end_of_its_period(books):
    taken_over(books)
    books.tell("subscription:s1", CancelSubscription(when=MARCH, timing="period-end"))

    assert listed(books) == []
