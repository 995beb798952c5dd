"""More is billed of service that is over than was earned: a liability or a negative receivable."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from domain.accounting.documents import BilledLine
from domain.accounting.schedule import stands
from domain.accounting.served import served_flows
from domain.books import BookOpened, PostingRun
from domain.calendar import months
from domain.entity import CalendarDefined
from domain.facts import Event, When
from domain.invoice_facts import InvoiceIssued, InvoiceLine
from domain.policy import Options, PolicyAdopted
from domain.price import PriceSet
from domain.pricing import Flat
from domain.subscription import Item, ItemChange, SubscriptionAmended, SubscriptionStarted
from tests.laws import memory
from tests.laws.memory import Arrival, Books

APRIL, MAY, JUNE = (date(2019, month, 1) for month in (4, 5, 6))
CHANGED = date(2019, 4, 21)


def on(day: date) -> When:
    return When(effective=day)


def price(minor: int) -> PriceSet:
    amount = Decimal(minor).scaleb(-2)
    return PriceSet(when=on(APRIL), currency="USD", model=Flat(amount=amount))


def line(name: str, minor: int, start: date, end: date) -> InvoiceLine:
    return InvoiceLine(
        line=name, amount_minor=minor, service_from=start, service_to=end, subscription="s"
    )


def invoice(number: str, day: date, *lines: InvoiceLine) -> tuple[str, Event]:
    event = InvoiceIssued(
        when=on(day), customer="c", currency="USD", number=number, due_on=day, lines=lines
    )
    return f"invoice:{number}", event


def books(low: int, overbilled: str) -> Books:
    told = Books("acme")
    options = Options(overbilled=overbilled)  # type: ignore[arg-type]
    first = on(date(2019, 1, 1))
    change = ItemChange(item="plan", price="low")
    rows: list[tuple[str, Event]] = [
        ("entity:self", CalendarDefined(when=first, periods=months(date(2019, 1, 1), 12))),
        ("book:main", BookOpened(when=first, name="main")),
        ("policy:main", PolicyAdopted(when=first, options=options)),
        ("price:high", price(9_000)),
        ("price:low", price(low)),
        (
            "subscription:s",
            SubscriptionStarted(
                when=on(APRIL),
                customer="c",
                currency="USD",
                term_from=APRIL,
                term_to=JUNE,
                items=(Item(item="plan", price="high"),),
            ),
        ),
        invoice("a", APRIL, line("1", 9_000, APRIL, MAY)),
        ("subscription:s", SubscriptionAmended(when=on(CHANGED), items=(change,))),
        invoice(
            "b",
            MAY,
            line("1", -3_000, CHANGED, MAY),
            line("2", low // 3, CHANGED, MAY),
            line("3", low, MAY, JUNE),
        ),
        ("run:self", PostingRun(when=on(date(2019, 12, 31)), through=date(2019, 12, 31))),
    ]
    for place, (stream, event) in enumerate(rows):
        memory.accept(told, Arrival(key=f"k{place}", stream=stream, event=event))
    return told


def changes(low: int, overbilled: str) -> dict[str, dict[str, int]]:
    sums: dict[str, Counter[str]] = {}
    for entry in books(low, overbilled).entries:
        for posted in entry.lines:
            month = f"{posted.slot.earned:%m}"
            sums.setdefault(posted.slot.account, Counter())[month] += posted.minor
    found = {name: {m: v for m, v in own.items() if v} for name, own in sums.items()}
    return {name: own for name, own in found.items() if own}


def test_what_is_billed_above_what_was_earned_waits_as_a_liability() -> None:
    assert changes(3_000, "liability") == {
        "accounts-receivable": {"04": 9_000, "05": 1_000},
        "contract-liability": {"04": -2_000, "05": 2_000},
        "revenue": {"04": -7_000, "05": -3_000},
    }


def test_or_as_a_negative_receivable_until_it_is_taken_in() -> None:
    assert changes(3_000, "negative-unbilled") == {
        "accounts-receivable": {"04": 9_000, "05": 1_000},
        "revenue": {"04": -7_000, "05": -3_000},
        "unbilled-receivable": {"04": -2_000, "05": 2_000},
    }


@pytest.mark.parametrize("overbilled", ["liability", "negative-unbilled"])
def test_what_was_earned_above_what_is_billed_is_unbilled_either_way(overbilled: str) -> None:
    assert changes(12_000, overbilled) == {
        "accounts-receivable": {"04": 9_000, "05": 13_000},
        "revenue": {"04": -10_000, "05": -12_000},
        "unbilled-receivable": {"04": 1_000, "05": -1_000},
    }


def test_what_was_served_before_a_line_was_issued_counts_from_its_date_on() -> None:
    """31.00 of January, billed on the 11th: eleven days of it are over that day."""
    january = date(2024, 1, 1), date(2024, 2, 1)
    row = BilledLine(
        invoice="i",
        number="I1",
        customer="c",
        currency="USD",
        issued_on=date(2024, 1, 11),
        due_on=date(2024, 1, 31),
        line=line("1", 3_100, *january),
        cause=2,
        cuts=(),
    )
    flows = [*served_flows(row, "day", 1)]

    found = [stands(tuple(flows), date(2024, 1, day)) for day in (10, 11, 12, 30, 31)]
    assert found == [0, 1_100, 1_200, 3_000, 3_100]
    assert {flow.causes for flow in flows} == {(1, 2)}
