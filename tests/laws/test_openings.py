"""The laws over opening positions: balance, order of arrival, and what is left comes to nothing;
and over what becomes of them, changed and ended.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.books import BookOpened, PeriodClosed, PostingRun
from domain.calendar import months
from domain.carried import (
    CarriedPosition,
    ChangeOpeningPosition,
    EndOpeningPosition,
    OpeningPositionChanged,
    OpeningPositionEnded,
)
from domain.entity import CalendarDefined, EntityOpened
from domain.errors import Rejected
from domain.facts import Event, Retracted, When
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.opening import OpeningProposed, OpeningSigned, totals
from tests.domain.given import decide
from tests.laws.cause_laws import causes
from tests.laws.memory import Arrival, Books, History, and_then, play

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


@st.composite
def since(draw: st.DrawFn, rows: tuple[CarriedPosition, ...]) -> list[Event]:
    """What may be said of positions once they are signed: what is refused is left out."""
    said: list[Event] = []
    signed = [one.event for one in arrivals(rows)[:2]]
    for place in range(draw(st.integers(0, 5))):
        row = draw(st.sampled_from(rows))
        day = draw(st.dates(DAY, date(2025, 9, 1)))
        late = draw(st.sampled_from((None, None, day + timedelta(days=40))))
        when = When(effective=day, agreed_on=late, order=10 + place)
        named: dict[str, Any] = {"contract": row.contract, "obligation": row.obligation}
        command: ChangeOpeningPosition | EndOpeningPosition
        if draw(st.booleans()):
            last = min(day + timedelta(days=draw(st.integers(1, 300))), END)
            until = draw(st.sampled_from((None, last)))
            more = draw(st.integers(-300_00, 300_00))
            command = ChangeOpeningPosition(
                when=when, price_change_minor=more, service_to=until, **named
            )
        else:
            owed, refund = draw(st.sampled_from((("billed", 0), ("all", 0), ("all", 150_00))))
            command = EndOpeningPosition(when=when, owed=owed, refund_minor=refund, **named)
        try:
            said += decide("opening:2024", command, *signed, *said)
        except Rejected:
            continue
    return said


def of_stream(said: list[Event]) -> list[Arrival]:
    return [
        Arrival(key=f"since {place}", stream="opening:2024", event=event)
        for place, event in enumerate(said)
    ]


def earns(row: CarriedPosition, said: list[Event]) -> int:
    """What a position comes to, of which all was billed, before or here, but what was changed."""
    price, most = row.to_earn_minor, None
    for event in said:
        if getattr(event, "obligation", None) != row.obligation:
            continue
        if isinstance(event, OpeningPositionChanged):
            price += event.price_change_minor
        if isinstance(event, OpeningPositionEnded):
            price -= event.refund_minor
            most = row.to_earn_minor if event.owed == "billed" else None
    return price if most is None else min(price, most)


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


@given(st.data())
def test_what_becomes_of_positions_is_the_same_in_any_order_and_whenever_it_is_posted(
    data: st.DataObject,
) -> None:
    rows = data.draw(positions())
    told = [*arrivals(rows), *of_stream(data.draw(since(rows)))]
    mixed = data.draw(st.permutations(told))
    days = data.draw(st.lists(st.dates(DAY, END - timedelta(days=1)), max_size=3))
    late = [*mixed[:2], *map(run, sorted(set(days))), *mixed[2:], run(END)]

    assert earned(ledger(*late)) == earned(ledger(*told, run(END)))


@given(st.data())
def test_all_that_a_position_costs_is_earned_and_what_else_was_billed_goes_back(
    data: st.DataObject,
) -> None:
    rows = data.draw(positions())
    said = data.draw(since(rows))
    books = ledger(*arrivals(rows), *of_stream(said), run(END))
    revenue = sum(earns(row, said) for row in rows)
    left = sum(row.owed_minor for row in rows) - account(books, "opening-clearing")

    assert -account(books, "revenue") == revenue
    # Back goes no more than what was billed before, nor more than is earned less.
    assert 0 <= left <= sum(max(row.owed_minor, 0) + row.recognised_minor for row in rows)
    owed = account(books, "contract-liability") + account(books, "unbilled-receivable")
    assert owed == revenue - sum(row.to_earn_minor for row in rows) + left


@given(st.data())
def test_every_amount_of_a_position_rests_on_its_causes(data: st.DataObject) -> None:
    rows = data.draw(positions())
    books = ledger(*arrivals(rows), *of_stream(data.draw(since(rows))), run(END))

    assert causes(History(0, {}), {"acme": books}) > 0


@given(st.data())
def test_what_is_retracted_of_a_position_never_was(data: st.DataObject) -> None:
    rows = data.draw(positions())
    told, said = arrivals(rows), of_stream(data.draw(since(rows)))
    never = ledger(*told, run(END))
    books = ledger(*told, *said, run(date(2024, 12, 31)))
    for place, one in enumerate(reversed(said)):
        gone = Arrival(
            key=f"gone {place}",
            stream=one.stream,
            event=Retracted(when=one.event.when),
            corrects=one.key,
        )
        books = and_then(books, gone)

    assert earned(and_then(books, run(END))) == earned(never)
