"""One invoice line through known, measure, due and post, with a credit that comes late."""

from datetime import date

import pytest
from msgspec import structs

from domain.accounting.revenue import over_time
from domain.accounting.schedule import Schedule
from domain.books import BookOpened, PeriodClosed, PeriodSoftClosed, PostingRun
from domain.calendar import months
from domain.entity import CalendarDefined, EntityOpened
from domain.errors import Rejected
from domain.facts import Event, Retracted, When
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.journal import Due, Slot
from domain.ledger import News, Posted, changes, moves, news_in, post, settle
from domain.policy import Options, PolicyAdopted
from tests.domain.given import fact
from tests.laws.memory import Arrival, Books, play, run_at

JANUARY = date(2024, 1, 1)


def on(day: date, order: int = 1) -> When:
    return When(effective=day, order=order)


def ledger(*later: tuple[str, Event, str | None]) -> Books:
    line = InvoiceLine(
        line="1", amount_minor=120_000, service_from=JANUARY, service_to=date(2025, 1, 1)
    )
    invoice = InvoiceIssued(
        when=on(JANUARY), customer="c", currency="USD", number="1", due_on=JANUARY, lines=(line,)
    )
    opening: list[tuple[str, Event, str | None]] = [
        ("entity:self", EntityOpened(when=on(JANUARY), name="e", functional_currency="USD"), None),
        ("entity:self", CalendarDefined(when=on(JANUARY, 2), periods=months(JANUARY, 24)), None),
        ("book:b", BookOpened(when=on(JANUARY), name="b"), None),
        ("policy:b", _by_month(), None),
        ("invoice:i", invoice, None),
        ("run:self", PostingRun(when=on(date(2024, 1, 31)), through=date(2024, 1, 31)), None),
    ]
    facts = (*opening, *later)
    return play(
        "e",
        (
            Arrival(key=f"{place}", stream=stream, event=event, corrects=corrects)
            for place, (stream, event, corrects) in enumerate(facts)
        ),
    )


def _by_month() -> Event:

    return PolicyAdopted(when=on(JANUARY), options=Options(ratable_by="month"))


def lines(books: Books, run: int) -> list[tuple[str, date, str, int]]:
    return [
        (entry.booked, line.slot.earned, line.slot.account, line.minor)
        for entry in books.settlements[run].entries
        for line in entry.lines
    ]


CREDIT = CreditIssued(
    when=on(date(2024, 2, 10), 2),
    number="C1",
    lines=(CreditLine(line="1", amount_minor=12_000),),
    treatment="as-if-never",
)
CLOSED = ("book:b", PeriodClosed(when=on(date(2024, 1, 31), 2), period="2024-01"), None)


def run(month: int, last: int) -> tuple[str, Event, None]:
    day = date(2024, month, last)
    return ("run:self", PostingRun(when=on(day, month), through=day), None)


def test_a_line_is_owed_at_issue_and_earned_over_its_service_period() -> None:
    january = date(2024, 1, 31)

    assert lines(ledger(), 0) == [
        ("2024-01", january, "accounts-receivable", 120_000),
        ("2024-01", january, "contract-liability", -120_000),
        ("2024-01", january, "contract-liability", 10_000),
        ("2024-01", january, "revenue", -10_000),
    ]


def test_what_a_late_credit_changes_of_a_closed_month_is_booked_in_the_next_open_one() -> None:
    found = lines(ledger(CLOSED, ("invoice:i", CREDIT, None), run(2, 29)), 1)

    january, february = date(2024, 1, 31), date(2024, 2, 29)
    assert [row for row in found if row[2] == "revenue"] == [
        ("2024-02", january, "revenue", 1_000),
        ("2024-02", february, "revenue", -9_000),
    ]


def test_a_retracted_credit_leaves_the_line_as_it_was() -> None:
    taken_back = ("invoice:i", Retracted(when=on(date(2024, 2, 10), 2)), "6")

    books = ledger(("invoice:i", CREDIT, None), taken_back, run(2, 29))

    assert [row for row in lines(books, 1) if row[2] == "revenue"] == [
        ("2024-02", date(2024, 2, 29), "revenue", -10_000),
    ]


# --- the steps by themselves ---

SLOT = Slot(date(2024, 1, 31), "release", "seat", "revenue", "seat")
OTHER = Slot(date(2024, 1, 31), "release", "seat", "contract-liability", "seat")


def due_now(minor: int, *causes: int) -> Due:
    return Due(minor, minor, causes, "ratable-by-day@1")


def stood(slot: Slot, minor: int, *causes: int) -> Posted:
    return Posted(slot, minor, minor, causes)


def test_what_stands_as_it_should_is_no_change() -> None:
    balances = {SLOT: due_now(-100, 1), OTHER: due_now(100, 1)}

    assert changes(balances, [stood(SLOT, -100, 1), stood(OTHER, 100, 1)], News()) == ()
    assert [row.minor for row in changes(balances, [stood(SLOT, -40, 1)], News())] == [100, -60]


@pytest.mark.parametrize(("kind", "booked"), [("release", "2024-02"), ("adjustment", "2024-01")])
def test_into_a_soft_closed_period_goes_what_was_approved_for_it_only(
    kind: str, booked: str
) -> None:
    soft = ("book:b", PeriodSoftClosed(when=on(date(2024, 1, 31), 2), period="2024-01"), None)
    settled = ledger(soft, run(2, 29)).settlements[1]
    balances = {
        Slot(date(2024, 1, 31), kind, "a1", account, ""): due_now(minor, 1)
        for account, minor in (("unbilled-receivable", 5), ("revenue", -5))
    }
    schedule = Schedule(unit="invoice:i:1", book="b", currency="USD")

    (entry,) = post(changes(balances, [], News()), schedule, settled.run)
    assert entry.booked == booked


def test_what_is_due_no_longer_is_taken_back_because_of_what_is_new() -> None:
    stands = [stood(SLOT, -100, 1)]

    (corrected,) = changes({}, stands, News(frozenset({7}), {1: 7}))
    (gone,) = changes({}, stands, News(frozenset({7})))

    assert (corrected.minor, corrected.rule, corrected.causes) == (100, "no-longer-due@1", (7,))
    assert gone.causes == (1, 7)


def test_a_change_rests_on_what_is_due_and_where_that_tells_nothing_new_on_all_that_is() -> None:
    def causes(stood_on: tuple[int, ...], *due_on: int, by: News) -> tuple[int, ...]:
        posted = [stood(SLOT, -40, *stood_on)] if stood_on else []
        (change,) = changes({SLOT: due_now(-100, *due_on)}, posted, by)
        return change.causes

    assert causes((), 1, 2, by=News(frozenset({1, 2}))) == (1, 2)
    assert causes((1, 2), 1, 2, by=News(frozenset({9}))) == (1, 2)
    # What it rested on and rests on no longer went without a trace: all that is new is why.
    assert causes((1, 2), 2, by=News(frozenset({8, 9}))) == (2, 8, 9)
    assert causes((1, 2), 2, 9, by=News(frozenset({8, 9}))) == (2, 9)
    assert causes((1, 2), 2, by=News(frozenset({8, 9}), {1: 9})) == (2, 9)


def test_a_correction_that_was_known_when_the_unit_was_last_measured_is_no_news() -> None:
    facts = [
        fact(1, stream="invoice:i", event=CREDIT),
        fact(2, stream="invoice:i", event=CREDIT, corrects=1),
        fact(3, stream="invoice:i", event=CREDIT, corrects=2),
    ]

    assert news_in(facts, 3) == News(frozenset(), {})
    assert news_in(facts, 2) == News(frozenset({3}), {1: 3, 2: 3})


def test_a_unit_moves_while_a_flow_of_it_runs() -> None:
    flow = over_time("seat", JANUARY, date(2024, 4, 1), 90, "day", (1,))
    schedule = Schedule(unit="subscription:s", book="b", currency="USD", flows=(flow,))

    assert moves(schedule, JANUARY, date(2024, 1, 31))
    assert moves(schedule, date(2024, 2, 29), date(2024, 12, 31))
    assert not moves(schedule, date(2024, 3, 31), date(2024, 12, 31))
    assert not moves(schedule, date(2023, 1, 1), date(2023, 12, 31))


def test_a_unit_without_news_is_cut_and_posts_what_time_brought() -> None:
    books = ledger()
    settled = books.settlements[0]
    later = structs.replace(settled.run, position=7, through=date(2024, 2, 29))

    cut = settle("invoice:i:1", settled.states["invoice:i:1"], None, later)

    assert [(line.slot.account, line.minor) for line in cut.entries[0].lines] == [
        ("contract-liability", 10_000),
        ("revenue", -10_000),
    ]
    assert cut.state.measured_at == settled.states["invoice:i:1"].measured_at
    assert settle("invoice:i:1", cut.state, None, later).entries == ()


def test_nothing_is_booked_where_no_period_is_open() -> None:
    closed = [
        ("book:b", PeriodClosed(when=on(JANUARY, place + 2), period=period.name), None)
        for place, period in enumerate(months(JANUARY, 24))
    ]
    books = ledger(*closed)
    settled = books.settlements[0]
    run_after = run_at(books, "b", books.facts[-1], date(2024, 2, 29), settled.run.master)

    with pytest.raises(Rejected) as caught:
        settle("invoice:i:1", settled.states["invoice:i:1"], None, run_after)

    assert (caught.value.code, caught.value.context) == ("no-open-period", {"earned": "2024-02"})
