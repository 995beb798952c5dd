"""The laws over opening positions: balance, order of arrival, and what is left comes to nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.books import BookOpened, PeriodClosed, PostingRun
from domain.calendar import months
from domain.entity import CalendarDefined, EntityOpened
from domain.facts import Event, When
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.opening import CarriedPosition, OpeningProposed, OpeningSigned, totals
from tests.laws.memory import Arrival, Books, play

DAY = date(2024, 7, 1)
END = date(2025, 12, 31)
SINCE = When(effective=date(2024, 1, 1))


@st.composite
def positions(draw: st.DrawFn) -> tuple[CarriedPosition, ...]:
    found = []
    for place in range(draw(st.integers(1, 4))):
        recognised = draw(st.integers(0, 500_00))
        owed = draw(st.integers(-recognised, 500_00))
        left = draw(st.integers(max(owed, 1), 900_00))
        start = DAY + timedelta(days=draw(st.integers(0, 60)))
        found.append(
            CarriedPosition(
                contract=f"k{place % 3}",
                obligation=f"o{place}",
                customer=f"c{place % 3}",
                billed_minor=recognised + owed,
                recognised_minor=recognised,
                to_earn_minor=left,
                service_from=start,
                service_to=start + timedelta(days=draw(st.integers(1, 400))),
            )
        )
    return tuple(found)


def arrivals(rows: tuple[CarriedPosition, ...]) -> list[Arrival]:
    """The opening, and what is billed later of what was not billed before."""
    when = When(effective=DAY, order=1)
    told: list[tuple[str, Event]] = [
        (
            "opening:2024",
            OpeningProposed(
                when=when,
                currency="USD",
                items=(),
                positions=rows,
                control=totals([], rows),
                proposed_by="ann",
            ),
        ),
        (
            "opening:2024",
            OpeningSigned(when=replace(when, order=2), approved_by="bob", proposed_by="ann"),
        ),
    ]
    for row in rows:
        line = InvoiceLine(
            line="1",
            amount_minor=row.to_earn_minor - row.owed_minor,
            contract=row.contract,
            obligation=row.obligation,
        )
        told.append(
            (
                f"invoice:{row.obligation}",
                InvoiceIssued(
                    when=When(effective=date(2024, 9, 1), order=1),
                    customer=row.customer,
                    currency="USD",
                    number=row.obligation,
                    due_on=date(2024, 10, 1),
                    lines=(line,),
                ),
            )
        )
    return [
        Arrival(key=f"{stream} {place}", stream=stream, event=event)
        for place, (stream, event) in enumerate(told)
    ]


def run(through: date) -> Arrival:
    event = PostingRun(when=When(effective=through), through=through)
    return Arrival(key=f"run {through}", stream="run:self", event=event)


def ledger(*told: Arrival) -> Books:
    opened = EntityOpened(when=SINCE, name="Acme", functional_currency="USD")
    first: list[tuple[str, Any]] = [
        ("entity:self", opened),
        ("entity:self", CalendarDefined(when=SINCE, periods=months(date(2024, 1, 1), 24))),
        ("book:main", BookOpened(when=SINCE, name="main")),
    ]
    setup = [
        Arrival(key=f"setup {place}", stream=stream, event=event)
        for place, (stream, event) in enumerate(first)
    ]
    return play("acme", [*setup, *told])


def earned(books: Books) -> dict[tuple[str, str, date], int]:
    """By unit, account and earned period: on which law 2 is."""
    found: dict[tuple[str, str, date], int] = {}
    for entry in books.entries:
        assert sum(line.minor for line in entry.lines) == 0
        for line in entry.lines:
            place = (entry.unit, line.slot.account, line.slot.earned)
            found[place] = found.get(place, 0) + line.minor
    return {place: minor for place, minor in found.items() if minor}


def account(books: Books, name: str) -> int:
    return sum(minor for (_, own, _), minor in earned(books).items() if own == name)


@given(positions(), st.data())
def test_an_opening_is_the_same_in_any_order_and_whenever_it_is_posted(
    rows: tuple[CarriedPosition, ...], data: st.DataObject
) -> None:
    told = arrivals(rows)
    at_once = ledger(*told, run(END))
    mixed = data.draw(st.permutations(told))
    days = data.draw(st.lists(st.dates(DAY, END - timedelta(days=1)), max_size=3))
    late = [*mixed[:2], *map(run, sorted(set(days))), *mixed[2:], run(END)]

    assert earned(ledger(*late)) == earned(at_once)


@given(positions())
def test_what_is_left_is_earned_and_nothing_stays_owed(rows: tuple[CarriedPosition, ...]) -> None:
    books = ledger(*arrivals(rows), run(END))
    owed = sum(row.owed_minor for row in rows)

    assert account(books, "opening-clearing") == owed
    assert -account(books, "revenue") == sum(row.to_earn_minor for row in rows)
    assert account(books, "contract-liability") == 0
    assert account(books, "unbilled-receivable") == 0


@given(positions())
def test_an_opening_of_a_closed_period_is_booked_in_the_next(
    rows: tuple[CarriedPosition, ...],
) -> None:
    july = PeriodClosed(when=When(effective=date(2024, 7, 31)), period="2024-07")
    close = Arrival(key="close", stream="book:main", event=july)
    books = ledger(close, *arrivals(rows), run(END))

    assert all(entry.booked != "2024-07" for entry in books.entries)
    assert earned(books) == earned(ledger(*arrivals(rows), run(END)))
