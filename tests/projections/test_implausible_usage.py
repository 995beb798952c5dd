"""Usage that stands out is shown as known at a position; nothing waits for it, no amount moves."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from msgspec import structs

from domain.facts import When
from domain.meter import DefineMeter
from domain.usage import UsageRow
from projections.exceptions import Finding, exceptions
from projections.question import Question
from projections.trial_balance import trial_balance
from store.usage_rows import UsageBatch, ingest

ASK = Question(entity="acme", book="us-gaap")
JANUARY = date(2024, 1, 31)


def row(day, quantity, **more):
    told = {
        "event_id": f"{more.get('subscription')}-{more.get('meter')}-{more.get('unit')}-{day}",
        "subscription": "s1",
        "meter": "calls",
        "quantity": Decimal(quantity),
        "occurred_at": datetime(2024, 1, day, 9, tzinfo=UTC),
    }
    return UsageRow(**told | more)


def send(books, key, *rows, kind="rows"):
    order = UsageBatch(entity="acme", source="meterer", key=key, kind=kind)
    receipt = ingest(books.connection, order, rows, clock=lambda: books.today)
    assert receipt.rejected == 0
    return receipt


def shown(books, **more):
    return exceptions(books.connection, structs.replace(ASK, **more)).rows


def earned(books):
    (revenue,) = (
        one.minor for one in trial_balance(books.connection, ASK).rows if one.account == "revenue"
    )
    return -revenue


@pytest.fixture
def odd(books):
    """Ten calls on each of nine days, and a thousand on the tenth."""
    books.subscribe("s1")
    send(books, "nine", *(row(day, 10) for day in range(1, 10)))
    send(books, "tenth", row(10, 400), row(10, 600, event_id="more"))
    books.run(JANUARY)
    return books.catch_up()


FOUND = Finding(
    kind="implausible-usage",
    subject="subscription:s1",
    detail="calls on 2024-01-10: 1000, median 10",
    since=11,
    count=2,
)


def test_given_a_hundredfold_day_then_it_is_shown_earned_all_the_same_and_the_month_closes(odd):
    assert shown(odd) == (FOUND,)
    # The seat is 1,000.00, and each of 1,090 calls 2.00.
    assert earned(odd) == earned_of(1_090)
    assert odd.close("2024-01")


def earned_of(calls):
    return 1_000_00 + calls * 2_00


def test_when_the_rows_are_corrected_then_it_is_gone_and_stands_as_it_was_known_before(odd):
    before = odd.run(JANUARY)
    wrong = (row(10, 4), row(10, 6, event_id="more"))
    send(odd, "meter had counted wrong", *wrong, kind="correction")
    odd.run(JANUARY)
    odd.catch_up()

    assert shown(odd) == ()
    assert earned(odd) == earned_of(100)
    assert shown(odd, known_at=before) == (FOUND,)
    assert shown(odd, known_at=FOUND.since - 1) == ()


def test_each_is_judged_by_its_own_subscription_meter_and_unit(books):
    books.subscribe("s1")
    books.subscribe("s2")
    books.tell(
        "meter:bytes",
        DefineMeter(
            when=When(effective=date(2020, 1, 1)),
            aggregation="sum",
            unit="GB",
            conversions={"kB": Decimal("0.000001")},
        ),
    )
    days = range(1, 11)
    rows = [
        *(row(day, 10) for day in days),
        *(row(day, 1000, subscription="s2") for day in days),
        *(row(day, 3, meter="bytes", unit="GB") for day in days),
        *(row(day, 3_000_000, meter="bytes", unit="kB") for day in days),
    ]
    send(books, "all", *rows, row(11, 30, meter="bytes", unit="GB"))
    books.run(JANUARY)
    books.catch_up()

    found = [one.detail for one in shown(books) if one.kind == "implausible-usage"]

    assert found == ["bytes on 2024-01-11: 30 GB, median 3 GB"]


def test_what_is_counted_by_the_row_is_judged_by_its_rows_and_a_level_not_at_all(books):
    since = When(effective=date(2020, 1, 1))
    books.tell("meter:exports", DefineMeter(when=since, aggregation="count"))
    books.tell("meter:desks", DefineMeter(when=since, aggregation="sum", recurring=True))
    days = range(1, 11)
    send(
        books,
        "all",
        *(row(day, 1 if day < 10 else 1000, meter="exports") for day in days),
        *(row(12, 1, meter="exports", event_id=f"export-{n}") for n in range(7)),
        *(row(day, -1, meter="desks") for day in days),
    )
    books.run(JANUARY)
    books.catch_up()

    found = [(one.detail, one.count) for one in shown(books) if one.kind == "implausible-usage"]

    assert found == [("exports on 2024-01-12: 7, median 1", 7)]


def test_more_taken_back_on_a_day_than_was_used_is_shown_without_any_history(books):
    books.subscribe("s1")
    send(books, "back", row(3, -7))
    books.run(JANUARY)
    books.catch_up()

    assert [one.detail for one in shown(books)] == ["calls on 2024-01-03: -7, no other use"]
