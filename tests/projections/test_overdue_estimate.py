"""Work that has cost more than it is expected to is listed, until somebody estimates it anew."""

from __future__ import annotations

from datetime import date

from domain.contract_commands import MeasureProgress, OpenContract, ReviseExpectation
from domain.contract_facts import Obligation
from domain.facts import When
from projections.exceptions import Finding, exceptions
from projections.question import Question

JANUARY = date(2024, 1, 31)
SINCE = When(effective=date(2024, 1, 1))
LATER = When(effective=date(2024, 1, 20))
WORK = Obligation(
    obligation="work", ssp_minor=1, pattern="percent-complete", expected_cost_minor=1_000_00
)
OPEN = OpenContract(
    when=SINCE, customer="c1", currency="USD", price_minor=3_000_00, obligations=(WORK,)
)


def listed(books, known_at=None):
    found = exceptions(books.connection, Question(entity="acme", known_at=known_at)).rows
    return [row for row in found if row.kind == "overdue-estimate"]


def run(books):
    books.run(JANUARY)
    books.catch_up()


def test_costs_above_the_estimate_are_listed_until_it_is_revised(books):
    books.tell("contract:k1", OPEN)
    books.tell("contract:k2", OPEN)
    at = books.tell(
        "contract:k1", MeasureProgress(when=LATER, obligation="work", incurred_minor=1_100_00)
    )
    books.tell("contract:k2", MeasureProgress(when=LATER, obligation="work", incurred_minor=900_00))
    run(books)
    over = Finding(
        kind="overdue-estimate",
        subject="contract:k1",
        detail="work has cost 1100.00 USD of 1000.00 expected",
        since=at,
        count=1,
    )

    assert listed(books) == [over]

    more = ReviseExpectation(when=LATER, obligation="work", expected_cost_minor=1_200_00)
    revised = books.tell("contract:k1", more)
    run(books)
    assert listed(books) == []
    assert listed(books, revised - 1) == [over]
    books.retract("contract:k1", revised)
    run(books)
    assert listed(books) == [over]


def test_no_close_is_refused_for_it(books):
    books.tell("contract:k1", OPEN)
    books.tell(
        "contract:k1", MeasureProgress(when=LATER, obligation="work", incurred_minor=1_100_00)
    )
    run(books)

    assert listed(books)
    assert books.close("2024-01")
