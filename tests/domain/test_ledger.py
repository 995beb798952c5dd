"""One invoice line through known, measure, due and post, with a credit that comes late."""

from datetime import date

from domain.books import BookOpened, PeriodClosed, PostingRun
from domain.calendar import months
from domain.entity import CalendarDefined, EntityOpened
from domain.facts import Event, Retracted, When
from domain.invoice import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.policy import Options, PolicyAdopted
from tests.laws.memory import Arrival, Books, play

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
