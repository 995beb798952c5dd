"""A live service posts news by itself: as far as the last run went, once, and never first."""

from datetime import date

from domain.books import PostingRun
from store import log
from store.usage_stage import UsageBatch

ROW = {
    "event_id": "e1",
    "subscription": "s1",
    "meter": "calls",
    "quantity": "100",
    "occurred_at": "2024-01-10T12:00:00Z",
}


def _late_usage(company):
    company.ingest(UsageBatch(entity="acme", source="app", key="late", kind="rows"), [ROW])
    company.catch_up("acme")


def _run_of(company, receipt):
    with company.connection() as connection:
        (fact,) = log.read_positions(connection, "acme", receipt.positions)
    return fact


def test_nothing_is_posted_by_itself_before_the_first_run(company):
    _late_usage(company)

    assert company.append_news("acme") is None


def test_the_run_for_news_goes_as_far_as_the_last_one_went(company):
    company.run("acme", date(2024, 2, 29))
    _late_usage(company)

    fact = _run_of(company, company.append_news("acme"))

    assert isinstance(fact.event, PostingRun)
    assert (fact.event.through, fact.actor) == (date(2024, 2, 29), "service")


def test_without_news_there_is_no_run(company):
    company.run("acme", date(2024, 2, 29))
    _late_usage(company)
    company.append_news("acme")
    company.catch_up("acme")

    assert company.append_news("acme") is None


def test_before_the_poster_stands_at_the_head_nothing_is_due(company):
    company.run("acme", date(2024, 2, 29))
    company.ingest(UsageBatch(entity="acme", source="app", key="late", kind="rows"), [ROW])

    assert company.append_news("acme") is None
