"""Positions of other books: changed prospectively, and ended as a contract ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from domain.accounting.measure import measure
from domain.accounting.schedule import Schedule
from domain.calendar import Calendar, months
from domain.carried import (
    CarriedPosition,
    ChangeOpeningPosition,
    EndOpeningPosition,
    OpeningPositionChanged,
    OpeningPositionEnded,
)
from domain.due import due
from domain.facts import Event, Fact
from domain.invoice_facts import CreditIssued, CreditLine, InvoiceIssued, InvoiceLine
from domain.master import MasterData
from domain.money import LARGEST_MINOR
from domain.opening import OpeningProposed, OpeningSigned, totals
from domain.policy import Options
from domain.routing import route
from tests.domain.given import code, decide, fact, facts, on, refusal
from tests.domain.test_foreign_currency import Ledger

STREAM = "opening:2024"
CALENDAR = Calendar(months(date(2024, 1, 1), 24))
FAR = date(2025, 12, 31)
# A year for 1,200.00, billed before, of which half is earned before July.
SEATS = CarriedPosition(
    subscription="s1",
    obligation="seats",
    customer="c1",
    billed_minor=1_200_00,
    recognised_minor=600_00,
    to_earn_minor=600_00,
    service_from=date(2024, 7, 1),
    service_to=date(2025, 1, 1),
)
# Billed month by month here.
CARE = structs.replace(
    SEATS, subscription=None, contract="k1", obligation="care", billed_minor=600_00
)
SIGNED = OpeningSigned(when=on(7, 1), approved_by="bob", proposed_by="ana")


def left(*rows: CarriedPosition) -> tuple[Event, ...]:
    proposed = OpeningProposed(
        when=on(7, 1),
        currency="USD",
        control=totals([], rows),
        items=(),
        positions=rows,
        proposed_by="ana",
    )
    return proposed, SIGNED


def changed(
    month: int, day: int, more: int = 0, until: date | None = None, agreed: date | None = None
) -> OpeningPositionChanged:
    return OpeningPositionChanged(
        when=structs.replace(on(month, day), agreed_on=agreed),
        subscription="s1",
        obligation="seats",
        price_change_minor=more,
        service_to=until,
    )


def ended(month: int, day: int, refund: int = 0, **how: Any) -> OpeningPositionEnded:
    return OpeningPositionEnded(
        **(
            {"when": on(month, day), "subscription": "s1", "obligation": "seats"}
            | {"refund_minor": refund}
            | how
        ),
    )


def scheduled(unit: str, said: Sequence[Fact], **options: Any) -> Schedule:
    chosen = Options(**{"ratable_by": "month", **options})
    master = MasterData(calendar=CALENDAR, policies={"main": ((date.min, chosen),)})
    return measure(unit, said, (), master, "main", FAR)


def moved(schedule: Schedule, account: str) -> list[int]:
    """By month from July 2024 to February 2025."""
    found = dict.fromkeys([date(2024, month, 1) for month in range(7, 13)], 0)
    found |= {date(2025, 1, 1): 0, date(2025, 2, 1): 0}
    for slot, one in due(schedule, FAR, CALENDAR).items():
        if slot.account == account:
            found[slot.earned.replace(day=1)] += one.minor
    return [*found.values()]


def seats(*said: Event, **options: Any) -> Schedule:
    return scheduled("subscription:s1", facts(STREAM, (*left(SEATS), *said)), **options)


def earned(schedule: Schedule) -> list[int]:
    return [-minor for minor in moved(schedule, "revenue")]


@pytest.mark.parametrize(
    ("said", "months_earned", "back"),
    [
        # What is not earned is given back, or earned when service stops.
        ([ended(10, 1, 300_00)], [100_00, 100_00, 100_00, 0, 0, 0, 0, 0], 300_00),
        ([ended(10, 1, 100_00)], [100_00, 100_00, 100_00, 200_00, 0, 0, 0, 0], 100_00),
        ([ended(10, 1)], [100_00, 100_00, 100_00, 300_00, 0, 0, 0, 0], 0),
        # Beyond what is left, what was earned is taken back, here and before.
        ([ended(10, 1, 700_00)], [100_00, 100_00, 100_00, -400_00, 0, 0, 0, 0], 700_00),
        # Before anything is served, and after all of it.
        ([ended(7, 1, 600_00)], [0, 0, 0, 0, 0, 0, 0, 0], 600_00),
        (
            [ended(12, 31, 60_00, when=structs.replace(on(12, 31), agreed_on=date(2025, 2, 1)))],
            [100_00, 100_00, 100_00, 100_00, 100_00, 100_00, 0, -60_00],
            60_00,
        ),
        # A change is spread over what is left: for less, for more and for longer or shorter.
        ([changed(10, 1, -90_00)], [100_00, 100_00, 100_00, 70_00, 70_00, 70_00, 0, 0], 90_00),
        ([changed(10, 1, 60_00)], [100_00, 100_00, 100_00, 120_00, 120_00, 120_00, 0, 0], 0),
        (
            [changed(10, 1, 100_00, date(2025, 3, 1))],
            [100_00, 100_00, 100_00, 80_00, 80_00, 80_00, 80_00, 80_00],
            0,
        ),
        (
            [changed(10, 1, -100_00, date(2024, 12, 1))],
            [100_00, 100_00, 100_00, 100_00, 100_00, 0, 0, 0],
            100_00,
        ),
        # Inside a month it is measured at the month end before, on its last day at its own.
        ([changed(10, 20, 60_00)], [100_00, 100_00, 100_00, 120_00, 120_00, 120_00, 0, 0], 0),
        ([changed(10, 31, 60_00)], [100_00, 100_00, 100_00, 100_00, 130_00, 130_00, 0, 0], 0),
        # Agreed late it counts from when it was; where nothing is left by then, at once.
        (
            [changed(9, 1, 60_00, agreed=date(2024, 11, 1))],
            [100_00, 100_00, 100_00, 100_00, 130_00, 130_00, 0, 0],
            0,
        ),
        (
            [changed(9, 1, 60_00, agreed=date(2025, 1, 15))],
            [100_00, 100_00, 100_00, 100_00, 100_00, 100_00, 60_00, 0],
            0,
        ),
        (
            [changed(9, 1, 0, date(2024, 10, 1), agreed=date(2024, 11, 1))],
            [100_00, 100_00, 100_00, 100_00, 200_00, 0, 0, 0],
            0,
        ),
        # After the end, which no decider takes: at once, and there is but one end.
        (
            [ended(10, 1, 300_00), changed(11, 1, 50_00), ended(12, 1, 10_00)],
            [100_00, 100_00, 100_00, 0, 50_00, 0, 0, 0],
            300_00,
        ),
        (
            [changed(9, 1, 60_00, agreed=date(2025, 1, 15)), changed(9, 2, 5_00)],
            [100_00, 100_00, 101_25, 101_25, 101_25, 101_25, 60_00, 0],
            0,
        ),
        # One after the other, and the end.
        (
            [changed(9, 1, 40_00), changed(11, 1, -20_00), ended(12, 1, 30_00)],
            [100_00, 100_00, 110_00, 110_00, 100_00, 70_00, 0, 0],
            10_00,
        ),
    ],
)
def test_what_is_not_earned_is_spread_anew_or_settled(
    said: list[Event], months_earned: list[int], back: int
) -> None:
    schedule = seats(*said)

    assert earned(schedule) == months_earned
    assert sum(moved(schedule, "opening-clearing")) == 600_00 - back
    more = sum(months_earned) + back - 600_00
    # What is agreed more, and nobody billed, is a claim.
    assert sum(moved(schedule, "contract-liability")) == 0
    assert sum(moved(schedule, "unbilled-receivable")) == more


def test_a_book_may_let_the_schedule_of_what_is_kept_run_on() -> None:
    schedule = seats(ended(10, 1, 150_00), after_cancellation="run-on")

    assert earned(schedule) == [100_00, 100_00, 100_00, 50_00, 50_00, 50_00, 0, 0]


@pytest.mark.parametrize("agreed", [date(2024, 10, 16), date(2024, 10, 20)])
def test_what_was_over_by_then_is_done_though_its_month_stands_still(agreed: date) -> None:
    """108.00 over three months and 15 of 31 days; 94.00 more over 16 of 31 days and a month."""
    row = structs.replace(SEATS, to_earn_minor=108_00, service_to=date(2024, 10, 16))
    row = structs.replace(row, billed_minor=708_00)
    said = changed(10, 10, 94_00, date(2024, 12, 1), agreed=agreed)
    schedule = scheduled("subscription:s1", facts(STREAM, (*left(row), said)))

    assert earned(schedule) == [31_00, 31_00, 31_00, 15_00 + 32_00, 62_00, 0, 0, 0]


def test_what_has_not_begun_is_spread_from_its_beginning() -> None:
    row = structs.replace(SEATS, service_from=date(2024, 9, 1))
    added = facts(STREAM, (*left(row), changed(7, 15, 40_00)))
    kept = facts(STREAM, (*left(row), ended(7, 15, 200_00)))
    at_once = scheduled("subscription:s1", kept)
    runs_on = scheduled("subscription:s1", kept, after_cancellation="run-on")

    assert earned(scheduled("subscription:s1", added)) == [0, 0, *[160_00] * 4, 0, 0]
    assert earned(at_once) == [400_00, 0, 0, 0, 0, 0, 0, 0]
    assert earned(runs_on) == [0, 0, *[100_00] * 4, 0, 0]


def test_by_days_the_day_of_a_change_is_the_first_of_the_rest() -> None:
    """A unit a day over 184 days, of which 92 are left."""
    row = structs.replace(SEATS, billed_minor=784_00, to_earn_minor=184_00)
    more = facts(STREAM, (*left(row), changed(10, 1, 92_00)))
    kept = facts(STREAM, (*left(row), ended(10, 1)))
    by_days = scheduled("subscription:s1", more, ratable_by="day")
    runs_on = scheduled("subscription:s1", kept, ratable_by="day", after_cancellation="run-on")

    assert earned(by_days) == [31_00, 31_00, 30_00, 62_00, 60_00, 62_00, 0, 0]
    assert earned(runs_on) == [31_00, 31_00, 30_00, 31_00, 30_00, 31_00, 0, 0]


def test_what_is_agreed_of_a_position_without_service_is_earned_at_once() -> None:
    done = structs.replace(SEATS, to_earn_minor=0, recognised_minor=1_200_00)
    done = structs.replace(done, service_from=None, service_to=None)
    said = facts(STREAM, (*left(done), changed(8, 1, 7_00), ended(9, 1, 2_00)))

    assert earned(scheduled("subscription:s1", said)) == [0, 7_00, -2_00, 0, 0, 0, 0, 0]


def care(*said: tuple[str, Event]) -> Schedule:
    before = [(STREAM, event) for event in left(CARE)]
    told = [fact(at, stream=name, event=event) for at, (name, event) in enumerate([*before, *said])]
    return scheduled("contract:k1", told)


def billed(month: int, minor: int = 100_00) -> tuple[str, Event]:
    line = InvoiceLine(line="1", amount_minor=minor, contract="k1", obligation="care")
    issued = InvoiceIssued(
        when=on(month, 1),
        customer="c1",
        currency="USD",
        number=f"I{month}",
        due_on=on(month, 1).effective,
        lines=(line,),
    )
    return f"invoice:i{month}", issued


def stopped(owed: str, refund: int = 0) -> tuple[str, Event]:
    how = {"subscription": None, "contract": "k1", "obligation": "care", "owed": owed}
    return STREAM, ended(10, 1, refund, **how)


def test_what_was_not_billed_is_not_owed_where_only_what_was_billed_is() -> None:
    three = [billed(month) for month in (7, 8, 9)]

    assert earned(care(*three, stopped("all")))[3:5] == [300_00, 0]
    assert earned(care(*three, stopped("billed"))) == [100_00] * 3 + [0] * 5
    # What is billed or credited later changes it on its own day, up to what was agreed.
    late = billed(11, 50_00)
    credit = CreditIssued(
        when=on(12, 1),
        number="C1",
        lines=(CreditLine(line="1", amount_minor=20_00),),
        purpose="correction",
        treatment="from-now",
    )
    said = care(*three, stopped("billed"), late, ("invoice:i11", credit))
    assert earned(said) == [100_00] * 3 + [0, 50_00, -20_00, 0, 0]
    assert sum(moved(said, "contract-liability")) == sum(moved(said, "unbilled-receivable")) == 0
    assert earned(care(*three, billed(10, 500_00), stopped("billed")))[3:5] == [300_00, 0]
    # What is agreed after the end, which no decider takes, makes nothing owed that was not billed.
    named = {"subscription": None, "contract": "k1", "obligation": "care"}
    more = structs.replace(changed(11, 1, 50_00), **named)
    assert earned(care(*three, stopped("billed"), (STREAM, more)))[3:5] == [0, 50_00]


def test_only_what_is_billed_of_the_position_itself_counts() -> None:
    """Of 600.00 a hundred was billed before, and two hundred here."""
    part = structs.replace(CARE, billed_minor=700_00)
    name, other = billed(8, 500_00)
    assert isinstance(other, InvoiceIssued)
    line = structs.replace(other.lines[0], obligation="other")
    tax = structs.replace(other.lines[0], line="2", kind="tax")
    beside = (name, structs.replace(other, lines=(line, tax)))
    said = [(STREAM, event) for event in left(part)]
    said += [billed(7), beside, billed(9), stopped("billed")]
    told = [fact(at, stream=stream, event=event) for at, (stream, event) in enumerate(said)]

    assert earned(scheduled("contract:k1", told)) == [100_00] * 3 + [0] * 5


def test_what_came_is_told_document_by_document() -> None:
    cut = CreditIssued(
        when=on(8, 5),
        number="C1",
        lines=(CreditLine(line="1", amount_minor=20_00),),
        purpose="correction",
        treatment="from-now",
    )
    schedule = care(billed(7), billed(8), ("invoice:i8", cut), stopped("billed"))
    (kept,) = [flow for flow in schedule.flows if flow.rule == "point-in-time@1"]

    assert [(step.what, step.value) for step in kept.steps][2:6] == [
        ("billed by I7 of 2024-07-01", "100.00"),
        ("billed by I8 of 2024-08-01", "100.00"),
        ("C1 of I8, 2024-08-05", "-20.00"),
        ("not owed", "420.00"),
    ]


def test_what_nobody_billed_goes_back_to_nobody() -> None:
    """Half of 600.00 is left, and 100.00 of it was billed before."""
    part = structs.replace(CARE, billed_minor=1_000_00)
    how = {"subscription": None, "contract": "k1", "obligation": "care"}
    said = facts(STREAM, (*left(part), ended(10, 1, 300_00, **how)))
    schedule = scheduled("contract:k1", said)

    assert sum(moved(schedule, "opening-clearing")) == 400_00 - 100_00
    assert earned(schedule) == [100_00] * 3 + [0] * 5


def test_of_a_change_and_an_end_is_told_what_they_rest_on() -> None:
    schedule = seats(changed(9, 1, 40_00), ended(12, 1, 50_00))
    by_rule = {(flow.rule, flow.causes) for flow in schedule.flows}
    (back,) = [flow for flow in schedule.flows if flow.rule == "opening-given-back@1"]

    assert by_rule == {
        ("opening-position@1", (1, 2)),
        ("ratable-by-month@1", (1, 2, 3)),
        ("ratable-by-month@1", (1, 2, 3, 4)),
        ("point-in-time@1", (1, 2, 3, 4)),
        ("opening-given-back@1", (1, 2, 3, 4)),
    }
    assert [(step.what, step.value) for step in back.steps] == [
        ("left to earn", "600.00"),
        ("price change measured on 2024-09-01", "40.00"),
        ("remaining consideration", "440.00"),
        ("given back when it ended on 2024-12-01", "50.00"),
        ("billed before, and earned no more", "10.00"),
    ]


def change(month: int, day: int, **how: Any) -> ChangeOpeningPosition:
    named = {"subscription": "s1", "obligation": "seats"}
    return ChangeOpeningPosition(when=on(month, day), **(named | how))


def end(month: int, day: int, **how: Any) -> EndOpeningPosition:
    named = {"subscription": "s1", "obligation": "seats"}
    return EndOpeningPosition(when=on(month, day), **(named | how))


GIVEN = left(SEATS, structs.replace(SEATS, obligation="build", to_earn_minor=600_00))


def test_what_was_signed_is_changed_and_ended() -> None:
    assert decide(STREAM, change(10, 1, price_change_minor=-90_00), *GIVEN) == (
        changed(10, 1, -90_00),
    )
    assert decide(STREAM, end(10, 1, refund_minor=30_00), *GIVEN) == (ended(10, 1, 30_00),)
    # One position says nothing of another.
    other = ended(8, 1, obligation="build")
    assert decide(STREAM, end(10, 1), *GIVEN, other)
    assert decide(STREAM, change(10, 1), *GIVEN, other)
    # A change before the end may be learned after it.
    assert decide(STREAM, change(9, 30), *GIVEN, ended(10, 1))
    assert decide(STREAM, end(10, 1, owed="billed"), *GIVEN, changed(10, 1))
    # On its first day, for nothing from then on, and with all of the price given back.
    assert decide(STREAM, end(7, 1, refund_minor=1_200_00), *GIVEN)
    assert decide(STREAM, change(7, 1, price_change_minor=-600_00), *GIVEN)
    assert decide(STREAM, change(7, 1, price_change_minor=LARGEST_MINOR), *GIVEN)


@pytest.mark.parametrize(
    ("command", "given", "why"),
    [
        (end(10, 1), GIVEN[:1], "not-signed"),
        (change(10, 1), (), "not-signed"),
        (end(10, 1, obligation="other"), GIVEN, "not-carried"),
        (change(10, 1, subscription=None, contract="s1"), GIVEN, "not-carried"),
        (end(10, 1, contract="k1"), GIVEN, "two-contracts"),
        (end(10, 1, subscription=None), GIVEN, "two-contracts"),
        (end(6, 30), GIVEN, "service-before-opening"),
        (end(11, 1), (*GIVEN, ended(10, 1)), "position-ended"),
        (end(9, 1), (*GIVEN, ended(10, 1)), "position-ended"),
        (change(10, 1), (*GIVEN, ended(10, 1)), "position-ended"),
        (end(9, 1), (*GIVEN, changed(10, 1)), "position-changed-later"),
        (end(10, 1, refund_minor=-1), GIVEN, "amount-not-positive"),
        (end(10, 1, refund_minor=1_200_01), GIVEN, "refund-above-price"),
        (
            end(11, 1, refund_minor=1_100_01),
            (*GIVEN, changed(10, 1, -100_00)),
            "refund-above-price",
        ),
        (end(10, 1, refund_minor=1, owed="billed"), GIVEN, "refund-of-what-is-billed"),
        (change(10, 1, price_change_minor=-600_01), GIVEN, "negative-price"),
        (change(10, 1, price_change_minor=10**19), GIVEN, "amount-too-large"),
        (change(10, 1, service_to=date(2024, 10, 1)), GIVEN, "service-ends-before-it-begins"),
        (change(12, 1), (*GIVEN, changed(9, 1, 0, date(2024, 12, 1))), "nothing-left-to-change"),
    ],
)
def test_what_makes_no_sense_of_a_position_is_refused(
    command: Any, given: tuple[Event, ...], why: str
) -> None:
    assert code(STREAM, command, *given) == why


def test_what_is_said_in_one_opening_is_of_its_own_positions() -> None:
    """Two openings left the same promise of one contract, each a part of it."""
    other = [("opening:2023", event) for event in left(SEATS)]
    said = [*((STREAM, event) for event in left(SEATS)), *other, (STREAM, ended(10, 1, 300_00))]
    told = [fact(at, stream=stream, event=event) for at, (stream, event) in enumerate(said, 1)]
    schedule = scheduled("subscription:s1", told)

    assert earned(schedule) == [200_00] * 3 + [100_00] * 3 + [0, 0]


def test_a_refusal_names_the_day() -> None:
    assert refusal(STREAM, end(11, 1), *GIVEN, ended(10, 1))[1] == {"on": "2024-10-01"}
    assert refusal(STREAM, end(9, 1), *GIVEN, changed(10, 1))[1] == {"on": "2024-10-01"}


def test_it_reaches_the_unit_of_its_position_alone() -> None:
    units = ("contract:k1", "subscription:s1")
    said = fact(3, stream=STREAM, event=ended(10, 1))
    anew = structs.replace(said, corrects=3)

    assert route(said, lambda _: units) == ("subscription:s1",)
    assert route(anew, lambda name: units if name == STREAM else ()) == units


def test_what_goes_back_is_worth_what_it_was_billed_at() -> None:
    """1.10 on the day of cut-over, 1.30 when it ends: the liability closes to zero at 1.10."""
    ledger = Ledger()
    ledger.rate(7, 1, "1.10")
    ledger.rate(10, 1, "1.30")
    proposed, signed = left(SEATS)
    assert isinstance(proposed, OpeningProposed)
    ledger.say(STREAM, structs.replace(proposed, currency="EUR"))
    ledger.say(STREAM, signed)
    ledger.say(STREAM, ended(10, 1, 200_00))
    ledger.run(10, 31)

    assert ledger.stands("opening-clearing") == 660_00 - 220_00
    assert sum(ledger.moved("revenue").values()) == -440_00
    assert ledger.stands("contract-liability") == 0
