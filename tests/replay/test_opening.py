"""Cut-over from a file: compared, proposed, signed by another, paid and earned like the rest."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from domain.balance import ApplyBalance, GrantBalance
from domain.carried import ChangeOpeningPosition, EndOpeningPosition
from domain.cash import ReceivePayment
from domain.credit_note import CreditInvoice
from domain.errors import Malformed, Rejected
from domain.facts import When
from domain.invoice import VoidInvoice
from domain.opening import OpeningState
from domain.payment_facts import Application
from projections.deferred_revenue import deferred, waterfall
from projections.openings import TakenOver, openings
from projections.question import Question
from projections.receivables import open_items
from projections.trial_balance import trial_balance
from replay.opening import Read, opening, propose, read_opening, sign
from replay.verify import verify

DAY = date(2024, 7, 1)
ASK = Question(entity="acme", book="main")
CSV = """\
kind,number,customer,due_on,amount,contract,subscription,obligation,billed,recognised,to_earn,service_from,service_to,\
items,positions,receivable,deferred,unbilled
item,R-1,c1,2024-07-31,1200.00,,,,,,,,,,,,,
item,R-2,c1,2024-08-15,300.50,,,,,,,,,,,,,
position,,c1,,,,old,seats,1200.00,600.00,600.00,2024-07-01,2025-01-01,,,,,
position,,c1,,,k1,,build,100.00,150.00,,,,,,,,
control,,,,,,,,,,600.00,,,2,2,1500.50,600.00,50.00
"""


def written(folder: Path, text: str, name: str = "cut-over.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str = CSV) -> Read:
    return read_opening(written(folder, text), "USD")


def accounts(ledger, **question):
    with ledger.connection() as connection:
        rows = trial_balance(connection, replace(ASK, **question)).rows
    return {row.account: row.minor for row in rows if row.minor}


@pytest.fixture
def taken_over(company, tmp_path):
    """Signed on 1 July and posted through it."""
    propose(company, "acme", "2024", DAY, "USD", read(tmp_path), actor="ann")
    sign(company, "acme", "2024", actor="bob")
    company.run("acme", date(2024, 7, 31))
    return company


def test_a_file_is_compared_with_its_control_totals(tmp_path):
    other = CSV.replace("1500.50", "1500.51").replace(",2,2,", ",3,2,")

    assert read(tmp_path).differs == ()
    assert read(tmp_path, other).differs == ("items", "receivable_minor")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("item,R-1", "thing,R-1"), "unknown-row-kind"),
        (("2024-07-31", "31.7.2024"), "bad-date"),
        (("300.50", "300.505"), "wrong-scale"),
        (("position,,c1,,,,old,seats", "position,,c1,,,,old,"), "missing-field"),
        (("control,", "item,"), "unknown-field"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(tmp_path, change, code):
    with pytest.raises(Malformed) as refused:
        read(tmp_path, CSV.replace(*change, 1))

    assert refused.value.code == code


def test_lines_of_json_say_the_same(tmp_path):
    lines = (
        '{"kind": "item", "number": "R-1", "customer": "c1", "due_on": "2024-07-31", '
        '"amount": "10.00"}\n'
        '{"kind": "control", "items": 1, "positions": 0, "receivable": "10.00"}\n'
    )

    found = read_opening(written(tmp_path, lines, "cut-over.ndjson"), "USD")

    assert (found.differs, found.found.receivable_minor) == ((), 10_00)


def test_totals_that_differ_are_refused_and_nothing_is_there(company, tmp_path):
    wrong = read(tmp_path, CSV.replace("1500.50", "1500.51"))

    with pytest.raises(Rejected) as refused:
        propose(company, "acme", "2024", DAY, "USD", wrong, actor="ann")

    assert refused.value.code == "control-total-differs"
    assert opening(company, "acme", "2024") == OpeningState()
    propose(company, "acme", "2024", DAY, "USD", read(tmp_path), actor="ann")


def test_nothing_counts_before_another_person_signs(company, tmp_path):
    propose(company, "acme", "2024", DAY, "USD", read(tmp_path), actor="ann")
    with pytest.raises(Rejected) as refused:
        sign(company, "acme", "2024", actor="ann")
    company.run("acme", date(2024, 7, 31))

    assert refused.value.code == "own-approval"
    assert "opening-clearing" not in accounts(company)


def test_open_items_and_positions_stand_against_the_clearing(taken_over):
    found = accounts(taken_over, through=DAY)
    with taken_over.connection() as connection:
        items = open_items(connection, ASK).rows

    assert found["accounts-receivable"] == 1500_50
    assert found["opening-clearing"] == -1500_50 + 600_00 - 50_00
    assert found["unbilled-receivable"] >= 50_00
    assert [(row.number, row.due_on, row.open_minor) for row in items] == [
        ("R-1", date(2024, 7, 31), 1200_00),
        ("R-2", date(2024, 8, 15), 300_50),
    ]


def test_what_is_left_is_earned_over_its_term(taken_over):
    taken_over.run("acme", date(2024, 9, 30))
    with taken_over.connection() as connection:
        owed = [(row.unit, row.minor) for row in deferred(connection, ASK).rows]
        later = [row.minor for row in waterfall(connection, ASK).rows]

    assert sum(minor for unit, minor in owed if unit == "subscription:old") == 300_00
    assert sum(later) == sum(minor for _, minor in owed)


def test_an_open_item_is_paid_like_any_other(taken_over, send):
    payment = ReceivePayment(
        when=When(effective=date(2024, 7, 20)), customer="c1", currency="USD", amount_minor=1500_50
    )
    send("payment:p1", payment)
    taken_over.run("acme", date(2024, 7, 31))

    with taken_over.connection() as connection:
        assert open_items(connection, ASK).rows == ()


def test_signed_again_by_the_same_person_it_issues_nothing_more(taken_over):
    again = sign(taken_over, "acme", "2024", actor="bob")

    assert (again.issued, again.repeated) == (0, 2)


def test_all_ties(taken_over):
    with taken_over.connection() as connection:
        verdicts = verify(connection).verdicts

    assert [one for verdict in verdicts for one in verdict.breaks] == []
    assert Decimal(len(verdicts)) > 0


def left(ledger, **question):
    with ledger.connection() as connection:
        return openings(connection, replace(ASK, **question)).rows


def test_what_is_left_of_what_was_taken_over_is_told_by_period(taken_over, send):
    when = When(effective=date(2024, 8, 10))
    paid = ReceivePayment(when=when, customer="c1", currency="USD", amount_minor=1200_00)
    send("payment:p1", paid)
    taken_over.run("acme", date(2024, 8, 31))
    said = {
        "opening": "2024",
        "currency": "USD",
        "receivable_taken_minor": 1500_50,
        # 600.00 billed and not recognised, 50.00 recognised and not billed.
        "position_taken_minor": 550_00,
        "to_earn_taken_minor": 600_00,
        "clearing_minor": -950_50,
    }

    rows = left(taken_over)

    assert rows == (
        TakenOver(
            period="2024-07", receivable_left_minor=1500_50, to_earn_left_minor=498_91, **said
        ),
        TakenOver(
            period="2024-08", receivable_left_minor=300_50, to_earn_left_minor=397_83, **said
        ),
    )
    assert rows[-1].clearing_minor == accounts(taken_over)["opening-clearing"]
    assert left(taken_over, through=DAY)[0].to_earn_left_minor == 600_00


def test_what_became_of_a_position_is_told_by_period(taken_over, send):
    named = {"subscription": "old", "obligation": "seats"}
    august, september = When(effective=date(2024, 8, 1)), When(effective=date(2024, 9, 1))
    send("opening:2024", ChangeOpeningPosition(when=august, price_change_minor=-60_00, **named))
    send("opening:2024", EndOpeningPosition(when=september, refund_minor=300_00, **named))
    taken_over.run("acme", date(2024, 9, 30))
    # 101.09 of July, and of the 438.91 that were left 31 of 153 days.
    assert [
        (row.to_earn_left_minor, row.clearing_minor, row.difference_minor)
        for row in left(taken_over)
    ] == [
        (498_91, -950_50, 0),
        (349_98, -1010_50, -60_00),
        (0, -1310_50, -360_00),
    ]
    assert "contract-liability" not in accounts(taken_over)
    # Credited with the item that it was billed by, it is told no more as a difference.
    send("invoice:R-1", CreditInvoice(when=september, number="C1", amount_minor=360_00))
    taken_over.run("acme", date(2024, 9, 30))
    with taken_over.connection() as connection:
        breaks = [one for verdict in verify(connection).verdicts for one in verdict.breaks]

    assert left(taken_over)[-1].difference_minor == 0
    assert breaks == []


def test_of_what_is_owed_as_billed_nothing_is_left(taken_over, send):
    end = EndOpeningPosition(
        when=When(effective=date(2024, 9, 1)), subscription="old", obligation="seats", owed="billed"
    )
    send("opening:2024", end)
    taken_over.run("acme", date(2024, 9, 30))

    assert [row.to_earn_left_minor for row in left(taken_over)] == [498_91, 397_83, 0]


def test_credit_taken_over_is_told_beside_and_all_rows_are_the_clearing(taken_over, send):
    when = When(effective=date(2024, 7, 2))
    grant = GrantBalance(
        when=when, customer="c1", currency="USD", amount_minor=80_00, reason="taken-over"
    )
    send("balance:b1", grant)
    part = Application(invoice="R-2", amount_minor=30_00)
    send("balance:b1", ApplyBalance(when=when, applications=(part,)))
    taken_over.run("acme", date(2024, 7, 31))

    rows = left(taken_over)

    assert (rows[-1].opening, rows[-1].credit_taken_minor) == ("", 80_00)
    assert rows[-1].credit_left_minor == 0
    assert [row.difference_minor for row in rows] == [0, 0]
    clearing = sum(row.clearing_minor for row in rows)
    assert clearing == accounts(taken_over)["opening-clearing"] == -950_50 + 80_00


def test_an_item_that_is_voided_is_told_as_a_difference(taken_over, send):
    send("invoice:R-2", VoidInvoice(when=When(effective=date(2024, 7, 5))))
    taken_over.run("acme", date(2024, 7, 31))

    assert [(row.receivable_left_minor, row.difference_minor) for row in left(taken_over)] == [
        (1200_00, 300_50)
    ]
