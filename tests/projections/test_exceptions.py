"""What stands against a close, and what waits for a person."""

from datetime import date

import pytest

from domain.errors import Rejected
from domain.facts import When
from domain.usage import DeclareUsageWindow, WaiveUsageGap
from projections.exceptions import Finding, exceptions
from projections.question import Question

JANUARY = date(2024, 1, 31)


def refusal(books, period):
    with pytest.raises(Rejected) as caught:
        books.close(period)
    return caught.value.code, caught.value.context


def test_a_close_is_refused_while_facts_of_the_period_are_unposted(books):
    books.subscribe("s1")
    books.run(JANUARY)
    books.catch_up()
    books.use("s1", date(2024, 1, 20), 5)

    assert refusal(books, "2024-01") == ("close-unposted", {"facts": 1})


def test_a_fact_of_a_later_period_does_not_hold_a_close_up(books):
    books.subscribe("s1")
    books.run(JANUARY)
    books.catch_up()
    books.use("s1", date(2024, 2, 20), 5)

    assert books.close("2024-01")


def test_a_run_the_poster_has_not_passed_does_not_count(books):
    books.catch_up()
    books.subscribe("s1")
    books.run(JANUARY)

    assert refusal(books, "2024-01")[0] == "close-unposted"


def test_a_close_is_refused_while_time_has_not_passed_to_the_end_of_the_period(books):
    books.subscribe("s1")
    books.run(date(2024, 1, 30))
    books.catch_up()

    assert refusal(books, "2024-01") == ("close-unposted", {"facts": 1})


def test_a_missing_batch_is_named_and_a_person_may_waive_it(books):
    books.subscribe("s1")
    for number in (1, 2, 3, 4, 5, 6, 8, 9, 10):
        books.use("s1", date(2024, 1, number), 1, number=number)
    window = DeclareUsageWindow(
        when=When(effective=JANUARY),
        window_from=date(2024, 1, 1),
        window_to=JANUARY,
        first_batch=1,
        last_batch=10,
    )
    books.tell("usage:app", window)
    books.run(JANUARY)
    books.catch_up()

    assert refusal(books, "2024-01") == ("close-usage-gap", {"batches": ["app:7"]})
    waive = WaiveUsageGap(when=When(effective=JANUARY), batch_number=7)
    books.tell("usage:app", waive)
    assert books.close("2024-01")


def test_pending_usage_of_the_period_and_parked_units_hold_a_close_up(books):
    books.use("nobody", date(2024, 1, 5), 50)
    books.run(JANUARY)
    books.catch_up()

    assert refusal(books, "2024-01") == ("close-pending", {"rows": 1})
    books.subscribe("s2", date(2025, 12, 1), date(2026, 2, 1))
    books.run(date(2026, 1, 31))
    books.catch_up()
    assert refusal(books, "2025-01") == ("close-parked", {"units": ["subscription:s2"]})
    assert exceptions(books.connection, Question(entity="acme")).rows == (
        Finding(
            kind="parked",
            subject="subscription:s2",
            detail="no-period (first=2026-01-01, last=2026-01-31)",
            since=12,
            count=1,
        ),
        Finding(
            kind="pending-usage",
            subject="subscription:nobody",
            detail="unknown-subscription",
            since=10,
            count=1,
        ),
    )
