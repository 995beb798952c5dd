from datetime import date

import pytest

from domain.books import (
    BookOpened,
    CloseEvidence,
    ClosePeriod,
    OpenBook,
    PeriodClosed,
    PeriodReopened,
    PeriodSealed,
    PeriodSoftClosed,
    PostingRun,
    ReopenPeriod,
    RunPosting,
    SealPeriod,
    SoftClosePeriod,
)
from domain.calendar import months
from domain.deciders import decider_of
from domain.entity import CalendarDefined
from domain.facts import fold
from tests.domain.given import code, decide, facts, on, refusal, state

STREAM = "book:us-gaap"
OPENED = BookOpened(when=on(1, 1), name="US GAAP")
YEAR = {
    "entity:self": (CalendarDefined(when=on(1, 1), periods=months(date(2024, 1, 1), 12)),),
}
SOFT_CLOSE = SoftClosePeriod(when=on(2, 5), period="2024-01")
SOFT_CLOSED = PeriodSoftClosed(when=on(2, 5), period="2024-01")
CLOSE = ClosePeriod(when=on(2, 10), period="2024-01")
CLOSED = PeriodClosed(when=on(2, 10), period="2024-01")
SEALED = PeriodSealed(
    when=on(2, 10),
    period="2024-01",
    digest="ab",
    entries=1,
    lines=2,
    debits_minor=(("USD", 100),),
    closed_at=2,
)
SEAL = SealPeriod(
    when=on(2, 10),
    period="2024-01",
    digest="ab",
    entries=1,
    lines=2,
    debits_minor=(("USD", 100),),
    closed_at=2,
)
REOPEN = ReopenPeriod(when=on(3, 1), period="2024-01", approved_by="bob")
REOPENED = PeriodReopened(when=on(3, 1), period="2024-01", approved_by="bob")


def test_a_book_opens_once() -> None:
    command = OpenBook(when=on(1, 1), name="US GAAP")

    assert decide(STREAM, command) == (OPENED,)
    assert code(STREAM, command, OPENED) == "book-already-open"
    assert code(STREAM, OpenBook(when=on(1, 1), name="")) == "empty-text"


def test_a_period_is_cut_then_closed() -> None:
    assert decide(STREAM, SOFT_CLOSE, OPENED, others=YEAR) == (SOFT_CLOSED,)
    assert decide(STREAM, CLOSE, OPENED, SOFT_CLOSED, others=YEAR) == (CLOSED,)


def test_a_close_without_a_soft_close_implies_one() -> None:
    assert decide(STREAM, CLOSE, OPENED, others=YEAR) == (CLOSED,)
    assert code(STREAM, SOFT_CLOSE, OPENED, CLOSED, others=YEAR) == "period-already-closed"


def test_a_period_may_close_before_an_earlier_one() -> None:
    command = ClosePeriod(when=on(7, 1), period="2024-06")

    assert decide(STREAM, command, OPENED, CLOSED, others=YEAR)


def test_a_second_close_is_refused() -> None:
    assert refusal(STREAM, CLOSE, OPENED, CLOSED, others=YEAR) == (
        "period-already-closed",
        {"standing": "closed"},
    )
    assert code(STREAM, SOFT_CLOSE, OPENED, SOFT_CLOSED, others=YEAR) == "period-already-closed"
    assert code(STREAM, CLOSE, OPENED, CLOSED, SEALED, others=YEAR) == "period-already-closed"


@pytest.mark.parametrize("command", [SOFT_CLOSE, CLOSE, SEAL, REOPEN])
def test_a_period_must_be_in_the_calendar_and_the_book_open(command: object) -> None:
    assert refusal(STREAM, command, OPENED) == ("unknown-period", {"period": "2024-01"})
    assert refusal(STREAM, command, others=YEAR) == ("unknown-book", {"book": "us-gaap"})


@pytest.mark.parametrize("command", [SOFT_CLOSE, CLOSE])
@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (CloseEvidence(unposted=3), ("close-unposted", {"facts": 3})),
        (
            CloseEvidence(parked=("contract:k1",)),
            ("close-parked", {"units": ["contract:k1"]}),
        ),
        (CloseEvidence(pending=7), ("close-pending", {"rows": 7})),
        (
            CloseEvidence(gaps=("meterer: batch 7",)),
            ("close-usage-gap", {"batches": ["meterer: batch 7"]}),
        ),
        (
            CloseEvidence(unknown_customers=("c9",)),
            ("close-unknown-customer", {"customers": ["c9"]}),
        ),
    ],
)
def test_a_close_is_refused_while_something_stands_against_it(
    command: object, evidence: CloseEvidence, expected: tuple[str, dict[str, object]]
) -> None:
    assert refusal(STREAM, command, OPENED, others=YEAR, evidence=evidence) == expected


def test_a_close_with_nothing_against_it_is_made() -> None:
    assert decide(STREAM, CLOSE, OPENED, others=YEAR, evidence=CloseEvidence()) == (CLOSED,)


def test_a_closed_period_is_sealed_for_the_close_the_poster_passed() -> None:
    assert decide(STREAM, SEAL, OPENED, CLOSED, others=YEAR) == (SEALED,)
    assert code(STREAM, SEAL, OPENED, CLOSED, REOPENED, CLOSED, others=YEAR) == "period-not-closed"


def test_what_is_not_closed_is_not_sealed() -> None:
    assert code(STREAM, SEAL, OPENED, others=YEAR) == "period-not-closed"
    assert code(STREAM, SEAL, OPENED, SOFT_CLOSED, others=YEAR) == "period-not-closed"
    assert code(STREAM, SEAL, OPENED, CLOSED, SEALED, others=YEAR) == "period-not-closed"


@pytest.mark.parametrize("closed", [(SOFT_CLOSED,), (CLOSED,), (CLOSED, SEALED)])
def test_two_people_reopen_whatever_is_closed(closed: tuple[PeriodClosed, ...]) -> None:
    assert decide(STREAM, REOPEN, OPENED, *closed, others=YEAR) == (REOPENED,)


def test_one_person_does_not_reopen() -> None:
    assert refusal(STREAM, REOPEN, OPENED, CLOSED, others=YEAR, actor="bob") == (
        "same-person",
        {"actor": "bob"},
    )


def test_nobody_is_not_a_second_person() -> None:
    command = ReopenPeriod(when=on(3, 1), period="2024-01", approved_by=" ")

    assert code(STREAM, command, OPENED, CLOSED, others=YEAR) == "empty-text"


def test_an_open_period_is_not_reopened() -> None:
    assert code(STREAM, REOPEN, OPENED, others=YEAR) == "period-not-closed"
    assert code(STREAM, REOPEN, OPENED, CLOSED, REOPENED, others=YEAR) == "period-not-closed"


def test_a_reopened_period_closes_again() -> None:
    assert decide(STREAM, CLOSE, OPENED, CLOSED, SEALED, REOPENED, others=YEAR) == (CLOSED,)


def test_acts_count_in_the_order_they_were_made_whatever_date_they_bear() -> None:
    backdated = PeriodReopened(when=on(1, 31), period="2024-01", approved_by="bob")

    assert state(STREAM, OPENED, CLOSED, backdated).standing("2024-01") == "open"
    assert state(STREAM, OPENED, CLOSED, backdated).standing("2024-02") == "open"


def test_an_act_is_folded_once_whatever_follows_it() -> None:
    folded = state(STREAM, OPENED, CLOSED, PeriodSoftClosed(when=on(1, 1), period="2024-01"))

    assert folded.standing("2024-01") == "soft-closed"
    assert folded.closed_at == {"2024-01": 2}


def test_a_run_is_never_refused() -> None:
    command = RunPosting(when=on(2, 1), through=date(2024, 1, 31))
    run = PostingRun(when=on(2, 1), through=date(2024, 1, 31))

    assert decide("run:self", command) == (run,)
    assert decide("run:self", command, run) == (run,)
    assert decide("run:self", RunPosting(when=on(2, 1), through=date(2023, 1, 31)), run)


def test_a_book_knows_only_its_own_facts() -> None:
    run = facts(STREAM, [PostingRun(when=on(2, 1), through=date(2024, 1, 31))])

    with pytest.raises(AssertionError):
        fold(decider_of(STREAM), run)
