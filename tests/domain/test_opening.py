"""Opening positions: proposed with control totals, signed by another, measured as they stand."""

from datetime import date

import pytest
from msgspec.structs import replace

from domain.accounting.curves import total
from domain.accounting.measure import measure
from domain.books import BookOpened
from domain.calendar import Calendar, months
from domain.carried import CarriedPosition
from domain.due import due
from domain.invoice import IssueInvoice
from domain.invoice_facts import InvoiceLine
from domain.master import MasterData
from domain.opening import (
    OpeningProposed,
    OpeningSigned,
    OpenItem,
    ProposeOpening,
    SignOpening,
    totals,
)
from domain.routing import route
from tests.domain.given import code, decide, fact, facts, on, refusal

ITEM = OpenItem(number="R-1", customer="c1", due_on=date(2024, 7, 31), amount_minor=1_200_00)
OWED = CarriedPosition(
    subscription="s1",
    obligation="seats",
    customer="c1",
    billed_minor=1_200_00,
    recognised_minor=600_00,
    to_earn_minor=600_00,
    service_from=date(2024, 7, 1),
    service_to=date(2025, 1, 1),
)
AHEAD = CarriedPosition(
    contract="k1", obligation="build", customer="c2", billed_minor=100_00, recognised_minor=150_00
)
COMMAND = ProposeOpening(
    when=on(7, 1),
    currency="USD",
    control=totals([ITEM], [OWED, AHEAD]),
    items=(ITEM,),
    positions=(OWED, AHEAD),
)
PROPOSED = OpeningProposed(
    when=on(7, 1),
    currency="USD",
    control=COMMAND.control,
    items=COMMAND.items,
    positions=COMMAND.positions,
    proposed_by="ana",
)
SIGNED = OpeningSigned(when=on(7, 1), approved_by="bob", proposed_by="ana")
STREAM = "opening:2024"
MASTER = MasterData(calendar=Calendar(months(date(2024, 1, 1), 24)))


def test_what_other_books_leave_is_proposed_with_its_totals():
    assert decide(STREAM, COMMAND) == (PROPOSED,)


@pytest.mark.parametrize(
    "name",
    ["items", "positions", "receivable_minor", "deferred_minor", "unbilled_minor", "to_earn_minor"],
)
def test_a_control_total_that_differs_is_refused_by_its_name(name):
    control = replace(COMMAND.control, **{name: getattr(COMMAND.control, name) + 1})

    told, context = refusal(STREAM, replace(COMMAND, control=control))

    assert told == "control-total-differs"
    assert context["stated"] == context["found"] + 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"to_earn_minor": 500_00}, "owed-and-never-earned"),
        ({"service_to": None}, "half-a-service-period"),
        ({"service_from": None, "service_to": None}, "half-a-service-period"),
        ({"service_from": date(2024, 6, 30)}, "service-before-opening"),
        ({"service_to": date(2024, 7, 1)}, "service-ends-before-it-begins"),
        ({"contract": "k1"}, "two-contracts"),
        ({"subscription": None}, "two-contracts"),
        ({"billed_minor": -1}, "opening-amount"),
    ],
)
def test_a_position_that_cannot_be_measured_is_refused(change, why):
    row = replace(OWED, **change)
    command = replace(COMMAND, positions=(row,), control=totals([ITEM], [row]))

    assert code(STREAM, command) == why


def test_rows_are_some_each_once_and_not_too_many():
    twice = replace(COMMAND, items=(ITEM, ITEM), control=totals([ITEM, ITEM], [OWED, AHEAD]))
    again = replace(COMMAND, positions=(OWED, OWED), control=totals([ITEM], [OWED, OWED]))
    none = replace(COMMAND, items=(), positions=(), control=totals([], []))
    many = [replace(ITEM, number=str(place)) for place in range(2_001)]

    assert code(STREAM, twice) == "twice-in-an-opening"
    assert code(STREAM, again) == "twice-in-an-opening"
    assert code(STREAM, none) == "opening-rows"
    assert (
        code(STREAM, replace(none, items=tuple(many), control=totals(many, []))) == "opening-rows"
    )


def test_another_person_signs_once():
    assert decide(STREAM, SignOpening(when=on(7, 1)), PROPOSED, actor="bob") == (SIGNED,)
    assert code(STREAM, SignOpening(when=on(7, 1)), PROPOSED) == "own-approval"
    assert code(STREAM, SignOpening(when=on(7, 1)), actor="bob") == "not-proposed"
    assert (
        code(STREAM, SignOpening(when=on(7, 1)), PROPOSED, SIGNED, actor="bob")
        == "already-approved"
    )


def test_a_position_in_a_book_that_is_not_open_is_refused():
    command = replace(COMMAND, book="ifrs")
    opened = BookOpened(when=on(1, 1), name="IFRS")

    assert code(STREAM, command) == "unknown-book"
    assert decide(STREAM, command, others={"book:ifrs": (opened,)})[0].book == "ifrs"


def invoice(**change):
    line = InvoiceLine(line="1", amount_minor=1_200_00, kind="opening")
    said = {"customer": "c1", "currency": "USD", "number": "R-1", "lines": (line,)}
    return IssueInvoice(when=on(7, 1), opening="2024", **(said | change))


@pytest.mark.parametrize(
    ("command", "opening"),
    [
        (invoice(), (PROPOSED,)),
        (invoice(), ()),
        (invoice(customer="c2"), (PROPOSED, SIGNED)),
        (invoice(currency="EUR"), (PROPOSED, SIGNED)),
        (invoice(number="R-2"), (PROPOSED, SIGNED)),
        (
            invoice(lines=(InvoiceLine(line="1", amount_minor=1, kind="opening"),)),
            (PROPOSED, SIGNED),
        ),
        (invoice(lines=(InvoiceLine(line="1", amount_minor=1_200_00),)), (PROPOSED, SIGNED)),
        (replace(invoice(), opening=None), (PROPOSED, SIGNED)),
    ],
)
def test_an_open_item_is_issued_only_as_it_was_signed(command, opening):
    others = {STREAM: opening} if opening else None

    assert code("invoice:R-1", command, others=others) == "not-in-opening"


def test_an_open_item_that_was_signed_is_issued():
    (issued,) = decide("invoice:R-1", invoice(), others={STREAM: (PROPOSED, SIGNED)})

    assert (issued.number, issued.opening) == ("R-1", "2024")


def balances(unit, *events, through=date(2025, 12, 31), book="main"):
    schedule = measure(unit, facts(STREAM, events), (), MASTER, book, through)
    sums = {}
    for slot, amount in due(schedule, through, MASTER.calendar).items():
        sums[slot.account] = sums.get(slot.account, 0) + amount.minor
    return {account: minor for account, minor in sums.items() if minor}


def test_what_is_owed_stands_against_the_clearing_and_is_earned_in_time():
    assert balances("subscription:s1", PROPOSED) == {}
    assert balances("subscription:s1", PROPOSED, SIGNED, through=date(2024, 7, 1)) == {
        "contract-liability": -596_74,
        "opening-clearing": 600_00,
        "revenue": -3_26,
    }
    assert balances("subscription:s1", PROPOSED, SIGNED) == {
        "opening-clearing": 600_00,
        "revenue": -600_00,
    }


def test_what_was_earned_and_not_billed_is_an_unbilled_receivable():
    assert balances("contract:k1", PROPOSED, SIGNED) == {
        "opening-clearing": -50_00,
        "unbilled-receivable": 50_00,
    }


def test_a_position_of_one_book_stands_in_no_other():
    only = replace(PROPOSED, book="ifrs")

    assert balances("contract:k1", only, SIGNED) == {}
    assert balances("contract:k1", only, SIGNED, book="ifrs") != {}


def test_each_opening_counts_in_its_own_book_whichever_came_before():
    """One that nobody signed, one of another book and one of this, which alone counts."""
    said = (
        ("opening:2022", PROPOSED),
        ("opening:2023", replace(PROPOSED, book="ifrs")),
        ("opening:2023", SIGNED),
        (STREAM, PROPOSED),
        (STREAM, SIGNED),
    )
    known = [fact(at, stream=stream, event=event) for at, (stream, event) in enumerate(said, 1)]
    schedule = measure("contract:k1", known, (), MASTER, "main", date(2025, 12, 31))

    assert [(flow.subject, total(flow.curve), flow.causes) for flow in schedule.flows] == [
        ("opening:2024:build", 100_00, (4, 5)),
        ("opening:2024:build", 150_00, (4, 5)),
    ]


def test_what_is_earned_already_releases_nothing_in_its_service_period():
    done = replace(OWED, recognised_minor=1_200_00, to_earn_minor=0)
    said = facts(STREAM, (replace(PROPOSED, positions=(done,)), SIGNED))
    schedule = measure("subscription:s1", said, (), MASTER, "main", date(2025, 12, 31))

    assert [flow.kind for flow in schedule.flows] == ["opening", "opening"]


def test_explained_it_says_what_other_books_left():
    said = facts(STREAM, (PROPOSED, SIGNED))
    schedule = measure("subscription:s1", said, (), MASTER, "main", date(2025, 12, 31))

    found = [(step.what, step.value) for flow in schedule.flows for step in flow.steps]
    assert found[:3] == [
        ("billed before", "1200.00"),
        ("recognised before", "600.00"),
        ("left to earn", "600.00"),
    ]


def test_an_opening_reaches_the_units_of_its_positions():
    proposed, signed = facts(STREAM, (PROPOSED, SIGNED))
    units = route(proposed, lambda _: ())

    assert units == ("contract:k1", "subscription:s1")
    assert route(signed, lambda name: units if name == STREAM else ()) == units
